"""The only proof that a sender cannot write any more: the kernel freed the lock it held.

A process that is stopped, swapped out or cut off from the database is alive, however long it has
been silent; so no time, pid, lease or heartbeat is looked at. What is not proven is False.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from uuid import UUID, uuid4

KILL_WAIT_SECONDS = 2.0
UNKNOWN_BOOT = "unknown"  # neither equal to nor different from any boot
# Here a lock may be local to each machine, or be given up by the server while its holder lives.
NETWORK_TYPES = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "glusterfs", "gfs2", "gpfs", "lustre"}
    | {"ncpfs", "nfs", "nfs4", "ocfs2", "prl_fs", "smb3", "smbfs", "vboxsf", "virtiofs"}
)


def default_directory() -> Path:
    """Where senders of this deployment keep their locks."""
    from django.conf import settings

    return Path(settings.DATA_DIR) / "senders"


class SenderLock:
    """Held by a sender from before its first intent until it ends. Survives no process, no fork."""

    def __init__(self, path: Path, descriptor: int, uuid: UUID, place: str, boot_id: str) -> None:
        self.path = path
        self.uuid = uuid
        self.place = place
        self.boot_id = boot_id
        self.doubtful = False  # a COMMIT went without an answer: rows of ours may yet appear
        self._descriptor: int | None = descriptor
        _held.add(self)

    @classmethod
    def acquire(cls, directory: Path | None = None) -> SenderLock:
        """A new lock file under a new uuid, locked. Call it after the last fork.

        Raises OSError where the directory takes none.
        """
        directory = directory or default_directory()
        place = place_of(directory, create=True)
        if not place:
            raise OSError(f"{directory / 'place'} cannot be read; remove it and start again.")
        uuid = uuid4()
        path, fresh = lock_path(directory, uuid), directory / f".{uuid}.new"
        descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        content = {"pid": os.getpid(), "start": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.write(descriptor, json.dumps(content).encode())
            fresh.rename(path)  # only now: whoever looked at it unlocked would keep us from it
        except OSError:  # a full disk, which is tried every few seconds until it is not
            os.close(descriptor)
            fresh.unlink(missing_ok=True)
            raise
        return cls(path, descriptor, uuid, place, current_boot_id())

    def release(self, *, all_ended: bool = False) -> None:
        """Give the lock up. The file goes only if every row of this sender was ended and none can
        come any more: whoever finds a row without its file can prove nothing."""
        if self._descriptor is None:
            return
        if all_ended and not self.doubtful:
            self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Close our descriptor. Never LOCK_UN: in a forked child that would free the parent's."""
        descriptor, self._descriptor = self._descriptor, None
        _held.discard(self)
        if descriptor is not None:
            with contextlib.suppress(OSError):
                os.close(descriptor)


_held: set[SenderLock] = set()


def _let_go_in_child() -> None:
    for lock in list(_held):
        lock.close()


os.register_at_fork(after_in_child=_let_go_in_child)


def lock_path(directory: Path, sender: UUID) -> Path:
    return directory / f"{sender}.lock"


def proven_dead(*, sender: UUID, place: str, boot_id: str, directory: Path | None = None) -> bool:
    """True only if the sender can never write again; False if alive, or if nobody can tell."""
    directory = directory or default_directory()
    if not place or place != place_of(directory) or network_filesystem(directory):
        return False
    try:
        return _is_free(lock_path(directory, sender))
    except FileNotFoundError:
        return rebooted_since(boot_id)
    except OSError:
        return False


def holder(*, sender: UUID, place: str, directory: Path | None = None) -> str:
    """Which process holds the sender's lock here, as "process 7"; "" if nobody, or nobody knows."""
    directory = directory or default_directory()
    if not place or place != place_of(directory):
        return ""
    path = lock_path(directory, sender)
    try:
        if _is_free(path):
            return ""
        return f"process {int(json.loads(path.read_bytes())['pid'])}"
    except OSError:
        return ""
    except (ValueError, TypeError, KeyError):
        return "a process"


def running(directory: Path | None = None) -> list[UUID]:
    """The senders on this machine that hold their lock now."""
    found = []
    for path in sorted((directory or default_directory()).glob("*.lock")):
        with contextlib.suppress(OSError, ValueError):
            if not _is_free(path):
                found.append(UUID(path.stem))
    return found


def kill_owner(*, sender: UUID, place: str, boot_id: str, directory: Path | None = None) -> str:
    """Kill the process that holds the sender's lock, and no other. Says what happened; whether
    the sender is dead is for `proven_dead` to say afterwards."""
    directory = directory or default_directory()
    if place != place_of(directory) or boot_id != current_boot_id() or boot_id == UNKNOWN_BOOT:
        return "Not killed: the sender is not on this machine."
    if not hasattr(signal, "pidfd_send_signal"):
        return "Not killed: this system cannot tell a process from one that has its number."
    path = lock_path(directory, sender)
    try:
        if _is_free(path):
            return "Nothing to kill: the sender has ended."
        pid = int(json.loads(path.read_bytes())["pid"])
        if pid == os.getpid():
            return "Not killed: the sender is this very process."
        return _kill(pid, path)
    except (OSError, ValueError, TypeError, KeyError) as fault:
        return f"Not killed: {fault or type(fault).__name__}."


def _kill(pid: int, path: Path) -> str:
    # The handle comes before the look: if the number is given to another process in between,
    # either the look fails or the signal goes to the dead one.
    handle = os.pidfd_open(pid)
    try:
        if not _has_open(pid, path):
            return f"Not killed: process {pid} does not hold the sender's lock."
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    finally:
        os.close(handle)
    deadline = time.monotonic() + KILL_WAIT_SECONDS
    while time.monotonic() < deadline:
        if _is_free(path):
            return f"Killed process {pid}; its lock is free."
        time.sleep(0.005)
    return f"Killed process {pid}, but its lock is still held after {KILL_WAIT_SECONDS:g} s."


def _has_open(pid: int, path: Path) -> bool:
    wanted = path.stat()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(link.stat(), wanted):
                return True
    return False


def _is_free(path: Path) -> bool:
    """Try the lock of an existing file and let go at once. Raises OSError if it cannot be tried.

    A shared lock is refused as long as the owner's exclusive one is held, and lets several look
    at the same time without taking each other for the owner.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def place_of(directory: Path, *, create: bool = False) -> str:
    """Names this directory on this file system; a copy of it is another place. "" if unknown."""
    path = directory / "place"
    if create and not path.exists():
        _make_place(path)
    try:
        with path.open("rb") as file:
            name, seen = UUID(file.read(64).decode().strip()), os.fstat(file.fileno())
    except (OSError, ValueError):
        return ""
    return f"{name}:{seen.st_dev:x}:{seen.st_ino:x}"


def _make_place(path: Path) -> None:
    """Complete or not at all, and one winner: it is linked into place, never overwritten."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".place-") as file:
        file.write(f"{uuid4()}\n")
        file.flush()
        os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)


@functools.cache
def current_boot_id() -> str:
    """A random name of this boot of this machine; UNKNOWN_BOOT where there is none."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip() or UNKNOWN_BOOT
    # macOS. Not kern.boottime: that moves when the clock is set.
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"],
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
        return done.stdout.strip() or UNKNOWN_BOOT
    return UNKNOWN_BOOT


def rebooted_since(boot_id: str) -> bool:
    """True if this machine was certainly started again since that boot."""
    now = current_boot_id()
    return bool(boot_id) and UNKNOWN_BOOT not in (boot_id, now) and boot_id != now


def network_filesystem(directory: Path) -> str:
    """The type of the network file system the directory is on, or "". Linux only."""
    try:
        mounts = Path("/proc/mounts").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return ""
    resolved = Path(directory).resolve()
    kind, length = "", -1
    for mount in mounts:
        point, found = mount.split(" ")[1:3]
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point)
        if resolved.is_relative_to(point) and len(point) >= length:  # the later one lies on top
            kind, length = found, len(point)
    return kind if kind in NETWORK_TYPES or kind.startswith("fuse.") else ""
