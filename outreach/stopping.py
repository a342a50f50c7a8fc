"""Which command stops everything: it must start on less than the others, and sooner."""

from __future__ import annotations

from collections.abc import Sequence

STOP, SHORTEST = "--emergency-stop", "--em"  # "--e" may be "--enable"


def stops_everything(words: Sequence[str]) -> bool:
    """Whether this is the emergency stop, which nothing that is wrong with sending may refuse.

    The words are those of `sys.argv`; a command takes the beginning of an option for all of it.
    """
    return list(words[1:2]) == ["control"] and any(
        word.startswith(SHORTEST) and STOP.startswith(word) for word in words
    )
