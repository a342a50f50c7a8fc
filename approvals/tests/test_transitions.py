"""Every pair of states: an arrow that is drawn works, and no other way leads anywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from approvals import expiry, rounds, services
from approvals.errors import Refused
from approvals.models import GIVEN, TRANSITIONS, Approval, ApprovalStatus
from outreach import testing
from outreach.core.principal import Principal
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db

NOW = WORKDAY + timedelta(minutes=1)
MUCH_LATER = WORKDAY + timedelta(days=30)
SYSTEM = Principal.system("test")
# Nothing writes auto_approved yet: no rule approves by itself before its issue.
WRITTEN = [status for status in ApprovalStatus if status != ApprovalStatus.AUTO_APPROVED]


def bring(status: str) -> Approval:
    """An approval in this state, by the services where they lead there."""
    item = testing.make_pending()
    match status:
        case ApprovalStatus.APPROVED | ApprovalStatus.AUTO_APPROVED:
            to_approved(item)
            Approval.objects.filter(pk=item.pk).update(status=status)
        case ApprovalStatus.REJECTED:
            to_rejected(item)
        case ApprovalStatus.EXPIRED:
            to_expired(item)
        case ApprovalStatus.WITHDRAWN:
            to_withdrawn(item)
    item.refresh_from_db()
    assert item.status == status
    return item


def to_pending(item: Approval) -> None:
    raise Refused("A round never reopens: nothing leads back to pending.")


def to_approved(item: Approval) -> None:
    services.approve(item.pk, by=testing.alice(), at=NOW, digest=item.digest, undo_seconds=0)


def to_rejected(item: Approval) -> None:
    services.reject(item.pk, by=testing.alice(), at=NOW, reason="no")


def to_expired(item: Approval) -> None:
    expiry.expire_due(at=MUCH_LATER)


def to_withdrawn(item: Approval) -> None:
    services.return_(item.pk, by=testing.alice(), at=NOW, feedback="shorter")


TO = {
    ApprovalStatus.PENDING: to_pending,
    ApprovalStatus.APPROVED: to_approved,
    ApprovalStatus.REJECTED: to_rejected,
    ApprovalStatus.EXPIRED: to_expired,
    ApprovalStatus.WITHDRAWN: to_withdrawn,
}


@pytest.fixture(scope="module")
def items(made_once):
    """One in each state; the expired one first, for with it expires whatever waits."""
    states = sorted(ApprovalStatus, key=lambda status: status != ApprovalStatus.EXPIRED)
    return made_once(lambda: {status: bring(status).pk for status in states})


@pytest.mark.parametrize("target", WRITTEN)
@pytest.mark.parametrize("source", list(ApprovalStatus))
def test_an_arrow_works_and_what_is_no_arrow_changes_nothing(source, target, items):
    item = Approval.objects.get(pk=items[source])
    before = Approval.objects.filter(pk=item.pk).values().get()
    try:
        TO[target](item)
    except Refused as problem:
        assert str(problem)
    after = Approval.objects.filter(pk=item.pk).values().get()
    if target in TRANSITIONS[source]:
        assert after["status"] == target
    else:
        assert after == before


@pytest.mark.parametrize("target", ["rejected", "expired", "withdrawn"])
@pytest.mark.parametrize("source", GIVEN)
def test_out_of_a_taken_approval_leads_only_its_sender(source, target, items):
    item = Approval.objects.get(pk=items[source])
    Approval.objects.filter(pk=item.pk).update(taken_at=NOW)
    try:
        TO[target](item)
    except Refused as problem:
        assert "is being sent now" in str(problem)
    item.refresh_from_db()
    assert (item.status, item.taken_at) == (source, NOW)
    closed = rounds.close([item], target, reason="test", at=NOW, text="because", taken=True)
    assert [row.pk for row in closed] == [item.pk]


@pytest.mark.parametrize("source", ["rejected", "expired", "withdrawn"])
def test_a_closed_round_cannot_be_closed_again(source):
    item = bring(source)
    for taken in (False, True):
        assert rounds.close([item], "withdrawn", reason="test", at=NOW, taken=taken) == []


def test_the_database_itself_refuses_what_no_state_allows():
    item = testing.make_pending()
    for fields in (
        {"taken_at": NOW},
        {"status": "approved"},
        {"status": "rejected"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Approval.objects.filter(pk=item.pk).update(**fields)
    given = testing.make_approved()
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(pk=item.pk).update(draft=given.draft_id)
