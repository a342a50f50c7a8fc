"""Batches and sums of steps."""

from __future__ import annotations

import pytest

from workflows.counting import added, batches


@pytest.mark.parametrize(
    ("items", "done", "found"),
    [
        (None, 0, [()]),
        (None, 1, []),
        ([], 0, []),
        ([1, 2, 3], 0, [[1, 2], [3]]),
        ([1, 2, 3], 2, [[3]]),
        ([1, 2, 3], 3, []),
    ],
)
def test_what_is_left_comes_in_batches(items, done, found):
    assert list(batches(items, 2, done)) == found


@pytest.mark.parametrize(
    ("before", "found", "after"),
    [
        ({}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {"a": 2}, {"a": 3}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": {"x": 1}}, {"a": {"x": 2, "y": 1}}, {"a": {"x": 3, "y": 1}}),
        ({"a": "old"}, {"a": "new"}, {"a": "new"}),
        ({"a": True}, {"a": False}, {"a": False}),
        ({"a": [1]}, {"a": [2]}, {"a": [2]}),
    ],
)
def test_counts_add_up_and_the_rest_is_as_said_last(before, found, after):
    assert added(before, found) == after
