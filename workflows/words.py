"""Lists of words as people type them into one field. Pure."""

from __future__ import annotations


def listed(text: str) -> tuple[str, ...]:
    """ "data, analytics; CTO" as its parts, each once, in order."""
    parts = text.replace(";", ",").replace("\n", ",").split(",")
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def joined(parts: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
