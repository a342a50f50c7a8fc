"""A wake-up that is not whole ends no worker: every process writes and reads by our transport."""

from __future__ import annotations

import subprocess
import sys
import time
from queue import Empty

from kombu import Connection
from kombu.transport import filesystem

from channels.tests.processes import ROOT

MANY, LONG = 150, 100_000
WRITER = f"""
import sys
from outreach.tests.test_wakeups import LONG, channel
writer = channel(sys.argv[1])
for number in range({MANY}):
    writer._put("outreach", {{"number": number, "body": "x" * LONG}})
"""


def channel(folder):
    told = {"data_folder_in": folder, "data_folder_out": folder, "control_folder": f"{folder}/c"}
    return Connection("filesystem://localhost/", transport_options=told).default_channel


def test_whoever_reads_while_another_process_writes_gets_every_wake_up_whole(tmp_path):
    reader, found = channel(str(tmp_path)), []
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT)
    end = time.monotonic() + 60
    while len(found) < MANY and time.monotonic() < end:
        try:
            found.append(reader._get("outreach"))
        except Empty:
            continue
    assert writer.wait(60) == 0
    assert sorted(each["number"] for each in found) == list(range(MANY))
    assert {len(each["body"]) for each in found} == {LONG}


def test_what_a_power_cut_left_half_written_is_passed_over_and_told(tmp_path, caplog):
    ours = channel(str(tmp_path))
    (tmp_path / "0_0.outreach.msg").write_bytes(b"")
    (tmp_path / "0_1.outreach.msg").write_bytes(b'{"number": "\xc3')
    ours._put("outreach", {"number": 7})
    assert ours._get("outreach") == {"number": 7}
    assert caplog.text.count("was not whole") == 2
    assert not list(tmp_path.iterdir())


def test_the_table_of_queues_is_never_seen_empty(tmp_path, monkeypatch):
    """Between opening and locking it another process may read it, or begin one of its own."""
    ours, seen = channel(str(tmp_path)), []
    table = tmp_path / "c" / "celery.exchange"
    monkeypatch.setattr(filesystem, "lock", lambda *_: seen.append(table.read_text()))
    ours._queue_bind("celery", "one", "", "one")
    ours._queue_bind("celery", "two", "", "two")
    assert "" not in seen
    assert [each.queue for each in ours.get_table("celery")] == ["two", "one"]
    assert [path.name for path in table.parent.iterdir()] == [table.name]
