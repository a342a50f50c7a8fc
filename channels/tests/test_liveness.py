"""A sender is dead when the kernel says so and never otherwise: judged on real processes."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from channels import liveness
from channels.liveness import SenderLock, kill_owner, proven_dead
from channels.tests.holder import ROOT, row_of

pytestmark = pytest.mark.processes

# -- alive or dead -----------------------------------------------------------------------------


def test_a_running_sender_is_not_dead(hold):
    assert not proven_dead(**hold().row)


def test_a_killed_sender_is_dead(hold):
    holder = hold()
    holder.process.kill()
    holder.process.wait()
    assert proven_dead(**holder.row)
    assert proven_dead(**holder.row), "looking must not change the answer"


def test_a_stopped_sender_is_alive_however_long(hold):
    holder = hold()
    holder.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, holder.process.pid, os.WSTOPPED | os.WNOWAIT)
    assert not proven_dead(**holder.row)
    os.utime(liveness.lock_path(holder.directory, holder.row["sender"]), (0, 0))
    assert not proven_dead(**holder.row), "age proves nothing"
    holder.process.send_signal(signal.SIGCONT)
    assert not proven_dead(**holder.row)


def test_a_sender_that_let_go_is_dead_and_leaves_its_file(hold):
    holder = hold()
    holder.release()
    assert holder.process.poll() is None
    assert proven_dead(**holder.row)


def test_the_file_goes_when_every_row_was_ended(hold):
    holder = hold("ended")
    holder.release()
    assert [p.name for p in holder.directory.iterdir()] == ["place"]
    assert not proven_dead(**holder.row), "without its file nothing can be proven"


def test_one_sender_of_several_is_told_apart(hold):
    dead, alive = hold(), hold()
    dead.process.kill()
    dead.process.wait()
    assert proven_dead(**dead.row)
    assert not proven_dead(**alive.row)


def test_looking_neither_creates_nor_takes_anything(lock, tmp_path):
    before = sorted(p.name for p in tmp_path.iterdir())
    for _ in range(50):
        assert not proven_dead(**row_of(lock, tmp_path))
        assert not proven_dead(**{**row_of(lock, tmp_path), "sender": uuid4()})
    assert sorted(p.name for p in tmp_path.iterdir()) == before


def test_two_who_look_at_once_do_not_take_each_other_for_the_owner(lock, tmp_path):
    import fcntl

    row = row_of(lock, tmp_path)
    lock.release()
    with lock.path.open("rb") as another_looking:
        fcntl.flock(another_looking, fcntl.LOCK_SH)
        assert proven_dead(**row)


def test_who_looks_around_keeps_no_new_sender_from_its_lock(tmp_path, monkeypatch):
    """A look takes a shared lock for a moment; it must find no file that is not locked yet."""
    flock, looked = liveness.fcntl.flock, []

    def looked_at_first(descriptor, how):
        if how & liveness.fcntl.LOCK_EX:
            for path in tmp_path.glob("*.lock"):
                looked.append(path.open("rb"))
                flock(looked[-1], liveness.fcntl.LOCK_SH)
        flock(descriptor, how)

    monkeypatch.setattr(liveness.fcntl, "flock", looked_at_first)
    lock = SenderLock.acquire(tmp_path)
    assert not looked
    assert not proven_dead(**row_of(lock, tmp_path))
    assert liveness.running(tmp_path) == [lock.uuid]
    lock.release(all_ended=True)
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


# -- forks and programs started ----------------------------------------------------------------


def _wait_on(pipe) -> None:
    pipe.recv()


def test_a_full_disk_leaves_nothing_open_and_nothing_lying_about(lock, tmp_path, monkeypatch):
    """It is tried every few seconds: after a night of it the process could open nothing more."""

    def full(*_args) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def lies_about() -> tuple[list[Path], int]:
        return sorted(tmp_path.rglob("*")), len([*Path("/proc/self/fd").iterdir()])

    before = lies_about()
    monkeypatch.setattr(liveness.os, "write", full)
    for _ in range(3):
        with pytest.raises(OSError, match="No space left"):
            SenderLock.acquire(lock.path.parent)
    assert lies_about() == before


def test_a_forked_child_does_not_keep_the_lock(tmp_path):
    """os.fork and multiprocessing run the at-fork hook; the lock dies with its own process."""
    script = """
import os, sys
from pathlib import Path
from channels.liveness import SenderLock
import json
lock = SenderLock.acquire(Path(sys.argv[1]))
reader, writer = os.pipe()
if os.fork() == 0:
    os.close(writer)
    os.write(1, b"child\\n")
    sys.stdin.readline()
    os._exit(0)
row = {"sender": str(lock.uuid), "place": lock.place, "boot_id": lock.boot_id}
os.write(1, json.dumps(row).encode() + b"\\n")
os.kill(os.getpid(), 9)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as parent:
        said = [parent.stdout.readline(), parent.stdout.readline()]
        parent.wait()
        row = json.loads(next(line for line in said if line.startswith("{")))
        row = {**row, "sender": UUID(row["sender"]), "directory": tmp_path}
        assert "child\n" in said, "the child lives on and must not hold the lock"
        assert proven_dead(**row)
        parent.stdin.write("\n")


def test_a_forked_child_closing_leaves_the_parents_lock(lock, tmp_path):
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    child = context.Process(target=_wait_on, args=(there,))
    child.start()
    assert not proven_dead(**row_of(lock, tmp_path))
    here.send(None)
    child.join(5)
    assert not proven_dead(**row_of(lock, tmp_path))


def test_a_program_started_by_the_sender_does_not_keep_the_lock(tmp_path):
    lock = SenderLock.acquire(tmp_path)
    row = row_of(lock, tmp_path)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as program:
        lock.release()
        assert proven_dead(**row)
        program.stdin.close()


def test_release_twice_is_harmless(lock, tmp_path):
    lock.release()
    lock.release()
    assert lock.path.exists()


# -- killing -----------------------------------------------------------------------------------


def test_the_owner_is_killed_and_then_proven_dead(hold):
    holder = hold()
    said = kill_owner(**holder.row)
    assert said == f"Killed process {holder.process.pid}; its lock is free."
    assert proven_dead(**holder.row)
    assert holder.process.wait() == -signal.SIGKILL


def test_a_stopped_owner_is_killed_too(hold):
    holder = hold()
    holder.process.send_signal(signal.SIGSTOP)
    started = time.monotonic()
    assert kill_owner(**holder.row).startswith("Killed process")
    assert time.monotonic() - started < 20
    assert proven_dead(**holder.row)


def test_an_owner_that_ended_needs_no_killing(hold):
    holder = hold()
    holder.release()
    assert "has ended" in kill_owner(**holder.row)
    assert holder.process.poll() is None


def test_a_process_that_only_has_the_number_is_spared(hold):
    """The pid in the file may have been given to somebody else since."""
    holder, bystander = hold(), hold()
    path = liveness.lock_path(holder.directory, holder.row["sender"])
    path.write_text(json.dumps({"pid": bystander.process.pid, "start": ""}))
    assert "does not hold the sender's lock" in kill_owner(**holder.row)
    assert bystander.process.poll() is None
    assert holder.process.poll() is None
    assert not proven_dead(**holder.row)


def test_nobody_kills_itself(lock, tmp_path):
    assert "this very process" in kill_owner(**row_of(lock, tmp_path))


@pytest.mark.parametrize("changed", [{"place": "elsewhere"}, {"boot_id": "an earlier boot"}])
def test_a_sender_of_another_place_or_boot_is_not_killed(hold, changed):
    holder = hold()
    assert "not on this machine" in kill_owner(**{**holder.row, **changed})
    assert holder.process.poll() is None


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", '{"pid": "x"}', '{"pid": 0}', '{"pid": -1}', "\xff"]
)
def test_an_unreadable_pid_kills_nobody(lock, tmp_path, content):
    lock.path.write_text(content)
    assert kill_owner(**row_of(lock, tmp_path)).startswith("Not killed: ")


def test_a_pid_that_is_gone_or_a_file_that_is_gone_is_a_sentence(lock, tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    lock.path.write_text(json.dumps({"pid": gone.pid}))
    assert "Not killed: " in kill_owner(**row_of(lock, tmp_path))
    lock.path.unlink()
    assert "Not killed: " in kill_owner(**row_of(lock, tmp_path))


def test_without_pidfd_nobody_is_killed(monkeypatch, hold):
    monkeypatch.delattr(signal, "pidfd_send_signal")
    holder = hold()
    assert "Not killed" in kill_owner(**holder.row)
    assert holder.process.poll() is None


def test_a_lock_that_stays_held_is_told(monkeypatch, hold):
    """A process in an uninterruptible wait keeps its lock although the signal was sent."""
    monkeypatch.setattr(liveness, "KILL_WAIT_SECONDS", 0.05)
    monkeypatch.setattr(liveness, "_is_free", lambda _: False)
    assert "still held" in kill_owner(**hold().row)
