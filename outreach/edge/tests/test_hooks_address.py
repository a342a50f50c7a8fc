"""Where a webhook may go, and what its one attempt makes of receivers of every kind."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from outreach.edge.hooks import address
from outreach.edge.hooks.carrying import Answer, carry
from outreach.edge.tests.hook_sink import Sink, a_port_nobody_listens_on

REFUSED = (
    "127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.9", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "224.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1",
    "fc00::1", "ff02::1",
    "fec0::1", "feff::1", "3fff::1", "192.0.0.8", "192.0.0.9", "192.88.99.1", "64:ff9b:1::a00:1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:0:a00:1::",
)  # fmt: skip


@pytest.fixture
def loopback(settings):
    settings.WEBHOOK_LOOPBACK = True


@pytest.fixture
def names(monkeypatch):
    """What each name means; the next look-up may say something else."""
    known: dict[str, list[str]] = {}

    def look(host, port, **_):
        numbers = known.get(host, [host])
        number = numbers.pop(0) if len(numbers) > 1 else numbers[0]
        family = socket.AF_INET6 if ":" in number else socket.AF_INET
        rest = (0, 0) if ":" in number else ()
        return [(family, socket.SOCK_STREAM, 6, "", (number, port, *rest))]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    return known


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://agents.example.org/x", "https://"),
        ("ftp://agents.example.org/x", "https://"),
        ("https:///x", "host"),
        ("agents.example.org", "https://"),
        ("", "https://"),
        ("https://user:word@agents.example.org/", "password"),
        ("https://agents.example.org/#x", "fragment"),
        ("https://agents.example.org:99999/", "no address"),
        ("https://[::1/", "no address"),
        ("https://agents.example.org/a b", "blanks"),
        ("https://agents.example.org/\r\nX: y", "blanks"),
        ("https://ägents.example.org/", "ASCII"),
        ("https://agents.example.org/" + "x" * 500, "500"),
        ("https://127.0.0.1/x", "inside"),
        ("https://[::ffff:169.254.169.254]/x", "inside"),
        ("https://10.0.0.1/x", "inside"),
    ],
)
def test_an_address_that_could_never_be_sent_to_is_refused_in_a_sentence(url, said):
    with pytest.raises(address.AddressRefused) as refused:
        address.read(url)
    assert said in str(refused.value)


@pytest.mark.parametrize("number", REFUSED)
def test_a_name_that_means_an_address_inside_is_not_connected_to(number, names, monkeypatch):
    names["agents.example.org"] = [number]
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it connected"))
    answer = carry("https://agents.example.org/x", {}, b"{}")
    assert answer.status == 0
    assert "inside of a network" in answer.fault


@pytest.mark.parametrize("number", ["93.184.216.34", "2606:2800:220:1::1"])
def test_a_public_address_is_not_refused(number):
    address.judge(address.Target("https", "agents.example.org", 443, "/"), [number])


def test_one_address_inside_among_public_ones_refuses_them_all():
    target = address.Target("https", "agents.example.org", 443, "/")
    with pytest.raises(address.AddressRefused):
        address.judge(target, ["93.184.216.34", "10.0.0.1"])


def test_a_name_is_looked_up_once_so_that_what_was_judged_is_what_is_connected_to(
    names, monkeypatch
):
    names["agents.example.org"] = ["93.184.216.34", "127.0.0.1"]
    reached: list = []

    def connect(self, where):
        reached.append(where[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    assert carry("https://agents.example.org/x", {}, b"{}").fault == "The connection was refused."
    assert reached == ["93.184.216.34"]


def test_where_the_connection_ended_up_is_judged_as_well(names, monkeypatch):
    """However it came about: nothing is written to an address inside."""
    names["agents.example.org"] = ["93.184.216.34"]
    monkeypatch.setattr(socket.socket, "connect", lambda self, where: None)
    monkeypatch.setattr(socket.socket, "getpeername", lambda self: ("10.0.0.5", 443))
    monkeypatch.setattr(socket.socket, "sendall", lambda *_: pytest.fail("it wrote"))
    assert "inside of a network" in carry("https://agents.example.org/x", {}, b"{}").fault


def test_this_machine_is_reached_only_where_the_environment_says_so(settings):
    with Sink() as sink:
        assert "https://" in carry(sink.url, {}, b"{}").fault
        assert not sink.heard
        settings.WEBHOOK_LOOPBACK = True
        assert carry(sink.url, {"webhook-id": "msg_1"}, b'{"a":1}').arrived
    (heard,) = sink.heard
    assert (heard.path, heard.body) == ("/hook?x=1", {"a": 1})
    assert heard.headers["webhook-id"] == "msg_1"
    assert heard.headers["host"] == sink.url.split("/")[2]


def test_clear_text_stays_on_this_machine(loopback, names):
    names["agents.example.org"] = ["93.184.216.34"]
    assert "this machine only" in carry("http://agents.example.org/x", {}, b"{}").fault


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (302, "It answered 302; redirects are not followed."),
        (500, "It answered 500."),
        (404, "It answered 404."),
        ("garbage", "What came back is no answer."),
        ("endless", "What came back is no answer."),
        ("early for ever", "What came back is no answer."),
        ("only early", "It answered 103."),
        ("close", "What came back is no answer."),
        ("hang", "No answer within 0.5 seconds."),
        ("dribble", "No answer within 0.5 seconds."),
    ],
)
def test_one_deadline_holds_for_receivers_of_every_kind(how, said, loopback):
    with Sink(always=how) as sink:
        begun = time.monotonic()
        answer = carry(sink.url, {}, b"{}", seconds=0.5)
    assert answer.fault == said
    assert not answer.arrived
    assert time.monotonic() - begun < 3
    assert len(sink.heard) == 1, "nothing was followed and nothing tried twice"


def test_the_answer_behind_those_in_between_counts(loopback):
    with Sink(always="early") as sink:
        assert carry(sink.url, {}, b"{}") == Answer(202)


def test_nobody_at_home_and_no_such_name_are_told_apart(loopback, monkeypatch):
    url = f"http://127.0.0.1:{a_port_nobody_listens_on()}/"
    assert carry(url, {}, b"{}").fault == "The connection was refused."

    def unknown(*_, **__):
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert carry("https://nowhere.example.org/", {}, b"{}").fault == "Its name is not known."


def test_a_look_up_that_hangs_ends_with_the_deadline(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(20) and [])
    begun = time.monotonic()
    answer = carry("https://agents.example.org/", {}, b"{}", seconds=0.3)
    over.set()
    assert answer.fault == "No answer within 0.3 seconds."
    assert time.monotonic() - begun < 3


def test_a_certificate_nobody_vouches_for_gets_nothing(loopback, tmp_path):
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            guest, _ = door.accept()
            with guest, contextlib.suppress(OSError):
                heard.append(_tls(tmp_path).wrap_socket(guest, server_side=True).recv(1))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        answer = carry(f"https://localhost:{door.getsockname()[1]}/", {}, b"{}", seconds=5)
        thread.join(5)
    assert answer.fault == "Its certificate is not valid for this host."
    assert not any(heard)


def _tls(folder) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "both.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ) + made.public_bytes(serialization.Encoding.PEM)
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
