"""One line for each step, with its time; a step that fails says what to do next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TITLE_WIDTH = 52
DOT_SECONDS = 5.0
TAIL_LINES = 15


class StepFailed(Exception):
    """The message is what the user reads: what failed and what to do."""


class Done(Exception):
    """A step ended early with a result worth showing instead of "done"."""


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show the title at once, a dot every few seconds, the time at the end."""
    started = time.monotonic()
    ended = threading.Event()
    say(f"  {title} ".ljust(TITLE_WIDTH, "."), end="")
    dots = threading.Thread(target=_dots, args=(ended,), daemon=True)
    dots.start()
    outcome = "failed"
    try:
        yield
        outcome = "done"
    except Done as result:
        outcome = str(result)
    except (KeyboardInterrupt, SystemExit):
        outcome = "interrupted"
        raise
    finally:
        ended.set()
        dots.join()
        say(f" {outcome}, {time.monotonic() - started:.1f} s")


def _dots(ended: threading.Event) -> None:
    while not ended.wait(DOT_SECONDS):
        say(".", end="")


def say(text: str, *, end: str = "\n") -> None:
    """Print now, also into a pipe; a reader that went away is not our failure."""
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def call(argv: Sequence[str | Path], *, remedy: str, env: dict[str, str] | None = None) -> str:
    """Run a command of ours to its end and return what it printed, or raise StepFailed."""
    command = [str(part) for part in argv]
    try:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise StepFailed(f"{command[0]} cannot be started ({error.strerror}). {remedy}") from None
    try:
        output, _ = process.communicate()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if process.returncode:
        tail = "\n".join(f"    {line}" for line in output.strip().splitlines()[-TAIL_LINES:])
        shown = " ".join(command)
        raise StepFailed(f"{tail}\n`{shown}` ended with {process.returncode}. {remedy}")
    return output


def end_on_signals() -> None:
    """SIGTERM and a closed terminal unwind like Ctrl-C, so that no child is left behind."""

    def leave(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


def venv_program(name: str) -> Path:
    """A program of the checkout's own environment."""
    return ROOT / ".venv" / "bin" / name
