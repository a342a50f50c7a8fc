"""What may be approved together, and what is said of an item that may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from approvals import bulk, services, tiers
from approvals.errors import Stale
from approvals.models import Approval, Priority
from outreach import testing
from outreach.core.models import InboundMessage
from outreach.testing import WORKDAY

# What is said of an item, and plain filters: no row is read or written in a new way.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
MINUTE = timedelta(minutes=1)
WROTE = "they wrote since it was first asked for"


def low(**fields: object) -> Approval:
    """An item that may go with others."""
    row = testing.make_pending(testing.make_person(name="Nadia Karim"), confidence=95, **fields)
    Approval.objects.filter(pk=row.pk).update(priority=Priority.LOW, not_before=None)
    return Approval.objects.get(pk=row.pk)


def found(**finding: str) -> Callable[[Approval], None]:
    fine = {"check": "CONTENT_CHECK", "status": "pass", "message": "It is fine."}
    return lambda item: item.decision.update(findings=[fine, finding])


def set_to(**fields: object) -> Callable[[Approval], None]:
    def change(item: Approval) -> None:
        for name, value in fields.items():
            setattr(item if hasattr(item, name) else item.revision, name, value)

    return change


TIME = {"check": "TIME_CHECK", "status": "warn", "message": "It is night."}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (set_to(), ""),
        (set_to(priority=Priority.NORMAL), "its priority is normal, not low"),
        (set_to(priority=Priority.CRITICAL), "its priority is critical, not low"),
        (set_to(priority_reasons=[tiers.SENT_BEFORE]), "it may have arrived already"),
        (found(check="X", status="warn", message="It sells."),
         "a rule found something: It sells."),
        (found(check="X", status="fail", message="It threatens."),
         "a rule found something: It threatens."),
        (found(status="warn", message="It sells."), "a rule found something: It sells."),
        (found(check="X", message="Nothing to say."), ""),
        (found(**TIME), ""),
        (set_to(status="approved", decision={"findings": [TIME]}),
         "a rule found something: It is night."),
        (set_to(decision={}), ""),
        (set_to(subject="Min\u200butes"), "it has hidden characters"),
        (set_to(text="Min\u200butes"), "it has hidden characters"),
        (set_to(html="<p>Min\u200butes</p>"), "it has hidden characters"),
        (set_to(text="Hi Priya,\n\nThe minutes."), "it greets Priya"),
        (set_to(attachments=[{"name": "a.pdf"}]), "it has an attachment"),
        (set_to(not_before=WORKDAY + MINUTE), "it is held until Wed 11 Mar 10:01 workspace time"),
        (set_to(not_before=WORKDAY), ""),
        (set_to(not_before=WORKDAY + MINUTE, scheduled_for=WORKDAY + MINUTE), ""),
        (set_to(not_before=WORKDAY + 2 * MINUTE, scheduled_for=WORKDAY + MINUTE),
         "it is held until Wed 11 Mar 10:02 workspace time"),
        (set_to(scheduled_for=WORKDAY - MINUTE), "its scheduled time has passed"),
        (set_to(scheduled_for=WORKDAY), ""),
    ],
)  # fmt: skip
def test_why_an_item_needs_a_look_of_its_own(change, why):
    item = low()
    change(item)
    assert bulk.why_not(item, at=WORKDAY) == why


@pytest.mark.parametrize(
    ("fields", "since"),
    [
        ({"received_at": WORKDAY + MINUTE}, True),
        ({"received_at": WORKDAY}, False),
        ({"received_at": WORKDAY - MINUTE, "judged_at": WORKDAY + MINUTE}, True),
        ({"received_at": WORKDAY - MINUTE, "judged_at": WORKDAY}, False),
        ({"received_at": WORKDAY - MINUTE, "status": "new"}, True),
        ({"received_at": WORKDAY + MINUTE, "kind": "auto_reply"}, False),
    ],
)
def test_whoever_wrote_since_is_read_before_a_yes(fields, since):
    item = low()
    person = item.draft.person
    Approval.objects.filter(pk=low().pk).update(created_at=WORKDAY - 9 * MINUTE)
    message = testing.make_inbound(person, **fields)
    testing.make_inbound(received_at=WORKDAY + MINUTE)  # of somebody else
    assert bulk.wrote_since(item) is since
    assert bulk.why_not(item, at=WORKDAY) == (WROTE if since else "")
    remedy = "Read it."
    if since:
        with pytest.raises(Stale) as no:
            bulk.all_read(item, remedy=remedy)
        assert str(no.value) == f"They wrote since #{item.pk} was first asked for. Read it."
        item.status = "approved"
    newest = bulk.all_read(item, remedy=remedy)
    assert newest == (message.pk if message.kind == "message" else 0)


def test_of_several_rounds_the_first_says_since_when():
    item = low()
    fresh = services.undo(
        services.approve(item.pk, by=testing.alice(), at=WORKDAY, digest=item.digest).pk,
        by=testing.alice(), at=WORKDAY,
    )  # fmt: skip
    Approval.objects.filter(pk=fresh.pk).update(created_at=WORKDAY + 9 * MINUTE)
    fresh.refresh_from_db()
    testing.make_inbound(item.draft.person, received_at=WORKDAY + MINUTE)
    assert bulk.wrote_since(fresh)
    InboundMessage.objects.update(received_at=WORKDAY)
    assert not bulk.wrote_since(fresh)


def test_what_waits_in_one_workspace_is_offered_oldest_first():
    second, first = low(at=WORKDAY + MINUTE), low(at=WORKDAY)
    decided, high, ended, elsewhere = low(), low(), low(), low()
    services.reject(decided.pk, by=testing.alice(), at=WORKDAY, reason="Wrong week.")
    Approval.objects.filter(pk=high.pk).update(priority=Priority.HIGH)
    Approval.objects.filter(pk=ended.pk).update(expires_at=WORKDAY + 2 * MINUTE)
    place = testing.make_workspace("elsewhere")
    Approval.objects.filter(pk=elsewhere.pk).update(workspace=place)
    rows = bulk.candidates(
        first.workspace, at=WORKDAY + 2 * MINUTE, priorities=[Priority.LOW, Priority.NORMAL]
    )
    assert [row.pk for row in rows] == [first.pk, second.pk]
