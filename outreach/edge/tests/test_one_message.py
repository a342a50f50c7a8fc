"""`doctor --message` asks all that the door asks: it never says "now" of what would not leave."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from approvals import quota
from approvals.models import Approval
from channels import breaker, stop
from channels.breaker import State
from outreach import testing
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
    breaker.store("email", State(paused="auth: 535 no"), at=NOW)
    answer = told(approval)["answer"]
    assert "535 no" in answer and "would leave now" not in answer
