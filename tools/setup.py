"""Makes `.venv/` in the checkout and installs what the requirements say.

Runs on any Python of the machine with the standard library alone, so it must also be readable
for an older one, which it refuses with a sentence.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.steps import ROOT, Done, StepFailed, call, end_on_signals, say, step, venv_program

OLDEST = (3, 11)
PIP_FLAGS = ("--disable-pip-version-check", "--no-input", "--quiet", "--prefer-binary")
# Of `pip config list`: an index in place of the public one, which only pip knows of.
OWN_INDEX = re.compile(r"^[^=]*[.](index-url|no-index)=", re.MULTILINE)
# Whom this machine trusts may stand between it and the index; pip is asked after it.
UV = {"UV_SYSTEM_CERTS": "true", "UV_HTTP_TIMEOUT": "20", "UV_HTTP_RETRIES": "2"}
VENV = ROOT / ".venv"
STAMP = VENV / ".installed.json"
SETS = {
    "runtime": ["requirements.txt"],
    "dev": [
        "requirements.txt",
        "requirements-llm.txt",
        "requirements-mcp.txt",
        "requirements-dev.txt",
    ],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="also what tests and linters need")
    wanted = "dev" if parser.parse_args().dev else "runtime"
    if sys.version_info < OLDEST:
        found = ".".join(map(str, sys.version_info[:2]))
        say(f"Python 3.11 or newer is needed; this is {found}. Install it, or name it: "
            "make run PYTHON=/path/to/python3.11")  # fmt: skip
        return 1
    end_on_signals()
    try:
        with _alone():
            environment()
            packages(wanted)
    except StepFailed as failure:
        say(str(failure))
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted. The same command goes on from here.")
        return 130
    return 0


def environment() -> None:
    """A working `.venv`; one whose Python is gone (moved checkout, upgrade) is made anew."""
    with step("Python environment .venv"):
        if _works():
            raise Done("there")
        if not os.access(ROOT, os.W_OK | os.X_OK):
            raise StepFailed(
                f"{ROOT} cannot be written by this user. Start it in a checkout that can."
            )
        if VENV.is_symlink():  # what it leads to may be another checkout's
            VENV.unlink()
        call(
            [sys.executable, "-m", "venv", "--clear", VENV],
            remedy="On Debian or Ubuntu: apt-get install python3-venv. Otherwise check that "
            f"{VENV} can be written.",
        )


def packages(wanted: str) -> None:
    """Install the set, unless the stamp says that exactly these files were installed here."""
    title = "Packages" if wanted == "runtime" else "Packages, with those for tests"
    with step(title):
        stamp = _read_stamp()
        if wanted in stamp and stamp[wanted] == digest(wanted):
            raise Done("unchanged")
        install(wanted)
        names = list(SETS) if wanted == "dev" else [wanted]
        # The runtime set may have changed under an older dev set: then that one no longer counts.
        kept = {name: value for name, value in stamp.items() if value == digest(name)}
        STAMP.write_text(json.dumps({**kept, **{name: digest(name) for name in names}}))


def install(wanted: str) -> None:
    """With uv, in a quarter of pip's time; with pip where uv cannot do it, so that pip says why.

    uv does not read pip's settings: a machine that has a package index of its own stays with pip.
    """
    python = venv_program("python")
    if not venv_program("pip").exists():
        call([python, "-m", "ensurepip"], remedy="Delete .venv and start again.")
    pip: list[str | Path] = [python, "-m", "pip", "install", *PIP_FLAGS]
    what: list[str | Path] = ["-c", ROOT / "constraints.txt", "-r", ROOT / SETS[wanted][-1]]
    try:
        if OWN_INDEX.search(call([python, "-m", "pip", "config", "list"], remedy="")):
            raise StepFailed("pip has its own index here")
        call([*pip, "-c", ROOT / "constraints.txt", "uv"], remedy="")
        # Compiled now: the processes of `make run` start at the same moment and would all do it.
        compiled = [] if wanted == "dev" else ["--compile-bytecode"]
        call(
            [venv_program("uv"), "pip", "install", "--quiet", "--python", python, *compiled, *what],
            remedy="",
            env={**os.environ, **UV},
        )
    except StepFailed:
        call(
            [*pip, *what],
            remedy="Check that this machine reaches its package index (pip config list shows "
            "which), then start the same command again: it goes on from here.",
        )


def digest(wanted: str) -> str:
    """What the set was installed from: its files, the pins, the Python."""
    content = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for name in (*SETS[wanted], "constraints.txt"):
        content.update((ROOT / name).read_bytes())
    return content.hexdigest()


def _read_stamp() -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return {name: value for name, value in found.items() if name in SETS}


def _works() -> bool:
    try:
        asked = "import sys; sys.exit(sys.version_info < (3, 11))"
        return not subprocess.run([venv_program("python"), "-c", asked], check=False).returncode
    except OSError:
        return False


@contextmanager
def _alone() -> Iterator[None]:
    """Two `make` at once in one checkout install one after the other."""
    descriptor = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
