"""The text's place in the gate: what its words say, and the gentler text the rules propose. Pure.

At sending the words were judged before, and approved under the same rules: only when the rules
changed since are they judged again (SPEC §7).
"""

from __future__ import annotations

from datetime import datetime

from safety.contract.content import check_content, find
from safety.contract.pii import check_pii
from safety.contract.rewrite import Proposal, needs_rewrite, rewrite
from safety.emergency import MARK
from safety.question import Facts, Moment
from safety.verdict import Verdict


def check_words(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """The content rules over subject, text and HTML."""
    if moment is Moment.SENDING and facts.settled:
        return Verdict()
    return check_content(
        channel=facts.channel,
        purpose=facts.purpose,
        subject=_unmarked(facts.subject, facts),
        text=_unmarked(facts.text, facts),
        html=facts.html,
        previous=facts.previous,
        received=facts.received,
        extra=facts.own_words,
    )


def check_personal_data(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """Cards, accounts, identity numbers and secrets never leave; others' data asks a person."""
    if moment is Moment.SENDING and facts.settled:
        return Verdict()
    return check_pii(subject=facts.subject, text=facts.text, allowed=facts.parties)


def propose(facts: Facts) -> Proposal | None:
    """The text without what the rules would take out; None where nothing has to go.

    A declared emergency is never reworded: a person answers for every word of it.
    """
    if facts.override:
        return None
    subject, text = facts.subject, facts.text
    hits = find(
        channel=facts.channel,
        subject=subject,
        text=text,
        previous=facts.previous,
        received=facts.received,
        extra=facts.own_words,
    )
    if any(hit.status == "fail" for hit in hits) or not needs_rewrite(hits):
        return None
    answers = any(item.direction == "in" for item in facts.contacts)
    found = rewrite(
        channel=facts.channel,
        subject=subject,
        text=text,
        hits=hits,
        answers_request=answers,
        received=facts.received,
        extra=facts.own_words,
    )
    return found if found.differs(subject, text) else None


def _unmarked(text: str, facts: Facts) -> str:
    """A declared emergency's own mark is not an urgent word; blanks keep every place the same."""
    if facts.override and text.startswith(MARK):
        return " " * len(MARK) + text[len(MARK) :]
    return text
