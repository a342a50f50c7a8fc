"""What a finished text has put into the places of a template."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.core import placeholders

HELLO = "Hello {{1}}, your order {{2}} is ready."


@pytest.mark.parametrize(
    ("body", "text", "values"),
    [
        ("Hello.", "Hello.", ()),
        ("  Hello.\r\nBye ", "Hello.\nBye", ()),
        ("Hello.", "Hello", None),
        (HELLO, "Hello Ann, your order 7 is ready.", ("Ann", "7")),
        (HELLO, " Hello Ann, your order 7 is ready.\r\n", ("Ann", "7")),
        ("Hi {{1}}\r\nBye", "Hi Ann\nBye", ("Ann",)),
        ("Hi {{1}}\nBye", "Hi Ann\r\nBye", ("Ann",)),
        (HELLO, "Hello Ann, your order 7 is ready. Buy now!", None),
        (HELLO, "Oh hello Ann, your order 7 is ready.", None),
        (HELLO, "Hello , your order 7 is ready.", None),  # a place is never empty
        (HELLO, "Hello Ann, your order  is ready.", None),
        (HELLO, "Hello Ann, your parcel 7 is ready.", None),
        ("{{1}} and {{1}}", "a and a", ("a",)),
        ("{{1}} and {{1}}", "a and b", None),
        ("{{2}} before {{1}}", "b before a", ("a", "b")),
        ("{{10}}-{{9}}", "x-y", ("y", "x")),  # by number, not by letter
        ("{{b}} {{a}} {{1}}", "B A 1", ("A", "B", "1")),
        ("{{ name }}!", "Ann!", ("Ann",)),
        ("{{1}}", "anything\nat all", ("anything\nat all",)),
        ("{{1}}", "", None),
        ("{{1}}{{2}}", "ab", ("a", "b")),
        ("x {{1}} x", "x x x x", ("x x",)),
    ],
)
def test_what_was_filled_in_is_found_or_it_is_another_text(body, text, values):
    assert placeholders.filled_in(body, text) == values


@given(st.lists(st.text("abc .,", min_size=1).filter(str.strip), min_size=2, max_size=2))
def test_whatever_is_filled_in_is_recognised(values):
    first, second = (value.strip() for value in values)
    text = HELLO.replace("{{1}}", first).replace("{{2}}", second)
    assert placeholders.filled_in(HELLO, text) == (first, second)


def test_places_are_named_once_in_the_order_of_the_platform():
    assert placeholders.places_of("{{2}} {{10}} {{1}} {{2}} {{ name }}") == ["name", "1", "2", "10"]
    assert placeholders.places_of("{ {1}} {{}} {{a-b}}") == []
