"""The reference of the settings is made from what is read, and is not older than that."""

from __future__ import annotations

import re

from tools import configuration


def test_the_page_is_as_it_would_be_written_now():
    assert configuration.PAGE.read_text() == configuration.page(), (
        "docs/configuration.md is old: python -m tools.configuration"
    )


def test_every_variable_stands_there_with_what_it_is_for():
    rows = re.findall(r"^\| `([A-Z0-9_]+)`.* \| (.*) \|$", configuration.page(), re.M)
    listed = re.findall(r"^#?([A-Z][A-Z0-9_]*)=", configuration.EXAMPLE.read_text(), re.M)
    assert [name for name, _ in rows] == listed
    assert not [name for name, told in rows if not told.strip()]


def test_kind_range_and_default_come_from_the_call_that_reads_it():
    read = configuration.readings()
    assert read["DRY_RUN"] == configuration.Reading("`True` or `False`", "True")
    assert read["SEND_CONNECTIONS"] == configuration.Reading("whole number, 1 to 50", "20")
    assert read["APPROVAL_UNDO_SECONDS"].kind == "whole number, 0 to 600"
    assert read["ALLOWED_HOSTS"].default == "localhost,127.0.0.1,[::1]"
    assert "| `EMAIL_URL` 🔒 |" in configuration.page()
    assert "| `BASE_URL` |" in configuration.page()
