"""What came of a step, in words for a person: the same on a terminal and in the admin."""

from __future__ import annotations

from typing import Any

from workflows.audience import REASONS

SKIPPED = {
    **REASONS,
    "gone": "no longer stored",
    "nothing_to_say": "too little known to say anything",
    "too_long": "too long for this channel even without what can be spared",
    "no_way": "no way to reach them on the channels asked for",
    "no_number": "no phone number known",
}


def result_lines(output: dict[str, Any]) -> list[str]:
    """Counts as lines: "selected 12", "excluded: blocked by us 1". Lists are for other steps."""
    told = []
    for key, value in output.items():
        word = key.replace("_", " ")
        if isinstance(value, dict):
            counts = ", ".join(
                f"{_reason(name)} {count}"
                for name, count in value.items()
                if not isinstance(count, list)
            )
            told += [f"{word}: {counts}"] if counts else []
        elif isinstance(value, int):
            told.append(f"{word} {value}")
        elif isinstance(value, str) and value:
            told.append(value)
    return told


def _reason(name: str) -> str:
    return SKIPPED.get(name, name.replace("_", " "))
