"""A sender is dead when the kernel says so and never otherwise: judged on real processes."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from channels import liveness
from channels.liveness import SenderLock, kill_owner, network_filesystem, place_of, proven_dead

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import json, sys, time
from pathlib import Path
from channels.liveness import SenderLock
lock = SenderLock.acquire(Path(sys.argv[1]))
row = {"sender": str(lock.uuid), "place": lock.place, "boot_id": lock.boot_id}
print(json.dumps(row), flush=True)
sys.stdin.readline()
lock.release(all_ended="ended" in sys.argv)
print("released", flush=True)
sys.stdin.readline()
"""


class Holder:
    """A sender in a process of its own, with no relation to this one but its pipes."""

    def __init__(self, directory: Path, *words: str) -> None:
        self.directory = directory
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(directory), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        row = json.loads(self.process.stdout.readline())
        self.row = {**row, "sender": UUID(row["sender"]), "directory": directory}

    def release(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "released\n"

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def hold(tmp_path):
    holders: list[Holder] = []

    def start(*words: str) -> Holder:
        holders.append(Holder(tmp_path, *words))
        return holders[-1]

    yield start
    for holder in holders:
        holder.end()


def row_of(lock: SenderLock, directory: Path) -> dict:
    return {
        "sender": lock.uuid,
        "place": lock.place,
        "boot_id": lock.boot_id,
        "directory": directory,
    }


@pytest.fixture
def lock(tmp_path):
    lock = SenderLock.acquire(tmp_path)
    yield lock
    lock.release(all_ended=True)


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


# -- forks and programs started ----------------------------------------------------------------


def _wait_on(pipe) -> None:
    pipe.recv()


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
print(json.dumps(row), flush=True)
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


# -- places and boots --------------------------------------------------------------------------


def test_a_copied_data_directory_is_another_place(hold, tmp_path_factory):
    holder = hold()
    copy = tmp_path_factory.mktemp("restored") / "senders"
    shutil.copytree(holder.directory, copy)
    assert place_of(copy) != holder.row["place"]
    # The copied lock file is free for the taking, and proves nothing of the one who lives.
    assert not proven_dead(**{**holder.row, "directory": copy})


def test_a_moved_directory_is_the_same_place(hold, tmp_path_factory):
    holder = hold()
    moved = tmp_path_factory.mktemp("moved") / "senders"
    holder.directory.rename(moved)
    assert not proven_dead(**{**holder.row, "directory": moved})
    holder.process.kill()
    holder.process.wait()
    assert proven_dead(**{**holder.row, "directory": moved})
    moved.rename(holder.directory)


def test_the_place_is_made_once_by_whoever_comes_first(tmp_path):
    context = multiprocessing.get_context("fork")
    with context.Pool(8) as pool:
        places = pool.map(_place_made_in, [tmp_path / "senders"] * 32)
    assert len(set(places)) == 1
    assert [p.name for p in (tmp_path / "senders").iterdir()] == ["place"]


def _place_made_in(directory: Path) -> str:
    return place_of(directory, create=True)


@pytest.mark.parametrize("place", ["", "elsewhere", str(uuid4())])
def test_another_place_proves_nothing(hold, place):
    holder = hold()
    holder.process.kill()
    holder.process.wait()
    assert not proven_dead(**{**holder.row, "place": place})
    assert not proven_dead(**{**holder.row, "place": place, "boot_id": "before"})


def test_a_missing_or_broken_directory_proves_nothing(tmp_path):
    row = {"sender": uuid4(), "place": "", "boot_id": "before"}
    assert not proven_dead(**row, directory=tmp_path / "none")
    (tmp_path / "place").write_text("not a uuid")
    assert not proven_dead(**row, directory=tmp_path)
    with pytest.raises(OSError, match="cannot be read"):
        SenderLock.acquire(tmp_path)


def test_a_link_in_place_of_the_file_is_not_followed(lock, tmp_path):
    sender = uuid4()
    (tmp_path / "other").touch()
    liveness.lock_path(tmp_path, sender).symlink_to(tmp_path / "other")
    assert not proven_dead(**{**row_of(lock, tmp_path), "sender": sender})


def test_an_earlier_boot_is_dead_even_without_its_file(lock, tmp_path):
    row = {**row_of(lock, tmp_path), "sender": uuid4()}
    assert not proven_dead(**row)
    assert proven_dead(**{**row, "boot_id": "an earlier boot"})


def test_a_held_lock_outweighs_another_boot_id(lock, tmp_path):
    """Some containers are shown a boot id of their own; the lock they all share does not lie."""
    assert not proven_dead(**{**row_of(lock, tmp_path), "boot_id": "another boot"})


@pytest.mark.parametrize(("then", "now"), [("unknown", "b"), ("a", "unknown"), ("", "b")])
def test_an_unknown_boot_neither_equals_nor_differs(monkeypatch, lock, tmp_path, then, now):
    monkeypatch.setattr(liveness, "current_boot_id", lambda: now)
    row = {**row_of(lock, tmp_path), "boot_id": then}
    assert not proven_dead(**{**row, "sender": uuid4()})
    assert "not on this machine" in kill_owner(**row)
    lock.release()
    assert proven_dead(**row), "the lock alone proves it"


def test_a_system_without_a_boot_id_has_an_unknown_one(monkeypatch):
    def nothing(*_, **__):
        raise OSError

    monkeypatch.setattr(Path, "read_text", nothing)
    monkeypatch.setattr(subprocess, "run", nothing)
    assert liveness.current_boot_id.__wrapped__() == "unknown"


def test_a_mac_tells_its_boot_session(monkeypatch):
    def nothing(*_, **__):
        raise OSError

    def sysctl(command, **_):
        assert command[-1] == "kern.bootsessionuuid"
        return subprocess.CompletedProcess(command, 0, stdout="AB-CD\n")

    monkeypatch.setattr(Path, "read_text", nothing)
    monkeypatch.setattr(subprocess, "run", sysctl)
    assert liveness.current_boot_id.__wrapped__() == "AB-CD"


def test_the_default_directory_is_beside_the_data(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    lock = SenderLock.acquire()
    assert lock.path.parent == tmp_path / "senders"
    assert not proven_dead(sender=lock.uuid, place=lock.place, boot_id=lock.boot_id)
    lock.release(all_ended=True)


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
    assert time.monotonic() - started < 2
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


# -- file systems ------------------------------------------------------------------------------

MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/x /mnt/nfs nfs4 rw 0 0
/dev/vdb /mnt/nfs/local ext4 rw 0 0
//s/y /mnt/with\\040blank cifs rw 0 0
//s/z /mnt/Диск cifs rw 0 0
me@h:/ /home/me/far fuse.sshfs rw 0 0
share /mnt/share 9p rw 0 0
/dev/vdc /mnt/share ext4 rw 0 0
/dev/sdd1 /mnt/stick fuseblk rw 0 0
"""


@pytest.mark.parametrize(
    ("directory", "kind"),
    [
        ("/var/lib/senders", ""),
        ("/mnt/nfs/senders", "nfs4"),
        ("/mnt/nfs", "nfs4"),
        ("/mnt/nfs-not/senders", ""),
        ("/mnt/nfs/local/senders", ""),
        ("/mnt/with blank/senders", "cifs"),
        ("/mnt/Диск/senders", "cifs"),
        ("/home/me/far/senders", "fuse.sshfs"),
        ("/mnt/share/senders", ""),
        ("/mnt/stick", ""),
    ],
)
def test_network_file_systems_are_named(monkeypatch, directory, kind):
    read = Path.read_text
    monkeypatch.setattr(
        Path,
        "read_text",
        lambda path, *a, **k: MOUNTS if str(path) == "/proc/mounts" else read(path, *a, **k),
    )
    assert network_filesystem(Path(directory)) == kind


def test_on_a_network_file_system_nothing_is_proven(monkeypatch, lock, tmp_path):
    row = row_of(lock, tmp_path)
    lock.release()
    assert proven_dead(**row)
    monkeypatch.setattr(liveness, "network_filesystem", lambda _: "nfs4")
    assert not proven_dead(**row)
    assert not proven_dead(**{**row, "boot_id": "an earlier boot"})


def test_without_a_mount_table_no_type_is_named(monkeypatch, tmp_path):
    def nothing(*_, **__):
        raise OSError

    monkeypatch.setattr(Path, "read_text", nothing)
    assert network_filesystem(tmp_path) == ""
