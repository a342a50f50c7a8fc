"""Which findings of the last look the yes has answered, and how the others are told."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from channels import look
from safety import facts
from safety.verdict import Finding, Level, Verdict

RULE = {"family": "threat", "rule": "R1", "code": "threat"}


def said(status, **more):
    return {"rule": "R1", "code": "threat", "status": status, **more}


def given(seen, gate=None):
    """What was approved, under the rules of now or of then, with these findings read."""
    decision = {"gate": gate or facts.policy_of("ours")} | (
        {} if seen is None else {"findings": seen}
    )
    return SimpleNamespace(decision=decision, workspace=SimpleNamespace(own_words="ours"))


def finding(status, **changes):
    words = {"check": "CONTENT_CHECK", "message": "It threatens.", **RULE, **changes}
    return Finding(status=status, **words)


@pytest.mark.parametrize(
    ("seen", "status", "asked"),
    [
        (None, "pass", False),
        (None, "info", False),
        (None, "other", False),
        (None, "warn", True),
        (None, "fail", True),
        ([], "warn", True),
        ([said("pass")], "warn", True),
        ([said("info")], "warn", True),
        ([said("warn")], "warn", False),
        ([said("warn")], "fail", True),
        ([said("fail")], "warn", False),
        ([said("fail")], "fail", False),
        ([said("fail"), said("warn")], "fail", False),
        ([said("warn"), said("fail")], "fail", False),
        ([said("warn", rule="R2")], "warn", True),
        ([said("warn", code="other")], "warn", True),
        ([{"status": "fail"}], "warn", True),
        ([{"rule": "R1", "code": "threat"}], "warn", True),
    ],
)
def test_a_yes_answers_what_was_as_grave_of_the_same_rule(seen, status, asked):
    one = finding(status)
    worse = look.worse_than_approved(given(seen), Verdict(findings=(one,)))
    assert worse == ((one,) if asked else ())


@pytest.mark.parametrize(
    ("changes", "level", "asked"),
    [
        ({}, Level.BLOCK, True),
        ({"family": ""}, Level.ALLOW, False),  # of what happened around it, such as a brake
        *(({"family": "", "check": check}, level, level < Level.BLOCK)
          for check in ("PARTS_CHECK", "ATTACHMENT_CHECK") for level in Level),
        ({"code": "quiet_hours"}, Level.REVIEW, False),
        ({"rule": "", "code": ""}, Level.REVIEW, True),
    ],
)  # fmt: skip
def test_what_only_holds_it_or_is_not_of_the_message_asks_nobody(changes, level, asked):
    one = finding("warn", **changes)
    assert bool(look.worse_than_approved(given([]), Verdict(level, findings=(one,)))) is asked


def test_what_has_neither_rule_nor_code_is_answered_by_the_like():
    one = finding("warn", rule="", code="")
    assert look.worse_than_approved(given([{"status": "warn"}]), Verdict(findings=(one,))) == ()


@pytest.mark.parametrize(
    ("gate", "told"),
    [
        (None, ("found_more", "The last look finds more: It threatens. It sells.")),
        ("gate-1", ("policy_changed", "The rules changed and find more in it now.")),
    ],
)
def test_that_the_rules_changed_is_said_only_where_they_did(gate, told):
    worse = (finding("warn"), finding("warn", message="It sells."))
    approval = given([], gate)
    assert look.told_worse(approval, worse) == told
    row = SimpleNamespace(approval=approval)
    assert look._reopened(row, worse) == look.Released(row, approval, "reopen", *told)
