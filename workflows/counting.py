"""Cutting a step's work into batches, and adding up what they answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workflows.shapes import Output


def batches(items: Sequence[int] | None, size: int, done: int) -> Iterator[Sequence[int]]:
    """What is left after `done` items, in batches; a step without items is one empty batch."""
    if items is None:
        if not done:
            yield ()
        return
    for start in range(done, len(items), size):
        yield items[start : start + size]


def added(so_far: Output, found: Output) -> Output:
    """Counts add up, groups of counts likewise; anything else is as the last batch says."""
    total = dict(so_far)
    for key, value in found.items():
        before = total.get(key)
        if isinstance(value, dict) and isinstance(before, dict):
            total[key] = added(before, value)
        elif _is_count(value) and _is_count(before):
            total[key] = before + value
        else:
            total[key] = value
    return total


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
