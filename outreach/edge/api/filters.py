"""Filters that read what they are given in one way only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django_filters.fields import IsoDateTimeField

from outreach.edge.api.choices import name_choices

FEW = 500  # rows that a page names one by one


class Named(django_filters.FilterSet):
    """Filters that name their choices to whoever asks for another one."""

    def get_form_class(self) -> type[forms.Form]:
        made: type[forms.Form] = super().get_form_class()
        for field in made.base_fields.values():
            name_choices(field)
        return made


class Filters(Named):
    """Filters of a list; those in `rare` have an index and may match a handful of a million rows.

    For a short page the planner walks the list in its order and looks at row after row. Asked for
    a few rows in no order it takes the filter's own index: where these are all, the page names
    them. Where very many match, the walk soon fills the page.
    """

    rare: frozenset[str] = frozenset()

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows = self.narrowed(queryset)
        if self.rare.isdisjoint(self.data):
            return rows
        few = list(rows.prefetch_related(None).order_by().values_list("pk", flat=True)[: FEW + 1])
        if not few and (others := self.wider(queryset)) is not None:
            return others
        return rows.filter(pk__in=few) if len(few) <= FEW else rows

    def narrowed(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().filter_queryset(queryset)
        return rows

    def wider(self, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        """What is shown where nothing is as it was asked for; None: nothing."""
        return None


class MomentField(IsoDateTimeField):
    """A time in UTC: PostgreSQL takes no offset of 16 hours or more, and no year beyond 9999."""

    default_error_messages = {
        "invalid": "Write an ISO 8601 time, such as 2026-03-11T10:00:00Z.",
    }

    def to_python(self, value: Any) -> datetime | None:
        made: datetime | None = super().to_python(value)
        try:
            return made.astimezone(UTC) if made else None
        except OverflowError:
            raise forms.ValidationError(self.error_messages["invalid"], "invalid") from None


class Moment(django_filters.IsoDateTimeFilter):
    """ISO 8601; without an offset it is UTC."""

    field_class = MomentField


class TrueOrFalse(django_filters.TypedChoiceFilter):
    """`true` or `false`; anything else is refused and not taken for "no matter"."""

    def __init__(self, **how: Any) -> None:
        words = {"true": True, "false": False}
        super().__init__(choices=[(word, word) for word in words], coerce=words.get, **how)
