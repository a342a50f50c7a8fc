"""What came of a step, in words for a person: the same on a terminal and in the admin."""

from __future__ import annotations

from typing import Any

from workflows import confidence
from workflows.audience import REASONS

SKIPPED = {
    **REASONS,
    "gone": "no longer stored",
    "nothing_to_say": "too little known to say anything",
    "too_long": "too long for this channel even without what can be spared",
    "no_way": "no way to reach them on the channels asked for",
    "no_number": "no phone number known",
}
TASKS = {
    "settle": "settling outcomes", "answer": "answers", "review": "reviews",
    "send": "sending by hand", "follow_up": "follow-ups", "mend": "mending drafts",
    "submit": "submitting drafts", "call": "calls", "first": "first messages",
    "shortlist": "shortlists",
}  # fmt: skip
# What a step's counts are of, and their names, where the codes say too little.
COUNTED = {
    "known": ("facts, and of how many people", confidence.READABLE), "found": ("tasks", TASKS),
}  # fmt: skip


def result_lines(output: dict[str, Any]) -> list[str]:
    """Counts as lines: "selected 12", "excluded: blocked by us 1". Lists are for other steps."""
    told = []
    for key, value in output.items():
        word, names = COUNTED.get(key, (key.replace("_", " "), SKIPPED))
        if isinstance(value, dict):
            counts = ", ".join(
                f"{names.get(name, name.replace('_', ' '))} {count}"
                for name, count in value.items()
                if not isinstance(count, list)
            )
            told += [f"{word}: {counts}"] if counts else []
        elif isinstance(value, int):
            told.append(f"{word} {value}")
        elif isinstance(value, str) and value:
            told.append(value)
    return told
