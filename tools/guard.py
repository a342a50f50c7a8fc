"""Outlives the supervisor by a few seconds: whatever way that one dies, its processes end too.

It is told over its standard input which process groups run (`+ID`) and which ended (`-ID`). Only
the supervisor holds the other end, so end of file means that it is gone, even by SIGKILL.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time

PATIENCE_SECONDS = 10.0


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    running: set[int] = set()
    for line in sys.stdin:
        change, group = line[0], int(line[1:])
        (running.add if change == "+" else running.discard)(group)
    end_groups(running)


def end_groups(groups: set[int], patience: float = PATIENCE_SECONDS) -> None:
    """Ask each group to end, and kill what is left when the patience is over."""
    for group in groups:
        signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while any(map(is_alive, groups)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for group in groups:
        signal_group(group, signal.SIGKILL)


def signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    main()
