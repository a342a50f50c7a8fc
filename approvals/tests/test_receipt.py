"""A receipt as the review page tells it."""

from __future__ import annotations

from approvals import receipt
from approvals.models import Approval


def test_it_is_told_in_words_and_in_order():
    kept = {
        "seal": "5ea1", "message": "v1:d1", "policy": "gate-5", "approved_by": 7,
        "purpose": "follow_up",
        "approved_at": "2026-03-11T11:00:00.5+01:00",
        "checks": [{"check": "TIME_CHECK", "code": "time", "status": "pass"}] * 2,
    }  # fmt: skip
    row = Approval(decided_by_label="Alice", receipt=kept)
    assert receipt.told(row) == [
        ("Approved by", "Alice (user 7)", False),
        ("Approved at", "2026-03-11 10:00:00 UTC", False),
        ("Judged as", "follow up", False),
        ("Checks shown", "TIME_CHECK pass, TIME_CHECK pass", False),
        ("Rules in force", "gate-5", True),
        ("Digest of the letter", "v1:d1", True),
        ("Seal", "5ea1", True),
    ]
    row.receipt = {**kept, "rule": {"threshold": 90, "confidence": 95}}
    assert ("By rule", "threshold 90, confidence 95", False) in receipt.told(row)


def test_it_names_who_an_e_mail_comes_from():
    row = Approval(decided_by_label="Alice", receipt={"sender": "Mira Keller <mira@example.org>"})
    assert ("Comes from", "Mira Keller <mira@example.org>", False) in receipt.told(row)
    row.receipt = {"from": "Outreach <outreach@example.org>"}
    assert ("Comes from", "Outreach <outreach@example.org>", False) in receipt.told(row)
    row.receipt = {"sender": "<>"}  # of an older version: the server's own address
    assert "Comes from" not in {name for name, *_ in receipt.told(row)}


def test_one_that_was_broken_can_still_be_looked_at():
    row = Approval(decided_by_label="Alice", receipt={"approved_at": "soon", "checks": [{}]})
    assert ("Approved at", "soon", False) in receipt.told(row)
    assert receipt.told(Approval()) == receipt.told(Approval(receipt=[])) == []
