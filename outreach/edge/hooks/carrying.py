"""One attempt to hand over a webhook: a POST, and the number that answers it.

What the other side says beyond its status is not read, redirects are not followed, and one
deadline holds for all of it, however slowly single bytes come: no client of ours does these things
(docs/decisions/0017), so the few lines of HTTP are written here.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass

from outreach.edge.hooks import address

SECONDS = 10.0
GONE = 410
STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: [^\r\n]*)?\r?\n")
# 100, 102 or 103 with its headers, which the real answer follows (RFC 9110, 15.2).
INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)\d\d(?: [^\r\n]*)?\r?\n(?:[^\r\n]+\r?\n)*\r?\n")
LONGEST = 8 * 1024  # of all that is read
AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of it: `status` is 0 where nothing readable came back."""

    status: int
    fault: str = ""

    @property
    def arrived(self) -> bool:
        return 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """The other side says that it wants no more of these."""
        return self.status == GONE


def carry(url: str, headers: Mapping[str, str], body: bytes, *, seconds: float = SECONDS) -> Answer:
    """Never raises for anything the other side does or is."""
    ends = time.monotonic() + seconds
    try:
        target = address.read(url)
        with address.connect(target, ends=ends) as sock:
            sock.settimeout(address.left(ends))
            sock.sendall(_request(target, headers, body))
            status = _status(sock, ends)
    except address.AddressRefused as error:
        return Answer(0, str(error))
    except OSError as error:
        return Answer(0, _said(error, seconds))
    if status == 0:
        return Answer(0, "What came back is no answer.")
    if 200 <= status < 300:
        return Answer(status)
    more = "; redirects are not followed" if 300 <= status < 400 else ""
    return Answer(status, f"It answered {status}{more}.")


def _request(target: address.Target, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = {
        "Host": target.authority,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "User-Agent": "outreach-command-center",
        "Connection": "close",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {target.path} HTTP/1.1\r\n{head}\r\n".encode("ascii") + body


def _status(sock: socket.socket, ends: float) -> int:
    """The status of the first answer that is none in between; 0 where there is none."""
    raw, read = b"", 0
    while read <= LONGEST:
        while interim := INTERIM.match(raw):
            raw = raw[interim.end() :]
        match = STATUS.match(raw)
        if match and (match[1] == b"101" or match[1][:1] != b"1"):
            return int(match[1])
        if b"\n" in raw and not match:
            return 0
        sock.settimeout(address.left(ends))
        chunk = sock.recv(AT_ONCE)
        if not chunk:
            return int(match[1]) if match else 0
        raw, read = raw + chunk, read + len(chunk)
    return 0


def _said(error: OSError, seconds: float) -> str:
    """A sentence of ours; the system's own might repeat what the other side sent."""
    if isinstance(error, TimeoutError):
        return f"No answer within {seconds:g} seconds."
    if isinstance(error, ssl.SSLCertVerificationError):
        return "Its certificate is not valid for this host."
    if isinstance(error, ssl.SSLError):
        return "TLS did not come about."
    if isinstance(error, socket.gaierror):
        return "Its name is not known."
    if isinstance(error, ConnectionRefusedError):
        return "The connection was refused."
    return "The connection was lost."
