"""What SMTP looks like on the wire: strict replies within a time, a body nothing can smuggle in.

Under `channels.smtp`, which decides what an answer means for a message. No Django.
"""

from __future__ import annotations

import functools
import re
import select
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

MAX_REPLY_BYTES = 16_384  # RFC 5321 says 512 a line; far above this it is not a reply
SHOWN_REPLY_CHARACTERS = 500

_REPLY_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)
_LINE_END = re.compile(rb"\r\n|\r|\n")


class Unsendable(ValueError):
    """The message cannot be put on the wire unchanged; the sentence says why. Nothing left."""


@dataclass(frozen=True, slots=True)
class Mail:
    """One message ready for the wire. `utf8` when an address or header needs SMTPUTF8."""

    sender: str
    recipient: str
    data: bytes
    utf8: bool = False


class Garbled(smtplib.SMTPException):
    """The server said something that is no SMTP reply, or no answer to what was asked."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A well-formed answer. `text` is printable whatever the server sent."""

    code: int
    text: str

    @property
    def is_refusal(self) -> bool:
        return self.code >= 400

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


def printable(raw: bytes | str) -> str:
    """Text a log, a page and PostgreSQL can hold: no control characters, no NUL, not endless."""
    text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw
    shown = text[:SHOWN_REPLY_CHARACTERS]
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown)


def data_block(message: bytes) -> bytes:
    """The answer to 354: CRLF line ends only, leading dots doubled, ended by the dot.

    A bare CR or LF never leaves: servers that take one for a line end let a text smuggle in a
    second message.
    """
    if not message.count(b"\r\n") == message.count(b"\n") == message.count(b"\r"):
        message = _LINE_END.sub(b"\r\n", message)
    message = message.replace(b"\r\n.", b"\r\n..")
    if message.startswith(b"."):
        message = b"." + message
    return message + (b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n")


@functools.cache
def own_name() -> str:
    """What we call ourselves in EHLO; looked up once, for the look-up may take seconds."""
    name = socket.getfqdn()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


class Wire(smtplib.SMTP):
    """smtplib's greeting, STARTTLS and log-in over replies of our own reading.

    smtplib takes an over-long line for a clear 500 and " 25" for a code, and a server that drips
    one byte at a time keeps it waiting for ever. `opened` is shown each socket before it may block.
    """

    def __init__(
        self,
        timeout: float,
        tls: ssl.SSLContext | None,
        opened: Callable[[socket.socket], None],
    ) -> None:
        super().__init__(local_hostname=own_name(), timeout=timeout)
        self._reply_seconds = timeout
        self._tls_from_start = tls
        self._opened = opened
        self._buffer = bytearray()
        self._buffered_from: socket.socket | None = None

    def limit(self, seconds: float) -> None:
        """Wait for no answer longer than this from now on."""
        self._reply_seconds = seconds
        if self.sock is not None:
            self.sock.settimeout(seconds)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Replaces smtplib's way to a socket, which hides it until it is connected."""
        self._host = host  # smtplib's starttls() checks the certificate against this
        problem = OSError(f"no address for {host}")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        ):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(timeout)
                self._opened(sock)
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._tls_from_start is None:
                    return sock
                return self._tls_from_start.wrap_socket(sock, server_hostname=host)
            except OSError as error:
                sock.close()
                problem = error
        raise problem

    def getreply(self) -> tuple[int, bytes]:
        """One reply, all its lines. Raises Garbled for anything that is not exactly one."""
        deadline = time.monotonic() + self._reply_seconds
        code, size, lines = b"", 0, []
        while size <= MAX_REPLY_BYTES:
            parts = _REPLY_LINE.fullmatch(self._read_line(deadline))
            if parts is None or (code and parts[1] != code):
                raise Garbled("the answer is not an SMTP reply")
            code = parts[1]
            lines.append(parts[3] or b"")
            size += len(lines[-1]) + 4
            if parts[2] != b"-":
                return int(code), b"\n".join(lines)
        raise Garbled("the reply has no end")

    def _read_line(self, deadline: float) -> bytes:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        if self._buffered_from is not self.sock:  # what was said before TLS counts for nothing
            self._buffer.clear()
            self._buffered_from = self.sock
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_REPLY_BYTES:
                raise Garbled("the reply has no end")
            if time.monotonic() > deadline:
                raise TimeoutError("timed out while the answer dripped in")
            chunk = self.sock.recv(4096)
            if not chunk:
                raise smtplib.SMTPServerDisconnected("the server closed the connection")
            self._buffer += chunk
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        return line

    def reply(self) -> Reply:
        code, text = self.getreply()
        return Reply(code, printable(text.replace(b"\n", b" ")))

    def ask(self, command: bytes) -> Reply:
        self.write(command)
        return self.reply()

    def write(self, data: bytes) -> None:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        self.sock.sendall(data)

    def is_silent(self) -> bool:
        """True if nothing waits to be read: no late answer, no farewell, no hang-up."""
        if self.sock is None or self._buffer:
            return False
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)
