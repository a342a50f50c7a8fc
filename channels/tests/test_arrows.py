"""Every pair of delivery states: a drawn arrow works, and no other way leads anywhere."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import transaction
from django.test import override_settings

from approvals import taking
from channels import look, manual, outcomes, settle
from channels.base import Outcome, Receipt
from channels.models import ARROWS, Delivery, DeliveryStatus
from outreach import testing
from outreach.core.models import Workspace
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db

NOW = WORKDAY + timedelta(minutes=1)
SENDER = uuid4()


def bring(status: str) -> Delivery:
    """A delivery in this state, of an approval that was taken for it."""
    approval = testing.make_approved()
    with transaction.atomic():
        places = list(Workspace.objects.values_list("pk", flat=True))
        assert taking.take_due(1, ["email"], workspaces=places, at=NOW)
    return Delivery.objects.create(
        workspace_id=approval.workspace_id,
        approval=approval,
        human_id=approval.human_id,
        channel="email",
        status=status,
        sender=SENDER,
        place="here",
        boot_id="boot",
        since=NOW,
    )


def carried(outcome: Outcome):
    def write(row: Delivery) -> None:
        with transaction.atomic():
            done = outcomes.Carried(look.Cleared(row, row.approval), Receipt(outcome, "dot", "x"))
            outcomes.record_carried([done], sender=SENDER, at=NOW)

    return write


def released(row: Delivery) -> None:
    with transaction.atomic():
        item = look.Released(row, row.approval, "hold", "test", "Held.", hold_until=NOW)
        outcomes.record_released([item], sender=SENDER, at=NOW)


def settled(answer: str):
    return lambda row: settle.settle(row.pk, answer, by=testing.alice(), at=NOW)


def after_all(row: Delivery) -> None:
    """A receipt of what a person took for not arrived; what it does to an unknown is not asked."""
    if row.status == "failed":
        Delivery.objects.filter(pk=row.pk).update(settled_by_label="Alice")
        settle.arrived_by_event(row.pk, event="delivered", at=NOW)


WAYS = {  # every function that writes a status: where it leads, and from where
    "sent": (carried(Outcome.SENT), "sending", "sent"),
    "refused": (carried(Outcome.REFUSED), "sending", "failed"),
    "later": (carried(Outcome.TRY_LATER), "sending", "failed"),
    "unclear": (carried(Outcome.UNKNOWN), "sending", "unknown"),
    "released": (released, "sending", "released"),
    "parked": (
        lambda row: settle.park([row], reason="dead", by=settle.SWEEPER, at=NOW),
        "sending",
        "unknown",
    ),
    "arrived": (settled("arrived"), "unknown", "sent"),
    "not arrived": (settled("not_arrived"), "unknown", "failed"),
    "send again": (settled("send_again"), "unknown", "failed"),
    "after all": (after_all, "failed", "sent"),
    "taken back": (
        lambda row: manual.mark_not_sent(row.pk, by=testing.alice(), at=NOW),
        "manual",
        "released",
    ),
}


@pytest.fixture(scope="module")
def rows(made_once):
    """One in each state."""
    live = {**settings.ENVIRONMENT_BRAKES, "DRY_RUN": False}
    with override_settings(DRY_RUN=False, ENVIRONMENT_BRAKES=live):
        return made_once(lambda: {status: bring(status).pk for status in DeliveryStatus})


@pytest.mark.parametrize("source", list(DeliveryStatus))
@pytest.mark.parametrize("way", WAYS)
def test_a_way_leads_along_its_arrow_and_from_nowhere_else(way, source, rows, live):
    write, begins, target = WAYS[way]
    row = Delivery.objects.select_related("approval").get(pk=rows[source])
    before = Delivery.objects.values().get(pk=row.pk)
    if source == begins:
        assert target in ARROWS[source]
        write(row)
        row.refresh_from_db()
        assert row.status == target
        return
    try:
        write(row)
    except (RuntimeError, settle.NotUnknown, manual.HandOffRefused) as refusal:
        assert str(refusal)
    assert Delivery.objects.values().get(pk=row.pk) == before


def test_every_arrow_has_its_way(live):
    drawn = {(source, target) for source, targets in ARROWS.items() for target in targets}
    assert {(begins, target) for _, begins, target in WAYS.values()} == drawn


def test_an_intent_of_another_sender_is_nobody_elses_to_end(live):
    row = bring("sending")
    Delivery.objects.filter(pk=row.pk).update(sender=uuid4())
    for way in ("sent", "unclear", "released"):
        with pytest.raises(RuntimeError, match="somebody else"):
            WAYS[way][0](row)
    assert Delivery.objects.get(pk=row.pk).status == "sending"
