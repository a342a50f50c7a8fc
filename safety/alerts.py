"""Whether an inbound message is a legal threat, distress or a complaint: data, seven languages.

An alert makes the next message to that person critical and keeps it from rules (SPEC §5); for a
threat or distress the queue holds as well. A word too many costs a look, one too few a harm.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import re2

from safety.contract.courtesies import notices, of_programs
from safety.contract.normalise import fold

RULES = Path(__file__).parent / "alerts.toml"
LONGEST = 20_000
HOLDS = frozenset({"legal", "distress"})


@dataclass(frozen=True, slots=True)
class AlertFound:
    """The gravest alert in a text, and the words that say so; `kind` is empty for none."""

    kind: str = ""
    text: str = ""


def detect_alert(text: str) -> AlertFound:
    """Judge what a person wrote to us. Linear in the length of the text."""
    folded = fold(text[:LONGEST], quotes=False)
    said = folded.text
    for start, end in (*notices(said), *of_programs(folded.cased)):
        said = f"{said[:start]}{' ' * (end - start)}{said[end:]}"
    for kind, patterns in _patterns():
        for pattern in patterns:
            found = pattern.search(said)
            if found:
                start, end = folded.span(*found.span())
                return AlertFound(kind, folded.original[start:end])
    return AlertFound()


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, tuple[Any, ...]], ...]:
    options = re2.Options()
    options.never_capture = True
    return tuple(
        (row["kind"], tuple(re2.compile(pattern, options) for pattern in row["patterns"]))
        for row in tomllib.loads(RULES.read_text("utf-8"))["alert"]
    )
