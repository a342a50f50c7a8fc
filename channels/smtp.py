"""An SMTP client that always knows how far it got: "nothing left" and "it may have left" differ.

One connection, one message at a time, one recipient, never a second try. Until the first byte of
the body is written nothing can have been accepted, so whatever goes wrong is REFUSED or TRY_LATER;
from then on only a clear answer of the server counts, and everything else is UNKNOWN. No Django.
"""

from __future__ import annotations

import contextlib
import os
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable

from channels.base import LATE, ChannelUnavailable, Envelope, Fault, Outcome, Receipt
from channels.wire import Garbled, Mail, Reply, Wire, data_block, printable

FRESH_SECONDS = 1.0  # who answered this recently and has not hung up needs no NOOP
QUIT_SECONDS = 2.0  # politeness has its limits
BEGUN = ("body", "dot")  # stages at which the message may have been accepted
ABOUT_OUR_LOGIN = frozenset({530, 534, 535, 538})  # says nothing of the message: not for good

_RETRY_AFTER = re.compile(r"\b(?:in|after) (\d{1,5}) ?(s|min)", re.IGNORECASE)
_QUEUED_AS = re.compile(r"\bqueued as ([\w.-]{1,100})", re.IGNORECASE)


class SmtpConnection:
    """One open way to an SMTP server (`channels.base.Connection`), used by one thread at a time.

    `compose` turns an envelope into Mail or raises Unsendable. After `abort()` or `close()` it is
    over for good: a thread that comes late transmits nothing, whatever it was told before.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str = "",
        password: str = "",
        use_tls: bool = False,
        use_ssl: bool = False,
        timeout: float = 30.0,
        *,
        compose: Callable[[Envelope], Mail],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._username, self._password = username, password
        self._timeout = timeout
        self._compose = compose
        tls = (context or ssl.create_default_context()) if use_tls or use_ssl else None
        self._tls_from_start = tls if use_ssl else None
        self._starttls = tls if use_tls and not use_ssl else None
        self._wire: Wire | None = None
        self._pid = os.getpid()
        self._stage = "connect"
        self._heard_at = 0.0
        self._lock = threading.Lock()  # guards the three below
        self._over = False
        self._busy = False  # some thread is in carry()
        self._lever: socket.socket | None = None  # a second handle on the socket, for abort()

    def open(self) -> None:
        """Connect, secure, log in. Raises ChannelUnavailable with a sentence."""
        wire = Wire(self._timeout, self._tls_from_start, self._hold)
        self._wire, self._pid = wire, os.getpid()
        try:
            self._greet(wire)
        except (OSError, ValueError) as problem:
            self._drop()
            raise ChannelUnavailable(self._sentence(problem)) from problem
        self._heard_at = time.monotonic()

    def prove(self) -> bool:
        """True if the server answers now; an idle connection it has dropped is opened again."""
        try:
            if not self._is_alive():
                self._drop()
                self.open()
        except Exception:  # noqa: BLE001 -- the contract: never raises
            self._drop()
            return False
        return True

    def carry(self, envelope: Envelope) -> Receipt:
        """Hand over one message, at most once. Never raises."""
        with self._lock:
            self._stage, self._busy = "compose", True
        try:
            mail = self._compose(envelope)
        except Exception as fault:  # noqa: BLE001 -- whatever it was, nothing was written
            return self._receipt(Outcome.REFUSED, str(fault) or repr(fault))
        try:
            return self._transmit(mail, envelope)
        except Exception as problem:  # noqa: BLE001 -- the contract: never raises
            outcome = Outcome.UNKNOWN if self._stage in BEGUN else Outcome.TRY_LATER
            self._drop()
            return self._receipt(outcome, self._sentence(problem), Fault.SERVICE)
        finally:
            self._busy = False

    def abort(self) -> None:
        """Shut the socket down under another thread's carry(), which then returns at once."""
        with self._lock:
            self._over = True
            if self._lever is not None:
                with contextlib.suppress(OSError):
                    self._lever.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """QUIT and close. Whatever goes wrong here changes nothing."""
        with self._lock:
            self._over, busy = True, self._busy
        if busy:  # a QUIT would end up in the middle of that thread's message
            self.abort()
            return
        with contextlib.suppress(Exception):
            if self._wire is not None and self._is_ours():
                self._wire.limit(QUIT_SECONDS)
                self._wire.ask(b"QUIT\r\n")
        self._drop()

    def _transmit(self, mail: Mail, envelope: Envelope) -> Receipt:
        wire = self._ready()
        if mail.utf8 and not wire.has_extn("smtputf8"):
            return self._receipt(
                Outcome.REFUSED,
                f"{self._host} does not offer SMTPUTF8, and {mail.recipient} or {mail.sender} "
                "needs it; use an address in ASCII letters.",
            )
        block = data_block(mail.data)
        refusal = self._announce(wire, mail, len(block))
        if refusal is not None:
            return refusal
        if not wire.is_silent():  # an answer to nothing asked: the next one would be misread
            raise Garbled("the server spoke before its turn")
        if self._over or envelope.is_late:
            raise OSError("cut off before the body" if self._over else LATE)
        self._stage = "body"
        try:
            wire.write(block)
        except OSError as problem:
            return self._last_word(wire, problem)
        self._stage = "dot"
        return self._judge(wire.reply())

    def _ready(self) -> Wire:
        self._stage = "connect"
        if self._wire is None or not self._is_ours():
            self._drop()
            self.open()
        if self._wire is None or self._over:
            raise OSError("cut off before anything was said")
        return self._wire

    def _announce(self, wire: Wire, mail: Mail, size: int) -> Receipt | None:
        """Say who writes to whom; None when the server now waits for the body.

        Where it takes several commands at once (PIPELINING) they go in one write: a message then
        costs two round trips instead of four.
        """
        options = f" SIZE={size}" if wire.has_extn("size") else ""
        options += " BODY=8BITMIME SMTPUTF8" if mail.utf8 else ""
        commands = {
            "mail": f"MAIL FROM:<{mail.sender}>{options}\r\n".encode(),
            "rcpt": f"RCPT TO:<{mail.recipient}>\r\n".encode(),
            "data": b"DATA\r\n",
        }
        self._stage, unread = "mail", 0
        if wire.has_extn("pipelining"):
            wire.write(b"".join(commands.values()))
            unread = len(commands)
        for stage, command in commands.items():
            self._stage = stage
            reply = wire.reply() if unread else wire.ask(command)
            unread = max(0, unread - 1)
            if reply.is_refusal:
                return self._refused(wire, reply, unread)
            if reply.code // 10 != (35 if stage == "data" else 25):
                raise Garbled(f"not an answer to {stage.upper()}: {reply}")
        return None

    def _refused(self, wire: Wire, reply: Reply, unread: int) -> Receipt:
        """A clear no before the body: it is decided. The rest only keeps the connection usable."""
        receipt = self._judge(reply)
        try:
            later = [wire.reply() for _ in range(unread)]
            # A server that waits for a body all the same gets none: hang up, never send a dot.
            usable = all(r.is_refusal or r.code == 250 for r in later)
            usable = usable and wire.ask(b"RSET\r\n").code == 250
        except OSError:
            usable = False
        if not usable:
            self._drop()
        return receipt

    def _last_word(self, wire: Wire, problem: OSError) -> Receipt:
        """The body did not go through. Its dot was not handed over, so a clear no is certain."""
        if not isinstance(problem, TimeoutError):
            reply = wire.reply()
            if reply.is_refusal:
                receipt = self._judge(reply)
                self._drop()
                return receipt
        raise problem

    def _judge(self, reply: Reply) -> Receipt:
        self._heard_at = time.monotonic()
        if reply.code == 421:  # it said good-bye
            self._drop()
        if reply.code // 10 == 25:
            return self._receipt(Outcome.SENT, str(reply))
        if not reply.is_refusal:
            raise Garbled(f"neither yes nor no: {reply}")
        final = reply.code >= 500 and reply.code not in ABOUT_OUR_LOGIN
        # Said before it knows the recipient, of our login or of itself: it says so to everybody.
        about_all = reply.code == 421 or reply.code in ABOUT_OUR_LOGIN or self._stage == "mail"
        fault = Fault.SERVICE if about_all and not final else Fault.NONE
        return self._receipt(Outcome.REFUSED if final else Outcome.TRY_LATER, str(reply), fault)

    def _receipt(self, outcome: Outcome, reply: str, fault: Fault = Fault.NONE) -> Receipt:
        queued = _QUEUED_AS.search(reply) if outcome is Outcome.SENT else None
        wait = _RETRY_AFTER.search(reply) if outcome is Outcome.TRY_LATER else None
        return Receipt(
            outcome=outcome,
            fault=fault,
            stage=self._stage,
            reply=printable(reply),
            provider_id=queued[1] if queued else "",
            retry_after=float(wait[1]) * (60 if wait[2].lower() == "min" else 1) if wait else None,
            evidence={"server": f"{self._host}:{self._port}", "cut_off": self._over},
        )

    def _greet(self, wire: Wire) -> None:
        self._stage = "connect"
        code, text = wire.connect(self._host, self._port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        self._stage = "ehlo"
        wire.ehlo_or_helo_if_needed()
        if self._starttls is not None:  # never falls back to clear text
            self._stage = "starttls"
            wire.starttls(context=self._starttls)
            wire.ehlo_or_helo_if_needed()
        if self._username:
            self._stage = "auth"
            wire.login(self._username, self._password)

    def _is_alive(self) -> bool:
        wire = self._wire
        if wire is None or self._over or not self._is_ours() or not wire.is_silent():
            return False
        if time.monotonic() - self._heard_at < FRESH_SECONDS:
            return True
        try:
            answered = wire.ask(b"NOOP\r\n").code == 250
        except OSError:
            return False
        self._heard_at = time.monotonic()
        return answered

    def _is_ours(self) -> bool:
        """False in a forked child: two processes must not talk on one connection."""
        return self._pid == os.getpid()

    def _hold(self, sock: socket.socket) -> None:
        """Keep a handle that survives TLS wrapping and is not closed under abort()."""
        with self._lock:
            if self._over:
                raise OSError("this connection is over; open a new one")
            if self._lever is not None:
                self._lever.close()
            self._lever = sock.dup()

    def _drop(self) -> None:
        """Close without a word; in a forked child this leaves the parent's connection alone."""
        wire, self._wire = self._wire, None
        with self._lock:
            lever, self._lever = self._lever, None
        for handle in (lever, wire):
            if handle is not None:
                with contextlib.suppress(Exception):
                    handle.close()

    def _sentence(self, problem: Exception) -> str:
        """What went wrong, for the operator; never the password, which no reply quotes."""
        if isinstance(problem, ChannelUnavailable):
            return str(problem)
        if isinstance(problem, smtplib.SMTPResponseException):
            detail = f"{problem.smtp_code} {printable(problem.smtp_error)}"
        else:
            detail = printable(str(problem)) or type(problem).__name__
        return f"{self._host}:{self._port}, at {self._stage}: {detail}"
