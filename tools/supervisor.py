"""Keeps the processes of one machine running, and ends every one of them with itself.

Each has its own process group, so Ctrl-C reaches only the supervisor, which then ends them in
order. One that dies is started again: the emergency stop may kill a worker on purpose.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from tools import guard
from tools.steps import ROOT, say, venv_program

POLL_SECONDS = 0.2
STOP_SECONDS = 10.0
FIRST_DELAY, LONGEST_DELAY = 1.0, 30.0
CALM_SECONDS = 60.0  # alive this long: the next death is a new one, not the old one again
LOG_BYTES = 5_000_000
TAIL_BYTES = 2_000


@dataclass
class Child:
    """One process that must run, its log and its deaths."""

    name: str
    argv: Sequence[str]
    log: Path
    env: dict[str, str]
    before_start: Callable[[], None] = lambda: None
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    delay: float = FIRST_DELAY
    due: float = field(default=0.0)

    def start(self) -> int:
        self.before_start()
        _make_room(self.log)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [venv_program(self.argv[0]), *self.argv[1:]],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started = time.monotonic()
        return self.process.pid

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_end(self) -> None:
        if self.process is not None:
            self.process.terminate()

    def tail(self) -> str:
        try:
            text = self.log.read_bytes()[-TAIL_BYTES:].decode(errors="replace")
        except OSError:
            return ""
        return "\n".join(f"    {line}" for line in text.strip().splitlines()[-8:])


class Supervisor:
    """Start, watch, restart, end."""

    def __init__(self, children: Sequence[Child], leave_early: Callable[[], bool]) -> None:
        self.children = list(children)
        self.leave_early = leave_early
        self.stopping = False
        self.ended_by = ""  # the signal that ended it; of Ctrl-C whoever pressed it knows
        self._lifeline: IO[bytes] | None = None

    def start(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        self._lifeline = _guard()
        for child in self.children:
            self._begin(child)

    def watch(self, seconds: float | None = None, until: Callable[[], bool] | None = None) -> bool:
        """Look after the children; True as soon as `until` holds, False when it is over."""
        end = None if seconds is None else time.monotonic() + seconds
        while not self.stopping and (end is None or time.monotonic() < end):
            for child in self.children:
                self._look_after(child)
            if until is not None and until():
                return True
            if self.leave_early():
                self.stopping = True
            time.sleep(POLL_SECONDS)
        return False

    def end(self) -> None:
        """End every process of every group, within STOP_SECONDS and a little."""
        running = [child for child in self.children if child.is_running()]
        for child in running:
            child.ask_to_end()  # the main process ends its own in good order
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and any(child.is_running() for child in running):
            time.sleep(0.05)
        for child in self.children:
            self._clear(child)
        if self._lifeline is not None:
            self._lifeline.close()

    def _stop(self, number: int, _frame: object) -> None:
        self.stopping = True
        if number != signal.SIGINT and not self.ended_by:
            self.ended_by = signal.Signals(number).name

    def _begin(self, child: Child) -> None:
        self._tell(f"+{child.start()}")

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.due:
                self._try(child)
            return
        code = child.process.poll()
        if code is None:
            return
        self._clear(child)
        if now - child.started > CALM_SECONDS:
            child.delay = FIRST_DELAY
        say(f"{child.name} {_ending(code)}; starting it again in {child.delay:.0f} s. "
            f"Its last words, from {child.log}:\n{child.tail()}")  # fmt: skip
        _put_off(child)

    def _try(self, child: Child) -> None:
        """What cannot be started now, for want of memory or of its program, is tried again."""
        try:
            self._begin(child)
        except OSError as error:
            say(f"{child.name} cannot be started ({error}); trying again in {child.delay:.0f} s.")
            _put_off(child)

    def _clear(self, child: Child) -> None:
        """Kill what the group's main process left behind, such as an orphaned scheduler."""
        if child.process is None:
            return
        group = child.process.pid
        guard.signal_group(group, signal.SIGKILL)
        child.process.wait()
        child.process = None
        self._tell(f"-{group}")

    def _tell(self, change: str) -> None:
        """Tell the guard, or a new one all of it where somebody ended that one."""
        if self._lifeline is None:
            return
        try:
            self._lifeline.write(f"{change}\n".encode())
        except BrokenPipeError:
            groups = [each.process.pid for each in self.children if each.process is not None]
            with contextlib.suppress(OSError):  # no memory for one now: the next change tries again
                self._lifeline = _guard()
                self._lifeline.write("".join(f"+{group}\n" for group in groups).encode())


class Parent:
    """The `make` that started us: when it goes, by whatever way, so do we.

    A Ctrl-C at the terminal reaches everybody; a SIGINT sent to make alone does not, and make
    then waits for us without a word. It has given up its handler by then, which Linux shows.
    """

    def __init__(self) -> None:
        self.pid = os.getppid()
        self._did_catch = self._catches_interrupt()

    def is_leaving(self) -> bool:
        return os.getppid() != self.pid or (self._did_catch and not self._catches_interrupt())

    def _catches_interrupt(self) -> bool:
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return False
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
        return bool(int(caught.split()[1], 16) & 1 << (signal.SIGINT - 1))


def _guard() -> IO[bytes]:
    """Start what ends our processes after us; what it is told goes in here, unbuffered."""
    watcher = subprocess.Popen(
        [sys.executable, "-m", "tools.guard"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    )
    return cast(IO[bytes], watcher.stdin)


def _put_off(child: Child) -> None:
    child.due = time.monotonic() + child.delay
    child.delay = min(child.delay * 2, LONGEST_DELAY)


def _make_room(log: Path) -> None:
    """Keep one older log; neither grows for ever over restarts."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _ending(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended by itself with {code}"
