"""The demo: made once by the real services, harmless to everything else."""

from __future__ import annotations

import re
from collections import Counter
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from approvals.models import Approval
from outreach import testing
from outreach.core import activity
from outreach.core.models import Activity, Address, Agent, Contact, Draft, Person, User, Workspace
from outreach.edge.demo import accounts, making, messages
from outreach.testing import WORKDAY
from safety import controls
from safety.contract import content
from safety.models import ControlKey
from workflows.models import Run

# The tour and the commands of the pages work on the demo, on both databases.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
LOGIN = re.compile(r"login: demo-reviewer / \S{16}")


@pytest.fixture(autouse=True)
def own_data(settings, tmp_path):
    settings.DATA_DIR = tmp_path


def demo():
    out = StringIO()
    call_command("demo", stdout=out)
    return out.getvalue().splitlines()


def logins(lines):
    return [line for line in lines if line.startswith("login:")]


def everything():
    """How many rows there are of each kind, and how far the log is."""
    models = (Person, Address, Draft, Approval, Run, User, Agent, Contact, Activity)
    return {model.__name__: model.objects.count() for model in models}


def test_the_demo_fills_the_queue_with_a_mix():
    lines = demo()
    assert "23 messages wait for review." in lines
    waiting = Approval.objects.filter(status="pending")
    assert set(waiting.values_list("priority", flat=True)) == {0, 1, 2, 3}
    assert set(waiting.values_list("touch", flat=True)) == {"initial", "reply", "follow_up"}
    assert set(waiting.values_list("by_kind", flat=True)) == {"agent", "user"}
    assert waiting.filter(confidence__lt=70).count() == 3
    assert waiting.filter(confidence__isnull=True).count() == 3
    assert Counter(Draft.objects.values_list("status", flat=True)) == {
        "pending_approval": 23, "sent": 1, "draft": 1,
    }  # fmt: skip
    assert activity.verify().bad is None


def test_a_second_time_changes_nothing_and_prints_the_same_login():
    first = demo()
    before = everything()
    second = demo()
    assert everything() == before
    assert logins(first) == logins(second)
    assert len(logins(second)) == 1
    assert LOGIN.fullmatch(logins(second)[0])


def test_the_login_lets_the_reviewer_in_and_the_file_is_ours_alone(client):
    name, password = logins(demo())[0].removeprefix("login: ").split(" / ")
    assert client.login(username=name, password=password)
    assert client.get("/admin/").status_code == 200
    assert accounts.path().stat().st_mode & 0o777 == 0o600
    admin = User.objects.get(username="demo-admin")
    assert admin.is_operator and not admin.is_superuser


def test_every_address_is_an_example():
    demo()
    found = Address.objects.filter(channel="email").values_list("normalised", flat=True)
    assert len(found) > 25
    assert all(re.search(r"@example\.(com|org|net)$", address) for address in found)


def test_who_was_stopped_gets_no_draft_from_a_workflow():
    demo()
    chloe = Person.objects.get(first_name="Chloé")
    assert not chloe.automation_enabled
    assert not chloe.drafts.exists()


def test_all_texts_pass_the_content_rules_and_carry_footer_and_name():
    demo()
    for draft in Draft.objects.select_related("current"):
        words = draft.current
        assert content.find(channel="email", subject=words.subject, text=words.text) == ()
        assert making.POSTAL_ADDRESS in words.text
        assert "{" not in words.text and "  " not in words.text.replace("-- \n", "")


@pytest.mark.parametrize(
    "part",
    [
        "people.bring_in", "people.give_past", "messages.write_letters", "messages.run",
        "accounts.make",
    ],
)  # fmt: skip
def test_an_interrupted_demo_goes_on(part, monkeypatch):
    module, name = part.split(".")
    with monkeypatch.context() as broken:

        def refuse(*args, **kwargs):
            raise KeyboardInterrupt

        broken.setattr(getattr(making, module), name, refuse)
        with pytest.raises(KeyboardInterrupt):
            demo()
    assert "23 messages wait for review." in demo()
    assert len(logins(demo())) == 1


def test_letters_and_runs_interrupted_in_their_middle_go_on(monkeypatch):
    with monkeypatch.context() as broken:
        original, calls = messages._write, []

        def once(*args):
            calls.append(args)
            if len(calls) == 3:
                raise KeyboardInterrupt
            original(*args)

        broken.setattr(messages, "_write", once)
        with pytest.raises(KeyboardInterrupt):
            demo()
    assert "23 messages wait for review." in demo()
    assert Draft.objects.filter(origin__startswith="demo:").count() == len(messages.LETTERS)


def test_nothing_is_added_where_people_of_ones_own_are():
    testing.make_person()
    before = everything()
    lines = demo()
    assert lines[0] == "Default has 1 people of its own: the demo adds nothing to them."
    assert everything() == before
    assert not logins(lines)
    assert Workspace.objects.get().sender_name == ""


def test_people_of_ones_own_after_the_demo_keep_it_as_it_is():
    first = demo()
    testing.make_person()
    before = everything()
    assert logins(demo()) == logins(first)
    assert everything() == before


def test_what_an_admin_set_is_kept():
    testing.make_workspace(sender_name="Own Name", time_zone="Asia/Tokyo")
    demo()
    workspace = Workspace.objects.get()
    assert (workspace.sender_name, workspace.time_zone) == ("Own Name", "Asia/Tokyo")
    assert workspace.postal_address == ""


def test_a_password_somebody_changed_is_neither_shown_nor_reset():
    demo()
    reviewer = User.objects.get(username="demo-reviewer")
    reviewer.set_password("their own secret")
    reviewer.save()
    lines = demo()
    assert not logins(lines)
    assert "password of their own" in lines[-1]
    assert User.objects.get(username="demo-reviewer").check_password("their own secret")


def test_a_lost_login_file_is_made_anew():
    old = logins(demo())
    accounts.path().unlink()
    new = logins(demo())
    assert len(new) == 1
    assert new != old


def test_live_mode_warns_of_example_addresses(live):
    assert demo()[0].startswith("LIVE: the demo's people have addresses at example.com")


def test_under_an_emergency_stop_it_says_what_is_missing_and_goes_on_later(settings):
    def stop(on):
        with transaction.atomic():
            controls.write(
                ControlKey.EMERGENCY_STOP, on, workspace=None, reason="t", by=testing.olaf(),
                at=WORKDAY,
            )  # fmt: skip

    stop(True)
    lines = demo()
    assert any("are not complete: Halted by the emergency stop" in line for line in lines)
    assert len(logins(lines)) == 1
    stop(False)
    assert "23 messages wait for review." in demo()
