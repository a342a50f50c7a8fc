"""What every adapter must do, as one class: a new adapter's tests inherit it and add their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from channels.base import Adapter, Envelope, Outcome, Receipt


def make_envelope(**changes: Any) -> Envelope:
    """An ordinary message to Ana; `changes` say what is special."""
    plain = {
        "token": "4f1c",
        "channel": "email",
        "recipient": "ana@example.com",
        "sender": "Bob Writer <bob@example.org>",
        "subject": "Your question",
        "text": "Dear Ana,\r\n\r\nhere is the answer.\r\n",
        "message_id": "<d1.r2@example.org>",
    }
    return Envelope(**{**plain, **changes})


class AdapterContract:
    """Inherit, and give the two fixtures: `adapter`, ready to carry, and `arrived`, a function
    that returns the texts that reached the other side, in order. Where an address looks otherwise
    on this channel, give `recipient` too."""

    recipient = "ana@example.com"

    def envelope(self, **changes: Any) -> Envelope:
        return make_envelope(**{"recipient": self.recipient, **changes})

    @pytest.fixture
    def adapter(self) -> Adapter:
        raise NotImplementedError

    @pytest.fixture
    def arrived(self) -> Any:
        raise NotImplementedError

    def test_it_names_its_channel_and_lacks_nothing(self, adapter):
        assert adapter.channel
        assert adapter.configured() == ""

    def test_one_message_leaves_once_and_unchanged(self, adapter, arrived):
        connection = adapter.connect()
        assert connection.prove() is True
        receipt = connection.carry(self.envelope(channel=adapter.channel))
        connection.close()
        assert isinstance(receipt, Receipt)
        assert receipt.outcome is Outcome.SENT
        assert arrived() == [self.envelope().text]

    def test_a_connection_carries_one_after_another(self, adapter, arrived):
        connection = adapter.connect()
        texts = [f"Message {number}\r\n" for number in range(3)]
        for text in texts:
            assert connection.prove()
            assert connection.carry(self.envelope(text=text)).outcome is Outcome.SENT
        connection.close()
        assert arrived() == texts

    def test_connections_do_not_mix_up_what_they_carry(self, adapter, arrived):
        connections = [adapter.connect() for _ in range(4)]
        threads = [
            threading.Thread(target=one.carry, args=(self.envelope(text=f"From thread {n}\r\n"),))
            for n, one in enumerate(connections)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        assert sorted(arrived()) == [f"From thread {n}\r\n" for n in range(4)]

    @pytest.mark.parametrize("end", ["abort", "close"])
    def test_after_its_end_nothing_leaves(self, adapter, arrived, end):
        """A thread that comes late must not transmit: its sender may have given up its lock."""
        connection = adapter.connect()
        getattr(connection, end)()
        assert connection.carry(self.envelope()).outcome is Outcome.TRY_LATER
        assert connection.prove() is False
        assert arrived() == []

    def test_ending_never_raises(self, adapter):
        connection = adapter.connect()
        connection.close()
        connection.close()
        connection.abort()
        connection.abort()
        connection.close()

    @pytest.mark.parametrize("text", ["", "\0", "\ud800", "x" * 100_000, "🙂\r\n‮שלום\n.\r"])
    def test_carry_never_raises(self, adapter, arrived, text):
        envelope = self.envelope(text=text, subject=text[:100], recipient="odd\n<address", token="")
        receipt = adapter.connect().carry(envelope)
        assert isinstance(receipt.outcome, Outcome)
        assert receipt.reply.replace("\n", "").isprintable()

    def test_rendering_shows_it_all_and_sends_nothing(self, adapter, arrived):
        envelope = self.envelope(attachments=(("plan.pdf", "application/pdf", b"%PDF"),))
        shown = adapter.render(envelope)
        assert self.recipient in shown
        assert "Your question" in shown
        assert "here is the answer." in shown
        assert "plan.pdf" in shown
        assert arrived() == []

    def test_rendering_never_raises(self, adapter):
        assert isinstance(adapter.render(self.envelope(subject="a\r\nBcc: x@y", recipient="")), str)


def timed(call) -> tuple[Any, float]:
    """What a call returned and how long it took."""
    started = time.monotonic()
    return call(), time.monotonic() - started


def texts_of(messages: Sequence[Any]) -> list[str]:
    """The decoded plain text of parsed messages, byte for byte."""
    parts = [m.get_body(("plain",)) if m.is_multipart() else m for m in messages]
    return [part.get_payload(decode=True).decode() for part in parts]
