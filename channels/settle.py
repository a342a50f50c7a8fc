"""Ending what nobody owns any more: the dead's intents become unknown, and a person settles those.

`unknown` is never sent again by a machine. The sweep uses the same proof of death as the stop.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from approvals import humans, rounds
from approvals.models import ApprovalStatus
from channels import liveness
from channels.liveness import proven_dead
from channels.models import Delivery, DeliveryStatus, EventKind
from outreach.core import activity, drafts, people
from outreach.core.models import Contact, CoolingOff
from outreach.core.models.drafts import DraftStatus
from outreach.core.permissions import Verb, require, require_operator
from outreach.core.principal import Principal
from safety import facts, override
from safety.contract import frequency

logger = logging.getLogger(__name__)

SWEEPER = Principal.system("sweeper")
PROVIDER = Principal.system("provider")
# As `channels.envelopes.message_id` writes it: the draft's uuid, the approval's number.
_OUR_MESSAGE_ID = re.compile(
    r"<?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9]{1,18})@[^<>@\s]+>?"
)


LEFT = (
    DeliveryStatus.SENDING, DeliveryStatus.SENT, DeliveryStatus.UNKNOWN, DeliveryStatus.MANUAL,
)  # fmt: skip


class Answer(StrEnum):
    """What a person says about a message whose outcome nobody knows."""

    ARRIVED = "arrived"
    NOT_ARRIVED = "not_arrived"
    SEND_AGAIN = "send_again"


STOPPED = "send_again_stopped"  # asked for, and not done: they may not be written to any more


class NotUnknown(Exception):
    """This delivery is not (any more) waiting for a person's answer."""


class StillHere(Exception):
    """The sender lives on this machine: it is ended, not declared gone."""


def sweep(*, at: datetime, scope: Q | None = None) -> list[Delivery]:
    """Mark intents of proven-dead senders unknown, in `scope` or everywhere; returns them."""
    open_rows = list(
        Delivery.objects.filter(scope or Q(), status=DeliveryStatus.SENDING).select_related(
            "approval__revision"
        )
    )
    dead = {
        (row.sender, row.place, row.boot_id)
        for row in open_rows
        if row.sender and proven_dead(sender=row.sender, place=row.place, boot_id=row.boot_id)
    }
    left = [row for row in open_rows if (row.sender, row.place, row.boot_id) in dead]
    return park(left, reason="its sender died before the outcome was known", by=SWEEPER, at=at)


def park(rows: Sequence[Delivery], *, reason: str, by: Principal, at: datetime) -> list[Delivery]:
    """Intents whose owner can end them no more become unknown, where they still are `sending`."""
    parked = []
    for row in rows:
        with transaction.atomic():
            won = Delivery.objects.filter(
                pk=row.pk, status=DeliveryStatus.SENDING, sender=row.sender
            ).update(status=DeliveryStatus.UNKNOWN, reason=reason[:500], ended_at=at)
            if won != 1:
                continue
            Contact.objects.bulk_create([contact_of(row, at)], ignore_conflicts=True)
            override.spend([row.approval.revision], by=by, at=at)
            entry = activity.entry("channels.unknown", row, approval=row.approval_id)
            activity.record(entry, by=by, at=at)
            parked.append(row)
        _let_rest(row, at)
    return parked


def _let_rest(row: Delivery, at: datetime) -> None:
    """After the commit that parks, and never in its way: a stop waits for that one, whoever set it
    and whatever they may not read (a key, a zone). The contact counts in any case."""
    try:
        with transaction.atomic():
            rest_after(row, at)
    except Exception:
        logger.exception("The rest after delivery %s could not be stored.", row.pk)


def contact_of(row: Delivery, at: datetime, *, certain: bool = False) -> Contact:
    """The contact an unclear or a manual delivery counts as. Needs `row.approval`."""
    return Contact(
        workspace_id=row.workspace_id,
        human_id=row.human_id,
        channel=row.channel,
        direction=Contact.Direction.OUT,
        at=at,
        certain=certain,
        draft_id=row.approval.draft_id,
        key=f"delivery:{row.token}",
    )


def rest_after(row: Delivery, at: datetime) -> None:
    """Whom this contact brought to a daily limit is left alone for 24 h on every channel (SPEC §4).

    As after what a sender recorded. Its contact is written; it stays where that is voided.
    """
    draft = row.approval.draft
    known = facts.gather([draft], at=at, settled={draft.pk: draft.purpose})[draft.pk]
    for rest in frequency.active_rests(
        channel=row.channel, at=at, zones=known.zones, contacts=known.contacts
    ):
        if rest.cause == CoolingOff.Cause.DAILY_LIMIT:
            people.rest(people.canonical(draft.person), rest.cause, at=rest.at, until=rest.until)


def declare_gone(sender: UUID, *, by: Principal, at: datetime, reason: str) -> list[Delivery]:
    """An operator says that the sender's machine is gone for good: its intents become unknown.

    Raises StillHere for one that holds its lock beside us: it could still send.
    """
    require_operator(by)
    rows = list(
        Delivery.objects.filter(sender=sender, status=DeliveryStatus.SENDING).select_related(
            "approval__revision"
        )
    )
    for place in {row.place for row in rows}:
        if process := liveness.holder(sender=sender, place=place):
            raise StillHere(
                f"This sender is not gone: {process} on this machine holds its lock. "
                "End that process first, then look again."
            )
    return park(rows, reason=f"declared gone: {reason}", by=by, at=at)


def settle(delivery_id: int, answer: str, *, by: Principal, at: datetime, note: str = "") -> str:
    """A person's answer to an unknown outcome. Raises NotUnknown when it is settled already.

    Returns why nobody is asked to send it again, where they may not be written to any more; or "".
    """
    with transaction.atomic():
        row = (
            Delivery.objects.select_related("approval__workspace", "approval__draft")
            .filter(pk=delivery_id)
            .select_for_update(of=("self",), no_key=True)
            .first()
        )
        if row is None:
            raise NotUnknown(f"There is no delivery {delivery_id}.")
        require(by, Verb.SETTLE, row.workspace)
        status = DeliveryStatus.SENT if answer == Answer.ARRIVED else DeliveryStatus.FAILED
        won = Delivery.objects.filter(pk=row.pk, status=DeliveryStatus.UNKNOWN).update(
            status=status,
            settled_by_label=by.label,
            evidence={**(row.evidence or {}), "answer": str(answer)},
            reason=f"{by.label} says: {answer.replace('_', ' ')}. {note}".strip()[:500],
        )
        if won != 1:
            row.refresh_from_db()
            raise NotUnknown(
                f"Delivery {delivery_id} is {row.get_status_display().lower()}, not unknown."
            )
        ended = _follow(row, Answer(answer), by=by, at=at)
        told = STOPPED if ended else str(answer)
        activity.record(
            activity.entry("channels.settled", row, approval=row.approval_id, answer=told),
            by=by,
            at=at,
        )
    return ended


def _follow(row: Delivery, answer: Answer, *, by: Principal, at: datetime) -> str:
    """What the answer does to its message; why it ended instead of being decided anew, or ""."""
    contact = Contact.objects.filter(key=f"delivery:{row.token}")
    approval = row.approval
    if answer is Answer.ARRIVED:
        contact.update(certain=True)
        drafts.move([approval.draft_id], DraftStatus.SENT)
    elif answer is Answer.NOT_ARRIVED:
        contact.update(voided_at=at)
        rounds.back_to_draft(
            [approval],
            ApprovalStatus.WITHDRAWN,
            reason="not_arrived",
            sentence="It did not arrive. Submit it again if still wanted.",
            by=by,
            at=at,
            taken=True,
        )
    else:
        # It may have arrived: the contact stays, and a person decides over a new round.
        fresh = rounds.reopen([approval], reason="send_again", by=by, at=at, taken=True)
        return humans.of_now(fresh, at=at)
    return ""


def quoted(
    channel: str, *, token: str = "", provider_id: str = "", message_id: str = ""
) -> Delivery | None:
    """The delivery on this channel that an outside event quotes by one of our ids, or None.

    `token` is what we gave the provider with the message, `provider_id` what it answered,
    `message_id` the Message-ID of an e-mail. What is not of our making finds nothing.
    """
    wanted = Q()
    if token:
        try:
            wanted |= Q(token=UUID(token))
        except ValueError:
            return None
    if provider_id:
        wanted |= Q(provider_id=provider_id)
    if found := _OUR_MESSAGE_ID.fullmatch(message_id.strip().lower()):
        wanted |= Q(approval=int(found[2]), approval__draft__uuid=found[1])
    if not wanted:
        return None
    rows = Delivery.objects.filter(wanted, channel=channel).select_related("approval__workspace")
    return rows.filter(status__in=LEFT).order_by("-pk").first() or rows.order_by("-pk").first()


# These prove that it reached them; that it left is no answer to "it did not arrive".
REACHED = (EventKind.DELIVERED, EventKind.READ, EventKind.COMPLAINED, EventKind.UNSUBSCRIBED)
AFTER_ALL = "arrived_after_all"


def arrived_by_event(delivery_id: int, *, event: str, at: datetime, provider_id: str = "") -> bool:
    """An event of the provider proves that a message with unknown outcome left; True if it did so.

    Upgrades `unknown` to `sent`, and what a person took for not arrived once it is proven to have
    reached them; never the other way and never to "send again". Harmless twice. A bounce proves an
    unknown as well: what bounced had left.
    """
    with transaction.atomic():
        rows = Delivery.objects.select_for_update(of=("self",), no_key=True)  # a person may decide
        row = rows.select_related("approval__draft").filter(pk=delivery_id).first()
        if row is None:
            return False
        after_all = row.status == DeliveryStatus.FAILED
        wanted = Q(status=DeliveryStatus.UNKNOWN)
        if after_all and event in REACHED:
            wanted = Q(status=DeliveryStatus.FAILED) & ~Q(settled_by_label="")
            if row.approval.deliveries.filter(status__in=LEFT).exists():
                return False  # somebody told already that it was sent
        won = Delivery.objects.filter(wanted, pk=row.pk).update(
            status=DeliveryStatus.SENT,
            settled_by_label=PROVIDER.label,
            provider_id=row.provider_id or provider_id[:255],
            reason=f"An event of the provider proves that it left: {event}"[:500],
        )
        if won != 1:
            return False
        if after_all:
            _after_all(row, at)
        else:
            _follow(row, Answer.ARRIVED, by=PROVIDER, at=at)
        activity.record(
            activity.entry(
                "channels.settled", row, approval=row.approval_id,
                answer=AFTER_ALL if after_all else "event",
            ),
            by=PROVIDER,
            at=at,
        )  # fmt: skip
    return True


def _after_all(row: Delivery, at: datetime) -> None:
    """It counts again, and of its message nothing more is sent that nobody has in hand yet."""
    draft = row.approval.draft
    rounds.withdraw(rounds.hold(draft), reason=AFTER_ALL, by=PROVIDER, at=at)
    Contact.objects.filter(key=f"delivery:{row.token}").update(certain=True, voided_at=None)
    told = "It arrived after all: the provider says so. Do not send it once more."
    drafts.move([draft.pk], DraftStatus.SENT, reason=told)


def unknown_count() -> int:
    return Delivery.objects.filter(status=DeliveryStatus.UNKNOWN).count()
