"""Writing down how intents ended: deliveries, contacts, drafts, approvals and the log at once.

Runs inside the wave's transaction. Every UPDATE demands that the row is still in `sending` and
still ours.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from approvals import auto, auto_off, quota, rounds, taking
from approvals.models import Approval, ApprovalStatus
from channels import gone
from channels.base import Fault, Outcome, Receipt
from channels.look import HELD_FOR, Cleared, Released
from channels.models import Delivery, DeliveryStatus
from outreach.core import activity, drafts, people, sql
from outreach.core.models.drafts import DraftStatus
from safety import controls, events, override
from safety.actions import SEND_ACTION
from safety.verdict import Finding

SENDER = gone.SENDER
NEVER_TRANSMITTED = "never_transmitted"  # the code in the log
MOST_ATTEMPTS = 6
FIRST_RETRY = timedelta(minutes=1)
LAST_RETRY = timedelta(hours=4)
_jitter = Random()  # noqa: S311 - spreads retries, guards nothing

STATUS = {
    Outcome.SENT: DeliveryStatus.SENT,
    Outcome.REFUSED: DeliveryStatus.FAILED,
    Outcome.TRY_LATER: DeliveryStatus.FAILED,
    Outcome.UNKNOWN: DeliveryStatus.UNKNOWN,
}

# Intents of this sender, each with what became of it.
END = (
    "UPDATE deliveries SET status = given.column2, reason = given.column3, "
    "provider_id = given.column4, evidence = given.column5, ended_at = %s FROM {rows} "
    "WHERE deliveries.id = given.column1 AND deliveries.status = 'sending' "
    "AND deliveries.sender = %s"
)
ENDED = "bigint text text text jsonb"
# Once per delivery, however often it is told.
MEET = (
    "INSERT INTO contacts (workspace_id, human_id, channel, direction, at, certain, draft_id, key, "
    "created_at) SELECT * FROM {rows} WHERE true ON CONFLICT DO NOTHING"
)
MET = "bigint bigint text text timestamptz boolean bigint text timestamptz"


@dataclass(frozen=True, slots=True)
class Carried:
    """One intent that was transmitted, and what the adapter said."""

    cleared: Cleared
    receipt: Receipt


def retry_after(attempt: int, asked: float | None = None) -> timedelta:
    """Back-off with jitter: 1, 2, 4 … minutes up to 4 hours, or longer if the other side asks."""
    step = min(FIRST_RETRY * 2 ** (attempt - 1), LAST_RETRY)
    wait: timedelta = step * _jitter.uniform(0.8, 1.2)
    return max(wait, timedelta(seconds=asked or 0))


def record_carried(
    done: Sequence[Carried], *, sender: UUID, at: datetime, before: controls.Controls | None = None
) -> list[activity.Entry]:
    """Transmitted intents: sent, failed or unknown. Returns what the log must be told.

    `before` are the controls that the last look read, here as below: what would wait again goes
    back to the queue where an emergency stop was set since, though it be lifted by now.
    """
    if not done:
        return []
    _end(done, sender=sender, at=at)
    left = [item for item in done if item.receipt.outcome in (Outcome.SENT, Outcome.UNKNOWN)]
    sql.insert(MEET, MET, [_contact(item, at) for item in left])
    override.spend([item.cleared.approval.revision for item in left], by=SENDER, at=at)
    sent = [item.cleared.approval.draft_id for item in done if item.receipt.outcome == Outcome.SENT]
    drafts.move(sent, DraftStatus.SENT)
    for item in left:
        for rest in item.cleared.cooling_off:
            human = people.canonical(item.cleared.approval.human)
            people.rest(human, rest.cause, at=at, until=at + (rest.until - rest.at))
    for item in done:
        approval = item.cleared.approval
        closed = gone.is_gone(item.receipt, approval) and gone.suppress(approval, at)
        _again_or_not(item, at, before, gone.NO_MORE if closed else "")
    return [
        activity.entry(
            f"channels.{_status(item.receipt)}",
            item.cleared.delivery,
            digest=item.cleared.approval.digest,
            approval=item.cleared.approval.pk,
            stage=item.receipt.stage,
            **({"code": "late"} if item.receipt.fault is Fault.LATE else {}),
        )
        for item in done
    ]


def _status(receipt: Receipt) -> DeliveryStatus:
    """What waited too long since its last look did not fail: it never came to be sent."""
    return DeliveryStatus.RELEASED if receipt.fault is Fault.LATE else STATUS[receipt.outcome]


def _end(done: Sequence[Carried], *, sender: UUID, at: datetime) -> None:
    """Anything but all of them means that somebody else wrote our rows."""
    rows, values = sql.table(ENDED, [_columns(item) for item in done])
    count = sql.execute(END, [sql.from_moment(at), *values, sql.from_uuid(sender)], rows=rows)
    if count != len(done):
        raise RuntimeError(
            f"{len(done) - count} of {len(done)} intents were ended by somebody else."
        )


def _columns(item: Carried) -> tuple[int, str, str, str, dict[str, str]]:
    receipt = item.receipt
    evidence = {"stage": receipt.stage, "reply": receipt.reply[:1000]}
    status = _status(receipt).value
    return (
        item.cleared.delivery.pk,
        status,
        _sentence(receipt),
        receipt.provider_id[:255],
        evidence,
    )


AT = {
    "connect": "on connecting", "ehlo": "at the server's greeting", "auth": "at our login",
    **dict.fromkeys(("starttls", "tls"), "while encryption was begun"),
    "mail": "at our sender's address", "rcpt": "at their address",
    **dict.fromkeys(("data", "headers"), "before its text was handed over"),
    "body": "while its text was handed over",
    **dict.fromkeys(("dot", "answer"), "after its text was handed over"),
    "compose": "before anything was written",
}  # fmt: skip


def _sentence(receipt: Receipt) -> str:
    if receipt.outcome is Outcome.SENT:
        return ""
    # Its own words tell the rest: what cannot be composed never came near the other side.
    where = AT.get(receipt.stage, f"at {receipt.stage}")
    return f"{receipt.outcome.value.replace('_', ' ')} {where}: {receipt.reply}"[:500]


def _contact(item: Carried, at: datetime) -> tuple[Any, ...]:
    delivery, when = item.cleared.delivery, sql.from_moment(at)
    return (
        delivery.workspace_id,
        delivery.human_id,
        delivery.channel,
        "out",
        when,
        item.receipt.outcome is Outcome.SENT,
        item.cleared.approval.draft_id,
        f"delivery:{delivery.token}",
        when,
    )


def _again_or_not(item: Carried, at: datetime, before: controls.Controls | None, more: str) -> None:
    """A certain failure: tried again later if that can help, else back to its author."""
    receipt, delivery = item.receipt, item.cleared.delivery
    if receipt.fault is Fault.LATE:  # however often: only its permission ends that
        if not _reopened(item.cleared.approval, before, at):
            taking.give_back([delivery.approval_id], due_at=at + FIRST_RETRY)
    elif receipt.outcome is Outcome.TRY_LATER and delivery.attempt < MOST_ATTEMPTS:
        retry_at = at + retry_after(delivery.attempt, receipt.retry_after)
        Delivery.objects.filter(pk=delivery.pk).update(retry_at=retry_at)
        if not _reopened(item.cleared.approval, before, at):
            taking.give_back([delivery.approval_id], due_at=retry_at)
    elif receipt.outcome in (Outcome.REFUSED, Outcome.TRY_LATER):
        rounds.back_to_draft(
            [item.cleared.approval],
            ApprovalStatus.WITHDRAWN,
            reason="failed",
            sentence=f"Could not be delivered: {_sentence(receipt).rstrip(' .')}{more}",
            by=SENDER,
            at=at,
            taken=True,
        )


def _reopened(approval: Approval, before: controls.Controls | None, at: datetime) -> bool:
    """Back to the queue like the rest of a batch that somebody stopped while this was in flight.

    The stop could not return it, and neither did lifting it: it was taken.
    """
    place = approval.workspace_id
    if before is None or before.stop_mark(place) == controls.read().stop_mark(place):
        return False
    rounds.reopen([approval], reason="emergency_stop", by=SENDER, at=at, taken=True)
    return True


def record_released(
    released: Sequence[Released], *, sender: UUID, at: datetime,
    before: controls.Controls | None = None,
) -> list[activity.Entry]:  # fmt: skip
    """Intents that ended without a byte, and what becomes of their approvals.

    Returns what the log must be told of the intents.
    """
    for item in released:
        ended = Delivery.objects.filter(
            pk=item.delivery.pk, status=DeliveryStatus.SENDING, sender=sender
        ).update(status=DeliveryStatus.RELEASED, reason=item.sentence[:500], ended_at=at)
        if ended != 1:
            raise RuntimeError("A released intent was ended by somebody else.")
        _dispose(item, at, before)
        for rest in item.cooling_off:
            if rest.cause == "cross_platform":
                human = people.canonical(item.approval.human)
                people.rest(human, rest.cause, at=rest.at, until=rest.until)
        action = SEND_ACTION.get(item.approval.channel, "send")
        findings = item.findings or (Finding("DOOR_CHECK", item.code, "fail", item.sentence),)
        events.record_findings(findings, action=action, draft=item.approval.draft, by=SENDER, at=at)
    return [_told_of_release(item.delivery, item.approval, item.code) for item in released]


def _dispose(item: Released, at: datetime, before: controls.Controls | None) -> None:
    one = [item.approval]
    if item.action == "hold":
        if _reopened(item.approval, before, at):
            return
        if item.hold_until is None:
            taking.give_back([item.approval.pk], due_at=at + HELD_FOR)
        else:
            taking.hold(item.approval, until=item.hold_until)
    elif item.action == "reopen":
        fresh = rounds.reopen(one, reason=item.code, by=SENDER, at=at, taken=True)
        if item.code in (auto.CODE, "found_more"):
            auto_off.say_why(fresh, item.sentence)
    elif item.action == "end":
        rounds.end(one, reason=item.code, sentence=item.sentence, by=SENDER, at=at, taken=True)
    else:
        status = ApprovalStatus.EXPIRED if item.action == "expire" else ApprovalStatus.WITHDRAWN
        rounds.back_to_draft(
            one, status, reason=item.code, sentence=item.sentence, by=SENDER, at=at, taken=True
        )


def release_untransmitted(
    delivery_ids: Collection[int], at: datetime, *, before: controls.Controls | None = None
) -> None:
    """Intents whose wave ended before anything was handed over: their messages are due again.

    Told in the log in the caller's transaction.
    """
    open_rows = Delivery.objects.filter(pk__in=delivery_ids, status=DeliveryStatus.SENDING)
    rows = list(open_rows.select_related("approval__workspace"))
    taking.lock(row.approval_id for row in rows)
    quota.refund(row.counted for row in rows)
    again = [row.approval_id for row in rows if not _reopened(row.approval, before, at)]
    taking.give_back(again, due_at=at)
    open_rows.update(
        status=DeliveryStatus.RELEASED,
        reason="never transmitted: the sender failed before that",
        ended_at=at,
    )
    told = [_told_of_release(row, row.approval, NEVER_TRANSMITTED) for row in rows]
    activity.record(*told, by=SENDER, at=at)


def _told_of_release(row: Delivery, approval: Approval, code: str) -> activity.Entry:
    return activity.entry(
        "channels.released", row, digest=approval.digest, approval=approval.pk, code=code
    )
