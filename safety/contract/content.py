"""What a text may say: the rules applied to subject, text and HTML, each finding with its place.

A finding that fails blocks; warnings need a rewrite or a person; too many kinds of them block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

from safety.contract.afresh import afresh
from safety.contract.hits import Hit as Hit
from safety.contract.hits import weighed
from safety.contract.markup import to_text
from safety.contract.negated import is_negated
from safety.contract.normalise import TURNS, Folded, fold, has_markup, turned
from safety.contract.quoting import own_words
from safety.contract.rulebook import CHECK_OF, OWN_SOURCE, Book, Rule, book, signals
from safety.contract.signs import DETECTORS, footer_of, is_heading, is_rising
from safety.verdict import Finding, Level, Verdict

# Warnings of more families than this are too much for a rewrite.
MOST_WARNED = 3
HITS_PER_RULE = 5
MOST_NEGATED = 50
LONG_TEXT = 20_000
CHECKS = ("EMOTIONAL_CHECK", "CONTENT_CHECK", "BOUNDARY_CHECK")

NAMES = {
    "urgency_inflation": "urgency inflation",
    "guilt_induction": "guilt induction",
    "dependency_creation": "dependency creation",
    "emotional_manipulation": "emotional manipulation",
    "rising_intensity": "rising emotional intensity",
    "pressure_tactics": "pressure tactics",
    "clickbait": "clickbait",
    "inappropriate_intimacy": "inappropriate intimacy",
    "tone": "inappropriate tone",
    "empty_text": "empty or purposeless text",
    "harassment_or_threat": "harassment or threat",
    "personal_information_request": "request for personal information",
    "age_inappropriate": "age-inappropriate content",
    "boundary_violation": "personal relationship violation",
}
_RISING = Rule(
    id="tone.rising",
    family="rising_intensity",
    severity="warn",
    explanation="Each of the last three messages was worded more strongly than the one before.",
    source="Seed contract: increasing emotional intensity in messages",
    remedy="none",
)


def find(
    *,
    channel: str,
    subject: str = "",
    text: str = "",
    html: str = "",
    previous: Sequence[str] = (),
    extra: tuple[str, ...] = (),
    received: Sequence[str] = (),
) -> tuple[Hit, ...]:
    """Every finding in a message, in the order of its fields; `extra` are a workspace's words.

    In mail, what quotes `received`, the person's own texts, is theirs and not judged. Places in
    the HTML are those of its words (`markup.to_text`).
    """
    rules = book(extra)
    hits: list[Hit] = []
    shown = to_text(html)
    if channel == "email":
        text, shown = own_words(text, received), own_words(shown, received)
    for field, folded in _views(subject, text, shown):
        # Mark-up repeats the text, and is told once; a subject and a text are mended each.
        known = {(hit.rule.id, hit.quote) for hit in hits if field == "html"}
        found = _read(rules, channel, field, folded)
        hits.extend(hit for hit in found if (hit.rule.id, hit.quote) not in known)
    if previous and any(is_rising((*previous, each)) for each in (text, shown)):
        hits.append(Hit(_RISING, "text", 0, 0, "", "warn"))
    if not hits:
        return ()
    words = max(len(part[: footer_of(part)].split()) for part in (text, shown))
    return weighed(hits, channel, words=words)


def is_promotional_text(
    *, subject: str, text: str, html: str = "", received: Sequence[str] = ()
) -> bool:
    """Whether the words sell, whatever the message is called; not those quoted from them."""
    parts = (own_words(part, received) for part in (text, to_text(html)))
    return _signals("promotional", subject, *parts)


def is_follow_up(text: str, *, subject: str = "") -> bool:
    """Whether the words chase an earlier message."""
    return _signals("follow_up", subject, text)


def effective_purpose(
    purpose: str, *, subject: str, text: str, html: str = "", received: Sequence[str] = ()
) -> str:
    """The purpose that the time rules go by: selling words make any message promotional."""
    sells = is_promotional_text(subject=subject, text=text, html=html, received=received)
    return "promotional" if sells else purpose


def families(hits: Sequence[Hit], *, status: str = "") -> tuple[str, ...]:
    """The families found, in the order they are named; of one status if given."""
    if not hits:
        return ()
    found = {hit.family for hit in hits if not status or hit.status == status}
    return tuple(family for family in CHECK_OF if family in found)


def is_too_much(hits: Sequence[Hit]) -> bool:
    """Warnings of more than three families: "multiple safety violations"."""
    return len(families(hits, status="warn")) > MOST_WARNED


def check_content(
    *,
    channel: str,
    purpose: str,
    subject: str,
    text: str,
    html: str = "",
    previous: Sequence[str] = (),
    extra: tuple[str, ...] = (),
    received: Sequence[str] = (),
) -> Verdict:
    """The verdict of the gate: fail blocks, warn needs a person, and every finding is named."""
    hits = find(
        channel=channel,
        subject=subject,
        text=text,
        html=html,
        previous=previous,
        extra=extra,
        received=received,
    )
    findings = [as_finding(hit) for hit in hits]
    level = Level.ALLOW
    if hits:
        level = Level.BLOCK if any(hit.status == "fail" for hit in hits) else Level.REVIEW
    if is_too_much(hits):
        level = Level.BLOCK
        kinds = ", ".join(sorted(each.replace("_", " ") for each in families(hits, status="warn")))
        message = f"Multiple safety violations: {kinds}"
        findings.append(Finding("CONTENT_CHECK", "multiple_violations", "fail", message))
    quiet = {"EMOTIONAL_CHECK", "CONTENT_CHECK"} - {finding.check for finding in findings}
    passed = [Finding(check, "pass", "pass", _calm(check, channel, purpose)) for check in quiet]
    return Verdict(level, None, tuple(sorted([*findings, *passed], key=_place)))


def as_finding(hit: Hit) -> Finding:
    """A finding as the gate stores it."""
    where = "" if hit.field == "text" else f" (in the {hit.field})"
    return Finding(
        hit.check,
        hit.family,
        hit.status,
        f"{hit.rule.explanation}{where}",
        family=hit.family,
        rule=hit.rule.id,
        span=(hit.start, hit.end),
        text=hit.quote,
    )


def check_line(check: str, hits: Sequence[Hit], *, channel: str, purpose: str) -> tuple[str, str]:
    """Status and words of one check for the log: the first of its worst families is named."""
    mine = [hit for hit in hits if hit.check == check]
    if not mine:
        return "pass", _calm(check, channel, purpose)
    status = "fail" if any(hit.status == "fail" for hit in mine) else "warn"
    words = NAMES[families([hit for hit in mine if hit.status == status])[0]]
    ending = "" if check == "BOUNDARY_CHECK" else " detected"
    return status, f"{words[0].upper()}{words[1:]}{ending}"


def _calm(check: str, channel: str, purpose: str) -> str:
    if check == "EMOTIONAL_CHECK":
        return "No manipulation patterns detected"
    if channel in ("email", "linkedin"):
        return "Professional, appropriate content"
    words = (purpose or "message").replace("_", " ")
    return f"{words[0].upper()}{words[1:]}, respectful tone"


def _place(finding: Finding) -> int:
    return CHECKS.index(finding.check)


def _views(subject: str, text: str, shown: str) -> Iterator[tuple[str, Folded]]:
    """Each field as its reader may see it; mark-up in a text is judged both shown and taken out,
    and what is turned round both as it is written and as it is drawn."""
    if subject:
        yield "subject", fold(subject)
    written = fold(text)
    yield "text", written
    if has_markup(text):
        plain = fold(text, markup=True)
        if plain.cased != written.cased:
            yield "text", plain
    if shown:
        yield "html", fold(shown)
    for field, words in (("subject", subject), ("text", text), ("html", shown)):
        if TURNS in words and (drawn := turned(words)):
            yield field, drawn


def _read(rules: Book, channel: str, field: str, folded: Folded) -> Iterator[Hit]:
    """What a field says, and what it says to who passes over its marks; there a sign that is weak
    in plain words counts for nothing."""
    yield from _in_field(rules, channel, field, folded)
    if again := afresh(folded):
        found = _in_field(rules, channel, field, again)
        yield from (hit for hit in found if not hit.rule.weak)


def _in_field(rules: Book, channel: str, field: str, folded: Folded) -> Iterator[Hit]:
    most = 1 if len(folded.text) > LONG_TEXT else HITS_PER_RULE
    heading = field == "subject" and is_heading(folded.cased)
    for rule, _, pattern in rules.candidates(folded.text, field, heading=heading):
        if rule.applies(channel, field):
            for start, end in islice(_asked(rule, pattern, folded.text), most):
                yield _hit(rule, field, folded, start, end)
    for rule in rules.detectors:
        if rule.applies(channel, field):
            for start, end in DETECTORS[rule.detector](folded)[:most]:
                yield _hit(rule, field, folded, start, end)


def _asked(rule: Rule, pattern: Any, text: str) -> Iterator[tuple[int, int]]:
    """Where a pattern occurs, but for a rule that a no before it makes harmless."""
    for count, found in enumerate(pattern.finditer(text)):
        # Nobody says no so often: from there on it is not asked, which would cost.
        if not rule.negatable or count >= MOST_NEGATED or not is_negated(text, *found.span()):
            yield found.span()


def _hit(rule: Rule, field: str, folded: Folded, start: int, end: int) -> Hit:
    """A finding without the blanks and marks around it, in the words of the original."""
    if rule.source != OWN_SOURCE:  # of whose words each mark was meant
        while start < end and folded.text[start] in " \n\r\t.,;:>*|()":
            start += 1
        while end > start and folded.text[end - 1] in " \n\r\t,;":
            end -= 1
    first, last = folded.span(start, end)
    return Hit(rule, field, first, last, folded.original[first:last], rule.severity)


def _signals(family: str, *texts: str) -> bool:
    return any(family in _signals_of(text) for text in texts)


def _signals_of(text: str) -> frozenset[str]:
    """What a text is for; asked about several times, so short ones are remembered."""
    return _signals_again(text) if len(text) <= LONG_TEXT else _signals_in(text)


def _signals_in(text: str) -> frozenset[str]:
    plain = fold(text).text
    found = signals().candidates(plain, "text")
    return frozenset(rule.family for rule, _, pattern in found if pattern.search(plain))


_signals_again = lru_cache(maxsize=256)(_signals_in)
