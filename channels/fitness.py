"""Whether the rules let a person hand over an approved text now, as the last look asks programs.

People are told and not bound by what stops programs alone: dry run, and automation that is off.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from approvals import clocks
from approvals.models import Approval
from channels.look import settled_among, told_worse, worse_than_approved
from safety import facts, gate
from safety.verdict import Finding, Level, Verdict, sentences

Worse = tuple[str, str]  # the code and the sentence of what the rules find more by now


def against(approval: Approval, *, at: datetime) -> str:
    """Why these words may not be written to them at this moment; empty if they may."""
    [verdict] = _judge([approval], at).values()
    if verdict.level is Level.BLOCK:
        return sentences(verdict.blockers).rstrip(".")
    if worse := worse_than_approved(approval, verdict):
        return told_worse(approval, worse)[1].rstrip(".")
    if verdict.not_before is None or verdict.may_leave(at):
        return ""
    why = sentences(finding for finding in verdict.findings if _holds(finding)).rstrip(".")
    until = clocks.told_time(approval, verdict.not_before, at=at)
    return f"the rules hold it until {until}. {why}".rstrip(". ")


def _holds(finding: Finding) -> bool:
    return finding.code in gate.HOLDS and finding.status != "pass"


def worse(approvals: Sequence[Approval], *, at: datetime) -> dict[int, Worse]:
    """What the rules find more by now than each yes has answered, by approval: because they
    changed, or what they ask about did."""
    verdicts = _judge(approvals, at) if approvals else {}
    found = {row.pk: worse_than_approved(row, verdicts[row.draft_id]) for row in approvals}
    return {row.pk: told_worse(row, found[row.pk]) for row in approvals if found[row.pk]}


def _judge(rows: Sequence[Approval], at: datetime) -> dict[int, Verdict]:
    for row in rows:
        row.draft.current = row.revision  # what was approved, whatever the draft points at
    settled = settled_among(rows)
    known = facts.gather([row.draft for row in rows], at=at, settled=settled)
    return {pk: gate.judge_message(each, gate.Moment.APPROVAL, at) for pk, each in known.items()}
