"""E-mail over SMTP and through other Django backends: exactly what was approved, or nothing."""

from __future__ import annotations

import email
import smtplib
import socket
import ssl
import threading
import time
from email import policy

import pytest
from aiosmtpd.controller import Controller
from django.core import mail as django_mail
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as DjangoSmtp

from channels.adapters.email import SMTP_BACKEND, EmailAdapter, client_certificate
from channels.adapters.mime import compose
from channels.base import ChannelUnavailable, Outcome, Receipt
from channels.smtp import SmtpConnection
from channels.tests.contract import AdapterContract, make_envelope, texts_of
from channels.tests.sink import SmtpSink

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def sink():
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def smtp(settings, sink):
    """Django's settings as a deployment over SMTP has them."""
    settings.EMAIL_BACKEND = SMTP_BACKEND
    settings.EMAIL_HOST, settings.EMAIL_PORT = sink.host, sink.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_TIMEOUT = 2
    settings.DEFAULT_FROM_EMAIL = "Outreach <outreach@example.org>"
    return settings


def as_parsed(data: bytes):
    return email.message_from_bytes(data, policy=policy.default)


def head_of(data: bytes) -> list[bytes]:
    return data.partition(b"\r\n\r\n")[0].split(b"\r\n")


class TestEmailOverSmtp(AdapterContract):
    @pytest.fixture
    def adapter(self, smtp):
        return EmailAdapter()

    @pytest.fixture
    def arrived(self, sink):
        return lambda: texts_of([a.message for a in sink.arrivals])

    def test_it_uses_the_client_that_knows_its_stage(self, adapter):
        assert isinstance(adapter.connect(), SmtpConnection)

    def test_headers_as_approved(self, adapter, sink):
        one_click = ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
        adapter.connect().carry(
            make_envelope(
                sender="Zoë, PhD <zoe@example.org>",
                reply_to="Desk <desk@example.org>",
                html="<p>the answer</p>",
                attachments=(("tâche.pdf", "application/pdf", b"%PDF\r\n.\r\n\0\xff"),),
                headers=(
                    ("List-Unsubscribe", "<https://example.org/u/1>, <mailto:u@example.org>"),
                    one_click,
                    ("In-Reply-To", "<their@id>"),
                    ("Auto-Submitted", "auto-generated"),
                ),
            )
        )
        (arrival,) = sink.arrivals
        message = arrival.message
        assert arrival.message_id == "<d1.r2@example.org>"
        assert str(message["From"].addresses[0]) == '"Zoë, PhD" <zoe@example.org>'
        assert (message["To"], message["Reply-To"]) == (
            "ana@example.com",
            "Desk <desk@example.org>",
        )
        assert message["List-Unsubscribe"] == ("<https://example.org/u/1>, <mailto:u@example.org>")
        assert (one_click[0], message[one_click[0]]) == one_click
        assert (message["In-Reply-To"], message["Auto-Submitted"]) == (
            "<their@id>",
            "auto-generated",
        )
        assert abs(message["Date"].datetime.timestamp() - time.time()) < 60
        assert arrival.sender == "zoe@example.org"
        (attachment,) = message.iter_attachments()
        assert attachment.get_filename() == "tâche.pdf"
        assert attachment.get_payload(decode=True) == b"%PDF\r\n.\r\n\0\xff"
        assert message.get_body(("html",)).get_payload(decode=True) == b"<p>the answer</p>"
        assert not message.defects

    def test_without_a_sender_it_comes_from_the_deployment(self, adapter, sink):
        adapter.connect().carry(make_envelope(sender=""))
        assert sink.arrivals[0].sender == "outreach@example.org"
        assert "From: Outreach <outreach@example.org>" in adapter.render(make_envelope(sender=""))

    def test_a_refusal_is_told(self, adapter, sink):
        sink.script = {"rcpt": "550 5.1.1 nobody here"}
        receipt = adapter.connect().carry(make_envelope())
        assert (receipt.outcome, receipt.reply) == (Outcome.REFUSED, "550 5.1.1 nobody here")

    def test_an_address_beyond_ascii(self, adapter, sink):
        adapter.connect().carry(make_envelope(recipient="почта@пример.рф"))
        (arrival,) = sink.arrivals
        assert arrival.recipients == ["почта@xn--e1afmkfd.xn--p1ai"]
        assert "To: почта@xn--e1afmkfd.xn--p1ai".encode() in head_of(arrival.data)

    @pytest.mark.parametrize(
        ("name", "value", "missing"),
        [
            ("EMAIL_HOST", "", "EMAIL_HOST"),
            ("EMAIL_TIMEOUT", None, "EMAIL_TIMEOUT"),
            ("EMAIL_TIMEOUT", 0, "EMAIL_TIMEOUT"),
            ("DEFAULT_FROM_EMAIL", "", "DEFAULT_FROM_EMAIL"),
        ],
    )
    def test_what_is_missing_is_named(self, adapter, smtp, name, value, missing):
        setattr(smtp, name, value)
        assert missing in adapter.configured()
        with pytest.raises(ChannelUnavailable, match=missing):
            adapter.connect()

    def test_two_kinds_of_tls_exclude_each_other(self, adapter, smtp):
        smtp.EMAIL_USE_TLS = smtp.EMAIL_USE_SSL = True
        assert "exclude each other" in adapter.configured()

    def test_a_client_certificate_is_shown(self, smtp, certificate, certificate_files):
        smtp.EMAIL_SSL_CERTFILE, smtp.EMAIL_SSL_KEYFILE = map(str, certificate_files)
        assert client_certificate().verify_mode == ssl.CERT_REQUIRED
        smtp.EMAIL_SSL_CERTFILE = None
        assert client_certificate() is None

    def test_a_server_that_is_away_is_a_sentence(self, adapter, smtp, sink):
        sink.script = {"connect": "drop"}
        with pytest.raises(ChannelUnavailable, match="closed"):
            adapter.connect()


class TestEmailThroughDjango(AdapterContract):
    @pytest.fixture
    def adapter(self, settings):
        settings.EMAIL_BACKEND = LOCMEM
        settings.DEFAULT_FROM_EMAIL = "outreach@example.org"
        django_mail.outbox = []
        return EmailAdapter()

    @pytest.fixture
    def arrived(self):
        def texts():
            sent = [m.message().as_bytes(linesep="\r\n") for m in django_mail.outbox]
            return texts_of([as_parsed(data) for data in sent])

        return texts

    def test_a_backend_gets_the_very_bytes_smtp_would_get(self, adapter):
        envelope = make_envelope(text="no end 🙂 \n.\n" + "long " * 300, html="<b>x</b>")
        adapter.connect().carry(envelope)
        got = django_mail.outbox[0].message().as_bytes(linesep="\r\n")
        want = compose(envelope).data
        assert got.partition(b"\r\n\r\n")[2] == want.partition(b"\r\n\r\n")[2]
        without_date = [line for line in head_of(want) if not line.startswith(b"Date:")]
        assert [line for line in head_of(got) if not line.startswith(b"Date:")] == without_date

    def test_a_providers_backend_finds_the_same_as_attributes(self, adapter):
        file = ("plan.pdf", "application/pdf", b"%PDF")
        envelope = make_envelope(
            headers=(("X-One", "1"),),
            reply_to="r@example.org",
            html="<b>x</b>",
            attachments=(file,),
        )
        adapter.connect().carry(envelope)
        (message,) = django_mail.outbox
        assert (message.subject, message.body, message.to) == (
            envelope.subject,
            envelope.text,
            [envelope.recipient],
        )
        assert message.extra_headers == {"Message-ID": envelope.message_id, "X-One": "1"}
        assert (message.reply_to, message.cc, message.bcc) == (["r@example.org"], [], [])
        assert message.alternatives[0].content == "<b>x</b>"
        assert tuple(message.attachments[0]) == (file[0], file[2], file[1])

    def test_the_backend_that_cannot_be_made_is_a_sentence(self, adapter, settings):
        settings.EMAIL_BACKEND = "no.such.Backend"
        with pytest.raises(ChannelUnavailable, match=r"no\.such\.Backend cannot be opened"):
            adapter.connect()


class Faulty(BaseEmailBackend):
    """A backend that does as told."""

    answer: object = 1

    def send_messages(self, messages):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (1, Outcome.SENT),
        (0, Outcome.UNKNOWN),
        (None, Outcome.UNKNOWN),
        (smtplib.SMTPRecipientsRefused({"ana@example.com": (550, b"no")}), Outcome.REFUSED),
        (smtplib.SMTPRecipientsRefused({"ana@example.com": (451, b"later")}), Outcome.TRY_LATER),
        (smtplib.SMTPRecipientsRefused({}), Outcome.UNKNOWN),
        (smtplib.SMTPRecipientsRefused({"a@b": (-1, b"")}), Outcome.UNKNOWN),
        (smtplib.SMTPSenderRefused(553, b"no", "b@x"), Outcome.REFUSED),
        (smtplib.SMTPDataError(554, b"spam"), Outcome.REFUSED),
        (smtplib.SMTPDataError(452, b"full"), Outcome.TRY_LATER),
        (smtplib.SMTPDataError(-1, b""), Outcome.UNKNOWN),
        (smtplib.SMTPResponseException(500, "Line too long."), Outcome.UNKNOWN),
        (smtplib.SMTPServerDisconnected("gone"), Outcome.UNKNOWN),
        (TimeoutError("slow"), Outcome.UNKNOWN),
        (RuntimeError("anything\nat all"), Outcome.UNKNOWN),
    ],
)
def test_other_backends_are_believed_only_when_clear(settings, monkeypatch, answer, outcome):
    settings.EMAIL_BACKEND = f"{__name__}.Faulty"
    monkeypatch.setattr(Faulty, "answer", answer)
    receipt = EmailAdapter().connect().carry(make_envelope())
    assert receipt.outcome is outcome
    assert receipt.reply.isprintable()


def test_a_backend_that_does_not_open_is_not_proven(settings, monkeypatch):
    settings.EMAIL_BACKEND = f"{__name__}.Faulty"
    connection = EmailAdapter().connect()

    def fail(_):
        raise OSError("away")

    monkeypatch.setattr(Faulty, "open", fail)
    assert connection.prove() is False
    monkeypatch.setattr(Faulty, "close", fail)
    connection.close()


class OwnSmtp(DjangoSmtp):
    """What a deployment that changes Django's backend has; not the client of ours."""


@pytest.mark.parametrize("end", ["abort", "close"])
def test_its_end_reaches_the_socket_of_a_backend_over_smtp(settings, smtp, sink, end):
    """A subclass of Django's SMTP backend keeps its socket where we find it."""
    sink.script = {"dot": "hang"}
    settings.EMAIL_BACKEND = f"{__name__}.OwnSmtp"
    settings.EMAIL_TIMEOUT = 60
    connection = EmailAdapter().connect()
    receipts: list[Receipt] = []
    thread = threading.Thread(target=lambda: receipts.append(connection.carry(make_envelope())))
    thread.start()
    sink.wait_for(1)
    getattr(connection, end)()
    thread.join(2)
    assert receipts[0].outcome is Outcome.UNKNOWN


def test_a_server_of_other_make_takes_it_too(smtp):
    """aiosmtpd: no PIPELINING, and its own idea of what is well-formed."""
    taken = []

    class Handler:
        async def handle_DATA(self, server, session, envelope):
            taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        smtp.EMAIL_PORT = free.getsockname()[1]
    controller = Controller(Handler(), "127.0.0.1", smtp.EMAIL_PORT, enable_SMTPUTF8=True)
    controller.start()
    try:
        connection = EmailAdapter().connect()
        for recipient in ("ana@example.com", "почта@example.com"):
            envelope = make_envelope(recipient=recipient, text=".a 🙂\r\n.\r\n")
            assert connection.carry(envelope).outcome is Outcome.SENT
        connection.close()
    finally:
        controller.stop()
    assert [t[:2] for t in taken] == [
        ("bob@example.org", ["ana@example.com"]),
        ("bob@example.org", ["почта@example.com"]),
    ]
    assert texts_of([as_parsed(t[2]) for t in taken]) == [".a 🙂\r\n.\r\n"] * 2
