"""Text somebody pasted about a company: kept with its date, and its telling sentences picked. Pure.

It is other people's words: shown to colleagues, quoted to nobody.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

MOST_PICKED, MOST_KEPT = 6, 5
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÄÖÜÀ-Ý\"“])|\n+")
TELLING = {
    name: re.compile(pattern, re.IGNORECASE)
    for name, pattern in {
        # The first that is found names the sentence.
        "trouble": r"\b(?:delay\w*|shortage|recall\w*|lawsuit|fine[ds]\b|breach|strike|"
        r"loss(?:es)?|restructur\w+|challenge\w*)",
        "growth": r"\b(?:grow\w*|grew|expan\w+|open(?:ed|s|ing) (?:a|its|new)|launch\w*|acqui\w+|"
        r"merg\w+|new (?:office|site|market|product)|rais\w+|funding|series [a-e]\b|invest\w+)",
        "people": r"\b(?:hir\w+|recruit\w*|appoint\w*|join(?:s|ed) as|employ\w*|team of|staff|"
        r"layoffs?)",
        "numbers": r"(?:\d[\d.,]*\s*(?:%|percent|million|billion|employees|people|customers|"
        r"clients|countries|users)|[€$£]\s?\d)",
        "what they do": r"\b(?:provid\w+|offer\w*|develop\w*|manufactur\w+|help\w*|"
        r"deliver(?:s|ed|ing)?\b|speciali[sz]\w+|serv\w+|build\w*|supplier|platform for|is an? )",
    }.items()
}


def with_new(
    before: list[dict[str, Any]], pasted: str, company: str, at: datetime
) -> list[dict[str, Any]]:
    """What was pasted so far and now, oldest first; the same text twice is kept once."""
    kept = list(before)
    if pasted and all(each["text"] != pasted for each in kept):
        kept.append(
            {"at": at.date().isoformat(), "text": pasted, "picked": picked(pasted, company)}
        )
    return kept[-MOST_KEPT:]


def picked(text: str, company: str) -> list[dict[str, str]]:
    """The sentences that tell most, in the order of the text, each with what it tells of."""
    found = []
    for place, sentence in enumerate(_sentences(text)):
        kinds = [name for name, pattern in TELLING.items() if pattern.search(sentence)]
        if kinds:
            names_it = company.casefold().split()[0] in sentence.casefold() if company else False
            found.append((len(kinds) + names_it, -place, kinds[0], sentence))
    best = sorted(found, reverse=True)[:MOST_PICKED]
    return [
        {"about": kind, "text": sentence}
        for _, _, kind, sentence in sorted(best, key=lambda x: -x[1])
    ]


def _sentences(text: str) -> list[str]:
    parts = (part.strip() for part in SENTENCE.split(text))
    return [part for part in parts if 20 <= len(part) <= 400]
