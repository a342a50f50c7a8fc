"""A sender in a process of its own that holds its lock until told: to stop, to kill, to copy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID

from channels.liveness import SenderLock

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


def row_of(lock: SenderLock, directory: Path) -> dict:
    return {
        "sender": lock.uuid,
        "place": lock.place,
        "boot_id": lock.boot_id,
        "directory": directory,
    }
