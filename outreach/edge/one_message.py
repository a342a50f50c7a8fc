"""What would happen to one message now, as `doctor --message` tells it: all that the door asks.

Only looks. Every line is a sentence for somebody who was woken up by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from approvals import auto_door, departure, quota, quota_standing, taking
from approvals.models import Approval, ApprovalStatus
from channels import breaker, look, reading, registry
from channels.models import Delivery
from outreach.core import drafts
from outreach.core.clock import by_clock
from outreach.core.models import Draft
from safety import controls, facts, gate
from safety.verdict import Level, Verdict

# Why an approval allows nothing, in words (`taking.broken` gives the code).
BROKEN = {
    "receipt_broken": "its receipt or digest does not match the text",
    "dry_run_off": "it was given in dry run",
    "sender_changed": "who it comes from was changed since",
    "unsent": "its permission ran out",
}
LONGEST_NUMBER = 18  # digits that every database takes


class NoSuchMessage(LookupError):
    """There is no such approval or draft; the sentence says how to name one."""


def by_approval(number: int) -> tuple[Draft, Approval | None]:
    """The message and the round with this number."""
    row = _approvals().filter(pk=number).first()
    if row is None:
        raise NoSuchMessage(f"There is no approval #{number}. `manage.py review` lists the queue.")
    row.draft.current = row.revision
    return row.draft, row


def by_draft(which: str) -> tuple[Draft, Approval | None]:
    """The draft with this number or uuid and its latest round, if it ever had one."""
    draft = Draft.objects.select_related("workspace", "current").filter(_named(which)).first()
    if draft is None:
        raise NoSuchMessage(f"There is no draft {which}.")
    return draft, _approvals().filter(draft=draft).order_by("-pk").first()


def _named(which: str) -> Q:
    if which.isascii() and which.isdigit() and len(which) <= LONGEST_NUMBER:
        return Q(pk=int(which))
    try:
        return Q(uuid=UUID(which))
    except ValueError:
        raise NoSuchMessage(
            f"{which!r} is neither a number nor a uuid. Copy it from the draft's page."
        ) from None


def _approvals() -> QuerySet[Approval]:
    return Approval.objects.select_related("workspace", "revision", "draft__workspace")


def explain(draft: Draft, approval: Approval | None, *, at: datetime) -> dict[str, Any]:
    """What would happen to this message now, check by check, and in a system without brakes."""
    settled = look.settled_among([approval] if approval and approval.is_given else [])
    known = facts.gather([draft], at=at, settled=settled)[draft.pk]
    verdict = gate.judge_message(known, gate.Moment.SENDING, at)
    # Asked again at each time that a rule names: two rules after each other name one moment.
    held, _ = gate.earliest(known, gate.Moment.SENDING, at)
    without = _leaves(approval, gate.without_brakes(known), at)
    permission = _permission(draft, approval, at)
    allowed = [permission] if permission else [*_door(approval, verdict, at)]
    return {
        "message": f"Message {draft.uuid} by {draft.channel}, {draft.get_status_display().lower()}",
        "permission": permission or _given(approval),
        "answer": _answer(held, allowed, at) + _held_on(known, verdict, held),
        "without_brakes": _answer(without.verdict, allowed, at),
        "earliest": without.at.isoformat() if without.verdict.level < Level.BLOCK else None,
        "local_time": f"{known.zones.zones[0]} ({known.zones.source})",
        "checks": [line for check in gate.CHECKS for line in _check(check, known, at)],
    }


def _leaves(approval: Approval | None, known: gate.Facts, at: datetime) -> departure.Departure:
    """When it would leave at the earliest; a quota counts what was submitted."""
    if approval is None:
        return departure.Departure(*gate.earliest(known, gate.Moment.SENDING, at))
    return departure.of(approval, known, gate.Moment.SENDING, at, at=at)


def _held_on(known: gate.Facts, verdict: Verdict, held: Verdict) -> str:
    """What holds it longer than the rules of now say each by itself: the one that comes after."""
    first, last = verdict.not_before, held.not_before
    if held.level is Level.BLOCK or first is None or last is None or first >= last:
        return ""
    then = gate.judge_message(known, gate.Moment.SENDING, first)
    why = [each.message.rstrip(".") for each in then.findings if each.code in gate.HOLDS]
    return f" At {by_clock(first)} another rule holds it on: {'; '.join(why)}."


def _check(check: gate.Check, known: gate.Facts, at: datetime) -> list[dict[str, Any]]:
    """What one check says by itself; silence is a pass."""
    name = check.__name__.removeprefix("check_")
    verdict = gate.judge_message(known, gate.Moment.SENDING, at, checks=(check,))
    until = verdict.not_before.isoformat() if verdict.not_before else None
    common = {"check": name, "level": verdict.level.name, "hold_until": until}
    if not verdict.findings:
        return [{**common, "status": "pass", "code": "", "message": "nothing to say"}]
    return [
        {**common, "status": each.status, "code": each.code, "message": each.message}
        for each in verdict.findings
    ]


def _permission(draft: Draft, approval: Approval | None, at: datetime) -> str:
    """Why nobody's approval covers this text now; empty when one does."""
    if approval is None:
        return "It was never submitted, so nobody has approved it."
    if not approval.is_given:
        said = f"#{approval.pk} is {approval.get_status_display().lower()}: nothing is approved."
        return f"{said}{_newer(approval)}"
    if approval.taken_at is not None:
        return f"#{approval.pk} is being sent, has left, or waits for a person to say whether."
    fault = taking.broken(
        approval, digest_now=drafts.digest_of(approval.draft, approval.revision), at=at
    )
    if fault:
        return f"#{approval.pk} does not allow this send: {BROKEN.get(fault, fault)}."
    if approval.pk not in taking.entitled([approval]):
        return f"#{approval.pk}: its approver {approval.decided_by_label} lost the right to."
    if approval.due_at is not None and approval.due_at > at:
        return f"#{approval.pk} is approved and waits until {by_clock(approval.due_at)}."
    return ""


def _newer(approval: Approval) -> str:
    """The message's last round, where this is not it: `doctor` was asked about an old number."""
    last = Approval.objects.filter(draft=approval.draft_id).order_by("-pk").first()
    if last is None or last.pk == approval.pk:
        return ""
    return f" Its message is #{last.pk} by now, {last.get_status_display().lower()}."


def _given(approval: Approval | None) -> str:
    """Who approved it: a person, or the rules in somebody's name."""
    if approval is not None and approval.status == ApprovalStatus.AUTO_APPROVED:
        return f"The rules approved exactly this text, in the name of {approval.decided_by_label}."
    return "A person approved exactly this text."


def _door(approval: Approval | None, verdict: Verdict, at: datetime) -> Iterator[str]:
    """What else the door asks of an approved message, and what it would be told."""
    if approval is None:
        return
    if worse := look.worse_than_approved(approval, verdict):
        yield f"{look.told_worse(approval, worse)[1].rstrip('.')}, so it goes back to the queue."
    by_rule = auto_door.refused([approval], {approval.draft_id: verdict}, controls.read())
    if sentence := by_rule.get(approval.pk):
        yield f"The rules would not approve it again, so it goes back to the queue: {sentence}"
    if reading.heard_since([Delivery(approval=approval, human_id=approval.human_id)]):
        yield "They wrote after it was approved, so it goes back to the queue."
    if used_up := quota_standing.used_up(approval, at=at):
        free = quota.next_day(approval.workspace, at, days=used_up.days)
        until = "for the next day" if used_up.days == 1 else f"until {by_clock(free)}"
        yield f"{used_up.reached}; it waits {until}."
    if sentence := breaker.refusal(approval.channel, at):
        yield f"{approval.channel} {sentence}"
    if sentence := registry.needed(approval.channel):
        yield sentence


def _answer(verdict: Verdict, allowed: list[str], at: datetime) -> str:
    reasons = [*allowed]
    if verdict.level is Level.BLOCK:
        reasons += [finding.message for finding in verdict.blockers]
    elif verdict.not_before is not None and verdict.not_before > at:
        reasons.append(f"It is held until {by_clock(verdict.not_before)}.")
    if not reasons:
        return "It would leave now."
    return "It would not leave now: " + " ".join(f"{each.rstrip('.')}." for each in reasons)
