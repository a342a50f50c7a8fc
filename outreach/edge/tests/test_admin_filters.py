"""A list's filters offer what stands in the list, not what other workspaces have."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist

FILTERS = [
    (shown, each)
    for shown in admin.site._registry.values()
    for each in shown.list_filter
    if isinstance(each, str)
]


@pytest.mark.parametrize(
    ("shown", "name"), FILTERS, ids=[f"{shown.opts.model_name}-{name}" for shown, name in FILTERS]
)
def test_no_filter_lists_the_rows_of_another_table_whosever_they_are(shown, name):
    """A bare relation lists them all by name; RelatedOnlyFieldListFilter what the list shows."""
    try:
        field = shown.opts.get_field(name)
    except FieldDoesNotExist:
        pytest.fail(f"{name} is a path or no field: name a filter of one's own for it")
    assert not field.is_relation
