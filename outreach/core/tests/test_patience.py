"""How long a statement waits for a lock, and that it waits as before again whatever happens."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db import OperationalError

from outreach.core import patience
from outreach.core.patience import READING, impatient

READ = ("SELECT current_setting('lock_timeout')", ())
SET = "SELECT set_config('lock_timeout', %s, false)"


@pytest.fixture
def asked(monkeypatch):
    """What a server that waits 7 s is asked, in their order."""
    statements = []

    def fetch(statement, values=()):
        statements.append((statement, tuple(values)))
        return [("7s",)]

    monkeypatch.setattr(patience, "connection", SimpleNamespace(vendor="postgresql"))
    monkeypatch.setattr("outreach.core.sql.fetch", fetch)
    return statements


@pytest.mark.parametrize(("given", "longest"), [((), "5s"), ((READING,), "2s")])
def test_a_lock_is_waited_for_so_long_and_as_before_afterwards(asked, given, longest):
    with impatient(*given):
        assert asked == [READ, (SET, (longest,))]
    assert asked[2:] == [(SET, ("7s",))]


def test_what_fails_waits_as_before_too(asked):
    with pytest.raises(OperationalError, match="held"), impatient():
        raise OperationalError("held")
    assert asked[2:] == [(SET, ("7s",))]


def test_a_server_that_is_gone_hides_no_other_error(asked, monkeypatch):
    def gone(statement, values=()):
        raise OperationalError("gone")

    with pytest.raises(ValueError, match="theirs"), impatient():
        monkeypatch.setattr("outreach.core.sql.fetch", gone)
        raise ValueError("theirs")
    with pytest.raises(OperationalError, match="gone"), impatient():
        pytest.fail("nothing is done without a limit")


def test_another_database_is_asked_nothing(asked, monkeypatch):
    monkeypatch.setattr(patience, "connection", SimpleNamespace(vendor="sqlite"))
    with impatient():
        assert asked == []
    assert asked == []
