"""Texts with places to fill, {{1}} {{2}} …: what a finished text has put into them."""

from __future__ import annotations

import re

PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,40})\s*\}\}")


def filled_in(body: str, text: str) -> tuple[str, ...] | None:
    """What stands in `text` where `body` has its {{1}}, {{2}} …, in their order; None if it is
    not this body. Linear: each piece of the body is looked for once, from left to right."""
    pieces = PLACEHOLDER.split(body.strip().replace("\r\n", "\n"))
    fixed, names = pieces[0::2], pieces[1::2]
    text = text.strip().replace("\r\n", "\n")
    if not names:
        return () if text == fixed[0] else None
    if not text.startswith(fixed[0]):
        return None
    values: dict[str, str] = {}
    at = len(fixed[0])
    for turn, (name, piece) in enumerate(zip(names, fixed[1:], strict=True), start=1):
        end = len(text) - len(piece) if turn == len(names) else text.find(piece, at + 1)
        if end <= at or not text.startswith(piece, end):
            return None
        if values.setdefault(name, text[at:end]) != text[at:end]:
            return None
        at = end + len(piece)
    if at != len(text):
        return None
    return tuple(values[name] for name in sorted(values, key=_order))


def places_of(body: str) -> list[str]:
    """The names of a body's places, each once, in the order in which the platform takes them."""
    return sorted(set(PLACEHOLDER.findall(body)), key=_order)


def _order(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdecimal() else (0, name)
