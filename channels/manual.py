"""Hand-off to a person: what may be copied, and "I sent it", which is a fact and recordable.

Dry run and stops bind the program, not the record of what a person did (SPEC §2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from approvals import auto_off, clocks, humans, quota, rounds, taking
from approvals.models import Approval, ApprovalStatus
from channels import fitness, reading, registry, unread
from channels.models import Claim, Delivery, DeliveryStatus
from channels.settle import contact_of, rest_after
from outreach.core import activity, drafts, suppression
from outreach.core.models import Contact, Draft, Person
from outreach.core.models.drafts import DraftStatus
from outreach.core.people import canonical
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal
from safety import controls, events
from safety.models import ControlKey
from safety.services import can_send_message, stopped_by_status

OPEN_OR_LEFT = ("sending", "sent", "unknown", "manual")  # at most one per approval
KEEPER = Principal.system("by-hand")
STOPPED_BY = ("person_stopped", "emergency_stop", "person_desist", "person_blocked")


class HandOffRefused(Exception):
    """This message cannot be marked so; the sentence says why."""


@dataclass(frozen=True, slots=True)
class HandOff:
    """What a person may do by hand now. `text` is empty while a stop hides it."""

    text: str
    subject: str
    warning: str


def offer(approval: Approval, *, at: datetime) -> HandOff:
    """The text to copy for an approved message, or the reason why it is hidden."""
    if not approval.is_given:
        told = "Not approved: there is nothing to copy."
        if approval.receipt:
            told = "No longer approved: there is nothing to copy. If you wrote before, record it."
        return HandOff("", "", told)
    if left := _left_already(approval):
        return HandOff("", "", f"Hidden: its delivery is {left}. Do not send it once more.")
    reason = _hidden_because(approval, at)
    if reason:
        return HandOff("", "", f"Hidden: {reason}. If you did write, you can still record it.")
    return HandOff(approval.revision.text, approval.revision.subject, "")


def _left_already(approval: Approval) -> str:
    """How its delivery stands. What was taken must not be copied: it would reach them twice."""
    if approval.taken_at is None:
        return ""
    row = Delivery.objects.filter(approval=approval.pk, status__in=OPEN_OR_LEFT).first()
    return row.get_status_display().lower() if row is not None else ""


def _hidden_because(approval: Approval, at: datetime) -> str:
    """Why nothing may be copied now; empty if it may. Automation off binds programs, not people."""
    if approval.send_before is not None and approval.send_before <= at:
        ended = clocks.told_time(approval, approval.send_before, at=at)
        return f"permission to send it ended {ended}"
    person = Person.objects.select_related("merged_into").get(pk=approval.draft.person_id)
    if stopped := stopped_by_status(canonical(person)):
        return stopped
    state = controls.read()
    for key in (ControlKey.EMERGENCY_STOP, ControlKey.MESSAGING_ENABLED):
        if state.is_braking(key, approval.workspace_id):
            return "System messaging is disabled"
    fault = taking.broken(
        approval, digest_now=drafts.digest_of(approval.draft, approval.revision), at=at
    )
    if fault == "receipt_broken":  # given in dry run it may be sent by hand
        return "the approval does not match this text"
    if not taking.entitled([approval]):
        return "who approved it may not approve any more"
    if _heard([approval]):
        return "they wrote after it was approved; it has to be decided again"
    place = _place(approval)
    standing = suppression.standing([place], complaints_since=at).against(place)
    return standing or unread.against(approval) or fitness.against(approval, at=at)


def _place(approval: Approval) -> suppression.Place:
    return approval.workspace_id, approval.channel, approval.revision.address


def _heard(rows: Sequence[Approval]) -> set[int]:
    """Those approved before they wrote again, as at the door."""
    return reading.heard_since([Delivery(approval=row, human_id=row.human_id) for row in rows])


def return_unfit(*, at: datetime) -> int:
    """What waits to be sent by hand and may not be any more goes back; how many rounds did.

    No sender looks at these channels: whose approver lost the right, what was approved before they
    wrote again, and what the rules find more in by now, waits for a decision again; what
    would go to a suppressed address goes back to its author.
    """
    waiting = Approval.objects.filter(rounds.UNTAKEN, channel__in=registry.BY_HAND).order_by("pk")
    count, after = 0, 0
    related = ("revision", "workspace", "draft__workspace")
    while rows := list(waiting.filter(pk__gt=after).select_related(*related)[: rounds.BATCH]):
        after = rows[-1].pk
        may = taking.entitled(rows)
        suppressed = suppression.suppressed_among({_place(row) for row in rows})
        lost = [row.pk for row in rows if row.pk not in may]
        closed = [row.pk for row in rows if row.pk in may and _place(row) in suppressed]
        heard = _heard(rows) - {*lost, *closed}
        with transaction.atomic():
            for ids, why in ((lost, "approver_lost_right"), (heard, "heard_since")):
                held = rounds.lock(waiting.filter(pk__in=ids), skip=True)
                count += len(rounds.reopen(held, reason=why, by=KEEPER, at=at))
            held = rounds.lock(waiting.filter(pk__in=closed), skip=True)
            count += len(_to_authors(held, at))
        count += _worse(waiting, rows, at)
    return count


def _worse(waiting: QuerySet[Approval], rows: list[Approval], at: datetime) -> int:
    """Those in which the rules of now find more go back to a reviewer; how many did."""
    found = fitness.worse(rows, at=at)
    count = 0
    for pk, (code, sentence) in sorted(found.items()):
        with transaction.atomic():
            held = rounds.lock(waiting.filter(pk=pk), skip=True)
            fresh = rounds.reopen(held, reason=code, by=KEEPER, at=at)
            if code == "found_more":
                auto_off.say_why(fresh, sentence)
            count += len(fresh)
    return count


def _to_authors(held: list[Approval], at: datetime) -> list[Approval]:
    return rounds.back_to_draft(
        held,
        ApprovalStatus.WITHDRAWN,
        reason="suppressed",
        sentence="The address is on the suppression list. Nothing goes there.",
        by=KEEPER,
        at=at,
    )


def mark_sent(approval_id: int, *, by: Principal, at: datetime) -> str:
    """Record that a person sent this approved message by hand; returns a warning or ""."""
    with transaction.atomic():
        approval = locked(approval_id)
        require(by, Verb.SETTLE, approval.workspace)
        if not by.is_user:
            raise HandOffRefused("Only a person can say that a person sent it.")
        # What was never approved has no receipt. Who wrote says so after the approval ended, too.
        if not approval.is_given and not approval.receipt:
            raise HandOffRefused(
                f"#{approval_id} is {approval.get_status_display().lower()}: only an approved "
                "message can be marked as sent."
            )
        _no_open_delivery(approval)
        row = _manual(approval, by, at)
        stopped = approval.closed_reason in STOPPED_BY
        warning = _warn(approval, stopped, by, at)
        activity.record(
            activity.entry("channels.manual", row, digest=approval.digest, approval=approval.pk),
            by=by,
            at=at,
        )
    return warning


def locked(approval_id: int) -> Approval:
    """The approval, with every round of its message held: no sender can take one meanwhile."""
    rows = Draft.objects.select_related("person__merged_into")
    draft = rows.filter(approvals=approval_id).first()
    for row in rounds.hold(draft) if draft is not None else ():
        if row.pk == approval_id:
            return row
    raise HandOffRefused(f"There is no approval #{approval_id}.")


def _no_open_delivery(approval: Approval) -> None:
    """Over all rounds of the message: a later one may have been approved and sent since."""
    clash = left_of(approval).first()
    if clash is not None:
        raise HandOffRefused(
            f"#{approval.pk} cannot be marked: its delivery is "
            f"{clash.get_status_display().lower()}."
        )


def left_of(approval: Approval) -> QuerySet[Delivery]:
    """What left of the message in any of its rounds, or may have."""
    return Delivery.objects.filter(approval__draft=approval.draft_id, status__in=OPEN_OR_LEFT)


def _manual(approval: Approval, by: Principal, at: datetime) -> Delivery:
    day = quota.count_by_hand(approval, at=at)
    row = Delivery.objects.create(
        workspace_id=approval.workspace_id,
        approval=approval,
        human_id=approval.draft.person.human_id,  # a closed round follows no merge
        channel=approval.channel,
        status=DeliveryStatus.MANUAL,
        since=at,
        quota_day=day,
        ended_at=at,
        settled_by_label=by.label,
        reason=f"{by.label} says: sent by hand",
    )
    Approval.objects.filter(pk=approval.pk, taken_at__isnull=True).filter(rounds.UNTAKEN).update(
        taken_at=at
    )
    Claim.objects.filter(approval__draft=approval.draft_id).delete()
    if drafts.move([approval.draft_id], DraftStatus.SENT, reason="Sent by hand.") != 1:
        raise HandOffRefused(f"#{approval.pk} cannot be marked: its message is sent already.")
    later = Approval.objects.filter(rounds.OPEN, draft_id=approval.draft_id)
    rounds.withdraw(rounds.lock(later), reason="sent_by_hand", by=by, at=at)
    Contact.objects.bulk_create([contact_of(row, at, certain=True)], ignore_conflicts=True)
    rest_after(row, at)
    return row


def _warn(approval: Approval, stopped: bool, by: Principal, at: datetime) -> str:
    """A contact against a stop is recorded like any other, and told as one."""
    allowed, reason = can_send_message(approval.draft.person)
    if allowed and not stopped:
        return ""
    sentence = reason if not allowed else "It had been stopped before."
    events.record(
        event_type="manual_send",
        action_blocked=f"message {approval.draft_id} was sent by hand all the same",
        reason=sentence,
        code="manual_against_stop",
        by=by,
        at=at,
        workspace=approval.workspace,
        draft=approval.draft,
        revision=approval.revision,
    )
    return f"Recorded. Note: {sentence}"


def mark_not_sent(delivery_id: int, *, by: Principal, at: datetime) -> str:
    """Take back "sent by hand": the contact is voided and the message is decided anew.

    Not where another sending of it left or may have: decided anew it would reach them twice.
    Returns in a sentence what becomes of the message.
    """
    with transaction.atomic():
        row = Delivery.objects.select_related("workspace").filter(pk=delivery_id).first()
        if row is None:
            raise HandOffRefused(f"There is no delivery {delivery_id}.")
        require(by, Verb.SETTLE, row.workspace)
        row.approval = approval = locked(row.approval_id)
        quota.refund([row.counted])
        won = Delivery.objects.filter(pk=row.pk, status=DeliveryStatus.MANUAL).update(
            status=DeliveryStatus.RELEASED, reason=f"{by.label} says: not sent after all"
        )
        if won != 1:
            raise HandOffRefused(f"Delivery {delivery_id} was not marked as sent by hand.")
        Contact.objects.filter(key=f"delivery:{row.token}").update(voided_at=at)
        told = _after_take_back(approval, by, at)
        activity.record(
            activity.entry("channels.manual_taken_back", row, approval=approval.pk),
            by=by,
            at=at,
        )
    return told


def _after_take_back(approval: Approval, by: Principal, at: datetime) -> str:
    """The rounds are held, so no other delivery of the message begins meanwhile."""
    if other := left_of(approval).first():
        rounds.withdraw([approval], reason="sent_already", by=by, at=at, taken=True)
        state = other.get_status_display().lower()
        return f"Taken back. The message is not decided anew: its delivery {other.pk} is {state}."
    why, ended = "unsettled_released", [approval]
    # A stop may have ended its round before.
    rounds.close(ended, ApprovalStatus.WITHDRAWN, reason=why, at=at, taken=True)
    fresh = rounds.anew(ended, reason=why, by=by, at=at)
    if approval.revision.erased_at is not None:
        over = "They were erased, and so were the words."
        rounds.end(fresh, reason="person_stopped", sentence=over, by=KEEPER, at=at)
        return "Taken back. The message is not decided anew: its person was erased."
    if stopped := humans.of_now(fresh, at=at):
        return f"Taken back. The message has ended: {stopped}"
    return "Taken back: the message waits for a decision again."
