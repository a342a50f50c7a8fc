"""Real processes: what dies is started again, what we leave behind is nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import guard, supervisor
from tools.steps import ROOT
from tools.supervisor import Child, Supervisor

pytestmark = pytest.mark.processes

# Writes its pid, starts a child of its own that would live on, and sleeps.
FAMILY = """
import os, pathlib, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
pathlib.Path(sys.argv[1]).open("a").write(f"{os.getpid()} {child.pid}\\n")
time.sleep(300)
"""
# A supervisor of one family in a process of its own, to be killed.
LONELY = """
import pathlib, sys
from tools.supervisor import Child, Supervisor
folder = pathlib.Path(sys.argv[1])
argv = ["python", str(folder / "family.py"), str(folder / "pids")]
one = Supervisor([Child("family", argv, folder / "log", {})], bool)
one.start()
one.watch()
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "family.py").write_text(FAMILY)
    return tmp_path


@pytest.fixture
def handlers():
    """The supervisor takes over the signals of its process."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def family(folder, handlers, monkeypatch):
    monkeypatch.setattr(supervisor, "FIRST_DELAY", 0.1)
    argv = ["python", str(folder / "family.py"), str(folder / "pids")]
    one = Supervisor([Child("family", argv, folder / "log", dict(os.environ), delay=0.1)], bool)
    one.start()
    yield one
    one.end()


def pids(folder: Path) -> list[int]:
    path = folder / "pids"
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_for(truth, seconds=15.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if truth():
            return True
        time.sleep(0.05)
    return False


def test_a_killed_process_is_started_again_and_its_orphan_ended(family, folder):
    assert family.watch(15, until=lambda: len(pids(folder)) == 2)
    first, orphan = pids(folder)
    os.kill(first, signal.SIGKILL)
    assert family.watch(15, until=lambda: len(pids(folder)) == 4)
    assert wait_for(lambda: not alive(orphan))


def test_neither_a_lost_guard_nor_a_failed_start_ends_the_supervisor(
    folder, handlers, monkeypatch, capsys
):
    """The stop kills a worker on purpose: the web must not go with it."""
    monkeypatch.setattr(supervisor, "FIRST_DELAY", 0.1)
    guards: list[subprocess.Popen[bytes]] = []
    begin = supervisor.subprocess.Popen
    short = [False, True, True]  # of memory, when the family is started

    def start(argv, **how):
        is_guard = "tools.guard" in argv
        if not is_guard and short and short.pop(0):
            raise BlockingIOError(11, "Resource temporarily unavailable")
        process = begin(argv, **how)
        if is_guard:
            guards.append(process)
        return process

    monkeypatch.setattr(supervisor.subprocess, "Popen", start)
    argv = ["python", str(folder / "family.py"), str(folder / "pids")]
    one = Supervisor([Child("family", argv, folder / "log", dict(os.environ), delay=0.1)], bool)
    one.start()
    try:
        assert one.watch(15, until=lambda: len(pids(folder)) == 2)
        guards[0].kill()
        guards[0].wait()
        os.kill(pids(folder)[0], signal.SIGKILL)
        assert one.watch(15, until=lambda: len(pids(folder)) == 4)
        assert capsys.readouterr().out.count("cannot be started") == 2
        assert len(guards) == 2 and guards[1].poll() is None
    finally:
        one.end()
    assert wait_for(lambda: not any(map(alive, pids(folder))))


def test_end_leaves_nothing_behind(family, folder):
    assert family.watch(15, until=lambda: len(pids(folder)) == 2)
    family.end()
    assert wait_for(lambda: not any(map(alive, pids(folder))))


def test_a_process_that_does_not_listen_is_killed(folder, handlers, monkeypatch):
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.3)
    deaf = folder / "deaf.py"
    deaf.write_text(
        "import signal, sys, pathlib, os, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))\n"
        "time.sleep(300)\n"
    )
    argv = ["python", str(deaf), str(folder / "pids")]
    one = Supervisor([Child("deaf", argv, folder / "log", dict(os.environ))], bool)
    one.start()
    try:
        assert one.watch(15, until=lambda: bool(pids(folder)))
    finally:
        one.end()
    assert wait_for(lambda: not alive(pids(folder)[0]))


def test_a_supervisor_that_is_killed_takes_its_processes_along(folder):
    lonely = subprocess.Popen(
        [sys.executable, "-c", LONELY, str(folder)], cwd=ROOT, start_new_session=True
    )
    try:
        assert wait_for(lambda: len(pids(folder)) == 2)
    finally:
        lonely.kill()
        lonely.wait()
    assert wait_for(lambda: not any(map(alive, pids(folder))))


def test_a_supervisor_leaves_when_its_parent_does(folder, handlers):
    argv = ["python", str(folder / "family.py"), str(folder / "pids")]
    one = Supervisor([Child("family", argv, folder / "log", dict(os.environ))], lambda: True)
    one.start()
    try:
        assert one.watch(15) is False
        assert one.stopping
    finally:
        one.end()


def test_back_off_doubles_up_to_its_limit(folder, handlers):
    one = Supervisor([], bool)
    child = Child("short", ["python", "-c", "pass"], folder / "log", dict(os.environ))
    delays = []
    for _ in range(7):
        child.start()
        child.process.wait()
        one._look_after(child)
        delays.append(child.delay)
    assert delays == [2, 4, 8, 16, 30, 30, 30]


def test_a_big_log_makes_room(folder, monkeypatch):
    monkeypatch.setattr(supervisor, "LOG_BYTES", 10)
    log = folder / "web.log"
    log.write_text("x" * 11)
    supervisor._make_room(log)
    assert not log.exists()
    assert (folder / "web.log.1").exists()


def test_groups_that_are_gone_are_no_fault():
    gone = subprocess.Popen([sys.executable, "-c", ""], start_new_session=True)
    gone.wait()
    guard.end_groups({gone.pid}, patience=0.1)


@pytest.mark.parametrize(
    ("number", "named"),
    [(signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP"), (signal.SIGINT, "")],
)
def test_the_signal_that_ends_it_is_named_but_for_ctrl_c(family, number, named):
    os.kill(os.getpid(), number)
    assert family.watch(5) is False
    assert (family.stopping, family.ended_by) == (True, named)
