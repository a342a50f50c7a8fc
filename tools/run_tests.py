"""`make test`: everything on SQLite, and on PostgreSQL where there is one; says what it ran.

On PostgreSQL what would say nothing new there is left out (`tools.second_database`). Both databases
are tested at the same time, because many a test waits for other processes; what PostgreSQL said is
shown after.

`make torture` runs the long fault runs in the same way, and only those; then every test of a
database on PostgreSQL, also those that `make test` leaves out there.

The tests see neither this machine's `.env` nor its data: each variable we read is taken out of
their environment, and their data lives in a temporary folder.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools import postgres, second_database
from tools.steps import ROOT, end_on_signals, say, venv_program

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PROCESSES = "2"  # for each database: four on the two cores of a small machine, as many a test waits


@dataclass(frozen=True)
class Outcome:
    """What one run of all tests gave."""

    title: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    code: int
    counts: dict[str, int]

    def line(self) -> str:
        return (
            f"{self.title}: {self.passed} passed, {self.failed} failed, {self.skipped} skipped "
            f"in {self.seconds:.0f} s"
            + "".join(f", {number} {name}" for name, number in self.counts.items())
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--torture",
        action="store_true",
        help="the long fault runs, then every test of a database on PostgreSQL",
    )
    torture = parser.parse_args().torture
    marks = ["torture"] if torture else ["not torture"]
    end_on_signals()
    read_once()
    notes = []
    if not any(map(shutil.which, BROWSERS)):
        marks.append("not browser")
        notes.append(
            "Browser tests: skipped, there is no Chromium (Debian: apt-get install chromium)."
        )
    try:
        with postgres.server() as (url, origin), ExitStack() as stack:
            say("\n== SQLite ==" + (" (and PostgreSQL beside it)" if url else ""))
            both = [stack.enter_context(running("SQLite", marks))]
            if url:
                both.append(stack.enter_context(running("PostgreSQL", marks, url)))
                notes.append(f"PostgreSQL: {origin}; {left_out(torture)}.")
            else:
                notes.append(f"PostgreSQL: not run: {origin}.")
            outcomes = [wait() for wait in both]
            if url and torture:  # by itself: the long runs above measure time
                with running("PostgreSQL, every test", ["not torture"], url, whole=True) as wait:
                    outcomes.append(wait())
    except KeyboardInterrupt:
        return 130
    say("")
    for text in (*notes, *(outcome.line() for outcome in outcomes)):
        say(text)
    passed, failed = sum(row.passed for row in outcomes), sum(row.failed for row in outcomes)
    say(f"{passed} passed, {failed} failed")
    return next((row.code for row in outcomes if row.code), 0)


def left_out(torture: bool) -> str:
    """What PostgreSQL is not asked, and where it is: said at the end of each run."""
    return second_database.WHOLLY if torture else second_database.BRIEFLY


def read_once() -> None:
    """Let pytest compile each test module once, if none is compiled: the processes of both runs
    begin at the same moment, and each would compile all of them for itself."""
    if any(ROOT.glob("*/tests/__pycache__/*-pytest-*.pyc")):
        return
    say("Reading the tests for the first time")
    tests = sorted(str(path) for path in ROOT.glob("*/tests") if not path.is_symlink())
    tests += sorted(str(path) for path in ROOT.glob("*/*/tests"))
    with tempfile.TemporaryDirectory(prefix="outreach-tests-") as folder:
        halves = [
            subprocess.Popen(
                [venv_program("python"), "-m", "pytest", "--collect-only", *half],
                cwd=ROOT,
                env=environment(Path(folder), ""),
                stdout=subprocess.DEVNULL,
            )
            for half in (tests[::2], tests[1::2])
        ]
        for half in halves:
            half.wait()


@contextmanager
def running(
    title: str, marks: list[str], url: str = "", *, whole: bool = False
) -> Iterator[Callable[[], Outcome]]:
    """The tests with these marks, once, on one database. Yields what waits for their outcome.

    A second database's output is kept back until then: two at once could not be read. It is asked
    what only it could say, or the `whole`.
    """
    second = ["--only-database", *(["--whole"] if whole else [])] if url else []
    with tempfile.TemporaryDirectory(prefix="outreach-tests-") as folder:
        report, told = Path(folder) / "report.xml", Path(folder) / "told"
        counts = Path(folder) / "counts"
        with told.open("wb") as sink:
            process = subprocess.Popen(
                [venv_program("python"), "-m", "pytest", "-n", PROCESSES, "--dist=worksteal",
                 "--together", "-m", " and ".join(marks), f"--junitxml={report}",
                 *second, *shlex.split(os.environ.get("ARGS", ""))],
                cwd=ROOT,
                env={**environment(Path(folder) / "data", url), "TORTURE_COUNTS": str(counts)},
                stdout=sink if url else None,
                stderr=subprocess.STDOUT if url else None,
            )  # fmt: skip
        started = time.time()

        def wait() -> Outcome:
            process.wait()
            ended = report.stat().st_mtime if report.exists() else time.time()
            if url:
                say(f"\n== {title} ==\n{told.read_text(errors='replace').rstrip()}")
            sums = added_up(counts) if "torture" in marks else {}
            return Outcome(title, *read(report), ended - started, process.returncode, sums)

        try:
            yield wait
        finally:
            process.terminate()
            process.wait()


def environment(data_dir: Path, url: str) -> dict[str, str]:
    """This process's environment without anything that sets the product up."""
    ours = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M))
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    # Compiling all of it anew in each of our processes would cost a tenth of the time.
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    kept |= {"ENV_FILE": os.devnull, "DATA_DIR": str(data_dir)}
    return {**kept, "DATABASE_URL": url} if url else kept


def read(report: Path) -> tuple[int, int, int]:
    """(passed, failed, skipped) of a run; a run that wrote no report failed once."""
    try:
        whole = ElementTree.parse(report)  # noqa: S314 - pytest wrote it
    except (OSError, ElementTree.ParseError):
        return 0, 1, 0

    def total(name: str) -> int:
        return sum(int(suite.get(name, "0")) for suite in whole.iter("testsuite"))

    failed = total("failures") + total("errors")
    passed = total("tests") - failed - total("skipped") + _rows(whole)
    return passed, failed, total("skipped")


def _rows(whole: ElementTree.ElementTree[ElementTree.Element]) -> int:
    """Rows beyond the first of each table that passed as one test (`tools.together`)."""
    return sum(
        int(each.get("value", "1")) - 1
        for test in whole.iter("testcase")
        if test.find("failure") is None
        for each in test.iter("property")
        if each.get("name") == "rows"
    )


def added_up(counts: Path) -> dict[str, int]:
    """What the long fault runs have counted, summed by name (`channels.tests.counting`)."""
    sums: Counter[str] = Counter()
    for line in counts.read_text().splitlines() if counts.exists() else ():
        for name, number in json.loads(line).items():
            sums[name] += number
    return dict(sums)


if __name__ == "__main__":
    sys.exit(main())
