"""What the SMTP client says after every fault, judged by a server that knows what it took."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
import time

import pytest

from channels.base import ChannelUnavailable, Envelope, Outcome
from channels.smtp import Mail, SmtpConnection, Unsendable
from channels.tests.sink import SmtpSink
from channels.wire import data_block, printable

BODY = b"Subject: hello\r\n\r\nDear Ana\r\n"
PLAIN = ("8BITMIME",)  # no PIPELINING: one command, one answer
STAGES_BEFORE_BODY = ("mail", "rcpt", "data")
BINARY = b"\xff\x00\xfe garbage\r\n"


def make_envelope(data: bytes = BODY, recipient: str = "ana@example.com") -> Envelope:
    return Envelope("t", "email", recipient, "bob@example.org", "", data.decode("latin-1"))


def as_mail(envelope: Envelope) -> Mail:
    utf8 = not envelope.recipient.isascii()
    return Mail(envelope.sender, envelope.recipient, envelope.text.encode("latin-1"), utf8)


def make_connection(sink, compose=as_mail, timeout=0.3, **more) -> SmtpConnection:
    return SmtpConnection(sink.host, sink.port, timeout=timeout, compose=compose, **more)


@pytest.fixture(params=["pipelined", "one by one"])
def extensions(request):
    return ("PIPELINING", "8BITMIME", "SIZE 1000") if request.param == "pipelined" else PLAIN


def carry(script, *, extensions=PLAIN, envelope=None, **more):
    with SmtpSink(script, extensions=extensions, **more) as sink:
        connection = make_connection(sink)
        receipt = connection.carry(envelope or make_envelope())
        connection.close()
        return receipt, sink


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


def test_pipelining_needs_one_write_for_three_commands():
    with SmtpSink(delay=0.05, extensions=("PIPELINING",)) as sink:
        connection = make_connection(sink, timeout=2)
        connection.open()
        started = time.monotonic()
        connection.carry(make_envelope())
        # Four late answers, but the commands were not sent one after the other.
        assert time.monotonic() - started < 0.29
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


# -- connecting --------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["connect", "ehlo"])
@pytest.mark.parametrize("fault", ["drop", "reset", "hang", "drip 0.2", "554 go away", BINARY])
def test_a_server_that_does_not_greet_is_unavailable(stage, fault):
    script = {stage: fault}
    if stage == "ehlo" and fault == "554 go away":
        script = {"ehlo": ["554 no", "554 neither"]}  # EHLO, then HELO
    with SmtpSink(script) as sink:
        with pytest.raises(ChannelUnavailable, match=f"{sink.port}, at {stage}"):
            make_connection(sink).open()
        assert make_connection(sink).carry(make_envelope()).outcome is Outcome.TRY_LATER


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    connection = SmtpConnection("127.0.0.1", port, timeout=0.3, compose=as_mail)
    assert not connection.prove()
    assert connection.carry(make_envelope()).outcome is Outcome.TRY_LATER
    with pytest.raises(ChannelUnavailable, match=r"Connection refused"):
        connection.open()


def test_an_unknown_host_is_a_sentence():
    connection = SmtpConnection("no-such-host.invalid", 25, timeout=0.3, compose=as_mail)
    with pytest.raises(ChannelUnavailable, match=r"no-such-host.invalid:25, at connect"):
        connection.open()


def test_log_in_and_its_refusal():
    users = [("bob", "secret word")]
    with SmtpSink(users=users) as sink:
        good = make_connection(sink, username="bob", password="secret word")
        assert good.carry(make_envelope()).outcome is Outcome.SENT
        good.close()
        bad = make_connection(sink, username="bob", password="canary-password")
        with pytest.raises(ChannelUnavailable, match="at auth: 535") as refused:
            bad.open()
        assert "canary" not in str(refused.value)
        assert bad.carry(make_envelope()).outcome is Outcome.TRY_LATER


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    command = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += " -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout k.pem -out c.pem"
    subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "c.pem", folder / "k.pem")
    return server, ssl.create_default_context(cafile=folder / "c.pem")


@pytest.mark.parametrize("how", ["use_tls", "use_ssl"])
def test_over_tls(certificate, how):
    server, client = certificate
    with SmtpSink(tls=server, tls_from_start=how == "use_ssl") as sink:
        connection = make_connection(sink, timeout=2, context=client, **{how: True})
        for _ in range(3):
            assert connection.prove()
            assert connection.carry(make_envelope()).outcome is Outcome.SENT
        connection.close()
    assert (len(sink.arrivals), sink.connections) == (3, 1)


@pytest.mark.parametrize("how", ["use_tls", "use_ssl"])
def test_an_untrusted_certificate_is_refused(certificate, how):
    with SmtpSink(tls=certificate[0], tls_from_start=how == "use_ssl") as sink:
        connection = make_connection(sink, timeout=2, **{how: True})
        with pytest.raises(ChannelUnavailable, match="certificate verify failed"):
            connection.open()
    assert sink.heard("MAIL") == 0


def test_starttls_never_falls_back_to_clear_text():
    with SmtpSink() as sink:
        connection = make_connection(sink, use_tls=True)
        with pytest.raises(ChannelUnavailable, match="STARTTLS"):
            connection.open()
        assert connection.carry(make_envelope()).outcome is Outcome.TRY_LATER
    assert sink.heard("MAIL") == 0


def test_words_slipped_in_before_tls_count_for_nothing(certificate):
    server, client = certificate
    with SmtpSink({"starttls": b"220 go\r\n250 AUTH injected\r\n"}, tls=server) as sink:
        connection = make_connection(sink, timeout=1, use_tls=True, context=client)
        assert connection.carry(make_envelope()).outcome in (Outcome.SENT, Outcome.TRY_LATER)
    assert all("injected" not in line for _, line in sink.commands)


@pytest.mark.parametrize("fault", ["drop", "hang", "454 not now", BINARY])
def test_a_fault_in_starttls_is_certain(certificate, fault):
    with SmtpSink({"starttls": fault}, tls=certificate[0]) as sink:
        connection = make_connection(sink, use_tls=True, context=certificate[1])
        assert connection.carry(make_envelope()).outcome is Outcome.TRY_LATER


# -- proof, idleness, forks --------------------------------------------------------------------


def age(connection: SmtpConnection) -> None:
    connection._heard_at -= 60


def test_prove_asks_an_idle_server_and_spares_a_busy_one():
    with SmtpSink() as sink:
        connection = make_connection(sink)
        assert connection.prove()
        assert connection.prove()
        assert sink.heard("NOOP") == 0
        age(connection)
        assert connection.prove()
        assert sink.heard("NOOP") == 1


@pytest.mark.parametrize("fault", ["drop", "reset", "hang", "421 idle", BINARY, "drip 0.1"])
def test_prove_opens_a_dropped_connection_again(fault):
    with SmtpSink([{"noop": fault}, {}]) as sink:
        connection = make_connection(sink)
        connection.open()
        age(connection)
        assert connection.prove()
        assert connection.carry(make_envelope()).outcome is Outcome.SENT
    assert sink.connections == 2


def test_prove_is_false_when_the_server_is_gone():
    with SmtpSink() as sink:
        connection = make_connection(sink)
        assert connection.prove()
    assert not connection.prove()


def test_a_connection_dropped_just_before_is_noticed_without_a_noop():
    with SmtpSink([{"dot": "250 ok", "rset": "drop"}, {}]) as sink:
        connection = make_connection(sink)
        connection.open()
        connection._wire.write(b"RSET\r\n")  # the server hangs up while we are idle
        wait_until(lambda: not connection._wire.is_silent())
        assert connection.prove()
        assert sink.connections == 2


def test_an_idle_drop_found_while_sending_is_certain(extensions):
    with SmtpSink([{"rset": "drop"}, {}], extensions=extensions) as sink:
        connection = make_connection(sink)
        connection.open()
        connection._wire.write(b"RSET\r\n")
        wait_until(lambda: not connection._wire.is_silent())
        assert connection.carry(make_envelope()).outcome is Outcome.TRY_LATER
        assert connection.carry(make_envelope()).outcome is Outcome.SENT
    assert len(sink.arrivals) == 1


@pytest.mark.processes
def test_a_forked_child_opens_its_own_connection():
    with SmtpSink() as sink:
        connection = make_connection(sink, timeout=2)
        connection.open()
        pid = os.fork()
        if pid == 0:
            receipt = connection.carry(make_envelope())
            os._exit(0 if receipt.outcome is Outcome.SENT else 1)
        assert os.waitpid(pid, 0)[1] == 0
        assert connection.carry(make_envelope()).outcome is Outcome.SENT
    assert (sink.connections, len(sink.arrivals)) == (2, 2)


# -- abort -------------------------------------------------------------------------------------


def wait_until(true, seconds: float = 2.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def carry_and_abort(script, stage, *, after=0.05, **more):
    """The receipt of a carry() with a time-out far away, aborted when the server has got so far."""
    with SmtpSink(script) as sink:
        connection = make_connection(sink, timeout=60, **more)
        receipts: list = []
        thread = threading.Thread(target=lambda: receipts.append(connection.carry(make_envelope())))
        thread.start()
        wait_until(lambda: connection._stage == stage)
        time.sleep(after)
        started = time.monotonic()
        connection.abort()
        thread.join(2)
        assert not thread.is_alive()
        assert time.monotonic() - started < 0.5
        return receipts[0], connection, sink


@pytest.mark.parametrize("how", ["hang", "drip 0.03"])
@pytest.mark.parametrize("stage", ["connect", "ehlo", *STAGES_BEFORE_BODY])
def test_abort_before_the_body_is_certain(stage, how):
    receipt, _, sink = carry_and_abort({stage: how}, stage, after=0.02)
    assert (receipt.outcome, receipt.stage) == (Outcome.TRY_LATER, stage)
    assert sink.arrivals == []


@pytest.mark.parametrize("how", ["hang", "drip 0.03"])
def test_abort_after_the_dot_is_unknown(how):
    receipt, _, sink = carry_and_abort({"dot": how}, "dot", after=0.02)
    assert (receipt.outcome, receipt.stage) == (Outcome.UNKNOWN, "dot")
    assert receipt.evidence["aborted"]
    assert len(sink.arrivals) == 1


def test_abort_during_a_tls_handshake(certificate):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        connection = SmtpConnection(
            host, port, use_ssl=True, timeout=60, compose=as_mail, context=certificate[1]
        )
        receipts: list = []
        thread = threading.Thread(target=lambda: receipts.append(connection.carry(make_envelope())))
        thread.start()
        time.sleep(0.05)
        connection.abort()
        thread.join(2)
        assert receipts[0].outcome is Outcome.TRY_LATER


def test_an_aborted_connection_never_carries_again():
    _, connection, sink = carry_and_abort({"dot": "hang"}, "dot")
    with SmtpSink() as other:
        connection._port = other.port
        assert not connection.prove()
        assert connection.carry(make_envelope()).outcome is Outcome.TRY_LATER
        connection.close()
    assert other.connections == 0
    assert len(sink.arrivals) == 1


def test_a_thread_that_comes_late_to_its_own_abort_transmits_nothing():
    with SmtpSink() as sink:
        connection = make_connection(sink)
        connection.open()
        connection.abort()
        assert connection.carry(make_envelope()).outcome is Outcome.TRY_LATER
    assert (sink.arrivals, sink.heard("MAIL")) == ([], 0)


def test_a_dripping_server_cannot_outlast_the_time_out_by_itself():
    started = time.monotonic()
    receipt, _ = carry({"dot": "drip 0.08"})
    assert receipt.outcome is Outcome.UNKNOWN
    assert time.monotonic() - started < 1


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
