"""The facts about a message: what is not told stands for nothing; when a reason to write holds."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from safety.contract.localtime import LocalZones
from safety.question import ConsentOnFile, Facts, Moment

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)
SOON = timedelta(seconds=1)
PLAIN = Facts(
    channel="email", purpose="informational", touch="reply", action="send_email",
    address="a@example.com", subject="Minutes", text="Here they are.", html="", by_kind="user",
    person_status="active", status_reason="", automation_enabled=True, automation_reason="",
    zones=LocalZones(("UTC",), "workspace"),
)  # fmt: skip


def test_what_is_not_told_of_a_message_stands_for_nothing():
    """No country, no consent, no brake, nothing settled, no emergency."""
    told = {field.name: field.default for field in fields(Facts) if field.default is not MISSING}
    assert not any(told.values())
    assert {name: getattr(PLAIN, name) for name in told} == told


def test_the_moments_are_called_as_they_are_stored():
    assert list(Moment) == ["submission", "edit", "approval", "sending"]
    assert [moment.name.lower() for moment in Moment] == list(Moment)


@pytest.mark.parametrize(
    ("begins", "ends", "valid"),
    [
        (NOON, None, True),
        (NOON + SOON, None, False),
        (NOON, NOON + SOON, True),
        (NOON - SOON, NOON, False),
    ],
)
def test_a_reason_to_write_holds_from_its_time_until_it_expires(begins, ends, valid):
    assert ConsentOnFile("email", "opt_in", begins, ends).is_valid(NOON) is valid


@pytest.mark.parametrize(
    ("override", "purpose", "urgent"),
    [
        ("medical", "informational", True),
        ("medical", "promotional", False),
        ("medical", "unheard of", False),
        ("", "informational", False),
    ],
)
def test_an_emergency_is_declared_and_never_sells(override, purpose, urgent):
    assert replace(PLAIN, override=override, purpose=purpose).is_urgent is urgent


@pytest.mark.parametrize(("html", "shown"), [("", ""), ("<p>Hello <b>Ann</b></p>", "Hello Ann")])
def test_the_words_of_the_html_part_are_what_people_see(html, shown):
    assert replace(PLAIN, html=html).shown.strip() == shown
