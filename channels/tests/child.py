"""What a forked sender does: the points at which it stops itself, and the job it runs.

Spec (all optional): at, moving (the clock runs, `speed` times as fast), host, port, connections,
deadline, timeout, data_dir, freeze + turn, job ("process", "loop"), most, no_spacing, out + channel
+ delay (a file adapter), rate (of that channel), database (another HOST and PORT),
pragma + when (SQLite's, once that file is there), no_wait (no pause before a database is retried).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.db import connection

from channels import registry, sending, smtp, wire
from channels.base import Outcome, Receipt
from channels.carrying import Connections
from outreach.core.ending import ending
from outreach.testing import WORKDAY
from safety.contract import frequency

# Senders that find nothing leave the processor to whoever is measured: six looks in a third of
# a second tell as much as twenty that follow each other at once.
QUIET_ROUNDS, NAP = 6, 0.05


def live(spec: dict[str, Any], pipe: int) -> NoReturn:
    """Run the spec in this freshly forked process and end it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    code = 1
    try:
        child = Child(spec, pipe)
        child.prepare()
        child.say("done", json.dumps(child.run()))
        code = 0
    except BaseException:
        os.write(pipe, b"failed " + traceback.format_exc().replace("\n", "|").encode() + b"\n")
    finally:
        sys.stderr.flush()
        connection.close()
        os._exit(code)


class Child:
    """One sender process with its points patched in."""

    def __init__(self, spec: dict[str, Any], pipe: int) -> None:
        self.spec, self.pipe = spec, pipe
        self._turns = 0
        self._once = threading.Lock()
        self._began = time.monotonic()

    def say(self, word: str, rest: str = "") -> None:
        os.write(self.pipe, f"{word} {rest}\n".encode())

    def clock(self) -> datetime:
        at = datetime.fromisoformat(
            self.spec.get("at", (WORKDAY + timedelta(minutes=1)).isoformat())
        )
        if self.spec.get("moving"):
            at += timedelta(seconds=self.spec.get("speed", 1) * (time.monotonic() - self._began))
        return at.astimezone(UTC)

    def prepare(self) -> None:
        spec = self.spec
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = (
            spec.get("host", "127.0.0.1"),
            spec.get("port", 9),
        )
        settings.EMAIL_TIMEOUT = spec.get("timeout", 10)
        settings.SEND_CONNECTIONS = spec.get("connections", 5)
        settings.SEND_DEADLINE_SECONDS = spec.get("deadline", 20)
        settings.DATA_DIR = Path(spec.get("data_dir", settings.DATA_DIR))
        settings.SEND_PER_MINUTE = {spec["channel"]: spec["rate"]} if spec.get("rate") else {}
        if spec.get("no_spacing"):
            frequency.SPACING = {}
        if spec.get("out"):
            adapter = FileAdapter(spec["channel"], Path(spec["out"]), spec.get("delay", 0))
            registry.register(spec["channel"], lambda _: adapter)
        connection.settings_dict.update(spec.get("database", {}))
        if spec.get("pragma"):
            connection.execute_wrappers.append(self._spoilt)
        if spec.get("no_wait"):
            time.sleep = lambda _: None  # this process only
        if spec.get("freeze"):
            getattr(self, f"_at_{spec['freeze']}")()

    def _spoilt(self, execute: Any, *args: Any) -> Any:
        """Each statement, on a disk that turned bad when the file appeared."""
        if Path(self.spec["when"]).exists():
            connection.connection.execute(f"PRAGMA {self.spec['pragma']}")
        return execute(*args)

    def run(self) -> dict[str, Any]:
        connection.ensure_connection()
        self.say("ready", str(backend_pid()))
        if self.spec.get("job") == "loop":
            return self._loop()
        return sending.process(clock=self.clock, most=self.spec.get("most")).as_dict()

    def _loop(self) -> dict[str, Any]:
        """As a worker does: look, drain, look again, until SIGTERM."""
        signal.signal(signal.SIGTERM, lambda *_: ending.set())
        total: dict[str, int] = {}
        quiet = 0
        while not ending.is_set():
            report = sending.process(clock=self.clock).as_dict()
            for key, value in report.items():
                if isinstance(value, int):
                    total[key] = total.get(key, 0) + value
            quiet = 0 if any(report[key] for key in ("sent", "failed", "released")) else quiet + 1
            if quiet and quiet % QUIET_ROUNDS == 0:
                self.say("idle")
            ending.wait(NAP if quiet else 0.005)
        return total

    # -- points ------------------------------------------------------------------------------------

    def freeze(self) -> None:
        """The `turn`-th call stops this process with all its threads; others pass."""
        with self._once:
            self._turns += 1
            if self._turns != self.spec.get("turn", 1):
                return
            self.say("point", self.spec["freeze"])
            os.kill(os.getpid(), signal.SIGSTOP)

    def _at_claim(self) -> None:
        original = sending._claim

        def claim(*args: Any) -> Any:
            made, told = original(*args)
            if made:
                self.freeze()
            return made, told

        sending._claim = claim

    def _at_claimed(self) -> None:
        original = sending.look

        def look(*args: Any, **kwargs: Any) -> Any:
            self.freeze()
            return original(*args, **kwargs)

        sending.look = look

    def _at_looked(self) -> None:
        original = Connections.carry

        def carry(*args: Any, **kwargs: Any) -> Any:
            self.freeze()
            return original(*args, **kwargs)

        Connections.carry = carry

    def _at_body(self) -> None:
        self._patch_block(lambda write, line, block: write(line, block[: len(block) // 2]), True)

    def _at_dot(self) -> None:
        self._patch_block(lambda write, line, block: write(line, block), False)

    def _patch_block(self, first: Any, rest: bool) -> None:
        original = wire.Wire.write

        def write(line: Any, block: bytes) -> None:
            if not block.endswith(b"\r\n.\r\n"):
                original(line, block)
                return
            first(original, line, block)
            self.freeze()
            if rest:
                original(line, block[len(block) // 2 :])

        wire.Wire.write = write

    def _at_answered(self) -> None:
        original = sending._record

        def record(last: Any, *args: Any) -> Any:
            told = original(last, *args)
            if last.carried:
                self.freeze()
            return told

        sending._record = record

    def _at_transmitted(self) -> None:
        original = sending._commit

        def commit(last: Any, *args: Any) -> Any:
            if last.carried:
                self.freeze()
            return original(last, *args)

        sending._commit = commit

    def _at_recorded(self) -> None:
        original = sending._commit

        def commit(last: Any, *args: Any) -> Any:
            rows = original(last, *args)
            if last.carried:
                self.freeze()
            return rows

        sending._commit = commit


def backend_pid() -> int:
    """The server process behind our connection; 0 on SQLite."""
    return connection.connection.info.backend_pid if connection.vendor == "postgresql" else 0


class FileAdapter:
    """A channel whose other side is a file: one line for each message, appended by the kernel."""

    def __init__(self, channel: str, path: Path, delay: float) -> None:
        self.channel, self.delay = channel, delay
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def configured(self) -> str:
        return ""

    def connect(self) -> FileAdapter:
        return self

    def render(self, envelope: Any) -> str:
        return envelope.text

    def prove(self) -> bool:
        return True

    def carry(self, envelope: Any) -> Receipt:
        time.sleep(self.delay)
        row = {"to": envelope.recipient, "text": envelope.text, "tick": time.monotonic()}
        os.write(self._file, json.dumps(row).encode() + b"\n")
        return Receipt(Outcome.SENT, "file")

    def abort(self) -> None: ...

    def close(self) -> None: ...


assert smtp  # imported before the fork, so that no child pays for it
