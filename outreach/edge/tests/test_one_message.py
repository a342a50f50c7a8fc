"""`doctor --message` asks all that the door asks: it never says "now" of what would not leave."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from approvals import quota
from approvals.models import Approval
from channels import breaker, registry, sending, stop
from channels.adapters.memory import MemoryAdapter
from channels.breaker import State
from channels.tests.test_standing import passed
from outreach import testing
from outreach.core.models import Contact
from outreach.edge import one_message
from outreach.testing import WORKDAY, make_inbound
from safety.models import ControlKey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("live")]
NOW = WORKDAY + timedelta(minutes=1)


def told(approval):
    return one_message.explain(*one_message.by_approval(approval.pk), at=NOW)


def test_what_the_rules_approved_is_told_as_such_and_asked_whether_they_would_again():
    approval = testing.make_approved()
    Approval.objects.filter(pk=approval.pk).update(
        status="auto_approved", decided_by_label="SYSTEM for Alice"
    )
    stop.set_brake(
        ControlKey.AUTO_APPROVE_ENABLED, workspace=None, reason="odd", by=testing.olaf(), at=NOW
    )
    found = told(approval)
    assert found["permission"] == (
        "The rules approved exactly this text, in the name of SYSTEM for Alice."
    )
    assert found["answer"].startswith("It would not leave now: The rules would not approve it")


def test_an_answer_to_somebody_who_wrote_again_goes_back():
    person = testing.make_person()
    theirs = make_inbound(person, received_at=WORKDAY - timedelta(hours=1))
    approval = testing.make_approved(person, origin=f"inbound:{theirs.pk}")
    assert told(approval)["answer"] == "It would leave now."
    make_inbound(person, received_at=NOW)
    assert "They wrote after it was approved" in told(approval)["answer"]


def test_a_channel_that_is_paused_and_a_quota_that_is_used_up_are_said():
    approval = testing.make_approved()
    place = approval.workspace
    place.daily_quota = 1
    place.save()
    assert told(approval)["answer"] == "It would leave now."
    approval.refresh_from_db()
    with transaction.atomic():
        assert quota.reserve([approval], at=NOW) == {}
    assert "Daily quota of 1 reached; it waits for the next day." in told(approval)["answer"]
    for _ in range(2):
        testing.make_approved()
    last = testing.make_approved()
    assert "waits until 2026-03-15 00:00 UTC" in told(last)["answer"]
    breaker.store("email", State(paused="auth: 535 no"), at=NOW)
    answer = told(approval)["answer"]
    assert "535 no" in answer and "would leave now" not in answer


def test_a_channel_that_is_not_set_up_is_said():
    approval, adapter = testing.make_approved(), MemoryAdapter("email")
    with registry.override("email", adapter):
        assert told(approval)["answer"] == "It would leave now."
        adapter.missing = "Set X."
        assert told(approval)["answer"] == "It would not leave now: Set X."


def test_what_the_last_look_finds_beyond_the_approval_is_said():
    """Two offers in answer to one question; in Germany only the first may leave unasked."""
    person = testing.make_person(country="DE")
    passed(person, "in", WORKDAY - timedelta(hours=1))
    text = "Our new offer: 20 % off all licences. Buy now in our shop."
    approval = testing.make_approved(person, purpose="promotional", text=text)
    assert told(approval)["answer"] == "It would leave now."
    passed(person, "out", NOW - timedelta(seconds=20))
    answer = told(approval)["answer"]
    assert answer.startswith("It would not leave now: The last look finds more")
    with registry.override("email", MemoryAdapter("email")):
        assert sending.process(clock=lambda: NOW).sent == 0
    assert Approval.objects.get(pk=approval.pk).closed_reason == "found_more"


def test_words_that_were_approved_are_judged_no_more_than_the_door_judges_them():
    """Two that left since make it the third of a rising row: a fourth kind of warning."""
    person = testing.make_person()
    text = (
        "Act now!! You won't believe this. Everyone else has signed up already; don't miss out. "
        "Send it to me right now!!!"
    )
    approval = testing.make_approved(person, subject="Minutes", text=text)
    for minute, words in enumerate(["Here are the minutes.", "It is really very important!!"]):
        draft = testing.make_draft(person, text=words)
        Contact.objects.create(
            workspace=person.workspace, human=person, channel="email", direction="out",
            at=WORKDAY - timedelta(hours=2 - minute), key=f"left {minute}", draft=draft,
        )  # fmt: skip
    assert told(approval)["answer"] == "It would leave now."
    with registry.override("email", MemoryAdapter("email")):
        assert sending.process(clock=lambda: NOW).sent == 1
