"""What is said of a filter in the address whose value is none of its choices."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import QueryDict

from approvals.queue import CHOICES

LONGEST_QUOTED = 40


def misread(wanted: QueryDict) -> dict[str, str]:
    """The filters whose value is none of their choices, and what to say of each."""
    return {
        name: no_such(title.lower(), value, [label for _, label in choices], _instead(name))
        for name, (title, choices) in CHOICES.items()
        if (value := wanted.get(name, "")) and value not in dict(choices)
    }


def no_such(what: str, value: str, labels: Sequence[str], instead: str) -> str:
    """Told of a choice that is none; `instead` says what is shown."""
    short = f"{value[:LONGEST_QUOTED]}…" if len(value) > LONGEST_QUOTED else value
    known = f"{', '.join(labels[:-1])} or {labels[-1]}"
    return f"There is no {what} “{short}”, so {instead}. Choose {known}."


def _instead(name: str) -> str:
    return "the pending ones are shown" if name == "status" else "all are shown"
