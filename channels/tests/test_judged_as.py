"""What a message was judged as stands with its receipt: settled words are not read for it again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals import receipt, services
from approvals.models import Approval
from channels import registry, sending
from channels.adapters.memory import MemoryAdapter
from outreach import testing
from outreach.core import consent
from outreach.core.models import Channel, Workspace
from outreach.testing import WORKDAY
from safety import facts

pytestmark = pytest.mark.django_db(transaction=True)
SELLS = "Our new offer: 20 % off all licences. Buy now in our shop."
EVENING = WORKDAY + timedelta(hours=10)  # 20:00 in Bern: no quiet hours, no business hours


@pytest.fixture
def anna(live):
    Workspace.objects.update(postal_address="1 Sample Street, Bern")
    person = testing.make_person(Workspace.objects.get(slug="default"), "Anna Test", country="CH")
    consent.grant(
        person, Channel.EMAIL, "opt_in", source="form 7", text_shown="Yes, write to me.",
        by=testing.alice(person.workspace), at=WORKDAY - timedelta(days=1),
    )  # fmt: skip
    return person


def given(person, **fields) -> Approval:
    by = testing.alice(person.workspace)
    item = testing.make_pending(person, **fields)
    return services.approve(item.pk, by=by, at=WORKDAY, digest=item.digest)


def sent(at) -> int:
    with registry.override("email", MemoryAdapter("email")):
        return sending.process(clock=lambda: at).sent


def unreadable(*_, **__):
    raise AssertionError("settled words were read again")


def test_words_that_sell_wait_for_business_hours_whatever_they_are_called(anna, monkeypatch):
    approval = given(anna, text=SELLS, purpose="informational")
    assert approval.receipt["purpose"] == approval.decision["purpose"] == "promotional"
    monkeypatch.setattr(facts, "effective_purpose", unreadable)
    assert (sent(EVENING), sent(EVENING + timedelta(hours=14))) == (0, 1)


def test_what_sells_nothing_leaves_in_the_evening_unread(anna, monkeypatch):
    assert given(anna, purpose="informational").receipt["purpose"] == "informational"
    monkeypatch.setattr(facts, "effective_purpose", unreadable)
    assert sent(EVENING) == 1


def test_a_message_that_is_called_promotional_since_waits(anna):
    approval = given(anna, purpose="informational")
    approval.draft.purpose = "promotional"
    approval.draft.save(update_fields=["purpose"])
    assert sent(EVENING) == 0


@pytest.mark.parametrize("kept", ["older receipt", "other rules"])
def test_where_nobody_kept_it_the_words_are_read(kept, anna):
    approval = given(anna, text=SELLS, purpose="informational")
    body = {key: value for key, value in approval.receipt.items() if key != "seal"}
    if kept == "older receipt":
        del body["purpose"]
    else:
        approval.decision["gate"] = body["policy"] = "gate-0"
        body["purpose"] = "informational"
    approval.receipt = {**body, "seal": receipt.seal(body)}
    approval.save(update_fields=["receipt", "decision"])
    assert sent(EVENING) == 0


def test_it_is_sealed(anna):
    approval = given(anna, text=SELLS, purpose="informational")
    approval.receipt["purpose"] = "informational"
    approval.save(update_fields=["receipt"])
    assert sent(EVENING) == 0
    approval.refresh_from_db()
    assert (approval.status, approval.closed_reason) == ("withdrawn", "receipt_broken")
