"""Carrying a wave: one deadline for all; an intent stays open while a thread may still write."""

from __future__ import annotations

import threading
import time

import pytest

from channels import carrying
from channels.base import ChannelUnavailable, Outcome, Receipt
from channels.tests.contract import make_envelope


class Line:
    """A connection that answers when told, and lets go of it when told."""

    def __init__(self, *, answers=True, lets_go=True):
        self.free = threading.Event()
        if answers:
            self.free.set()
        self.lets_go, self.aborted, self.closed = lets_go, False, False

    def prove(self):
        return not self.aborted

    def carry(self, envelope):
        self.free.wait(10)
        return Receipt(Outcome.UNKNOWN if self.aborted else Outcome.SENT, "test")

    def abort(self):
        self.aborted = True
        if self.lets_go:
            self.free.set()

    def close(self):
        self.closed = True


class Lines:
    channel = "email"

    def __init__(self, *lines):
        self.lines = list(lines)

    def connect(self):
        if not self.lines:
            raise ChannelUnavailable("no more")
        return self.lines.pop(0)


def test_one_hanging_connection_is_cut_off_at_the_deadline_and_the_others_are_not():
    good, hanging = Line(), Line(answers=False)
    lines = carrying.Connections(Lines(good, hanging), 2)
    assert lines.ready(2) == 2
    receipts = lines.carry([make_envelope(), make_envelope()], deadline=0.1)
    assert [item.outcome for item in receipts] == [Outcome.SENT, Outcome.UNKNOWN]
    assert (good.closed, hanging.closed) == (False, True)
    lines.close()


def test_a_thread_that_does_not_let_go_keeps_its_intent_open(monkeypatch):
    monkeypatch.setattr(carrying, "GRACE_SECONDS", 0.05)
    stubborn = Line(answers=False, lets_go=False)
    lines = carrying.Connections(Lines(stubborn), 1)
    lines.ready(1)
    threading.Timer(0.4, stubborn.free.set).start()
    began = time.monotonic()
    lines.carry([make_envelope()], deadline=0.05)
    assert time.monotonic() - began >= 0.35
    lines.close()


def test_fewer_connections_than_wanted_are_enough_and_none_is_told():
    lines = carrying.Connections(Lines(Line()), 5)
    assert lines.ready(5) == 1
    with pytest.raises(RuntimeError, match="never larger"):
        lines.carry([make_envelope(), make_envelope()], deadline=1)
    lines.close()
    with pytest.raises(ChannelUnavailable):
        carrying.Connections(Lines(), 5).ready(5)


class Broken:
    channel = "email"

    def connect(self):
        raise FileNotFoundError("client.pem")


def test_whatever_an_adapter_raises_its_channel_is_away_and_no_other():
    lines = carrying.Connections(Broken(), 2)
    with pytest.raises(ChannelUnavailable, match=r"FileNotFoundError: client\.pem"):
        lines.ready(2)
    lines.close()
