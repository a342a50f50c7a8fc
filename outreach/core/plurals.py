"""One of a thing, or several, in words. Pure."""

from __future__ import annotations


def plural(count: int, one: str, more: str = "") -> str:
    """ "1 person", "3 people"; without `more`: "2,000 rows", "2 addresses"."""
    return f"{count:,} {one if count == 1 else more or _more(one)}"


def _more(one: str) -> str:
    return f"{one}{'es' if one.endswith('s') else 's'}"
