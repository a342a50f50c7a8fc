"""Options that an act of a command would drop without a word are refused instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import CommandError


def refuse_unheeded(
    options: Mapping[str, Any], acts: Sequence[str], heeded: Mapping[str, Sequence[str]]
) -> None:
    """Refuse what does not go with the act that was asked for, the first of `acts` that is given.

    `heeded` names the acts of each option; an option that it does not name goes with every act.
    """
    act = next((name for name in acts if _asked(options[name])), None)
    for option, heeding in heeded.items():
        if _asked(options[option]) and options[option] not in ("", []) and act not in heeding:
            said = flag(option)
            beside = (
                f"{flag(act)} and {said} mean nothing together" if act
                else f"{said} means nothing by itself"
            )  # fmt: skip
            with_ = " or ".join(flag(name) for name in heeding)
            raise CommandError(f"{beside}, so nothing was done: {said} goes with {with_}.")


def _asked(value: Any) -> bool:
    """Whether it was typed; an act may be, with no word behind it."""
    return value is not None and value is not False


def flag(option: str) -> str:
    return "--" + option.replace("_", "-")
