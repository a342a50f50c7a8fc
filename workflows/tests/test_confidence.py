"""Confidence is a sum of named parts, and the sentence tells all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.confidence import Basis, judge

BEST = Basis(
    is_greeted_by_name=True,
    wanted=("company", "connected_month", "position"),
    said=("company", "connected_month", "greeting_name", "position"),
    personal=("position", "company"),
    address="anna.meier@example.com",
    names=("Anna", "Meier"),
    have_answered=True,
    unanswered=0,
)


@pytest.mark.parametrize(
    ("changes", "total", "why"),
    [
        ({}, 100, "they have written to us"),
        ({"is_greeted_by_name": False}, 85, "greeted without a name"),
        (
            {"said": ("company",)},
            83,
            "1 of 3 facts for the text known, missing: month of connection and position",
        ),
        (
            {"wanted": ("role", "position"), "said": ()},
            75,
            "2 facts for the text known, missing: position (",
        ),
        ({"said": BEST.wanted}, 100, "3 of 3 facts for the text known ("),
        ({"said": ()}, 75, "0 of 3 facts for the text known, missing: company, "),
        ({"wanted": ()}, 100, "the text needs no facts"),
        ({"personal": ("company",)}, 93, "speaks of company"),
        ({"personal": ()}, 85, "says nothing about the person"),
        ({"address": "info@example.com"}, 93, "a shared mailbox"),
        ({"address": "no-reply@example.com"}, 90, "a mailbox that nobody reads"),
        ({"address": "x7@example.com"}, 97, "the address does not show whose it is"),
        ({"address": "linkedin.com/in/x7"}, 100, "the profile is theirs"),
        ({"names": ("Siobhán", "Ní"), "address": "siobhan@example.com"}, 100, "carries their name"),
        ({"names": ("", "X"), "address": "x@example.com"}, 97, "does not show whose it is"),
        ({"have_answered": False}, 97, "the first contact"),
        ({"have_answered": False, "unanswered": 1}, 95, "the last message was not answered"),
        ({"unanswered": 3}, 91, "the last 3 messages were not answered"),
        ({"findings": ("pressure tactics",)}, 92, "the content rules find pressure tactics"),
        ({"findings": ("b", "a", "a")}, 85, "the content rules find a, b"),
        ({"own_word": 80}, 98, "the model says 80 of 100 of itself"),
        ({"own_word": 0}, 90, "the model says 0 of 100 of itself"),
        ({"own_word": 9000}, 100, "of itself"),
    ],
)
def test_each_part_has_its_weight(changes, total, why):
    found = judge(replace(BEST, **changes))
    assert found.total == total
    assert why in found.sentence


def test_the_sentence_is_one_sentence_with_every_part():
    sentence = judge(BEST).sentence
    assert sentence.startswith("Confidence 100 of 100: greeted by name (15 of 15); ")
    assert sentence.count(".") == 1


def test_the_parts_are_kept_as_data():
    kept = [part.as_dict() for part in judge(BEST).parts]
    assert [part["name"] for part in kept] == [
        "greeting", "facts", "personalisation", "address", "history", "contract", "engine",
    ]  # fmt: skip
    assert sum(part["of"] for part in kept) == 100


@given(
    st.builds(
        Basis,
        is_greeted_by_name=st.booleans(),
        wanted=st.lists(st.sampled_from("abcde"), unique=True),
        said=st.lists(st.sampled_from("abcde"), unique=True),
        personal=st.lists(st.sampled_from("abc"), unique=True),
        address=st.text(max_size=30),
        names=st.lists(st.text(max_size=10), max_size=2),
        have_answered=st.booleans(),
        unanswered=st.integers(0, 9),
        findings=st.lists(st.sampled_from("abc"), max_size=3),
        own_word=st.none() | st.integers(-5, 900),
    )
)
def test_it_is_always_a_whole_number_from_0_to_100(basis):
    found = judge(basis)
    assert isinstance(found.total, int)
    assert 0 <= found.total <= 100
    assert all(0 <= part.points <= part.of for part in found.parts)
