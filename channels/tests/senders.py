"""Fixtures that start real senders: `pytest_plugins = ["channels.tests.senders"]`."""

from __future__ import annotations

from typing import Any

import pytest

from channels.tests.processes import Nursery, Sender


@pytest.fixture(scope="session")
def nursery(django_db_setup):
    nursery = Nursery()
    yield nursery
    nursery.end()


@pytest.fixture
def start(nursery, transactional_db):
    """Starts senders; whatever still lives at the end of the test is killed before the flush."""
    senders: list[Sender] = []

    def begin(sink: Any = None, **spec: Any) -> Sender:
        where = {"host": sink.host, "port": sink.port} if sink is not None else {}
        senders.append(nursery.start(**where, **spec))
        return senders[-1]

    yield begin
    for sender in senders:
        sender.end()


@pytest.fixture
def mail(live):
    """Lets this process send to a sink as well: `mail(sink)`."""

    def through(sink: Any, connections: int = 5) -> None:
        live.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        live.EMAIL_HOST, live.EMAIL_PORT = sink.host, sink.port
        live.SEND_CONNECTIONS = connections

    return through
