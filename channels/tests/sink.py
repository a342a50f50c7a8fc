"""An SMTP server on loopback that does what a script says and keeps what it took: the judge.

In a test:
    with SmtpSink({"rcpt": "550 no such user"}) as sink:
        ...                                        # sink.host, sink.port
        assert sink.wait_for(1)[0].recipients == ["ana@example.com"]

A script maps a stage to what happens there; without an entry the answer is a friendly one.
Stages: connect ehlo starttls auth mail rcpt data body dot rset noop quit ("body" is its first
bytes, "dot" its end). What happens:
    "550 5.1.1 no"      this reply (several lines joined by \\n become a multi-line reply)
    b"\\xff\\x00..."      these very bytes
    "drop" / "reset"    close the connection / with RST
    "hang"              never answer
    "drip 0.05"         the friendly answer, one byte each 0.05 s;  "drip 0.05 550 no" another one
    "wait 0.2"          the friendly answer after 0.2 s;            "wait 0.2 550 no" another one
    a list of these     one for each time the stage is reached, None = friendly, then friendly
A list of scripts is one for each connection, then none; a function (connection, stage) is asked.

A message counts as taken (`arrivals`) when its dot arrived, unless the scripted answer to the dot
is a 4xx or 5xx. As a program: python -m channels.tests.sink --port N --out FILE.jsonl
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import signal
import ssl
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from channels.tests.dialogue import Act, Arrival, Gone, Session

EXTENSIONS = ("PIPELINING", "SIZE 50000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
Script = Mapping[str, Act | Sequence[Act]]
Scripts = Script | Sequence[Script] | Callable[[int, str], Act]


class SmtpSink:
    """The server, in a thread of its own. A context manager; `port` 0 takes a free one."""

    def __init__(
        self,
        script: Scripts | None = None,
        *,
        delay: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
        extensions: Sequence[str] = EXTENSIONS,
        users: Sequence[tuple[str, str]] = (),
        tls: ssl.SSLContext | None = None,
        tls_from_start: bool = False,
        careless: bool = False,
        out: TextIO | None = None,
        keep: bool = True,
    ) -> None:
        self.script, self.delay, self.host, self.port = script, delay, host, port
        self.users, self.tls, self.tls_from_start = users, tls, tls_from_start
        self.careless = careless  # answers 354 to DATA even without a recipient
        self.offers: list[str] = [*extensions, *(["AUTH PLAIN"] if users else [])]
        self.offers += ["STARTTLS"] if tls and not tls_from_start else []
        self.out, self.keep = out, keep  # a long run keeps on disk only
        self.taken: list[Arrival] = []
        self.commands: list[tuple[int, str]] = []  # (connection, line) as they came
        self.connections = 0
        self._used: dict[tuple[int, str], int] = {}
        self._more = threading.Condition()

    # -- what a test asks ----------------------------------------------------------------------

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    @property
    def arrivals(self) -> list[Arrival]:
        return list(self.taken)

    def wait_for(self, count: int, seconds: float = 30.0) -> list[Arrival]:
        """The arrivals once there are `count` of them. Raises TimeoutError."""
        with self._more:
            if not self._more.wait_for(lambda: len(self.taken) >= count, seconds):
                raise TimeoutError(f"{len(self.taken)} of {count} messages arrived")
        return self.arrivals

    def heard(self, verb: str) -> int:
        """How often this command came."""
        return sum(line.upper().startswith(verb.upper()) for _, line in list(self.commands))

    # -- what a session asks -------------------------------------------------------------------

    def act(self, connection: int, stage: str) -> Act:
        script = self.script
        if script is None:
            return None
        if callable(script):
            return script(connection, stage)
        if not isinstance(script, Mapping):
            script = script[connection - 1] if connection <= len(script) else {}
        acts = script.get(stage)
        if acts is None or isinstance(acts, (str, bytes)):
            return acts
        turn = self._used[connection, stage] = self._used.get((connection, stage), 0) + 1
        return acts[turn - 1] if turn <= len(acts) else None

    def hear(self, connection: int, line: str) -> None:
        if self.keep:
            self.commands.append((connection, line))

    def take(self, arrival: Arrival) -> None:
        """Kept, and on disk, before the client hears of it."""
        if self.out is not None:
            self.out.write(arrival.as_json() + "\n")
            self.out.flush()
        if self.keep:
            with self._more:
                self.taken.append(arrival)
                self._more.notify_all()

    # -- running -------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        ends = (Gone, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
        try:
            with contextlib.suppress(*ends):
                await Session(self, self.connections, reader, writer).run()
        finally:
            writer.close()

    async def listen(self, ready: Callable[[], None], stop: asyncio.Event) -> None:
        server = await asyncio.start_server(
            self._serve,
            self.host,
            self.port,
            limit=60_000_000,
            ssl=self.tls if self.tls_from_start else None,
            backlog=1000,
        )
        self.port = server.sockets[0].getsockname()[1]
        ready()
        await stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # lets the closed sockets go

    def __enter__(self) -> SmtpSink:
        self._loop, self._stop = asyncio.new_event_loop(), asyncio.Event()
        self._loop.set_exception_handler(lambda *_: None)  # broken connections are its business
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready.set,), daemon=True)
        self._thread.start()
        if not ready.wait(5):
            raise RuntimeError("the sink did not start")
        return self

    def _run(self, ready: Callable[[], None]) -> None:
        self._loop.run_until_complete(self.listen(ready, self._stop))
        self._loop.close()

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)


def main() -> None:
    """Serve until SIGTERM; the first line on stdout is "listening HOST PORT"."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--out", type=Path, help="append each message taken as one line of JSON")
    parser.add_argument(
        "--delay", type=float, default=0.0, help="ms from what was heard to its reply"
    )
    parser.add_argument("--drop-after-dot", type=float, default=0.0, metavar="P")
    parser.add_argument(
        "--script", type=json.loads, default=None, help="as JSON, for each connection"
    )
    given = parser.parse_args()
    script: Scripts | None = given.script
    if given.drop_after_dot:
        script = lambda _, stage: (  # noqa: E731
            "drop" if stage == "dot" and random.random() < given.drop_after_dot else None
        )
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(given.out.open("a")) if given.out else None
        sink = SmtpSink(script, delay=given.delay / 1000, port=given.port, out=out, keep=False)
        asyncio.run(_serve_until_told(sink))


async def _serve_until_told(sink: SmtpSink) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await sink.listen(lambda: print("listening", sink.host, sink.port, flush=True), stop)


if __name__ == "__main__":
    sys.exit(main())
