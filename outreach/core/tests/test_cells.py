"""No cell becomes a formula, by whatever sign a program splits what we wrote."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.core import cells

DANGER = tuple("=+-@|%＝＋－＠｜％")
UNSEEN = " \"'\0\x0b\x0c\x1f\xa0\u200b\u2060\ufeff"
TEXTS = st.text(st.sampled_from("ab1,;\t\r\n|\"'=+-@% \0\u200b＝＋{}[]:\\"), max_size=30)


def begins(piece: str) -> str:
    """What a careless program would take for the beginning of the cell."""
    return piece.lstrip(UNSEEN)[:1]


def pieces(cell: str) -> list[str]:
    return re.split(r"[,;|\t\r\n]", cell)


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+4420", "-1", "@SUM(A1)", "\rx", "\nx", "\tx", "＝1", "＋1", "－1", "＠x",
     "|calc", "%0a", ' "=1', "\ufeff=1", "\0=1", "' =1"],
)  # fmt: skip
def test_what_begins_a_formula_is_marked_and_can_be_had_back(text):
    assert cells.safe(text).startswith("'")
    assert cells.plain(cells.safe(text)) == text


@pytest.mark.parametrize(
    ("text", "cell"),
    [("Ann;=cmd()", "Ann;'=cmd()"), ('a, "=x', 'a, "\'=x'), ("a\n- b", "a\n'- b"),
     ("\t=1", "'\t'=1"), ("Größe: -1", "Größe: -1"), ("2026-03-11", "2026-03-11"),
     ("a=b+c", "a=b+c"), ("", "")],
)  # fmt: skip
def test_a_mark_stands_only_where_a_cell_could_begin(text, cell):
    assert cells.safe(text) == cell


@given(TEXTS)
def test_no_piece_of_any_text_begins_a_formula(text):
    marked = cells.safe(text)
    assert not marked.startswith(("\t", "\r", "\n"))
    for piece in pieces(marked):  # an apostrophe before it makes a text of it
        assert not piece.lstrip(UNSEEN.replace("'", "")).startswith(DANGER), piece


@given(st.recursive(TEXTS | st.integers() | st.booleans() | st.none(), lambda inner: st.lists(
    inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12)
    .filter(lambda value: isinstance(value, dict | list)))  # fmt: skip
def test_json_in_a_cell_says_the_same_and_none_of_its_strings_begins_a_formula(value):
    cell = cells.of_json(value)
    assert json.loads(cell) == value
    for piece in pieces(cell):
        risky = piece.lstrip(UNSEEN)
        assert not risky.startswith(DANGER) or re.match(r"-\d+", risky), piece
