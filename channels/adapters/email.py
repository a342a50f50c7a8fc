"""E-mail: through our own stage-aware client where Django's settings say SMTP, else through Django.

Other Django e-mail backends (a provider's, the console, a test's) do not tell how far they got,
so with them everything but a clear refusal is UNKNOWN.
"""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
from dataclasses import replace
from email import message_from_bytes
from email.generator import BytesGenerator
from email.message import Message
from io import BytesIO
from typing import Any

from anymail.exceptions import (
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from channels.adapters.console import readable
from channels.adapters.mime import compose, message_id
from channels.base import ChannelUnavailable, Connection, Envelope, Fault, Outcome, Receipt
from channels.smtp import SmtpConnection
from channels.wire import Mail, Unsendable, printable

SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"


class EmailAdapter:
    """One way out for e-mail, chosen by EMAIL_BACKEND."""

    def __init__(self, channel: str = "email") -> None:
        self.channel = channel

    def configured(self) -> str:
        """What is missing, as a sentence; empty when ready."""
        wanted = {"DEFAULT_FROM_EMAIL": settings.DEFAULT_FROM_EMAIL}
        if settings.EMAIL_BACKEND == SMTP_BACKEND:
            # Without a time-out a silent server would keep a sender, and a stop, waiting.
            wanted |= {"EMAIL_HOST": settings.EMAIL_HOST, "EMAIL_TIMEOUT": settings.EMAIL_TIMEOUT}
        missing = [name for name, value in wanted.items() if not value]
        if missing:
            return f"E-mail cannot leave: set {' and '.join(missing)}."
        if settings.EMAIL_USE_TLS and settings.EMAIL_USE_SSL:
            return "E-mail cannot leave: EMAIL_USE_TLS and EMAIL_USE_SSL exclude each other."
        return ""

    def connect(self) -> Connection:
        if fault := self.configured():
            raise ChannelUnavailable(fault)
        if settings.EMAIL_BACKEND != SMTP_BACKEND:
            return BackendConnection()
        connection = SmtpConnection(
            settings.EMAIL_HOST,
            int(settings.EMAIL_PORT),
            settings.EMAIL_HOST_USER,
            settings.EMAIL_HOST_PASSWORD,
            settings.EMAIL_USE_TLS,
            settings.EMAIL_USE_SSL,
            float(settings.EMAIL_TIMEOUT or 0),
            compose=compose_from,
            context=client_certificate(),
        )
        connection.open()
        return connection

    def render(self, envelope: Envelope) -> str:
        envelope = from_us(envelope)
        try:
            mail = compose(envelope)
        except Unsendable as fault:
            return f"This message cannot leave: {fault}\n\n{readable(envelope)}"
        return readable(
            replace(envelope, recipient=mail.recipient, message_id=message_id(envelope))
        )


def from_us(envelope: Envelope) -> Envelope:
    """Without a sender of its own a message comes from the deployment's address."""
    return envelope if envelope.sender else replace(envelope, sender=settings.DEFAULT_FROM_EMAIL)


def compose_from(envelope: Envelope) -> Mail:
    return compose(from_us(envelope))


def client_certificate() -> ssl.SSLContext | None:
    """The context of EMAIL_SSL_CERTFILE, as Django makes it; None means the default one."""
    if not settings.EMAIL_SSL_CERTFILE:
        return None
    context = ssl.create_default_context()
    context.load_cert_chain(settings.EMAIL_SSL_CERTFILE, settings.EMAIL_SSL_KEYFILE)
    return context


class ExactMessage(Message):
    """A composed message in the shape Django's backends ask for: they choose the line end."""

    def as_bytes(
        self, unixfrom: bool = False, policy: Any = None, *, linesep: str | None = None
    ) -> bytes:
        out = BytesIO()
        writer = BytesGenerator(out, mangle_from_=False, policy=policy or self.policy)
        writer.flatten(self, unixfrom=unixfrom, linesep=linesep)
        return out.getvalue()


class ApprovedEmail(EmailMultiAlternatives):
    """For backends that ask for `message()` the very bytes SMTP would get; for providers'
    backends, which read the attributes, the same content as attributes."""

    def __init__(self, envelope: Envelope, mail: Mail) -> None:
        super().__init__(
            subject=envelope.subject,
            body=envelope.text,
            from_email=envelope.sender,
            to=[mail.recipient],
            reply_to=[envelope.reply_to] if envelope.reply_to else None,
            headers={"Message-ID": message_id(envelope), **dict(envelope.headers)},
        )
        if envelope.html:
            self.attach_alternative(envelope.html, "text/html")
        for name, media_type, content in envelope.attachments:
            self.attach(name, content, media_type)
        self._data = mail.data

    def message(self, *, policy: Any = None) -> Any:
        return message_from_bytes(self._data, _class=ExactMessage)


class BackendConnection:
    """Any other Django e-mail backend behind `channels.base.Connection`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the two below
        self._over = False
        self._busy = False  # some thread is in carry()
        try:
            self._backend = get_connection(fail_silently=False)
            self._backend.open()
        except Exception as problem:
            raise ChannelUnavailable(
                f"{settings.EMAIL_BACKEND} cannot be opened: {printable(str(problem))}"
            ) from problem

    def prove(self) -> bool:
        """True if it opens: a backend cannot be asked whether the other side answers."""
        try:
            self._backend.open()
        except Exception:  # noqa: BLE001 -- the contract: never raises
            return False
        return not self._over

    def carry(self, envelope: Envelope) -> Receipt:
        try:
            envelope = from_us(envelope)
            message = ApprovedEmail(envelope, compose(envelope))
        except Exception as fault:  # noqa: BLE001 -- whatever it was, nothing was handed over
            return Receipt(Outcome.REFUSED, "compose", printable(str(fault) or repr(fault)))
        with self._lock:
            if self._over:
                return Receipt(Outcome.TRY_LATER, "compose", "cut off before it was handed over")
            self._busy = True
        try:
            sent = self._backend.send_messages([message])
        except Exception as problem:  # noqa: BLE001 -- the contract: never raises
            return from_exception(problem)
        finally:
            self._busy = False
        if sent == 1 and was_taken(message):
            return Receipt(Outcome.SENT, "backend", provider_id=provider_id(message))
        said = f"the backend reports {sent!r} messages sent and does not say that it was taken"
        return Receipt(Outcome.UNKNOWN, "backend", said)

    def abort(self) -> None:
        """Where the backend holds an SMTP socket it is shut down; others end by their time-out."""
        self._over = True
        sock = getattr(getattr(self._backend, "connection", None), "sock", None)
        if isinstance(sock, socket.socket):
            with contextlib.suppress(OSError):
                # Not SSLSocket's own: it would first take the encryption off.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            self._over, busy = True, self._busy
        if busy:  # a good-bye would end up in the middle of that thread's message
            self.abort()
            return
        with contextlib.suppress(Exception):
            self._backend.close()


def from_exception(problem: Exception) -> Receipt:
    """Only smtplib's and a provider's own refusals are clear; any other exception may come after
    the hand-over."""
    if isinstance(problem, AnymailError):
        return from_provider(problem)
    code: int = 0
    said: bytes | str = b""
    match problem:
        case smtplib.SMTPRecipientsRefused(recipients=answers) if len(answers) == 1:
            ((code, said),) = answers.values()
        case smtplib.SMTPSenderRefused() | smtplib.SMTPDataError():
            code, said = problem.smtp_code, problem.smtp_error
    reply = f"{code} {printable(said)}"
    if 400 <= code < 500:
        return Receipt(Outcome.TRY_LATER, "backend", reply)
    if 500 <= code < 600:
        return Receipt(Outcome.REFUSED, "backend", reply)
    return Receipt(
        Outcome.UNKNOWN, "backend", f"{type(problem).__name__}: {printable(str(problem))}"
    )


# What a provider's HTTP status says for certain; a 5xx or no status at all says nothing.
PROVIDER_SAYS = {
    **dict.fromkeys((400, 404, 406, 413, 422), (Outcome.REFUSED, Fault.MESSAGE)),
    **dict.fromkeys((401, 402, 403), (Outcome.TRY_LATER, Fault.AUTH)),
    429: (Outcome.TRY_LATER, Fault.RATE),
}
NEVER_LEFT = (AnymailInvalidAddress, AnymailSerializationError, AnymailUnsupportedFeature)


def from_provider(problem: AnymailError) -> Receipt:
    """What django-anymail's exceptions mean for the message."""
    reply = printable(" ".join(str(problem).split()))
    if isinstance(problem, (AnymailRecipientsRefused, *NEVER_LEFT)):
        return Receipt(Outcome.REFUSED, "backend", reply, fault=Fault.MESSAGE)
    outcome, fault = PROVIDER_SAYS.get(problem.status_code or 0, (Outcome.UNKNOWN, Fault.SERVICE))
    return Receipt(outcome, "backend", reply, fault=fault)


def was_taken(message: EmailMultiAlternatives) -> bool:
    """A provider's backend counts a message as sent that the provider did not take; what it says
    of the recipient decides. Other backends say nothing of that."""
    status = getattr(getattr(message, "anymail_status", None), "status", None)
    return status is None or status <= {"sent", "queued"}


def provider_id(message: EmailMultiAlternatives) -> str:
    """The number a provider's backend left on the message, by the name Anymail uses."""
    status = getattr(message, "anymail_status", None)
    return str(getattr(status, "message_id", None) or "")
