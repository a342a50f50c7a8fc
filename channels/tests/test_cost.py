"""What a message costs the database: counted, so that the answer is the same on any machine."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from channels import registry, sending
from channels.adapters.memory import MemoryAdapter
from channels.tests.plenty import make_plenty
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)


def cost(messages: int) -> int:
    """Statements, BEGIN and COMMIT not among them, of a drain over ten connections."""
    make_plenty(messages)
    count = 0

    def counting(execute, *args):
        nonlocal count
        count += 1
        return execute(*args)

    with connection.execute_wrapper(counting):
        report = sending.process(clock=lambda: WORKDAY + timedelta(minutes=1))
    assert report.sent == messages
    return count


def test_a_wave_costs_the_same_however_many_follow_and_at_most_13_statements(live):
    live.SEND_CONNECTIONS = 10
    with registry.override("email", MemoryAdapter("email")):
        cost(10)  # the first of a day opens its counters
        few, many = cost(20), cost(120)
    assert (many - few) % 10 == 0, "each wave costs the same"
    assert (many - few) / 100 <= 1.3, "statements for each message"


def test_one_message_opens_one_connection(live, monkeypatch):
    live.SEND_CONNECTIONS = 10
    opened = []
    connect = MemoryAdapter.connect
    monkeypatch.setattr(MemoryAdapter, "connect", lambda self: opened.append(1) or connect(self))
    with registry.override("email", MemoryAdapter("email")):
        cost(1)
    assert len(opened) == 1
