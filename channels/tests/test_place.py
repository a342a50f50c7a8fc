"""Where a lock counts: this directory, on this file system, in this boot."""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest

from channels import liveness
from channels.liveness import SenderLock, kill_owner, network_filesystem, place_of, proven_dead
from channels.tests.holder import row_of

pytestmark = pytest.mark.processes


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


@pytest.mark.parametrize("place", ["", "elsewhere", "6f2c5a0e-0000-4000-8000-000000000000:1:2"])
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
