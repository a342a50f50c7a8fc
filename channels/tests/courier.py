"""Small ways to carry one message to a scripted sink, for the tests of the SMTP client."""

from __future__ import annotations

import re
import time

from channels.base import Envelope
from channels.smtp import SmtpConnection
from channels.tests.sink import SmtpSink
from channels.wire import Mail

BODY = b"Subject: hello\r\n\r\nDear Ana\r\n"
PLAIN = ("8BITMIME",)  # no PIPELINING: one command, one answer
STAGES_BEFORE_BODY = ("mail", "rcpt", "data")
BINARY = b"\xff\x00\xfe garbage\r\n"
SILENT = re.compile(r"hang|(drip|wait) (0\.[1-9]|[1-9])")  # what a script says of a silent server


def make_envelope(data: bytes = BODY, recipient: str = "ana@example.com") -> Envelope:
    return Envelope("t", "email", recipient, "bob@example.org", "", data.decode("latin-1"))


def as_mail(envelope: Envelope) -> Mail:
    utf8 = not envelope.recipient.isascii()
    return Mail(envelope.sender, envelope.recipient, envelope.text.encode("latin-1"), utf8)


def make_connection(sink, compose=as_mail, timeout=None, **more) -> SmtpConnection:
    """Waits long, lest a slow machine pass for a silent server; where that is asked, not."""
    timeout = timeout or (0.3 if SILENT.search(repr(sink.script)) else 20)
    return SmtpConnection(sink.host, sink.port, timeout=timeout, compose=compose, **more)


def carry(script, *, extensions=PLAIN, envelope=None, **more):
    with SmtpSink(script, extensions=extensions, **more) as sink:
        connection = make_connection(sink)
        receipt = connection.carry(envelope or make_envelope())
        connection.close()
        return receipt, sink


def wait_until(true, seconds: float = 2.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)
