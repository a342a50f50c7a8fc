"""Real sender processes for tests: frozen or killed where a test says, judged by what arrived.

A nursery imports the product once and forks a child for each sender, so that a child costs
milliseconds. The child's points are patched in here, from outside: the product has no hook.

In a test:
    sender = start(freeze="looked", turn=2)      # the fixture `start` of test modules
    sender.frozen()                              # it stands there, alive, until resume() or kill()
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
POINTS = ("claim", "claimed", "looked", "body", "dot", "answered", "recorded")
PATIENCE = 30.0  # no single step of a test takes longer


class Sender:
    """One child of the nursery, seen from the test: what it says, and power over its life."""

    def __init__(self, pid: int, pipe: int) -> None:
        self.pid, self._pipe, self._rest = pid, pipe, b""
        self.handle = os.pidfd_open(pid)
        self.heard: list[str] = []

    def expect(self, word: str, seconds: float = PATIENCE) -> str:
        """The rest of the next line that begins with `word`. Raises if it never comes."""
        deadline = time.monotonic() + seconds
        while True:
            while b"\n" in self._rest:
                line, _, self._rest = self._rest.partition(b"\n")
                self.heard.append(line.decode())
                first, _, rest = self.heard[-1].partition(" ")
                if first == word:
                    return rest
                if first == "failed":
                    raise AssertionError(rest.replace("|", "\n"))
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._pipe], [], [], left)[0]:
                raise TimeoutError(f"{self.pid} did not say {word!r}, only {self.heard}")
            more = os.read(self._pipe, 65536)
            if not more:
                raise EOFError(f"{self.pid} ended before {word!r}; it said {self.heard}")
            self._rest += more

    def expect_anew(self, word: str, seconds: float = PATIENCE) -> str:
        """Like `expect`, but what it said before this call does not count."""
        while select.select([self._pipe], [], [], 0)[0]:
            more = os.read(self._pipe, 65536)
            if not more:
                break
            self._rest += more
        whole, _, self._rest = self._rest.rpartition(b"\n")
        self.heard += whole.decode().split("\n") if whole else []
        for line in self.heard:
            if line.startswith("failed "):
                raise AssertionError(line.removeprefix("failed ").replace("|", "\n"))
        return self.expect(word, seconds)

    def frozen(self) -> Sender:
        """Wait until it stands still at its point: stopped by the kernel, not by a promise."""
        self.expect("point")
        self._until(lambda: self.state() == "T", "stand still")
        return self

    def done(self) -> dict[str, Any]:
        """Its report, once it has ended by itself."""
        report = json.loads(self.expect("done"))
        self.gone()
        return report

    def gone(self, seconds: float = PATIENCE) -> None:
        """Wait until the process is no more."""
        if not select.select([self.handle], [], [], seconds)[0]:
            raise TimeoutError(f"{self.pid} still lives")

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        self.gone()

    def freeze(self) -> Sender:
        self.signal(signal.SIGSTOP)
        self._until(lambda: self.state() == "T", "stand still")
        return self

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def state(self) -> str:
        """R, S, T (stopped) …; X when it is no more."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2][0]
        except (FileNotFoundError, ProcessLookupError):
            return "X"

    def _until(self, true, what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            if time.monotonic() > deadline or self.state() == "X":
                raise TimeoutError(f"{self.pid} did not {what}")
            time.sleep(0.002)

    def end(self) -> None:
        self.kill()
        os.close(self.handle)
        os.close(self._pipe)


class Nursery:
    """The process that forks senders. One for each test session; ends with it, and they with it."""

    def __init__(self) -> None:
        from django.conf import settings

        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {
            **os.environ,
            "DATABASE_URL": database_url(),
            "DATA_DIR": str(settings.DATA_DIR),
            "ENV_FILE": os.devnull,
            "DRY_RUN": "False",
            "LOG_LEVEL": "ERROR",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "channels.tests.processes", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            cwd=ROOT,
            env=environment,
        )
        theirs.close()
        self._socket = ours
        ours.settimeout(PATIENCE)

    def start(self, **spec: Any) -> Sender:
        """A new child that does what `spec` says; see `Child`."""
        reading, writing = os.pipe()
        socket.send_fds(self._socket, [json.dumps(spec, default=str).encode()], [writing])
        os.close(writing)
        return Sender(int(self._socket.recv(64)), reading)

    def end(self) -> None:
        self._socket.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()


def database_url() -> str:
    """The test database of this process, as a URL another process can use."""
    from django.db import connection

    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    who = known["USER"] + (f":{known['PASSWORD']}" if known["PASSWORD"] else "")
    return f"postgres://{who}@{known['HOST']}:{known['PORT'] or 5432}/{known['NAME']}"


# --- In the nursery ------------------------------------------------------------------------------


def main() -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "outreach.settings"
    django.setup()
    from channels.tests.child import live

    line = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by the kernel
    handles: list[int] = []
    while True:
        message, descriptors, _, _ = socket.recv_fds(line, 65536, 1)
        if not message:
            break
        pid = os.fork()
        if pid == 0:
            line.close()
            for handle in handles:
                os.close(handle)
            live(json.loads(message), descriptors[0])
        os.close(descriptors[0])
        handles.append(os.pidfd_open(pid))
        line.send(str(pid).encode())
    for handle in handles:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)


if __name__ == "__main__":
    main()
