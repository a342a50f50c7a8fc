"""Whether an inbound text asks us to stop: stop, unclear or none, with the words that say so.

Quoted text never counts, "don't stop" and orders ("stop the shipment") are not requests to stop,
and what cannot be told apart is unclear: the queue holds and a person looks.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from safety.contract.normalise import Folded, fold
from safety.contract.rulebook import RULES_DIR, compiled, expand

LONGEST = 20_000  # nobody asks us to stop further down than this
MOST_WORDS = 7
REMEMBERED = 4_000


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
    polite: tuple[str, ...]
    certain: tuple[Any, ...]
    not_meant: tuple[Any, ...]
    stop: tuple[Any, ...]
    unclear: tuple[Any, ...]


def detect_stop(text: str) -> StopRequest:
    """Judge what a person wrote to us."""
    return _detect_again(text) if len(text) <= REMEMBERED else _detect(text)


def _detect(text: str) -> StopRequest:
    folded = fold(text[:LONGEST], quotes=False)
    words = _words()
    found = _keyword(folded, words) or _first(folded.text, words.certain)
    if found:
        return _request("stop", folded, found)
    meant = folded.text
    for pattern in words.not_meant:
        meant = pattern.sub(_blank, meant)
    found = _first(meant, words.stop)
    if found:
        return _request("stop", folded, found)
    found = _first(meant, words.unclear)
    return _request("unclear", folded, found) if found else StopRequest("none")


# The same inbound text is asked about with every message that may follow it.
_detect_again = lru_cache(maxsize=1024)(_detect)


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
    return "\N{MIDDLE DOT}" * len(found.group())


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
    return _Words(frozenset(read["keywords"]), polite, **kinds)
