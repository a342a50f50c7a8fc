"""The last look: after the intents are committed, everything is read afresh and judged again.

It runs in later statements than the commit of the intents, outside any transaction: whoever
commits second (a stop its flag, a sender its intent) sees the other (DESIGN.md §4).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from math import inf
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, transaction

from approvals import auto, auto_door, taking
from approvals.models import Approval
from channels import reading, unread
from channels.base import uptime
from channels.models import Delivery
from outreach.core import drafts, files
from outreach.core.models.drafts import DraftStatus
from safety import controls, facts, gate
from safety.verdict import CoolingOff, Finding, Level, Verdict, sentences

logger = logging.getLogger(__name__)
# A database, a disk or a key that is away: no message's own fault, so all of the wave is due again.
NOT_THE_MESSAGE = (Error, OSError, MemoryError, ImproperlyConfigured)
UNSEEN = "check_failed"
GRAVITY = {"warn": 1, "fail": 2}  # of a finding; whatever else it says asks nobody anything
# What has no family of words and yet asks about what leaves, not about what happened around it.
# What they refuse goes back to its author: such as a file whose bytes are gone.
OF_THE_MESSAGE = ("PARTS_CHECK", "ATTACHMENT_CHECK")
# What happened around it and asks a person, who has not been asked: somebody else wrote to them
# since, and they are silent. Whoever knew of it has said yes to it.
ASKED = ("follow_ups", "rising_frequency")
HELD_FOR = timedelta(minutes=5)  # how soon a hold without a known end is looked at again


@dataclass(frozen=True, slots=True)
class Cleared:
    """One intent that may be transmitted now, exactly as `approval.revision` says."""

    delivery: Delivery
    approval: Approval
    cooling_off: tuple[CoolingOff, ...] = ()
    files: tuple[files.Carried, ...] = ()  # their bytes, just hashed again
    leave_by: float = inf  # of `uptime`; what was found so long ago need not be so any more


@dataclass(frozen=True, slots=True)
class Released:
    """One intent that ends without a byte: `action` says what becomes of its approval."""

    delivery: Delivery
    approval: Approval
    action: str  # hold | reopen | end | return | expire
    code: str
    sentence: str
    hold_until: datetime | None = None  # of a hold: when a rule ends it; a stop names no time
    findings: tuple[Finding, ...] = ()
    cooling_off: tuple[CoolingOff, ...] = ()


def look(
    intents: Sequence[Delivery], *, sender: UUID, clock: Callable[[], datetime],
    before: controls.Controls,
) -> tuple[list[Cleared], list[Released], controls.Controls]:  # fmt: skip
    """Judge every intent of this sender that is still its own. Refuses to run in a transaction.

    `before` was read before the intents were committed: what was in flight while somebody set an
    emergency stop and lifted it again goes back to the queue like the rest of that batch. The
    controls that were read now come back, for the next look to be given as `before`. `clock` is
    asked here, so that the deadline counts from before that.
    """
    if transaction.get_connection().in_atomic_block:
        raise RuntimeError("The last look must be a later statement than the committed intents.")
    # In this order: who stands still in between judges by an old time, and must not count as new.
    leave_by = uptime() + settings.SEND_DEADLINE_SECONDS
    at = clock()
    rows, may_approve, unjudged, waiting = reading.intents(intents, sender=sender)
    state = controls.read()
    judge = partial(
        _judge, may_approve=may_approve, unjudged=unjudged, waiting=waiting, before=before,
        state=state, at=at,
    )  # fmt: skip
    results = _each_by_itself(rows, judge)
    found = [result for result in results if isinstance(result, Cleared)]
    cleared = [replace(result, leave_by=leave_by) for result in found]
    released = [result for result in results if isinstance(result, Released)]
    return cleared, released, state


def _each_by_itself(
    rows: Sequence[Delivery], judge: Callable[[Sequence[Delivery]], list[Cleared | Released]]
) -> list[Cleared | Released]:
    """All at once, and one by one where that fails: whose own look fails goes back to its author.

    Else that one would have its whole wave released, again and again. Where each of several fails,
    the fault is no message's own: it is raised, and they stay due.
    """
    try:
        return judge(rows)
    except NOT_THE_MESSAGE:
        raise
    except Exception as fault:
        if len(rows) == 1:
            logger.exception("The last look at #%s fails.", rows[0].approval_id)
            return [_unseen(rows[0], fault)]
        results = [result for row in rows for result in _each_by_itself([row], judge)]
        if all(isinstance(each, Released) and each.code == UNSEEN for each in results):
            raise
        return results


def _unseen(row: Delivery, fault: Exception) -> Released:
    return Released(row, row.approval, "return", UNSEEN, told_unseen(fault))


def told_unseen(fault: Exception) -> str:
    return (
        f"The last look before sending could not run ({type(fault).__name__}); what cannot be "
        "checked is not sent."
    )


def _judge(
    rows: Sequence[Delivery], *, may_approve: set[int], unjudged: set[int], waiting: set[int],
    before: controls.Controls, state: controls.Controls, at: datetime,
) -> list[Cleared | Released]:  # fmt: skip
    settled = settled_among([row.approval for row in rows])
    known = facts.gather([row.approval.draft for row in rows], at=at, state=state, settled=settled)
    verdicts = {
        draft: gate.judge_message(item, gate.Moment.SENDING, at) for draft, item in known.items()
    }
    by_rule = auto_door.refused([row.approval for row in rows], verdicts, state)
    heard = reading.heard_since(rows) | unjudged
    results = []
    for row in rows:
        verdict = verdicts[row.approval.draft_id]
        result = _one(row, verdict, entitled=row.approval_id in may_approve, at=at)
        if _stopped_meanwhile(row, before, state) and not _is_final(result):
            result = Released(
                row, row.approval, "reopen", "emergency_stop", "A stop was set while it was due."
            )
        elif row.approval_id in heard and not _is_final(result):
            result = Released(
                row, row.approval, "reopen", "heard_since", "They wrote after it was approved."
            )
        elif row.approval_id in by_rule and not _is_final(result):
            sentence = f"Not automatic: {by_rule[row.approval_id]}"
            result = Released(row, row.approval, "reopen", auto.CODE, sentence)
        elif row.approval_id in waiting and isinstance(result, Cleared):
            result = Released(row, row.approval, "hold", unread.CODE, unread.SENTENCE)
        results.append(result)
    return results


def settled_among(approvals: Sequence[Approval]) -> dict[int, str]:
    """The drafts whose words were approved under the rules in force, the workspace's own among
    them, each with what it was judged as then (`facts.gather`)."""
    return {row.draft_id: row.receipt.get("purpose", "") for row in approvals if _is_settled(row)}


def _is_settled(approval: Approval) -> bool:
    in_force = facts.policy_of(approval.workspace.own_words)
    # The receipt is sealed.
    return bool(approval.decision.get("gate") == approval.receipt.get("policy") == in_force)


def _stopped_meanwhile(row: Delivery, before: controls.Controls, now: controls.Controls) -> bool:
    return before.stop_mark(row.workspace_id) != now.stop_mark(row.workspace_id)


def _one(row: Delivery, verdict: Verdict, *, entitled: bool, at: datetime) -> Cleared | Released:
    approval = row.approval
    fault = taking.broken(
        approval, digest_now=drafts.digest_of(approval.draft, approval.revision), at=at
    )
    if approval.draft.status == DraftStatus.SENT:  # in an earlier round, as a receipt proves
        return Released(row, approval, "return", "sent_already", "Its message is sent already.")
    if fault == "unsent":
        return Released(row, approval, "expire", fault, "Its permission ran out.")
    if fault:
        return Released(row, approval, "reopen", fault, "The approval does not allow this send.")
    if not entitled:
        return Released(
            row, approval, "reopen", "approver_lost_right", "Its approver may no longer approve."
        )
    worse = worse_than_approved(approval, verdict)
    if worse:
        return _reopened(row, worse)
    if verdict.may_leave(at):
        return _with_files(row, verdict)
    return _refused(row, verdict, at)


def _with_files(row: Delivery, verdict: Verdict) -> Cleared | Released:
    """Cleared with exactly the bytes that were approved, or back to its author."""
    try:
        content = files.contents(row.workspace_id, row.approval.revision.attachments)
    except files.FileBroken as fault:
        return Released(row, row.approval, "return", "attachment_broken", f"{fault}.")
    return Cleared(row, row.approval, verdict.cooling_off, content)


def _is_final(result: Cleared | Released) -> bool:
    """Whether the approval ends anyway, so that it does not matter who gave it."""
    return isinstance(result, Released) and result.action != "hold"


def worse_than_approved(approval: Approval, verdict: Verdict) -> tuple[Finding, ...]:
    """What judges it worse than when it was approved (SPEC §7).

    What only holds it is no such thing: hours pass, and an approved message waits for them. A rule
    that was content, or had another question, was not answered by that yes: such as one that found
    a consent on file, which was withdrawn since.
    """
    seen: dict[tuple[str, str], int] = {}
    for each in approval.decision.get("findings", []):
        rule = (each.get("rule", ""), each.get("code", ""))
        seen[rule] = max(seen.get(rule, 0), GRAVITY.get(each.get("status"), 0))
    return tuple(
        finding
        for finding in verdict.findings
        if _is_a_question(finding, verdict)
        and GRAVITY.get(finding.status, 0) > seen.get((finding.rule, finding.code), 0)
        and finding.code not in gate.HOLDS
    )


def _is_a_question(finding: Finding, verdict: Verdict) -> bool:
    """Whether it asks about this message, and not about hours or limits, which hold it.

    Over a limit a follow-up fails, and waits: it is asked about when it could leave.
    """
    if finding.family:
        return True
    if finding.code in ASKED:
        return finding.status == "warn" and verdict.not_before is None
    return finding.check in OF_THE_MESSAGE and verdict.level < Level.BLOCK


def _reopened(row: Delivery, worse: tuple[Finding, ...]) -> Released:
    """Back to a reviewer, who is told why."""
    return Released(row, row.approval, "reopen", *told_worse(row.approval, worse))


def told_worse(approval: Approval, worse: tuple[Finding, ...]) -> tuple[str, str]:
    """The code and the sentence of it. "The rules changed" is said only where they did."""
    if approval.decision.get("gate") != facts.policy_of(approval.workspace.own_words):
        return "policy_changed", "The rules changed and find more in it now."
    return "found_more", f"The last look finds more: {sentences(worse)}"


def _refused(row: Delivery, verdict: Verdict, at: datetime) -> Released:
    """What a gate that says no means for the approval. The gravest finding decides."""
    codes = {finding.code: finding for finding in verdict.blockers}
    for code, action in (
        ("person_desist", "end"),
        ("person_blocked", "end"),
        ("emergency_stop", "reopen"),
        ("dry_run", "hold"),
        ("messaging_stopped", "hold"),
        ("automation_off", "hold"),
    ):
        if code in codes:
            return Released(
                row,
                row.approval,
                action,
                code,
                codes[code].message,
                findings=(codes[code],),
                cooling_off=verdict.cooling_off,
            )
    findings = verdict.blockers or tuple(
        finding for finding in verdict.findings if finding.status == "warn"
    )
    sentence = sentences(findings)
    if verdict.not_before is not None and verdict.level < Level.BLOCK:
        return Released(
            row,
            row.approval,
            "hold",
            findings[0].code if findings else "hold",
            sentence,
            hold_until=verdict.not_before,
            findings=findings,
            cooling_off=verdict.cooling_off,
        )
    return Released(
        row, row.approval, "return", findings[0].code, sentence, findings=tuple(findings)
    )
