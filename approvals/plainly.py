"""Stored JSON as a person reads it: a name, and a line for each thing that is known of it."""

from __future__ import annotations

from typing import Any

NAMES = ("missing",)  # what stands under it are names themselves
NOTHING: tuple[Any, ...] = (None, "", [], {})


def pairs(data: Any) -> list[tuple[str, str]]:
    """(name, lines) of everything that says something; of what is no object, one without a name."""
    if not isinstance(data, dict):
        return [("", _inline(data))] if data else []
    return [
        (str(key).replace("_", " "), "\n".join(_told(key, value)))
        for key, value in data.items()
        if value not in NOTHING
    ]


def _told(key: Any, value: Any) -> list[str]:
    lines = _lines(value)
    return [line.replace("_", " ") for line in lines] if key in NAMES else lines


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [
            f"{str(key).replace('_', ' ')}: {_inline(item)}"
            for key, item in value.items()
            if item not in NOTHING
        ]
    if isinstance(value, (list, tuple)):
        return [_inline(item) for item in value]
    return [str(value)]


def _inline(value: Any) -> str:
    """One line. What is known and where from is said as one says it: value (source)."""
    if isinstance(value, dict) and set(value) == {"value", "source"}:
        return f"{_inline(value['value'])} ({_inline(value['source'])})"
    return ", ".join(_lines(value))
