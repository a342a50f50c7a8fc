"""No index begins another: it would be written with every row and read by nobody."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection, models

OURS = ("core", "safety", "approvals", "channels", "workflows", "edge")
MODELS = [model for label in OURS for model in apps.get_app_config(label).get_models()]


def whole(model: type[models.Model]) -> list[tuple[str, ...]]:
    """The fields of every index and unique constraint that holds each row, whatever it says."""
    kept = [index for index in model._meta.indexes if index.condition is None and index.fields]
    kept += [
        each
        for each in model._meta.constraints
        if isinstance(each, models.UniqueConstraint) and each.condition is None and each.fields
    ]
    return [
        *(tuple(name.removeprefix("-") for name in each.fields) for each in kept),
        *(tuple(fields) for fields in model._meta.unique_together),
    ]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.db_table)
def test_no_key_has_an_index_that_begins_another(model: type[models.Model]) -> None:
    twice = [
        field.name
        for field in model._meta.local_fields
        if field.db_index and not field.unique
        for fields in whole(model)
        if fields[0] == field.name
    ]
    assert not twice, "db_index=False: another index begins with it"


@pytest.mark.django_db
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.db_table)
def test_the_database_has_what_the_models_say(model: type[models.Model]) -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    single = {tuple(each["columns"]) for each in found.values() if each["index"]}
    partly = {
        each.fields[0]
        for each in (*model._meta.indexes, *model._meta.constraints)
        if getattr(each, "condition", None) is not None and len(getattr(each, "fields", ())) == 1
    }
    for field in model._meta.local_fields:
        if field.is_relation and not field.unique and field.name not in partly:
            assert ((field.column,) in single) == field.db_index, field.name
