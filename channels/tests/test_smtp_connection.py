"""How a connection opens, proves itself, survives forks and is cut off from another thread."""

from __future__ import annotations

import os
import socket
import threading
import time

import pytest

from channels.base import ChannelUnavailable, Outcome
from channels.smtp import SmtpConnection
from channels.tests.courier import (
    BINARY,
    STAGES_BEFORE_BODY,
    as_mail,
    carry,
    make_connection,
    make_envelope,
    wait_until,
)
from channels.tests.sink import SmtpSink

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


def test_the_next_address_is_tried_when_the_first_is_dead(monkeypatch):
    with SmtpSink() as sink, socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()
        closed.close()
        kinds = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda *_, **__: [(*kinds, dead), (*kinds, (sink.host, sink.port))],
        )
        assert make_connection(sink).carry(make_envelope()).outcome is Outcome.SENT


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


def test_an_unasked_answer_still_inside_tls_is_noticed(certificate):
    """It fits one TLS record but not one read, so the socket itself looks silent."""
    early = b"354 " + b"x" * 4090 + b"\r\n" + b"250 already\r\n"
    with SmtpSink({"data": early}, tls=certificate[0], extensions=()) as sink:
        connection = make_connection(sink, timeout=2, use_tls=True, context=certificate[1])
        assert connection.carry(make_envelope()).outcome is Outcome.TRY_LATER
    assert sink.arrivals == []


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


def carry_and_abort(script, stage, *, after=0.05, **more):
    """The receipt of a carry() with a time-out far away, aborted when the server has got so far."""
    with SmtpSink(script) as sink:
        connection = make_connection(sink, timeout=60, **more)
        receipts: list = []
        thread = threading.Thread(target=lambda: receipts.append(connection.carry(make_envelope())))
        thread.start()
        wait_until(lambda: connection._stage == stage)
        time.sleep(after)
        connection.abort()
        thread.join(30)  # half of the time-out, which must not be what ended it
        assert not thread.is_alive()
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
    assert receipt.evidence["cut_off"]
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
        thread.join(30)
        assert receipts[0].outcome is Outcome.TRY_LATER


def test_abort_while_the_network_does_not_even_connect():
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):  # nobody accepts: from now on the kernel drops what comes
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        connection = SmtpConnection(*full.getsockname(), timeout=60, compose=as_mail)
        receipts: list = []
        thread = threading.Thread(target=lambda: receipts.append(connection.carry(make_envelope())))
        thread.start()
        time.sleep(0.05)
        assert thread.is_alive()
        connection.abort()
        thread.join(30)
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
    receipt, _ = carry({"dot": "drip 1.0"})  # the whole answer would take half a minute
    assert receipt.outcome is Outcome.UNKNOWN
    assert time.monotonic() - started < 10
