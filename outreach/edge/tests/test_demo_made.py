"""What the demo leaves behind, and the same command once more where it was given before."""

from __future__ import annotations

import re
import shutil
from collections import Counter

import pytest
from django.test import override_settings

from approvals import contradiction, greeting
from approvals.models import Approval
from outreach import testing
from outreach.core import activity, inbox
from outreach.core.models import Address, Draft, InboundMessage, Person, User
from outreach.edge.demo import accounts, making
from outreach.edge.tests import test_demo
from outreach.edge.tests.test_demo import demo, everything, logins
from safety.contract import content

# As of `test_demo`.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
own_data = test_demo.own_data
LOGIN = re.compile(r"login: demo-reviewer / \S{16}")


@pytest.fixture(scope="module")
def made(made_once, tmp_path_factory):
    """What the command said, and the folder it wrote in."""
    folder = tmp_path_factory.mktemp("demo")
    with override_settings(DATA_DIR=folder):
        return made_once(demo), folder


@pytest.fixture
def shown(made, own_data, tmp_path):
    """What the demo said that is there already, with its login file."""
    lines, folder = made
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return lines


def test_the_demo_fills_the_queue_with_a_mix(shown):
    assert "23 messages wait for review." in shown
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


def test_who_wrote_to_us_is_shown_with_the_words_and_nothing_waits_in_vain(shown):
    asked = InboundMessage.objects.get(sender="isabella.rossi@example.com")
    assert "guest lists" in asked.text and asked.verdict == "none"
    assert asked.reply is not None and list(inbox.beside(asked.reply)) == [asked]
    others = InboundMessage.objects.exclude(pk=asked.pk)
    assert set(others.values_list("status", "reason")) == {("handled", "She expects no answer.")}
    assert not Person.objects.filter(automation_disabled_reason__contains="unclear").exists()


def test_a_second_time_changes_nothing_and_prints_the_same_login(shown):
    before = everything()
    second = demo()
    assert everything() == before
    assert logins(shown) == logins(second)
    assert len(logins(second)) == 1
    assert LOGIN.fullmatch(logins(second)[0])


def test_the_login_lets_the_reviewer_in_and_the_file_is_ours_alone(client, shown):
    name, password = logins(shown)[0].removeprefix("login: ").split(" / ")
    assert client.login(username=name, password=password)
    assert client.get("/admin/").status_code == 200
    assert accounts.path().stat().st_mode & 0o777 == 0o600
    admin = User.objects.get(username="demo-admin")
    assert admin.is_operator and not admin.is_superuser


def test_every_address_is_an_example(shown):
    found = Address.objects.filter(channel="email").values_list("normalised", flat=True)
    assert len(found) > 25
    assert all(re.search(r"@example\.(com|org|net)$", address) for address in found)


def test_who_was_stopped_gets_no_draft_from_a_workflow(shown):
    chloe = Person.objects.get(first_name="Chloé")
    assert not chloe.automation_enabled
    assert not chloe.drafts.exists()


def test_all_texts_pass_the_content_rules_and_carry_footer_and_name(shown):
    for draft in Draft.objects.select_related("current", "person"):
        words = draft.current
        assert greeting.of(draft.person, words.text) == ""
        assert contradiction.of(words, draft.person) == []
        assert content.find(channel="email", subject=words.subject, text=words.text) == ()
        assert making.POSTAL_ADDRESS in words.text
        assert "{" not in words.text and "  " not in words.text.replace("-- \n", "")


def test_a_letter_is_signed_by_who_sends_it(shown):
    writer = User.objects.get(username="demo-writer")
    assert writer.get_full_name() == making.SENDER
    letters = Draft.objects.filter(origin__startswith="demo:", current__text__contains="Best reg")
    assert letters.count() == 4
    assert all(f"\nBest regards,\n{making.SENDER}" in each.current.text for each in letters)
    assert all("Jonas" not in each.text for each in InboundMessage.objects.all())


def test_where_somebody_is_stands_where_their_data_tells_it(shown):
    told = dict(Person.objects.exclude(country="").values_list("full_name", "country"))
    assert told["Lars Nygård"] == "NO" and told["Isabella Rossi"] == "IT"
    assert told["Leilani Kahananui"] == "US" and len(told) > 15
    clocks = dict(Person.objects.values_list("full_name", "time_zone"))
    assert clocks["Isabella Rossi"] == "Europe/Rome"
    assert clocks["Leilani Kahananui"] == ""  # the country has several
    assert clocks["Amara Okafor"] == "" and "Amara Okafor" not in told  # the trade fair tells it


def test_people_of_ones_own_after_the_demo_keep_it_as_it_is(shown):
    testing.make_person()
    before = everything()
    assert logins(demo()) == logins(shown)
    assert everything() == before


def test_a_password_somebody_changed_is_neither_shown_nor_reset(shown):
    reviewer = User.objects.get(username="demo-reviewer")
    reviewer.set_password("their own secret")
    reviewer.save()
    lines = demo()
    assert not logins(lines)
    assert "password of their own" in lines[-1]
    assert User.objects.get(username="demo-reviewer").check_password("their own secret")


def test_a_lost_login_file_is_made_anew(shown):
    old = logins(shown)
    accounts.path().unlink()
    new = logins(demo())
    assert len(new) == 1
    assert new != old
