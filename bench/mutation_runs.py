"""How `bench.mutation` tries a mutant: in a fork, with the tests that pass the changed line."""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate, zip_longest
from pathlib import Path
from time import process_time
from typing import Any

from bench.mutation_changes import (
    Changed,
    caches_of,
    clear,
    live_functions,
    path_of,
    replace_constants,
    swap,
)
from bench.mutations import Mutant

OPTIONS = (
    *("-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning", "--tb=native", "--assert=plain"),
)
HANGS_SECONDS = 10  # of processor for a mutant before it counts as hanging, and ten times that real
ANEW_SECONDS = 60
BROKEN = 255  # exit code of a fork in which the change could not be made
Tell = Callable[[Mutant, str], None]


# --- Forks ----------------------------------------------------------------------------------------


def start(work: Callable[[], int], seconds: int) -> int:
    """Run `work` in a fork that is silent and dies on time; its exit code is what that returns."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        for number in (signal.SIGALRM, signal.SIGPROF):
            signal.signal(number, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.alarm(10 * seconds)
        os._exit(work())
    except BaseException:
        os._exit(1)


def control(work: Callable[[], int], seconds: float) -> None:
    """A fork without a mutant must live, or every death would be in doubt."""
    _, status = os.waitpid(start(work, HANGS_SECONDS + int(5 * seconds)), 0)
    if status:
        raise SystemExit("the tests fail in a fork without any mutant")


def outcome_of(status: int) -> str:
    if os.WIFSIGNALED(status):
        hung = os.WTERMSIG(status) in (signal.SIGALRM, signal.SIGPROF)
        return "timeout" if hung else "killed"
    return {0: "survived", BROKEN: "broken"}.get(os.WEXITSTATUS(status), "killed")


@dataclass
class Pool:
    """So many forks at once; each mutant's outcome and exit code are told when its fork ends."""

    jobs: int
    tell: Tell
    running: dict[int, tuple[Mutant, Callable[[str, int], str]]] = field(default_factory=dict)

    def add(
        self,
        mutant: Mutant,
        work: Callable[[], int],
        seconds: int,
        judge: Callable[[str, int], str] = lambda outcome, _: outcome,
    ) -> None:
        self.running[start(work, seconds)] = (mutant, judge)
        while len(self.running) >= self.jobs:
            self.wait()

    def wait(self) -> None:
        pid, status = os.wait()
        mutant, judge = self.running.pop(pid)
        outcome = judge(outcome_of(status), os.waitstatus_to_exitcode(status))
        if outcome == "broken":
            raise SystemExit(f"this change cannot be made: {mutant.name}")
        self.tell(mutant, outcome)

    def drain(self) -> None:
        while self.running:
            self.wait()


# --- In one collection ----------------------------------------------------------------------------


def in_one_collection(
    wanted: dict[str, list[Mutant]], tests: list[str], pool: Pool, most: float
) -> None:
    """Try what needs no new import; of the others it is told that they must be tried `anew`."""
    pid = os.fork()  # what is imported here must not be there when a module is imported anew
    if pid == 0:
        try:
            _collect(wanted, tests, pool, most)
            os._exit(0)
        except BaseException as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(1)
    if os.waitpid(pid, 0)[1]:
        raise SystemExit("not every mutant was tried")


def _collect(wanted: dict[str, list[Mutant]], tests: list[str], pool: Pool, most: float) -> None:
    import coverage

    files = [str(path_of(module)) for module in wanted]
    watch = coverage.Coverage(data_file=None, config_file=False, include=files)
    watch.start()
    plugin = Bench(wanted, pool, most, watch)
    pytest_main([plugin], tests)
    if not plugin.done:
        raise SystemExit("the plain run failed; nothing was measured")


def pytest_main(plugins: list[Any], tests: list[str]) -> int:
    import pytest

    return int(pytest.main([*OPTIONS, *tests], plugins=plugins))


@dataclass
class Bench:
    """A pytest plugin that stands in for the test loop: first a plain run, then the mutants."""

    wanted: dict[str, list[Mutant]]
    pool: Pool
    most: float  # seconds of tests for one mutant
    watch: Any
    done: bool = False

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Pure modules are killed by pure tests: those that ask for a database are left out."""
        items[:] = [
            item
            for item in items
            if not item.get_closest_marker("django_db") and "db" not in item.fixturenames
        ]

    def pytest_runtestloop(self, session: Any) -> bool:
        files = {str(path_of(module)) for module in self.wanted}
        gc.unfreeze()  # what `conftest.py` put out of the collector's sight cannot be found
        self.caches = caches_of(list(self.wanted))
        self.plain_run(session)
        control(lambda: first_failing(session, session.items), sum(self.seconds.values()))
        self.live = live_functions(files)
        if not self.live:
            raise SystemExit("none of the modules' functions was found; every mutant would live")
        self.killers: dict[object, Counter[Any]] = defaultdict(Counter)
        gc.freeze()
        for module, mutants in self.wanted.items():
            for mutant in mutants:
                self.try_out(mutant, session)
            print(module, file=sys.stderr, flush=True)
        self.pool.drain()
        self.done = True
        return True

    def plain_run(self, session: Any) -> None:
        """Which test passes which line, and how long each takes."""
        self.seconds, path = {}, None
        self.tests = {item.nodeid: item for item in session.items}
        for item, after in zip_longest(session.items, session.items[1:]):
            if item.path != path:
                clear(cached for cached, _ in self.caches)
                path = item.path
            self.watch.switch_context(item.nodeid)
            began = process_time()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
            self.seconds[item] = process_time() - began
        self.watch.stop()
        if session.testsfailed:
            raise SystemExit("the tests fail without any mutant")
        data = self.watch.get_data()
        self.lines = {file: data.contexts_by_lineno(file) for file in data.measured_files()}
        print(f"{len(self.tests)} tests, {sum(self.seconds.values()):.0f} s", file=sys.stderr)

    def try_out(self, mutant: Mutant, session: Any) -> None:
        change, passed = self.change(mutant), self.passed(mutant)
        at_import = not mutant.scope or "" in passed
        caches = [cached for cached, holds in self.caches if mutant.module in holds]
        items = self.nearest(passed, mutant, bool(caches))
        if not change or not items:
            self.pool.tell(mutant, "anew" if at_import else "survived")
            return

        def work() -> int:
            try:
                change()
            except Exception:
                return BROKEN if mutant.scope else 1
            clear(caches)
            return first_failing(session, items)

        def judge(outcome: str, code: int) -> str:
            if 0 < code < BROKEN:
                killer = items[min(code, len(items)) - 1]
                self.killers[mutant.scope][killer] += 1
                self.killers[mutant.module][killer] += 1
            return "anew" if outcome == "survived" and at_import else outcome

        hangs = HANGS_SECONDS + int(5 * sum(self.seconds[item] for item in items))
        self.pool.add(mutant, work, hangs, judge)

    def change(self, mutant: Mutant) -> Callable[[], None] | None:
        """How to make it in a fork of this process, if that can be done."""
        if mutant.scope:
            key = (str(mutant.path), *mutant.scope)
            return partial(swap, mutant, self.live[key][0]) if len(self.live[key]) == 1 else None
        return partial(replace_constants, mutant) if mutant.constant else None

    def passed(self, mutant: Mutant) -> set[str]:
        """Tests that run the changed line; the empty one is the import."""
        lines = self.lines.get(str(mutant.path), {})
        chosen = mutant.lines if mutant.scope else lines
        return {test for line in chosen for test in lines.get(line, ())}

    def nearest(self, passed: set[str], mutant: Mutant, cached: bool) -> list[Any]:
        """The last killers first, then the module's own tests: one row of every table, its next
        row, and so on; then the others likewise; slow tests last.

        What one test left in a cache hides that the next needs it too: then all of the file may
        run. Leaving tests out can only make a mutant live that would have died.
        """
        items = {self.tests[name] for name in passed if name in self.tests}
        paths = {item.path for item in items}
        near = [item for item in self.tests.values() if item.path in paths] if cached else items
        here, kills = self.killers[mutant.scope], self.killers[mutant.module]
        stem, seen = mutant.module.rpartition(".")[2], Counter[str]()
        order = {}
        for item in sorted(near, key=lambda item: (self.seconds[item], item.nodeid)):
            name = item.nodeid.partition("[")[0]
            rank = seen[name] = seen[name] + 1
            slow = self.seconds[item] > self.most / 20
            own = stem not in name
            order[item] = (-here[item], slow, -kills[item], item not in items, own, rank)
        queue = sorted(order, key=order.__getitem__)
        spent = accumulate(self.seconds[item] for item in queue)
        return [item for item, total in zip(queue, spent, strict=True) if total < self.most]


def first_failing(session: Any, items: list[Any]) -> int:
    """The place of the first test that fails, as an exit code; 0 if none does."""
    for place, (item, after) in enumerate(zip_longest(items, items[1:]), 1):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if session.testsfailed:
            return min(place, BROKEN - 1)
    return 0


# --- At import ------------------------------------------------------------------------------------


def collected_anew(mutants: list[Mutant], tests: list[str], pool: Pool) -> None:
    """Try mutants of one module, each in a process that imports it for the first time."""
    if not (files := own_tests(mutants[0].module, tests)):  # pytest would run whatever there is
        return

    def work(mutant: Mutant) -> int:
        sys.meta_path.insert(0, Changed(mutant))
        return 1 if pytest_main([], files) else 0

    pool.drain()
    control(lambda: pytest_main([], files), ANEW_SECONDS)
    for mutant in mutants:
        pool.add(mutant, partial(work, mutant), ANEW_SECONDS)


def own_tests(module: str, tests: list[str]) -> list[str]:
    """The test files without a database that name the module, in their name or in their text."""
    parent, _, stem = module.rpartition(".")
    named = re.compile(rf"{re.escape(module)}\b|from {re.escape(parent)} import .*\b{stem}\b")
    files = [path for folder in tests for path in sorted(Path(folder).glob("test_*.py"))]
    files += [Path(name) for name in tests if name.endswith(".py")]
    near = [p for p in files if stem in p.name or named.search(p.read_text())]
    near = [p for p in near if "django_db" not in p.read_text()]
    return [str(path) for path in sorted(near, key=lambda p: stem not in p.name)]
