"""Whatever the server does and whenever the deadline falls, a receipt never lies."""

from __future__ import annotations

import random
import threading
from collections import Counter

import pytest

from channels.base import Outcome
from channels.smtp import SmtpConnection
from channels.tests.courier import BINARY, as_mail, make_envelope, wait_until
from channels.tests.sink import SmtpSink

STAGES = ("connect", "ehlo", "mail", "rcpt", "data", "body", "dot", "rset", "noop", "quit")
FAULTS = (
    *("drop", "reset", "hang", "drip 0.01", "wait 0.02", BINARY, "250 early\nor\nlate", "354 odd"),
    *("421 bye", "451 later", "550 no", b"250-never\r\n250-ending\r\n", b"250 ok\r\n250 twice\r\n"),
)
# With "250 early" an unasked yes can stand where the dot's answer is awaited: the sink lies.
LIES_AT = ("body",)


class Chaos:
    """A script that goes wrong at random, the same way for the same seed and order of questions."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def __call__(self, connection: int, stage: str):
        if self.random.random() > 0.08:
            return None
        fault = self.random.choice(FAULTS)
        says_yes = isinstance(fault, bytes) or fault[:2] in ("25", "dr", "wa")
        return "drop" if stage in LIES_AT and says_yes else fault


def carry_many(sink: SmtpSink, name: str, count: int, outcomes: dict[str, Outcome], aborts: bool):
    """One thread's work: prove, carry, and now and then be cut off at the deadline."""
    dice = random.Random(name)
    connection = None
    for number in range(count):
        if connection is None:
            connection = SmtpConnection(sink.host, sink.port, timeout=0.05, compose=as_mail)
        key = f"<{name}.{number}@x>"
        connection.prove()
        timer = threading.Timer(dice.random() * 0.004, connection.abort)
        cut = aborts and dice.random() < 0.3
        if cut:
            timer.start()
        text = f"Message-ID: {key}\r\n\r\n.{'x' * dice.choice([10, 100_000])}\r\n"
        outcomes[key] = connection.carry(make_envelope(text.encode())).outcome
        timer.cancel()
        if cut:
            timer.join()
            connection.close()
            connection = None
    if connection is not None:
        connection.close()


@pytest.mark.parametrize(
    "extensions", [("PIPELINING", "SIZE 99999999"), ()], ids=["piped", "plain"]
)
@pytest.mark.parametrize("aborts", [False, True], ids=["", "with aborts"])
def test_receipts_agree_with_what_the_server_took(extensions, aborts):
    outcomes: dict[str, Outcome] = {}
    with SmtpSink(Chaos(seed=4), extensions=extensions) as sink:
        threads = [
            threading.Thread(target=carry_many, args=(sink, f"t{n}", 60, outcomes, aborts))
            for n in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    taken = Counter(a.message_id for a in sink.arrivals)
    assert len(outcomes) == 360
    for key, outcome in outcomes.items():
        may = {Outcome.SENT: {1}, Outcome.UNKNOWN: {0, 1}}.get(outcome, {0})
        assert taken[key] in may, f"{key} was {outcome} and arrived {taken[key]} times"
    assert set(outcomes.values()) == set(Outcome), "the faults were many enough"


def test_a_yes_before_the_whole_body_was_handed_over_is_not_believed():
    envelope = make_envelope(b"Subject: x\r\n\r\n" + b"y" * 8_000_000 + b"\r\n")
    with SmtpSink({"body": "250 early"}) as sink:
        connection = SmtpConnection(*sink.address, timeout=1, compose=as_mail)
        assert connection.carry(envelope).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "dot"])
def test_closing_under_a_running_carry_cuts_it_off_and_says_no_quit(stage):
    """A QUIT from another thread would end up inside the message."""
    with SmtpSink({stage: "hang"}) as sink:
        connection = SmtpConnection(*sink.address, timeout=60, compose=as_mail)
        receipts: list = []
        thread = threading.Thread(target=lambda: receipts.append(connection.carry(make_envelope())))
        thread.start()
        wait_until(lambda: connection._stage == stage)
        connection.close()
        thread.join(2)
        assert receipts[0].outcome is (Outcome.UNKNOWN if stage == "dot" else Outcome.TRY_LATER)
        connection.close()
    assert sink.heard("QUIT") == 0
