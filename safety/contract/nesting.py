"""How deep an object goes that somebody gave: what writes it down again has an end."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

DEEPEST = 32  # as a request by REST


def is_deep(value: object) -> bool:
    """Whether something lies more than DEEPEST levels down. Level by level: no depth ends it."""
    level = [value]
    for _ in range(DEEPEST):
        level = [each for outer in level for each in _within(outer)]
        if not level:
            return False
    return any(True for outer in level for _ in _within(outer))


def _within(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, (list, tuple)):
        yield from value


def written(value: object) -> str:
    """It as one text, with whatever it holds."""
    return json.dumps(value, ensure_ascii=False, skipkeys=True, default=str)
