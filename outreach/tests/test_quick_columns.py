"""Columns compared by their field, as `conftest.py` has it, are one where Django says so."""

from __future__ import annotations

from django.db.models import TextField
from django.db.models.expressions import Col, Expression

from outreach.core.models import Account, Person


def test_columns_are_one_where_django_says_so():
    fields = [*Person._meta.concrete_fields[:12], *Account._meta.concrete_fields]
    columns = [Col(alias, field) for alias in ("a", "b") for field in fields for _ in range(2)]
    columns += [Col("a", fields[0], TextField()), Col("a", fields[0], fields[1])]
    spelt_out = [Expression.identity.func(column) for column in columns]
    for one, whole in zip(columns, spelt_out, strict=True):
        assert [one == other for other in columns] == [whole == other for other in spelt_out]
        assert hash(one) == hash(Col(one.alias, one.target, one.output_field))
