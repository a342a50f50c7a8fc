"""The text's place in the gate: what its words say, and the gentler text the rules propose. Pure.

At sending the words were judged before, and approved under the same rules: only when the rules
changed since are they judged again (SPEC §7).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from safety.contract.content import as_finding, check_content, find
from safety.contract.markup import differ, draws
from safety.contract.pii import check_pii
from safety.contract.quoting import own_words
from safety.contract.rewrite import Proposal, needs_rewrite, rewrite
from safety.contract.rulebook import OWN_SOURCE
from safety.emergency import MARK
from safety.file_kinds import KINDS
from safety.question import Facts, Moment
from safety.verdict import Finding, Level, Verdict, join

DIFFERS = "The HTML part does not say the same as the text. Most people will read the HTML part"
DRAWS = (
    "The HTML part shows pictures or fields, loads something, or turns words round, which no rule "
    "can judge: a person must look"
)


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
    told = check_pii(subject=facts.subject, text=facts.text, allowed=facts.parties)
    told, named = _with_html(told, facts), tuple(_in_names(facts))
    if named:  # nothing passed
        told = replace(
            told, findings=tuple(each for each in told.findings if each.status != "pass")
        )
    return join(told, *named)


def _in_names(facts: Facts) -> Iterator[Verdict]:
    """What the names of files tell, which the reader sees as well."""
    for item in facts.attachments:
        name = str(item.get("name", ""))
        words, _, ending = name.rpartition(".")
        words = (words if ending.lower() in KINDS else name).replace("_", " ")
        hits = find(channel=facts.channel, subject=words, extra=facts.own_words)
        mine = [hit for hit in hits if hit.status == "fail" or hit.rule.source == OWN_SOURCE]
        found = [as_finding(hit) for hit in mine]
        found += [each for each in check_pii(text=words, allowed=facts.parties).findings
                  if each.status != "pass"]  # fmt: skip
        if not found:
            continue
        level = max(Level.BLOCK if each.status == "fail" else Level.REVIEW for each in found)
        told = (
            replace(each, message=f"{each.message.rstrip('.')} (in the name of a file).", span=None)
            for each in found
        )
        yield Verdict(level, None, tuple(told))


def _with_html(told: Verdict, facts: Facts) -> Verdict:
    """The same over the HTML part; what stands in the text as well is told once, as judged there.

    A card or a secret is one wherever it stands: its place among other words may show it only here.
    """
    shown = facts.shown
    if shown.split() == facts.text.split():
        return told
    known = {(finding.rule, finding.text) for finding in told.findings}
    new = tuple(
        replace(finding, message=f"{finding.message.rstrip('.')} (in the HTML part).")
        for finding in check_pii(text=shown, allowed=facts.parties).findings
        if finding.status == "fail" or (finding.status == "warn" and finding.text not in facts.text)
        if (finding.rule, finding.text) not in known
    )
    if not new:
        return told
    level = Level.BLOCK if any(finding.status == "fail" for finding in new) else Level.REVIEW
    said = tuple(finding for finding in told.findings if finding.status != "pass")
    return Verdict(max(told.level, level), told.not_before, (*said, *new))


def check_parts(facts: Facts, moment: Moment, at: datetime) -> Verdict:
    """A person looks where the HTML part does not say what the text says: each is read by some.

    And where it shows more than words: no rule can judge a picture.
    """
    if not facts.html or (moment is Moment.SENDING and facts.settled):
        return Verdict()
    found = []
    text, shown = (own_words(part, facts.received) for part in (facts.text, facts.shown))
    if differ(text, shown):
        found.append(Finding("PARTS_CHECK", "html_differs", "warn", DIFFERS))
    if draws(facts.html):
        found.append(Finding("PARTS_CHECK", "html_draws", "warn", DRAWS))
    return Verdict(Level.REVIEW, None, tuple(found)) if found else Verdict()


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
