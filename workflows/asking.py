"""A workflow's options as a form, and a posted form as options: for starting and for timing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from django.http import QueryDict

from outreach.core.models.workspace import Weekday
from workflows.options import Option
from workflows.schedules import ScheduleRefused
from workflows.shapes import Definition


def fields(definition: Definition, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each option with the value to show: what was asked last, else its default."""
    return [_field(option, asked.get(option.name)) for option in definition.options]


def in_words(definition: Definition, sentence: str) -> str:
    """A refusal in the form's words: each option by its label, which the command calls --name."""
    for option in sorted(definition.options, key=lambda each: len(each.name), reverse=True):
        label = f"“{option.label}”"
        sentence = sentence.replace(f"--{option.name}", label)
        if sentence.startswith(f"{option.name} "):
            sentence = f"{label}{sentence.removeprefix(option.name)}"
        if option.kind == "weights":
            for name, shown, _ in _weights(option, None):
                sentence = sentence.replace(f"weight {name} ", f"weight “{shown}” ")
    return sentence


def _field(option: Option, value: Any) -> dict[str, Any]:
    shown = option.default if value is None else value
    return {
        "name": option.name,
        "label": option.label,
        "help": option.help,
        "kind": "long" if option.is_long else option.kind,
        "value": shown,
        "least": option.least,
        "most": option.most,
        "choices": list(option.choices()),
        "weights": _weights(option, shown) if option.kind == "weights" else [],
    }


def _weights(option: Option, shown: Any) -> list[tuple[str, str, int]]:
    values = shown if isinstance(shown, Mapping) else option.default
    return [
        (name, name.replace("_", " "), values.get(name, option.default[name]))
        for name in option.default
    ]


def given(definition: Definition, form: QueryDict) -> dict[str, Any]:
    """What the posted form asks for, as the service takes it."""
    found: dict[str, Any] = {}
    for option in definition.options:
        if option.kind == "flag":
            found[option.name] = option.name in form
        elif option.kind == "weights":
            prefix = f"{option.name}:"
            found[option.name] = {
                key.removeprefix(prefix): value
                for key, value in form.items()
                if key.startswith(prefix)
            }
        else:
            found[option.name] = form.get(option.name, "")
    return found


def weekdays(chosen: Sequence[int]) -> list[dict[str, Any]]:
    return [
        {"value": int(value), "label": str(label), "is_on": int(value) in chosen}
        for value, label in Weekday.choices
    ]


def times(form: QueryDict) -> tuple[list[int], time]:
    """Weekdays and time of day of the posted form. Raises ScheduleRefused."""
    days = [int(day) for day in form.getlist("weekday") if day.isdecimal() and len(day) < 3]
    try:
        return days, time.fromisoformat(form.get("time", ""))
    except ValueError:
        raise ScheduleRefused("Give a time of day such as 08:30.") from None
