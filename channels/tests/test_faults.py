"""The page of faults (docs/faults.md) names tests that exist; and one fault nobody else puts in."""

from __future__ import annotations

import ast
import re
import sqlite3
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from channels import registry, sending
from channels.adapters.memory import MemoryAdapter
from channels.tests.plenty import make_plenty
from outreach.testing import WORKDAY
from tools.syntax import tree

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "faults.md").read_text()
ROWS = re.findall(r"^\| (\d+) \| .*$", PAGE, re.MULTILINE)
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE)))


def test_every_row_of_the_matrix_is_there_once_and_in_order():
    assert [int(number) for number in ROWS] == list(range(1, 45))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda each: each)
def test_a_test_that_the_page_names_exists(path, name):
    there = {node.name for node in ast.walk(tree(ROOT / path)) if isinstance(node, ast.FunctionDef)}
    assert name in there, f"docs/faults.md names {path}::{name}"


def test_a_row_without_a_test_says_so():
    for line in PAGE.splitlines():
        if re.match(r"\| \d+ \|", line) and "::test_" not in line:
            assert "**No test" in line, line


@pytest.mark.once  # it is about SQLite
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite has one writer")
@pytest.mark.django_db(transaction=True)
def test_a_writer_that_holds_sqlite_makes_the_sender_wait_and_loses_nothing(live):
    """Another process' EXCLUSIVE lock for a second: the claim waits for it, then all leave once."""
    MemoryAdapter.reset()
    make_plenty(12)
    other = sqlite3.connect(connection.settings_dict["NAME"], check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    threading.Timer(1.0, other.rollback).start()
    with registry.override("email", MemoryAdapter("email")):
        report = sending.process(clock=lambda: WORKDAY + timedelta(minutes=1))
    other.close()
    assert (report.sent, report.database_failures) == (12, 0)
    assert len({each.recipient for each in MemoryAdapter.outbox}) == 12
    MemoryAdapter.reset()
