"""What waits is judged anew where its time or purpose was changed: its findings and its hold."""

from __future__ import annotations

from datetime import datetime

from approvals.models import Approval
from approvals.rewriting import of_rewrites
from approvals.submission import tier_of
from safety import facts, gate
from safety.verdict import Verdict


def rejudge(approval: Approval, *, at: datetime) -> None:
    """Store what the rules say of it now, and until when they hold it; its priority only rises.
    What they took out of its text stays told. Its draft has to be loaded, with the words that are
    to leave."""
    draft = approval.draft
    known = facts.gather([draft], at=at)[draft.pk]
    asked = max(at, approval.scheduled_for or at)
    verdict, leaves_at = gate.earliest(known, gate.Moment.EDIT, asked)
    old = approval.decision
    decision = gate.as_decision(verdict, known, at=at, leaves_at=leaves_at)
    decision["findings"] = [*of_rewrites(old.get("findings", [])), *decision["findings"]]
    if "rewrite" in old:
        decision["rewrite"] = old["rewrite"]
    approval.decision = decision
    approval.not_before = leaves_at if leaves_at > at else None
    raise_priority(approval, verdict, rewritten=False)
    approval.save(update_fields=["decision", "not_before", "priority", "priority_reasons"])


def raise_priority(approval: Approval, verdict: Verdict, *, rewritten: bool) -> None:
    """What is judged now may ask for more attention than before; never for less."""
    words, sure = approval.revision, approval.confidence
    place = tier_of(approval.draft, words, verdict, confidence=sure, rewritten=rewritten)
    known = approval.priority_reasons
    approval.priority = max(approval.priority, place.priority)
    approval.priority_reasons = [*known, *(why for why in place.reasons if why not in known)]
