"""Fixtures of the ways out: senders in other processes, a lock of our own, two kinds of server."""

from __future__ import annotations

import pytest

from channels.liveness import SenderLock
from channels.tests.courier import PLAIN
from channels.tests.holder import Holder


@pytest.fixture
def hold(tmp_path):
    holders: list[Holder] = []

    def start(*words: str) -> Holder:
        holders.append(Holder(tmp_path, *words))
        return holders[-1]

    yield start
    for holder in holders:
        holder.end()


@pytest.fixture
def lock(tmp_path):
    lock = SenderLock.acquire(tmp_path)
    yield lock
    lock.release(all_ended=True)


@pytest.fixture(params=["pipelined", "one by one"])
def extensions(request):
    return ("PIPELINING", "8BITMIME", "SIZE 1000") if request.param == "pipelined" else PLAIN
