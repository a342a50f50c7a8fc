"""Which command stops everything: it must start on less than the others, and sooner."""

from __future__ import annotations

from collections.abc import Sequence


def stops_everything(words: Sequence[str]) -> bool:
    """Whether this is the emergency stop, which nothing that is wrong with sending may refuse.

    The words are those of `sys.argv`.
    """
    return list(words[1:2]) == ["control"] and "--emergency-stop" in words
