"""Whether an inbound text asks us to stop: stop, unclear or none, with the words that say so.

Quoted text never counts, "don't stop", orders ("stop the shipment") and orders about somebody
else ("don't write to Marco") are not requests to stop, and what cannot be told apart is unclear:
the queue holds and a person looks.

Two look at each text. The rules (`rules/stops.toml`) know wordings; `likeness.py` has learnt from
examples what requests look like and hears what no rule foresaw. What only it hears is a stop where
it is sure, else unclear; and what a rule hears in a text that looks like none is unclear too.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import re2

from safety.contract.courtesies import (
    courtesies,
    notices,
    of_programs,
    signed,
    stays,
    ways_out,
    without_thanks,
)
from safety.contract.likeness import likeness
from safety.contract.normalise import Folded, fold
from safety.contract.rulebook import RULES_DIR, compiled, expand

LONGEST = 20_000  # nobody asks us to stop further down than this
MOST_WORDS = 7
NOTHING = "\N{MIDDLE DOT}"  # stands where something was left out
# How much a text must read like a request: to be one, to be looked at, and to be likelier than not.
SURE, PERHAPS, HARDLY = 2.7, -1.2, 0.5


@dataclass(frozen=True, slots=True)
class StopRequest:
    """`kind` is "stop", "unclear" or "none"; `span` and `text` are in the original."""

    kind: str
    span: tuple[int, int] | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Words:
    """The stop rules, compiled."""

    keywords: frozenset[str]
    orders: frozenset[str]
    polite: tuple[str, ...]
    certain: tuple[Any, ...]
    not_meant: tuple[Any, ...]
    stop: tuple[Any, ...]
    unclear: tuple[Any, ...]
    others: _Others


@dataclass(frozen=True, slots=True)
class _Others:
    """Orders about somebody else: sure ones, those that end with a name, and doubtful ones."""

    certain: tuple[Any, ...]
    named: tuple[Any, ...]
    unclear: tuple[Any, ...]
    ours: Any
    nobody: frozenset[str]


def detect_stop(text: str, *, beside: bool = False) -> StopRequest:
    """Judge what a person wrote to us; `beside` where other words of theirs stand above it."""
    return _detect(text[:LONGEST], beside)


# The same inbound text is asked about with every message that may follow it.
@lru_cache(maxsize=512)
def _detect(text: str, beside: bool) -> StopRequest:
    folded = fold(text, quotes=False)
    heard, left = _by_rules(folded, beside=beside)
    if heard.kind == "stop" and _keyword(folded, _words()):
        return heard
    alike, place = likeness(left)
    if alike <= SURE and (alike > PERHAPS or heard.kind != "none"):
        # What else would be held may be sure without its thanks, which dilute it.
        plain = without_thanks(left)
        alike, place = max((alike, place), likeness(plain)) if plain != left else (alike, place)
    if heard.kind == "stop":
        return heard if alike > SURE else replace(heard, kind="unclear")
    if alike > SURE and place[0] < signed(folded.cased):
        return _request("stop", folded, place)
    if heard.kind == "unclear" or alike <= PERHAPS:
        return heard
    return _request("unclear", folded, place)


def by_rules(text: str) -> StopRequest:
    """What the rules alone hear."""
    return _by_rules(fold(text[:LONGEST], quotes=False))[0]


def is_faint(text: str) -> bool:
    """Whether no rule hears a request, and what was learnt takes one for the less likely."""
    heard, left = _by_rules(fold(text[:LONGEST], quotes=False))
    return heard.kind == "none" and likeness(left)[0] <= HARDLY


def without_orders(text: str) -> str:
    """The folded text without what the rules know to mean something else. Examples are learnt from
    so, with what looks like a greeting, a signature or a notice in them: they are no letters."""
    return _heard(fold(text[:LONGEST], quotes=False), _words(), (), ())[1]


def _by_rules(folded: Folded, *, beside: bool = False) -> tuple[StopRequest, str]:
    words = _words()
    programs = [*of_programs(folded.cased, beside=beside)]
    lists = [*ways_out(folded.text, programs)]
    found, left = _heard(folded, words, [*programs, *lists], notices(folded.text))
    if lists and found.kind == "none":  # theirs or a list's: nobody here can tell
        found = _request("unclear", folded, lists[0])
    for start, end in courtesies(folded.cased, words.orders):
        left = f"{left[:start]}{' ' * (end - start)}{left[end:]}"
    return found, left


def _heard(
    folded: Folded,
    words: _Words,
    programs: Iterable[tuple[int, int]],
    aside: Iterable[tuple[int, int]],
) -> tuple[StopRequest, str]:
    """What the rules hear, and the text without `aside` and what they know to mean another thing.

    What is certain is heard wherever it stands, but in what `programs` wrote.
    """
    left = folded.text
    for start, end in programs:
        left = f"{left[:start]}{NOTHING * (end - start)}{left[end:]}"
    found = _keyword(folded, words) or _first(left, words.certain)
    if found:
        return _request("stop", folded, found), left
    for start, end in aside:
        left = f"{left[:start]}{NOTHING * (end - start)}{left[end:]}"
    for pattern in words.not_meant:
        left = pattern.sub(_blank, left)
    left, doubtful = _without_others(folded, left, words.others)
    found = _first(left, words.stop)
    if found:
        return _request("stop", folded, found), left
    found = _first(left, words.unclear) or doubtful
    return (_request("unclear", folded, found) if found else StopRequest("none")), left


def examples() -> dict[str, list[str]]:
    """The examples of the rule file, for tests."""
    read: dict[str, list[str]] = _file()["examples"]
    return read


def _request(kind: str, folded: Folded, found: tuple[int, int]) -> StopRequest:
    start, end = found
    while start < end and not folded.text[start].isalnum():
        start += 1
    first, last = folded.span(start, end)
    return StopRequest(kind, (first, last), folded.original[first:last])


def _first(text: str, patterns: tuple[Any, ...]) -> tuple[int, int] | None:
    for pattern in patterns:
        found = pattern.search(text)
        if found:
            start, end = found.span()
            return int(start), int(end)
    return None


def _blank(found: Any) -> str:
    text: str = found.group()
    around = found.string[max(found.start() - 1, 0) : found.end()]
    return text if stays()[0].search(around) else NOTHING * len(text)


def _without_others(
    folded: Folded, text: str, others: _Others
) -> tuple[str, tuple[int, int] | None]:
    """The text without its orders about somebody else, and the first doubtful one."""
    doubtful = None
    for kind in (others.certain, others.named, others.unclear):
        for found in [each for pattern in kind for each in pattern.finditer(text)]:
            start, end = found.span()
            sentence = _sentence(text, start, end)
            if others.ours.search(sentence) or stays()[1].search(sentence):
                continue
            if kind is not others.certain and not _ends_with_name(folded, found, others):
                continue
            if kind is others.named and _is_title_case(folded, start, end):
                continue
            text = f"{text[:start]}{_blank(found)}{text[end:]}"
            if kind is others.unclear:
                doubtful = doubtful or (start, end)
    return text, doubtful


def _sentence(text: str, start: int, end: int) -> str:
    """The whole sentence around a stretch."""
    first = max(text.rfind(mark, 0, start) for mark in ".!?\n") + 1
    ends = [at for mark in ".!?\n" if (at := text.find(mark, end)) >= 0]
    return text[first : min(ends, default=len(text))]


def _ends_with_name(folded: Folded, found: Any, others: _Others) -> bool:
    """Whether its word in question has one capital letter, its first, and is no address."""
    place = found.span(found.lastindex)
    if folded.text[slice(*place)] in others.nobody:
        return False
    first, last = folded.span(*place)
    behind = folded.original[last : last + 2]
    if behind[:1] == "@" or (behind[:1] in tuple("._") and behind[1:].isalnum()):
        return False
    return folded.original[first:last].istitle()


def _is_title_case(folded: Folded, start: int, end: int) -> bool:
    """Whether capital letters tell no name, because other words of the order have them too."""
    first, last = folded.span(start, end)
    words = folded.original[first:last].split()
    return any(word[:1].isupper() for word in words[1:-1])


def _keyword(folded: Folded, words: _Words) -> tuple[int, int] | None:
    """A keyword that is the whole message, or its first or last line."""
    lines = [line for line in re.finditer(r"[^\n]+", folded.text) if re.search(r"\w", line[0])]
    for line in (lines[0], lines[-1]) if lines else ():
        if _is_keyword(line[0], words):
            return line.span()
    return None


def _is_keyword(line: str, words: _Words) -> bool:
    plain = " ".join(re.findall(r"[^\W_]+(?:['-][^\W_]+)*", line))
    if not plain or len(plain.split(" ")) > MOST_WORDS:
        return False
    for polite in words.polite:
        plain = re.sub(rf"(?:^| ){re.escape(polite)}(?= |$)", " ", plain).strip()
    plain = " ".join(dict.fromkeys(plain.split(" ")))
    return plain in words.keywords


@lru_cache(maxsize=1)
def _file() -> dict[str, Any]:
    return tomllib.loads((RULES_DIR / "stops.toml").read_text("utf-8"))


@lru_cache(maxsize=1)
def _words() -> _Words:
    read = _file()
    kinds = {
        kind: tuple(compiled(expand(each, read["pieces"])) for each in read["patterns"][kind])
        for kind in ("certain", "not_meant", "stop", "unclear")
    }
    polite = tuple(sorted(read["polite"], key=len, reverse=True))
    keywords = frozenset(fold(each).text for each in read["keywords"])
    orders = frozenset(each for each in keywords if each.isalpha())
    return _Words(keywords, orders, polite, **kinds, others=_others(read))


def _others(read: dict[str, Any]) -> _Others:
    listed, pieces = read["others"], read["pieces"]
    kinds = {
        kind: tuple(re2.compile(f"(?m){expand(each, pieces)}") for each in listed[kind])
        for kind in ("certain", "named", "unclear")
    }
    ours = compiled(expand(listed["ours"], pieces))
    return _Others(**kinds, ours=ours, nobody=frozenset(listed["nobody"]))
