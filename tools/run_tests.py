"""`make test`: everything on SQLite, and on PostgreSQL where there is one; says what it ran.

What touches no database runs once: a second time it would say nothing new.

`make torture` runs the long fault runs in the same way, and only those.

The tests see neither this machine's `.env` nor its data: each variable we read is taken out of
their environment, and their data lives in a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from tools import postgres
from tools.steps import ROOT, end_on_signals, say, venv_program

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PROCESSES = "2"


@dataclass(frozen=True)
class Outcome:
    """What one run of all tests gave."""

    title: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    code: int

    def line(self) -> str:
        return (
            f"{self.title}: {self.passed} passed, {self.failed} failed, {self.skipped} skipped "
            f"in {self.seconds:.0f} s"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torture", action="store_true", help="only the long fault runs")
    marks = ["torture"] if parser.parse_args().torture else ["not torture"]
    end_on_signals()
    notes = []
    if not any(map(shutil.which, BROWSERS)):
        marks.append("not browser")
        notes.append(
            "Browser tests: skipped, there is no Chromium (Debian: apt-get install chromium)."
        )
    try:
        outcomes = [run("SQLite", "", marks)]
        with postgres.server() as (url, origin):
            if url:
                outcomes.append(run("PostgreSQL", url, marks))
                notes.append(f"PostgreSQL: {origin}; without the tests that use no database.")
            else:
                notes.append(f"PostgreSQL: not run: {origin}.")
    except KeyboardInterrupt:
        return 130
    say("")
    for text in (*notes, *(outcome.line() for outcome in outcomes)):
        say(text)
    passed, failed = sum(row.passed for row in outcomes), sum(row.failed for row in outcomes)
    say(f"{passed} passed, {failed} failed")
    return next((row.code for row in outcomes if row.code), 0)


def run(title: str, url: str, marks: list[str]) -> Outcome:
    """The tests with these marks, once, on one database."""
    say(f"\n== {title} ==")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="outreach-tests-") as folder:
        report = Path(folder) / "report.xml"
        more = ["--only-database"] if url else []
        done = subprocess.run(
            [venv_program("python"), "-m", "pytest", "-n", PROCESSES, "--dist=worksteal",
             "-m", " and ".join(marks), f"--junitxml={report}", *more,
             *shlex.split(os.environ.get("ARGS", ""))],
            cwd=ROOT,
            env=environment(Path(folder) / "data", url),
            check=False,
        )  # fmt: skip
        counts = read(report)
    return Outcome(title, *counts, time.monotonic() - started, done.returncode)


def environment(data_dir: Path, url: str) -> dict[str, str]:
    """This process's environment without anything that sets the product up."""
    ours = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    kept |= {"ENV_FILE": os.devnull, "DATA_DIR": str(data_dir)}
    return {**kept, "DATABASE_URL": url} if url else kept


def read(report: Path) -> tuple[int, int, int]:
    """(passed, failed, skipped) of a run; a run that wrote no report failed once."""
    try:
        suites = list(ElementTree.parse(report).iter("testsuite"))  # noqa: S314 - pytest wrote it
    except (OSError, ElementTree.ParseError):
        return 0, 1, 0

    def total(name: str) -> int:
        return sum(int(suite.get(name, "0")) for suite in suites)

    failed = total("failures") + total("errors")
    return total("tests") - failed - total("skipped"), failed, total("skipped")


if __name__ == "__main__":
    sys.exit(main())
