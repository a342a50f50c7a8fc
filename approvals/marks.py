"""Text as a reviewer must see it: invisible characters as marks, findings where they stand. Pure.

Nothing here is HTML: templates escape every segment, so a message can never become markup.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import unescape
from typing import Any

ORDINARY = "\n\t "
# Not format characters by their category, but drawn as nothing or as an ordinary blank.
BLANKS = "\u00a0\u00ad\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
SUBJECT_SHOWN = 78
JOINER = "\u200d"
# They choose the shape of what stands before them, and hide anything when there are more of them.
SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u180b-\u180d\u180f]")
KEYCAP = re.compile("[#*0-9]\ufe0f\u20e3")
SPELT = ("Lu", "Ll", "Lt", "Zs")  # letters of a script in which none has two shapes, and blanks


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of text of one kind: plain, or `mark` (an invisible character), or a finding."""

    text: str
    mark: str = ""
    finding: str = ""
    status: str = ""
    private: bool = False


def long_subject(subject: str) -> str:
    """What to say of a subject of which a reader's list shows a part only; empty for a short one.

    78 is what a line of a mail should have at most (RFC 5322, 2.1.1). No rule: it may be meant.
    """
    if len(subject) <= SUBJECT_SHOWN:
        return ""
    return (
        f"The subject has {len(subject)} characters. Mail programs show about the first "
        f"{SUBJECT_SHOWN}, a telephone half of that."
    )


def is_private(finding: Mapping[str, Any]) -> bool:
    """Whether a finding quotes personal data or a secret."""
    return str(finding.get("code", "")).startswith("pii_")


def any_private(*texts: Sequence[Segment]) -> bool:
    """Whether something in these texts is masked until it is asked for."""
    return any(part.private for segments in texts for part in segments)


def is_hidden(char: str) -> bool:
    """Whether a reader cannot see this character, or sees it as something else."""
    if char in ORDINARY:
        return False
    return (
        unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Co", "Cn")
        or char in BLANKS
        or bool(SELECTORS.match(char))
    )


def name_of(char: str) -> str:
    """`U+200B ZERO WIDTH SPACE`."""
    known = {"\r": "CARRIAGE RETURN"}.get(char) or unicodedata.name(char, "control character")
    return f"U+{ord(char):04X} {known}"


def hidden(*texts: str) -> list[str]:
    """The names of the hidden characters in these texts, each once, in order.

    A joiner between two pictures is part of an emoji, and so is what chooses its shape; a carriage
    return before a line feed is how browsers send a line break: none is worth a question.
    """
    found: dict[str, None] = {}
    for text in texts:
        for place, char in enumerate(text):
            if is_hidden(char) and not _is_ordinary(text, place):
                found[name_of(char)] = None
    return list(found)


def shown_by(html: str) -> str:
    """An HTML part with its characters as a mail program draws them; a no-break space is an
    ordinary blank of pages. For `hidden`."""
    return unescape(html).replace("\u00a0", " ")


def _is_ordinary(text: str, place: int) -> bool:
    """Whether a hidden character stands where it belongs."""
    before = text[place - 1 : place] or " "
    kind = unicodedata.category(before)
    if text[place] == JOINER:
        return kind in ("So", "Sk", "Mn")
    if SELECTORS.match(text[place]):
        if before.isascii():
            return bool(KEYCAP.match(text, place - 1))
        return before == "\N{INFORMATION SOURCE}" or not (kind in SPELT or is_hidden(before))
    return text.startswith("\r\n", place)


def segments(
    text: str, findings: Iterable[Mapping[str, Any]] = (), *, edge: int = 0
) -> list[Segment]:
    """The whole text, cut where a finding begins or ends and around every hidden character.

    At `edge` as well.
    """
    told = [(*found["span"], found) for found in findings if _fits(text, found)]
    ends = (place for start, end, _ in told for place in (start, end))
    edges = sorted({0, edge, len(text), *ends})
    result: list[Segment] = []
    for start, end in itertools.pairwise(edges):
        inside = [found for first, last, found in told if first <= start and end <= last]
        words = "; ".join(str(found.get("message", "")) for found in inside)
        status = "fail" if any(f.get("status") == "fail" for f in inside) else "warn"
        private = any(is_private(found) for found in inside)
        cut = Segment("", "", words, status if inside else "", private)
        result += _visible(text, start, end, cut)
    return result


def _fits(text: str, found: Mapping[str, Any]) -> bool:
    """A finding stands in this text only if its span shows exactly the words it quotes."""
    span = found.get("span")
    if not (isinstance(span, (list, tuple)) and len(span) == 2 and found.get("text")):
        return False
    start, end = span
    return bool(0 <= start < end <= len(text) and text[start:end] == found["text"])


def _visible(text: str, start: int, end: int, cut: Segment) -> list[Segment]:
    """From `start` to `end` as segments like `cut`, each hidden character as one of its own."""
    result: list[Segment] = []
    plain = ""
    for place in range(start, end):
        char = text[place]
        if not is_hidden(char) or _is_ordinary(text, place):
            plain += char
            continue
        if plain:
            result.append(replace(cut, text=plain))
        plain = ""
        result.append(replace(cut, mark=name_of(char)))
    if plain:
        result.append(replace(cut, text=plain))
    return result
