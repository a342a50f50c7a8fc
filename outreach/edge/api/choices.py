"""A choice that is none of a field's: refused with those that are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn, cast

from django import forms
from rest_framework import serializers

NOT_ONE = '"{input}" is not a valid choice; it must be one of {choices}.'


class Choice(serializers.ChoiceField):
    default_error_messages = {"invalid_choice": NOT_ONE}  # as DRF declares it

    def fail(self, key: str, **told: Any) -> NoReturn:
        super().fail(key, **told, choices=", ".join(map(str, self.choices)))


def name_choices(field: forms.Field) -> None:
    """The same sentence for a filter in the address."""
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        pairs = cast(Iterable[tuple[str, str]], field.choices)
        known = ", ".join(str(value) for value, _ in pairs if value)
        field.error_messages["invalid_choice"] = NOT_ONE.format(input="%(value)s", choices=known)
