"""Where a webhook may go: a public address, over TLS. Judged again at the address connected to.

A name can mean another machine each time it is looked up, so it is looked up once, everything it
means is judged, and the connection goes to one of exactly those numbers.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

LONGEST = 500
PORTS = {"https": 443, "http": 80}
# IPv6 addresses that carry an IPv4 one inside, which nobody would have judged.
INSIDE = ("::ffff:0:0/96", "64:ff9b::/96", "2001::/32", "2002::/16")
# What no one machine on the Internet has, though `is_global` takes it for public: site-local, for
# documentation, for protocols (RFC 6890), and relays of 6to4, which carry on to somewhere else.
NOBODYS = ("fec0::/10", "3fff::/20", "192.0.0.0/24", "192.88.99.0/24")
CLOSED = tuple(ipaddress.ip_network(each) for each in (*INSIDE, *NOBODYS))


class AddressRefused(Exception):
    """Nothing is sent there; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address as it was written, taken apart."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """As the Host header says it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def loopback_allowed() -> bool:
    return bool(settings.DEBUG or settings.WEBHOOK_LOOPBACK)


def read(url: str) -> Target:
    """The address, taken apart. Raises AddressRefused for what could never be sent to."""
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise AddressRefused(f"Write the address in ASCII, without blanks, up to {LONGEST} signs.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressRefused("This is no address. Write https://HOST/PATH.") from None
    if parts.scheme not in PORTS or not parts.hostname:
        raise AddressRefused("Write an address that begins with https://, and a host after it.")
    if "@" in parts.netloc or parts.fragment:
        raise AddressRefused("Leave out user, password and fragment. The signature tells us.")
    if parts.scheme == "http" and not loopback_allowed():
        raise AddressRefused("Write https://. What is sent must not travel in clear text.")
    target = Target(parts.scheme, parts.hostname, port or PORTS[parts.scheme], _path(parts))
    number = _number(target.host)
    if number is not None:
        judge(target, [number])
    return target


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def judge(target: Target, numbers: list[str]) -> None:
    """Raises AddressRefused unless every number that the name means may be connected to."""
    for number in numbers:
        found = ipaddress.ip_address(number.partition("%")[0])
        if found.is_loopback and loopback_allowed():
            continue
        if found.is_loopback or not is_public(found):
            raise AddressRefused(
                f"{target.host} is {found}, an address inside of a network. Webhooks go to public "
                "addresses only."
            )
        if target.scheme == "http":
            raise AddressRefused("http:// is for this machine only. Write https://.")


def is_public(found: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if any(found in network for network in CLOSED if network.version == found.version):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def connect(target: Target, *, ends: float) -> socket.socket:
    """A connection to it, TLS and all, before `ends` (monotonic clock).

    Raises AddressRefused, or OSError for what does not work; the caller closes it.
    """
    found = resolve(target, ends=ends)
    judge(target, [str(where[0]) for _, where in found])
    fault: OSError | None = None
    for family, where in found:
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(left(ends))
            sock.connect(where)
            judge(target, [str(sock.getpeername()[0])])
            return _wrapped(sock, target, ends)
        except OSError as error:
            sock.close()
            fault = error
        except BaseException:
            sock.close()
            raise
    raise fault or OSError(f"{target.host} has no address")


def _wrapped(sock: socket.socket, target: Target, ends: float) -> socket.socket:
    if target.scheme == "http":
        return sock
    sock.settimeout(left(ends))
    return ssl.create_default_context().wrap_socket(sock, server_hostname=target.host)


def resolve(target: Target, *, ends: float) -> list[tuple[int, tuple[Any, ...]]]:
    """(family, socket address) of each number; looking up has no time limit of its own."""
    answer: list[tuple[int, tuple[Any, ...]]] = []
    fault: list[OSError] = []

    def look() -> None:
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            answer.extend((family, where) for family, _, _, _, where in found)
        except (OSError, UnicodeError) as error:
            fault.append(error if isinstance(error, OSError) else OSError(str(error)))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(left(ends))
    if thread.is_alive():
        raise TimeoutError
    if fault:
        raise fault[0]
    return answer


def left(ends: float) -> float:
    """Seconds until then; TimeoutError when there are none."""
    seconds = ends - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _number(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return None
