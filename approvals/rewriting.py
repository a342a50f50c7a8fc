"""The rules' gentler text becomes a revision of its own, so that a reviewer sees both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from approvals.models import Approval
from outreach.core import drafts
from outreach.core.models import Draft, Revision
from outreach.core.principal import Principal
from safety import events, words
from safety.question import Facts
from safety.verdict import Finding

CONTRACT = Principal.system("contract")
REWRITTEN = "rewritten"
CLAIMS = (
    "Little of the author's words was left, and the rules put others in their place. These say "
    "that the reader asked for information, and nothing on file says so: check that it is true."
)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What the rules changed in a text; `was` is the number of the revision they changed."""

    was: int
    notes: tuple[str, ...]
    caution: str
    why: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {"was": self.was, "notes": list(self.notes), "caution": self.caution}

    def finding(self) -> Finding:
        """What the reviewer is told; a warning, so that it is never approved unread."""
        reasons = " ".join(f"{each.rstrip('.')}." for each in self.why)
        words_ = "The rules took words out; compare with the text before"
        words_ += f". Why: {reasons.rstrip('.')}" if reasons else ""
        if self.caution:
            words_ += f". The new text {self.caution}"
        return Finding("REWRITE_CHECK", REWRITTEN, "warn", words_)


def is_ours(revision: Revision) -> bool:
    """Whether the rules wrote these words: a person sees them first, in whatever round it is."""
    return (revision.by_kind, revision.by_id) == (CONTRACT.kind, CONTRACT.id)


def claim_of(approval: Approval) -> str:
    """What to check before a yes, where the words that the rules put in say that somebody asked for
    something, and nothing on file does (SPEC §4); else empty."""
    rewrite = approval.decision.get("rewrite") or {}
    return CLAIMS if rewrite.get("caution") and is_ours(approval.revision) else ""


def of_rewrites(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of stored findings those that say what was taken out: no new look at the text finds it."""
    return [each for each in findings if each.get("code") == REWRITTEN]


def polish(draft: Draft, known: Facts, *, at: datetime) -> tuple[Facts, Rewrite | None]:
    """Apply what the rules propose, as a new revision. Needs a transaction.

    An HTML part is left out of a rewritten message: the rules rewrite words, not mark-up.
    """
    proposal = words.propose(known)
    revision = draft.current
    if proposal is None or revision is None:
        return known, None
    gentler = drafts.Text(
        subject=proposal.subject,
        text=proposal.text,
        attachments=tuple(revision.attachments),
        confidence=revision.confidence,
        confidence_parts=tuple(revision.confidence_parts),
        reasoning=revision.reasoning,
        context=revision.context,
    )
    draft.current = drafts.revise(draft, gentler, by=CONTRACT, at=at, expected=revision.digest)
    change = Rewrite(revision.no, proposal.notes, proposal.caution, proposal.why)
    events.record_findings([change.finding()], action="rewrite", draft=draft, by=CONTRACT, at=at)
    return replace(known, subject=proposal.subject, text=proposal.text, html=""), change
