"""What is asked for and threatened is found in words the rules were not written from."""

from __future__ import annotations

import pytest

from safety.contract.content import find
from safety.contract.negated import BEFORE, BEHIND, is_negated
from safety.contract.rulebook import rule_of
from safety.contract.tests import wordings


def failing(text: str, channel: str) -> list[str]:
    return [hit.rule.id for hit in find(channel=channel, text=text) if hit.status == "fail"]


@pytest.mark.parametrize("channel", ["email", "whatsapp", "linkedin"])
def test_codes_documents_and_threats_fail_anywhere(channel: str) -> None:
    texts = (*wordings.CODES, *wordings.THREATS)
    assert not [text for text in texts if not failing(text, channel)]


@pytest.mark.parametrize("channel", ["email", "whatsapp", "instagram"])
def test_ordinary_sentences_near_them_fail_nowhere(channel: str) -> None:
    texts = (*wordings.NO_CODES, *wordings.NO_THREATS)
    assert not [(text, failing(text, channel)) for text in texts if failing(text, channel)]


def test_what_is_private_is_found_on_instagram() -> None:
    assert not [text for text in wordings.PRIVATE if not find(channel="instagram", text=text)]
    found = {text: failing(text, "instagram") for text in wordings.NO_PRIVATE}
    assert not {text: rules for text, rules in found.items() if rules}


@pytest.mark.parametrize(
    ("before", "behind", "negated"),
    [
        ("Never ", "", True),
        ("Please do not ever ", "", True),
        ("You should not\n", "", True),
        ("Nobody from our bank will ever ask you to ", "", True),
        ("We won't ask customers to ", " by mail.", True),
        ("It is a guide: never, ever ", " with anybody, not even with us.", True),
        ("Never mind, ", "", False),
        ("Why don't you ", "?", False),
        ("Don't hesitate to ", "", False),
        ("Do not worry. ", "", False),
        ("Nobody needs to know; ", "", False),
        ("Never ", " with anyone but me", False),
        ("Do not ", " to others; send it to me instead.", False),
        ("Never ", ". Tell them only to us.", False),
        ("", "", False),
    ],
)
def test_only_a_no_right_before_it_takes_a_request_back(
    before: str, behind: str, negated: bool
) -> None:
    asked = "share your password"
    text = f"{before}{asked}{behind}".lower()
    assert is_negated(text, len(before), len(before) + len(asked)) is negated
    assert bool(failing(f"{before}{asked}{behind}", "email")) is not negated


@pytest.mark.parametrize(("more", "seen"), [(0, True), (1, False)])
def test_the_edges_of_what_is_looked_at_are_exact(more: int, seen: bool) -> None:
    assert (BEFORE, BEHIND) == (120, 200)
    first, asked, last = "nobody at ", "share your password", " but me"
    before = first.ljust(BEFORE + more - len(" will ever "), "n") + " will ever "
    assert is_negated(before + asked, len(before), len(before + asked)) is seen
    behind = " with the".ljust(BEHIND + more - len(last), "m") + last
    text = f"never {asked}{behind}"
    assert is_negated(text, 6, 6 + len(asked)) is not seen


def test_a_request_behind_many_negated_ones_is_found() -> None:
    assert not failing("Never share your password. " * 50, "email")
    assert failing("Never share your password. " * 20 + "Share your PIN.", "email")
    assert failing("Never share your password. " * 51, "email")


def test_a_rule_says_whether_a_no_takes_it_back() -> None:
    row = {"id": "x", "family": "tone", "severity": "warn", "explanation": "a", "source": "b"}
    assert not rule_of({**row, "patterns": ["a"]}).negatable
