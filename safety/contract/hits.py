"""One finding, and which of several findings count: doubles, weak signs, warm words, pressure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from safety.contract.rulebook import CHECK_OF, Rule

WARM_CHANNELS = frozenset({"whatsapp", "sms"})
WARM_NEEDS = 2
WEAK_NEEDS = 2
LONG_WORDS, LONG_NEEDS = 50, 3  # in more words than that, two turn up by chance


@dataclass(frozen=True, slots=True)
class Hit:
    """One finding: which rule, in which field, and where; `quote` is that stretch of the field."""

    rule: Rule
    field: str
    start: int
    end: int
    quote: str
    status: str

    @property
    def family(self) -> str:
        return self.rule.family

    @property
    def check(self) -> str:
        return CHECK_OF[self.rule.family]


def weighed(hits: Sequence[Hit], channel: str, *, words: int = 0) -> tuple[Hit, ...]:
    """The findings that count in a message of so many words, in the order of their families and
    places."""
    needs = LONG_NEEDS if words > LONG_WORDS else WEAK_NEEDS
    return _with_pressure(_tolerated(_in_company(_once(hits), needs), channel))


def _once(hits: Sequence[Hit]) -> list[Hit]:
    """The same rule on the same or a covered stretch is one finding."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.field, h.rule.id, h.start, -h.end)):
        last = kept[-1] if kept else None
        if last and (last.field, last.rule.id) == (hit.field, hit.rule.id) and last.end >= hit.end:
            continue
        kept.append(hit)
    order = ("subject", "text", "html").index
    names = tuple(CHECK_OF)
    return sorted(kept, key=lambda h: (names.index(h.family), order(h.field), h.start, h.rule.id))


def _in_company(hits: list[Hit], needs: int) -> list[Hit]:
    """Weak signs are ordinary speech alone; several, or one beside a sure one, lean on a reader."""
    weak = [hit for hit in hits if hit.rule.weak]
    sure = any(hit.check == "EMOTIONAL_CHECK" and not hit.rule.weak for hit in hits)
    if not weak or sure or _apart(weak) >= needs:
        return hits
    return [hit for hit in hits if not hit.rule.weak]


def _apart(hits: Sequence[Hit]) -> int:
    """How many different stretches the hits make; the same words again are no second sign."""
    said: set[str] = set()
    ends: defaultdict[str, int] = defaultdict(int)
    for hit in sorted(hits, key=lambda h: (h.field, h.start)):
        if hit.start >= ends[hit.field]:
            said.add(hit.quote.lower())
        ends[hit.field] = max(hit.end, ends[hit.field])
    return len(said)


def _tolerated(hits: list[Hit], channel: str) -> list[Hit]:
    """Among people who chat, one warm sentence is not a finding; two are."""
    warm = [hit for hit in hits if hit.family == "inappropriate_intimacy"]
    if channel in WARM_CHANNELS and len(warm) < WARM_NEEDS:
        return [hit for hit in hits if hit.family != "inappropriate_intimacy"]
    return hits


def _with_pressure(hits: list[Hit]) -> tuple[Hit, ...]:
    """Pressure beside something that fails is a failure itself."""
    if not any(hit.status == "fail" for hit in hits):
        return tuple(hits)
    return tuple(
        Hit(h.rule, h.field, h.start, h.end, h.quote, "fail")
        if h.family == "pressure_tactics"
        else h
        for h in hits
    )
