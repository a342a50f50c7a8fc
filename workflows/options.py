"""What may be asked of a workflow, as data: the form, the command and the service read the same.

An option that was not given has its default; one that cannot be is refused in a sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from outreach.core.models import Workspace

Kind = Literal["whole", "text", "choice", "flag", "weights"]
LONGEST_NUMBER = 19  # digits
FLAGS = {
    **dict.fromkeys(("1", "true", "on", "yes"), True),
    **dict.fromkeys(("0", "false", "off", "no"), False),
}


class BadOptions(ValueError):
    """What was asked cannot be done; the sentence says what to give instead."""


def _none() -> list[tuple[str, str]]:
    return []


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to ask. `least` and `most` bound a number, or the length of a text.

    `meant` turns what was typed into what is kept of it; raises BadOptions.
    """

    name: str
    label: str
    kind: Kind = "text"
    default: Any = ""
    help: str = ""
    least: int = 0
    most: int = 300
    choices: Callable[[], Sequence[tuple[str, str]]] = _none
    is_long: bool = False
    meant: Callable[[Workspace, str], str] | None = None


def complete(options: Sequence[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every option with its value. Raises BadOptions for the first that cannot be."""
    known = {option.name for option in options}
    if strange := sorted(name for name in given if name not in known and _is_said(given[name])):
        raise BadOptions(
            f"This workflow has no option {strange[0]}. It has: {', '.join(sorted(known))}."
        )
    return {option.name: _value(option, given.get(option.name)) for option in options}


def _is_said(value: Any) -> bool:
    return value not in (None, "", False)


def _value(option: Option, given: Any) -> Any:
    if given is None or (given == "" and option.kind != "text"):
        return dict(option.default) if option.kind == "weights" else option.default
    return READERS[option.kind](option, given)


def _whole(option: Option, given: Any) -> int:
    value: int | None = None
    if isinstance(given, str):
        digits = given.strip()  # Python refuses to read thousands of them, and none is in bounds
        value = int(digits) if digits.isdecimal() and len(digits) < LONGEST_NUMBER else None
    elif isinstance(given, int) and not isinstance(given, bool):
        value = given
    if value is None or not option.least <= value <= option.most:
        raise BadOptions(
            f"{option.name} must be a whole number from {option.least} to {option.most}, "
            f"not {str(given)[:40]!r}."
        )
    return value


def _text(option: Option, given: Any) -> str:
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise BadOptions(f"{option.name} must be a text, not {str(given)[:40]!r}.")
    value = str(given).replace("\r\n", "\n").strip()
    if len(value) > option.most:
        raise BadOptions(f"{option.name} has {len(value)} characters; at most {option.most}.")
    if "\0" in value:
        raise BadOptions(f"{option.name} contains a NUL character. Remove it.")
    return value


def _choice(option: Option, given: Any) -> str:
    known = [name for name, _ in option.choices()]
    if str(given) not in known:
        raise BadOptions(f"There is no {option.name} {given!r}. There are: {', '.join(known)}.")
    return str(given)


def _flag(option: Option, given: Any) -> bool:
    value = FLAGS.get(str(given).strip().casefold())
    if value is None:
        raise BadOptions(f"{option.name} must be true or false, not {str(given)[:40]!r}.")
    return value


def _weights(option: Option, given: Any) -> dict[str, int]:
    """A mapping, or words such as "role=40,replies=10"; what is not named keeps its weight."""
    named = dict(given) if isinstance(given, Mapping) else _pairs(option, str(given))
    found = dict(option.default)
    for name, value in named.items():
        if name not in found:
            raise BadOptions(f"There is no weight {name!r}. There are: {', '.join(found)}.")
        weight = Option(f"weight {name}", "", "whole", least=0, most=100)
        found[name] = _whole(weight, value)
    if not sum(found.values()):
        raise BadOptions("All weights are 0, so nothing could be compared. Give one some weight.")
    return found


def _pairs(option: Option, words: str) -> dict[str, str]:
    parts = [part.partition("=") for part in words.split(",") if part.strip()]
    if any(not sign for _, sign, _ in parts):
        raise BadOptions(f"{option.name} is written as role=40,replies=10, not {words!r}.")
    return {name.strip(): value.strip() for name, _, value in parts}


READERS: dict[str, Callable[[Option, Any], Any]] = {
    "whole": _whole,
    "text": _text,
    "choice": _choice,
    "flag": _flag,
    "weights": _weights,
}
