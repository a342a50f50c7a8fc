"""Whoever reads a finding reads what its rule is, and not only its code."""

from __future__ import annotations

import re

import pytest

from outreach.tests.source import ROOT
from safety.contract.rulebook import CHECK_OF
from safety.named import CHECKS, FAMILIES, named

CODE = re.compile(r'"([A-Z]+(?:_[A-Z]+)*_(?:CHECK|PATTERN))"')
PHRASE = re.compile(r"[A-Z][a-z]*(?: (?:[a-z-]+|HTML))*")


def test_every_check_of_the_source_has_its_words():
    files = [
        each for app in ("safety", "approvals", "channels") for each in (ROOT / app).rglob("*.py")
    ]
    source = [each.read_text(encoding="utf-8") for each in files if "tests" not in each.parts]
    used = {code for text in source for code in CODE.findall(text)}
    assert "TIME_CHECK" in used and used <= set(CHECKS)


def test_every_kind_of_wording_has_its_words():
    assert set(CHECK_OF) <= set(FAMILIES)


def test_the_words_are_a_phrase_each_and_no_two_the_same():
    phrases = [*CHECKS.values(), *FAMILIES.values()]
    assert [each for each in phrases if not PHRASE.fullmatch(each)] == []
    assert len(set(phrases)) == len(phrases)


@pytest.mark.parametrize(
    ("finding", "said"),
    [({"check": "TIME_CHECK", "family": ""}, "Their hours"),
     ({"check": "CONTENT_CHECK", "family": "clickbait"}, "Clickbait"),
     ({"check": "LAW_CHECK", "family": "law"}, "The law of their country"),
     ({"family": "subject_integrity"}, "A subject that misleads"),
     ({"check": "BYGONE_CHECK"}, "bygone"), ({"check": "OLD_RULE_CHECK"}, "old rule"),
     ({"check": None, "family": None}, ""), ({}, "")],
)  # fmt: skip
def test_a_finding_is_told_by_what_it_is_about(finding, said):
    assert named(finding) == said
