"""What the SMTP client says after every fault, judged by a server that knows what it took."""

from __future__ import annotations

import threading
import time

import pytest

from channels import wire
from channels.base import Fault, Outcome
from channels.tests.courier import (
    BINARY,
    BODY,
    PLAIN,
    STAGES_BEFORE_BODY,
    carry,
    make_connection,
    make_envelope,
)
from channels.tests.sink import SmtpSink
from channels.wire import Unsendable, data_block, printable


def test_a_message_arrives_as_given_with_its_envelope(extensions):
    receipt, sink = carry(None, extensions=extensions)
    assert (receipt.outcome, receipt.stage) == (Outcome.SENT, "dot")
    assert receipt.provider_id == "1-1"
    (arrival,) = sink.arrivals
    assert arrival.data == BODY
    assert (arrival.sender, arrival.recipients) == ("bob@example.org", ["ana@example.com"])


def test_one_connection_carries_many_messages(extensions):
    with SmtpSink(extensions=extensions) as sink:
        connection = make_connection(sink)
        connection.open()
        for number in range(20):
            text = f"Subject: {number}\r\n\r\nx\r\n".encode()
            assert connection.carry(make_envelope(text)).outcome is Outcome.SENT
        connection.close()
    assert [a.message["Subject"] for a in sink.arrivals] == [str(n) for n in range(20)]
    assert sink.connections == 1
    assert sink.heard("QUIT") == 1


@pytest.mark.parametrize(("extensions", "ways"), [(PLAIN, 4), (("PIPELINING",), 2)])
def test_a_late_server_costs_a_message_so_many_ways_there_and_back(extensions, ways):
    """At least; a busy machine takes longer. What came together is answered together."""
    with SmtpSink(extensions=extensions, delay=0.02) as sink:
        connection = make_connection(sink)
        connection.open()
        began = time.monotonic()
        assert connection.carry(make_envelope()).outcome is Outcome.SENT
        assert time.monotonic() - began >= ways * 0.02
        assert [line.split()[0] for _, line in sink.commands[1:]] == ["MAIL", "RCPT", "DATA"]
        connection.close()


def test_pipelining_needs_one_write_for_three_commands(monkeypatch):
    written = []
    original = wire.Wire.write
    monkeypatch.setattr(
        wire.Wire, "write", lambda self, data: (written.append(data), original(self, data))[1]
    )
    with SmtpSink(extensions=("PIPELINING",)) as sink:
        connection = make_connection(sink)
        connection.open()
        connection.carry(make_envelope())
    commands = [
        line.split()[0] for data in written if b"MAIL" in data for line in data.splitlines()
    ]
    assert commands == [b"MAIL", b"RCPT", b"DATA"]
    assert sink.heard("MAIL") == sink.heard("RCPT") == sink.heard("DATA") == 1


# -- a clear no --------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [*STAGES_BEFORE_BODY, "dot"])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("550 5.1.1 no such user", Outcome.REFUSED),
        ("451 4.3.0 later", Outcome.TRY_LATER),
        ("421 4.3.2 closing", Outcome.TRY_LATER),
        ("554 first line\nsecond line", Outcome.REFUSED),
        ("535 5.7.8 log in again", Outcome.TRY_LATER),
        ("wait 0.05 552 too big", Outcome.REFUSED),
        ("drip 0.002 550 no", Outcome.REFUSED),
    ],
)
def test_a_clear_no_is_certain_at_every_stage(stage, answer, outcome, extensions):
    receipt, sink = carry({stage: answer}, extensions=extensions)
    assert (receipt.outcome, receipt.stage) == (outcome, stage)
    assert sink.arrivals == []


@pytest.mark.parametrize("stage", [*STAGES_BEFORE_BODY, "dot"])
@pytest.mark.parametrize("answer", ["550 no", "451 later", "421 bye", BINARY, "drop"])
def test_after_a_fault_the_next_message_goes_through(stage, answer, extensions):
    with SmtpSink([{stage: [answer]}], extensions=extensions) as sink:
        connection = make_connection(sink)
        first = connection.carry(make_envelope(b"Subject: 1\r\n\r\n"))
        assert connection.prove()
        second = connection.carry(make_envelope(b"Subject: 2\r\n\r\n"))
        connection.close()
    assert second.outcome is Outcome.SENT
    taken = [a.message["Subject"] for a in sink.arrivals]
    assert taken == (["1", "2"] if first.outcome is Outcome.UNKNOWN else ["2"])


def test_a_refused_recipient_does_not_cost_the_connection(extensions):
    with SmtpSink({"rcpt": ["550 no", None]}, extensions=extensions) as sink:
        connection = make_connection(sink)
        connection.carry(make_envelope())
        assert connection.carry(make_envelope()).outcome is Outcome.SENT
    assert (sink.connections, sink.heard("RSET")) == (1, 1)


def test_a_server_that_wants_a_body_without_a_recipient_gets_none():
    receipt, sink = carry({"rcpt": "550 no"}, extensions=("PIPELINING",), careless=True)
    assert (receipt.outcome, receipt.stage) == (Outcome.REFUSED, "rcpt")
    assert sink.arrivals == []


@pytest.mark.parametrize("after", ["drop", "hang", BINARY, "550 no"])
def test_what_follows_a_refusal_does_not_change_it(after, extensions):
    receipt, _ = carry({"mail": "550 no", "rset": after}, extensions=extensions)
    assert (receipt.outcome, receipt.reply) == (Outcome.REFUSED, "550 no")


def test_the_seconds_asked_for_are_told():
    assert carry({"rcpt": "451 greylisted, try again in 300 seconds"})[0].retry_after == 300
    assert carry({"rcpt": "451 greylisted, try again in 5 minutes"})[0].retry_after == 300
    assert carry({"rcpt": "451 busy"})[0].retry_after is None


# -- no answer, or none that can be read -------------------------------------------------------

SILENCE = ["drop", "reset", "hang", "drip 0.1"]
NONSENSE = [
    BINARY,
    b"250" + b"x" * 40_000 + b"\r\n",
    b"250-" + b"x" * 40_000 + b"\r\n",
    b"250-no end\r\n" * 5_000,
    b"250-one\r\n550 two\r\n",
    b"hello\r\n",
    b" 25 ok\r\n",
    b"2500 ok\r\n",
    b"\r\n",
    b"999 what\r\n",
    b"150 wait\r\n",
    b"220 hello again\r\n",
    b"334 go on\r\n",
]


@pytest.mark.parametrize("fault", [*SILENCE, *NONSENSE])
@pytest.mark.parametrize("stage", STAGES_BEFORE_BODY)
def test_before_the_body_nothing_can_have_left(stage, fault, extensions):
    receipt, sink = carry({stage: fault}, extensions=extensions)
    assert (receipt.outcome, receipt.stage) == (Outcome.TRY_LATER, stage)
    assert sink.arrivals == []


@pytest.mark.parametrize(
    ("stage", "answer", "fault"),
    [
        ("mail", "drop", Fault.SERVICE),
        ("rcpt", "reset", Fault.SERVICE),
        ("data", BINARY, Fault.SERVICE),
        ("mail", "451 4.3.0 out of order", Fault.SERVICE),
        ("rcpt", "421 4.3.2 closing", Fault.SERVICE),
        ("dot", "421 4.3.2 closing", Fault.SERVICE),
        ("mail", "530 5.7.0 log in", Fault.SERVICE),
        ("rcpt", "451 4.7.1 greylisted", Fault.NONE),
        ("dot", "451 4.7.1 later", Fault.NONE),
        ("mail", "550 5.7.1 not you", Fault.NONE),
        ("rcpt", "550 5.1.1 no such user", Fault.NONE),
    ],
)
def test_what_a_server_does_to_everybody_is_no_fault_of_the_message(stage, answer, fault):
    """Such a channel rests. It went on, and after half an hour each message had used its tries up
    and was a draft again, with its approval lost."""
    receipt, _ = carry({stage: answer}, extensions=PLAIN)
    assert receipt.fault is fault


@pytest.mark.parametrize("fault", [*SILENCE, *NONSENSE, b"354 more\r\n", b"221 bye\r\n"])
def test_after_the_dot_only_a_clear_answer_counts(fault, extensions):
    receipt, sink = carry({"dot": fault}, extensions=extensions)
    assert (receipt.outcome, receipt.stage) == (Outcome.UNKNOWN, "dot")
    assert len(sink.arrivals) == 1
    assert receipt.reply


@pytest.mark.parametrize("fault", ["drop", "reset", "hang"])
@pytest.mark.parametrize("size", [10, 8_000_000])
def test_a_body_cut_short_is_unknown(fault, size):
    envelope = make_envelope(b"Subject: x\r\n\r\n" + b"y" * size + b"\r\n")
    receipt, _ = carry({"body": fault}, envelope=envelope)
    assert receipt.outcome is Outcome.UNKNOWN
    assert receipt.stage in ("body", "dot")


def test_a_no_in_the_middle_of_a_body_that_never_got_through_is_certain():
    envelope = make_envelope(b"Subject: x\r\n\r\n" + b"y" * 8_000_000 + b"\r\n")
    receipt, sink = carry({"body": "552 5.3.4 too big"}, envelope=envelope)
    assert (receipt.outcome, receipt.stage) == (Outcome.REFUSED, "body")
    assert sink.arrivals == []


def test_good_bye_in_the_middle_of_the_body_is_certain():
    receipt, sink = carry({"body": "421 4.3.2 going down"})
    assert receipt.outcome is Outcome.TRY_LATER
    assert sink.arrivals == []


@pytest.mark.parametrize(
    "answer",
    [
        "250 one\ntwo\nthree",
        "drip 0.002",
        "wait 0.05",
        b"250 \xff\x00\xc3 ok\r\n",
        b"250\r\n",
        b"250 ok\n",
        b"250 " + b"x" * 3_000 + b"\r\n",
    ],
)
def test_an_odd_yes_is_a_yes(answer):
    receipt, sink = carry({"dot": answer})
    assert receipt.outcome is Outcome.SENT
    assert len(sink.arrivals) == 1
    assert receipt.reply.isprintable()
    assert len(receipt.reply) <= 2_000


@pytest.mark.parametrize("fault", ["drop", "reset", "hang", "550 no", BINARY])
def test_errors_at_quit_change_nothing(fault, monkeypatch):
    monkeypatch.setattr("channels.smtp.QUIT_SECONDS", 0.1)
    receipt, sink = carry({"quit": fault})
    assert receipt.outcome is Outcome.SENT
    assert len(sink.arrivals) == 1


def test_an_answer_nobody_asked_for_is_not_taken_for_the_last_one():
    """Else a server one reply ahead would turn its next message's loss into a success."""
    receipt, sink = carry({"data": b"354 go\r\n250 already\r\n"})
    assert (receipt.outcome, receipt.stage) == (Outcome.TRY_LATER, "data")
    assert sink.arrivals == []


def test_carry_never_sends_twice_by_itself(extensions):
    receipt, sink = carry([{"dot": "drop"}, {}], extensions=extensions)
    assert receipt.outcome is Outcome.UNKNOWN
    assert (len(sink.arrivals), sink.connections) == (1, 1)


# -- what may be put on the wire ---------------------------------------------------------------


def test_an_address_beyond_ascii_needs_the_servers_consent():
    envelope = make_envelope(recipient="почта@example.com")
    receipt, sink = carry(None, envelope=envelope, extensions=PLAIN)
    assert receipt.outcome is Outcome.REFUSED
    assert "SMTPUTF8" in receipt.reply
    assert sink.heard("MAIL") == 0
    receipt, sink = carry(None, envelope=envelope, extensions=("SMTPUTF8",))
    assert receipt.outcome is Outcome.SENT
    assert sink.arrivals[0].recipients == ["почта@example.com"]
    assert "SMTPUTF8" in sink.arrivals[0].options


@pytest.mark.parametrize("fault", [Unsendable("Line break in the subject."), RuntimeError("odd")])
def test_what_cannot_be_composed_is_refused_before_a_word_is_said(fault):
    def compose(_):
        raise fault

    with SmtpSink() as sink:
        receipt = make_connection(sink, compose=compose).carry(make_envelope())
    assert (receipt.outcome, receipt.reply) == (Outcome.REFUSED, str(fault))
    assert sink.connections == 0


@pytest.mark.parametrize(
    ("given", "arrives"),
    [
        (b"", b"\r\n"),
        (b".", b".\r\n"),
        (b"..\r\n", b"..\r\n"),
        (b"a\r\n.\r\nb\r\n", b"a\r\n.\r\nb\r\n"),
        (b".a\r\n..b\r\n...c", b".a\r\n..b\r\n...c\r\n"),
        (b"a\n.\nb\n", b"a\r\n.\r\nb\r\n"),
        (b"a\r.\rb", b"a\r\n.\r\nb\r\n"),
        (b"a\r\r\n.\n\r\nb", b"a\r\n\r\n.\r\n\r\nb\r\n"),
        (b"no end", b"no end\r\n"),
    ],
)
def test_dots_and_line_ends(given, arrives):
    receipt, sink = carry(None, envelope=make_envelope(given))
    assert receipt.outcome is Outcome.SENT
    assert [a.data for a in sink.arrivals] == [arrives]


@pytest.mark.parametrize("end", ["\n.\n", "\r.\r", "\r\n.\n", "\n.\r\n", "\r\n.\r", "\r.\n"])
def test_nothing_smuggles_in_a_second_message(end):
    text = f"Subject: x\r\n\r\nhi{end}MAIL FROM:<evil@x>\r\nRCPT TO:<v@x>\r\nDATA\r\nboo\r\n"
    block = data_block(text.encode())
    assert block.count(b"\n.\r") == 1
    assert block.count(b"\r\n") == block.count(b"\n") == block.count(b"\r")
    receipt, sink = carry(None, envelope=make_envelope(text.encode()))
    assert receipt.outcome is Outcome.SENT
    assert (len(sink.arrivals), sink.heard("MAIL")) == (1, 1)


def test_what_a_server_says_can_be_stored_and_shown():
    shown = printable(b"\x00\x1b[31m\xff\r\n" + "é‮".encode() + b"x" * 1_000)
    assert shown.isprintable()
    assert shown.startswith(r"\x00\x1b[31m\xff\x0d\x0aé")
    assert len(shown) < 600


def test_ten_threads_over_ten_connections_lose_and_double_nothing():
    with SmtpSink() as sink:
        connections = [make_connection(sink, timeout=5) for _ in range(10)]

        def work(number: int) -> None:
            for i in range(20):
                text = f"Message-ID: <{number}-{i}@x>\r\n\r\nx\r\n".encode()
                assert connections[number].carry(make_envelope(text)).outcome is Outcome.SENT

        threads = [threading.Thread(target=work, args=(n,)) for n in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len({a.message_id for a in sink.arrivals}) == len(sink.arrivals) == 200
