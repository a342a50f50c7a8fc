"""The demo: made once by the real services, harmless to everything else."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import transaction

from approvals.models import Approval
from outreach import testing
from outreach.core.models import Activity, Address, Agent, Contact, Draft, Person, User, Workspace
from outreach.edge.demo import making, messages
from outreach.testing import WORKDAY
from safety import controls
from safety.models import ControlKey
from workflows.models import Run

# The tour and the commands of the pages work on the demo, on both databases.
pytestmark = [pytest.mark.django_db, pytest.mark.once]


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


@pytest.mark.parametrize("status", ["done", "cancelled"])
def test_nothing_is_added_to_a_demo_that_another_version_made(status):
    demo()
    # As of the version whose second run reconnected with everybody, and wrote fewer letters.
    run = Run.objects.order_by("pk").last()
    Run.objects.filter(pk=run.pk).update(
        options={**run.options, "template": "reconnect"}, status=status
    )
    Draft.objects.filter(origin="demo:unfinished-1").update(origin="demo:other-1")
    before = everything()
    assert "23 messages wait for review." in demo()
    assert everything() == before


def test_nothing_is_added_where_people_of_ones_own_are():
    testing.make_person()
    before = everything()
    lines = demo()
    assert lines[0] == "Default has 1 people of its own: the demo adds nothing to them."
    assert everything() == before
    assert not logins(lines)
    assert Workspace.objects.get().sender_name == ""


def test_what_an_admin_set_is_kept():
    testing.make_workspace(sender_name="Own Name", time_zone="Asia/Tokyo")
    demo()
    workspace = Workspace.objects.get()
    assert (workspace.sender_name, workspace.time_zone) == ("Own Name", "Asia/Tokyo")
    assert workspace.postal_address == ""


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
