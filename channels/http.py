"""An HTTP client that knows how far it got: one POST is one message, at most once. No Django.

Until the first byte of the body is written nothing can have been accepted, so whatever goes wrong
is TRY_LATER; from then on only a clear answer counts and everything else is UNKNOWN. Redirects are
not followed, nothing is tried again, proxies and passwords of the environment are not looked at.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NoReturn

import httpx2

from channels.base import ChannelUnavailable, Envelope, Fault, Outcome, Receipt, TooLate
from channels.wire import Unsendable, printable

MAX_ANSWER_BYTES = 65_536  # an answer of ours has a few hundred
CONNECT_SECONDS = 10.0
FRESH_SECONDS = 1.0  # who answered this recently is not asked again
BEGUN = ("body", "answer")  # stages at which the message may have been accepted
# What the library tells of its progress → where the message stands from then on.
_STAGES = {
    "connection.connect_tcp.started": "connect",
    "connection.start_tls.started": "tls",
    "http11.send_request_headers.started": "headers",
    "http11.send_request_body.started": "body",
    "http11.receive_response_headers.started": "answer",
}


@lru_cache(maxsize=1)
def _trusted() -> ssl.SSLContext:
    """Whose certificates count. Read once: the list is long, and the same for every connection."""
    return httpx2.create_ssl_context(trust_env=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said, whole. `said` is its JSON object, empty if it was none."""

    status: int
    said: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""  # printable, cut short
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """Where messages are posted and how to tell what the answer means.

    `proof` is an address that answers 200 to a GET while `token` is good. `compose` makes the
    JSON of one envelope or raises Unsendable; `judge` turns an answer into a receipt.
    """

    post: str
    proof: str
    token: str
    compose: Callable[[Envelope], dict[str, Any]]
    judge: Callable[[Answer], Receipt]
    timeout: float = 20.0


class HttpConnection:
    """One open way to an HTTP API (`channels.base.Connection`), used by one thread at a time.

    After `abort()` or `close()` it is over for good: a thread that comes late transmits nothing.
    """

    def __init__(self, way: Way) -> None:
        self._way = way
        self._client: httpx2.Client | None = None
        self._pid = os.getpid()
        self._stage = "connect"
        self._envelope: Envelope | None = None  # the one in carry()
        self._heard_at = 0.0
        self._lock = threading.Lock()  # guards the three below
        self._over = False
        self._busy = False  # some thread is in carry()
        self._lever: socket.socket | None = None  # a second handle on the socket, for abort()

    def open(self) -> None:
        """Ask the other side whether it takes our token. Raises ChannelUnavailable."""
        try:
            answer = self._exchange("GET", self._way.proof)
        except Exception as problem:
            self._drop()
            raise ChannelUnavailable(self._sentence(problem)) from problem
        if answer.status == 200:
            return
        receipt = self._way.judge(answer)
        self._drop()
        raise ChannelUnavailable(
            f"{self._host()} does not let us in: {receipt.reply}",
            receipt.fault or Fault.SERVICE,
            receipt.retry_after,
        )

    def prove(self) -> bool:
        """True if the other side answers now and takes our token; a connection that was dropped
        while idle is opened again."""
        if self._over:
            return False
        if self._is_ours() and time.monotonic() - self._heard_at < FRESH_SECONDS:
            return True
        idle = self._client is not None
        return self._opens() or (idle and self._opens())

    def _opens(self) -> bool:
        try:
            self.open()
        except Exception:  # noqa: BLE001 -- the contract: never raises
            return False
        return True

    def carry(self, envelope: Envelope) -> Receipt:
        """Hand over one message, at most once. Never raises."""
        with self._lock:
            self._stage, self._busy, self._envelope = "compose", True, envelope
        try:
            body = _encoded(self._way.compose(envelope))
        except Exception as fault:  # noqa: BLE001 -- whatever it was, nothing was written
            self._busy, self._envelope = False, None
            return self._receipt(Outcome.REFUSED, str(fault) or repr(fault), Fault.MESSAGE)
        try:
            answer = self._exchange("POST", self._way.post, body)
            receipt = self._way.judge(answer)
            return replace(receipt, stage=receipt.stage or self._stage, evidence=self._evidence())
        except Exception as problem:  # noqa: BLE001 -- the contract: never raises
            outcome = Outcome.UNKNOWN if self._stage in BEGUN else Outcome.TRY_LATER
            self._drop()
            about = Fault.LATE if isinstance(problem, TooLate) else Fault.SERVICE
            return self._receipt(outcome, self._sentence(problem), about)
        finally:
            self._busy, self._envelope = False, None

    def abort(self) -> None:
        """Shut the socket down under another thread's carry(), which then returns at once."""
        with self._lock:
            self._over = True
            if self._lever is not None:
                with contextlib.suppress(OSError):
                    self._lever.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            self._over, busy = True, self._busy
        if busy:
            self.abort()
            return
        self._drop()

    def _exchange(self, method: str, url: str, body: bytes | None = None) -> Answer:
        """One request, one whole answer. Raises whatever went wrong; `_stage` says how far."""
        client = self._ready()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        request = client.build_request(
            method, url, content=body, headers=headers, extensions={"trace": self._trace}
        )
        response = client.send(request, stream=True)
        try:
            raw = _whole(response)
        finally:
            response.close()
        self._heard_at = time.monotonic()
        return _answer(response, raw)

    def _ready(self) -> httpx2.Client:
        if self._client is None or not self._is_ours():
            self._drop()
            self._client, self._pid = self._new_client(), os.getpid()
        if self._over:
            self._cut_off()
        return self._client

    def _new_client(self) -> httpx2.Client:
        return httpx2.Client(
            headers={
                "Authorization": f"Bearer {self._way.token}",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": "outreach-command-center",
            },
            timeout=httpx2.Timeout(self._way.timeout, connect=CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=1, max_keepalive_connections=1),
            follow_redirects=False,
            trust_env=False,
            verify=_trusted(),
        )

    def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """The library's own account of its progress; raising here ends the attempt."""
        if event == "connection.connect_tcp.complete":
            self._hold(info["return_value"].get_extra_info("socket"))
        stage = _STAGES.get(event)
        if stage is None:
            return
        with self._lock:
            if stage == "body" and self._over:
                self._cut_off()
            if stage == "body" and self._envelope is not None and self._envelope.is_late:
                raise TooLate
            self._stage = stage

    def _cut_off(self) -> NoReturn:
        raise OSError("cut off before anything was handed over")

    def _hold(self, sock: socket.socket) -> None:
        """Keep a handle that survives TLS wrapping and is not closed under abort()."""
        with self._lock:
            if self._over:
                self._cut_off()
            if self._lever is not None:
                self._lever.close()
            self._lever = sock.dup()

    def _drop(self) -> None:
        """Close without a word; in a forked child this leaves the parent's connection alone."""
        client, self._client = self._client, None
        self._heard_at = 0.0
        with self._lock:
            lever, self._lever = self._lever, None
        for handle in (lever, client):
            if handle is not None:
                with contextlib.suppress(Exception):
                    handle.close()

    def _is_ours(self) -> bool:
        """False in a forked child: two processes must not talk on one connection."""
        return self._pid == os.getpid()

    def _receipt(self, outcome: Outcome, reply: str, fault: Fault) -> Receipt:
        return Receipt(
            outcome, self._stage, printable(reply), evidence=self._evidence(), fault=fault
        )

    def _evidence(self) -> dict[str, Any]:
        return {"server": self._host(), "cut_off": self._over}

    def _host(self) -> str:
        return httpx2.URL(self._way.post).netloc.decode("ascii", "replace")

    def _sentence(self, problem: Exception) -> str:
        """What went wrong, for the operator; never the token, which is in no message."""
        if isinstance(problem, ChannelUnavailable):
            return str(problem)
        detail = printable(str(problem)) or type(problem).__name__
        return f"{self._host()}, at {self._stage}: {detail}"


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as fault:
        raise Unsendable("The text holds half a character (a lone surrogate).") from fault


def _whole(response: httpx2.Response) -> bytes:
    """The whole answer, within reason. A shortened one raises: it may have said no."""
    raw = b""
    for chunk in response.iter_raw():
        raw += chunk
        if len(raw) > MAX_ANSWER_BYTES:
            raise ValueError("the answer has no end")
    return raw


def _answer(response: httpx2.Response, raw: bytes) -> Answer:
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError):
        said = {}
    wait = response.headers.get("retry-after", "")
    return Answer(
        status=response.status_code,
        said=said if isinstance(said, dict) else {},
        text=printable(raw),
        retry_after=float(wait) if wait.isdecimal() and len(wait) < 6 else None,
    )
