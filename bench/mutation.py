"""Mutation testing of pure modules: change one thing, run the tests that pass it, list who lives.

    nice -n 10 python -m bench.mutation safety.verdict safety.gate

No file is changed. The tests are collected once; each mutant is a fork in which one function got
the changed code, and only the tests that call that function run, the quickest first. A changed
constant takes the old one's place wherever it was imported. What is left (classes, defaults, and
every constant with `--anew`) is changed at import, in a fork that collects all tests anew.
"""

from __future__ import annotations

import argparse
import gc
import importlib.abc
import importlib.machinery
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import _lru_cache_wrapper, partial
from itertools import accumulate, zip_longest
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from bench.mutations import Mutant, constants_of, mutants_of, mutated

ROOT = Path(__file__).resolve().parent.parent
TESTS = ("safety/contract/tests", "safety/tests")
OPTIONS = (
    "-x",
    "-q",
    "-p",
    "no:randomly",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)
LEAST_SECONDS = 10  # before a mutant counts as hanging
MOST_SECONDS = 3.0  # of tests for one mutant
Key = tuple[str, str, int]  # file, qualified name, first line


def path_of(module: str) -> Path:
    return ROOT / (module.replace(".", "/") + ".py")


def key_of(code: CodeType) -> Key:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def codes_in(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_in(constant)


def forked(work: Callable[[], int], seconds: int) -> str:
    """Run `work` in a fork that is silent and dies on time; say what became of the mutant."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        try:
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(seconds)
            os._exit(1 if work() else 0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return "timeout" if os.WTERMSIG(status) == signal.SIGALRM else "killed"
    return "killed" if os.WEXITSTATUS(status) else "survived"


class Watch:
    """Which functions of the modules under test run, and during which test."""

    def __init__(self, modules: list[str]) -> None:
        self.files = {str(path_of(module)) for module in modules}
        self.seen: set[Key] = set()

    def __call__(self, frame: Any, event: str, _: object) -> None:
        if frame.f_code.co_filename in self.files:
            self.seen.add(key_of(frame.f_code))

    def take(self) -> set[Key]:
        seen, self.seen = self.seen, set()
        return seen


@dataclass
class Bench:
    """A pytest plugin that stands in for the test loop: first a plain run, then the mutants."""

    modules: list[str]
    out: Path
    watch: Watch
    anew: bool

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Pure modules are killed by pure tests: those that ask for a database are left out."""
        items[:] = [
            item
            for item in items
            if not item.get_closest_marker("django_db") and "db" not in item.fixturenames
        ]

    def pytest_runtestloop(self, session: Any) -> bool:
        at_import = self.watch.take()
        self.caches = caches_of(self.watch.files)
        reached, seconds = self._plain_run(session)
        sys.settrace(None)
        self.live = defaultdict(list)
        for function in gc.get_objects():
            if (
                isinstance(function, FunctionType)
                and function.__code__.co_filename in self.watch.files
            ):
                self.live[key_of(function.__code__)].append(function)
        results = {}
        for module in self.modules:
            for mutant in mutants_of(module, path_of(module)):
                found = self._try(mutant, session, reached, seconds, at_import)
                results[mutant.name] = found
                if found == "survived":
                    print(mutant.name, mutant.change, file=sys.stderr, flush=True)
            left = [name for name in results if name.startswith(module + ":")]
            print(module, Counter(results[name] for name in left), file=sys.stderr, flush=True)
        self.out.write_text(json.dumps(results))
        return True

    def _plain_run(self, session: Any) -> tuple[dict[Key, list[Any]], dict[Any, float]]:
        reached: dict[Key, list[Any]] = defaultdict(list)
        seconds = {}
        for position, item in enumerate(session.items):
            for cached in self.caches:
                cached.cache_clear()
            after = session.items[position + 1 : position + 2]
            began = time.perf_counter()
            item.config.hook.pytest_runtest_protocol(
                item=item, nextitem=after[0] if after else None
            )
            seconds[item] = time.perf_counter() - began
            for key in self.watch.take():
                reached[key].append(item)
        if session.testsfailed:
            raise SystemExit("the tests fail without any mutant")
        return reached, seconds

    def _try(
        self, mutant: Mutant, session: Any, reached: Any, seconds: Any, at_import: set[Key]
    ) -> str:
        """What became of it; `anew` when only a fresh import can tell."""
        file = str(path_of(mutant.module))
        key = (file, *(mutant.scope or ("", 0)))
        if mutant.scope:
            items = set(reached.get(key, ()))
            change = partial(self._swap, mutant, key)
        else:
            items = {item for known, found in reached.items() if known[0] == file for item in found}
            change = partial(replace_constants, mutant)
            if self.anew or not mutant.constant:
                return "anew"
        if not items or len(self.live[key]) != bool(mutant.scope):
            return "anew" if key in at_import or items else "survived"

        def work() -> int:
            change()
            for cached in self.caches:
                cached.cache_clear()
            return run_until_one_fails(session, chosen)

        chosen = nearest(items, seconds, mutant.module)
        found = forked(work, LEAST_SECONDS + int(10 * sum(seconds[item] for item in chosen)))
        return "anew" if found == "survived" and key in at_import else found

    def _swap(self, mutant: Mutant, key: Key) -> None:
        self.live[key][0].__code__ = next(c for c in codes_in(mutated(mutant)) if key_of(c) == key)


def nearest(items: set[Any], seconds: dict[Any, float], module: str) -> list[Any]:
    """The module's own tests first, the quickest in front, as many as fit into the time.

    Leaving tests out can only make a mutant live that would have died, never the other way round.
    """
    stem = module.rpartition(".")[2]
    queue = sorted(items, key=lambda item: (stem not in item.path.name, seconds[item]))
    spent = list(accumulate(seconds[item] for item in queue))
    return [item for item, total in zip(queue, spent, strict=True) if total < MOST_SECONDS]


def run_until_one_fails(session: Any, items: list[Any]) -> int:
    for item, after in zip_longest(items, items[1:]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
        if session.testsfailed:
            return 1
    return 0


def replace_constants(mutant: Mutant) -> None:
    """Give every module of ours the constants that the mutated text makes."""
    old = sys.modules[mutant.module].__dict__
    new = {"__name__": mutant.module, "__file__": str(mutant.path)}
    exec(mutated(mutant), new)
    for name in constants_of(mutant.path):
        if name != mutant.constant and (old[name] == new[name] or " at 0x" in repr(new[name])):
            continue
        was = old[name]
        for module in list(sys.modules.values()):
            if getattr(module, "__dict__", {}).get(name, mutant) is was:
                setattr(module, name, new[name])
        if isinstance(was, dict) and isinstance(new[name], dict):
            was.clear()
            was.update(new[name])


def caches_of(files: set[str]) -> list[Any]:
    """The caches of our functions: emptied, so that what a test reaches is what it needs."""
    return [
        cached
        for cached in gc.get_objects()
        if isinstance(cached, _lru_cache_wrapper)
        and getattr(cached.__wrapped__, "__code__", None)
        and cached.__wrapped__.__code__.co_filename in files
    ]


class Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module in its mutated form."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != self.mutant.module:
            return None
        return importlib.machinery.ModuleSpec(name, self, origin=str(path_of(name)))

    def exec_module(self, module: Any) -> None:
        module.__file__ = str(path_of(module.__name__))
        exec(mutated(self.mutant), module.__dict__)


def pytest_main(plugins: list[Any], tests: list[str]) -> int:
    import pytest

    return int(pytest.main([*OPTIONS, *tests], plugins=plugins))


def collected_anew(mutant: Mutant, tests: list[str], seconds: int) -> str:
    def work() -> int:
        sys.meta_path.insert(0, Changed(mutant))
        return pytest_main([], tests)

    return forked(work, seconds)


def own_tests(module: str, tests: list[str]) -> list[str]:
    """The test files that name the module, in their name or in their text."""
    files = [path for folder in tests for path in sorted(ROOT.glob(f"{folder}/test_*.py"))]
    stem = module.rpartition(".")[2]
    near = [p for p in files if stem in p.name or module in p.read_text()]
    near = [p for p in near if "django_db" not in p.read_text()]
    return [str(path) for path in sorted(near, key=lambda p: stem not in p.name)]


def preload() -> None:
    """What is not ours and slow to import is there before the forks."""
    import celery
    import django.contrib.admin
    import django.db.models
    import hypothesis
    import phonenumbers.timezone
    import pytest_django
    import re2

    # Always the same examples, no shrinking, nothing kept: a failing mutant need not be explained.
    hypothesis.settings.register_profile(
        "mutation", derandomize=True, database=None, deadline=None,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )  # fmt: skip
    hypothesis.settings.load_profile("mutation")
    assert celery and django and phonenumbers and pytest_django and re2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="+", metavar="MODULE", help="such as safety.verdict")
    parser.add_argument("--tests", nargs="+", default=list(TESTS), help="folders or files")
    parser.add_argument("--anew", action="store_true", help="import anew for each constant")
    options = parser.parse_args()
    os.chdir(ROOT)
    preload()
    began = time.perf_counter()
    results = in_one_collection(options.modules, options.tests, options.anew)
    plain = time.perf_counter()
    for module in options.modules:
        tests = own_tests(module, options.tests)
        for mutant in mutants_of(module, path_of(module)):
            if results[mutant.name] == "anew":
                results[mutant.name] = collected_anew(mutant, tests, 60)
    report(options.modules, results)
    print(f"{plain - began:.0f} s in one collection, {time.perf_counter() - plain:.0f} s anew")


def in_one_collection(modules: list[str], tests: list[str], anew: bool) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results.json"
        pid = os.fork()
        if pid == 0:
            watch = Watch(modules)
            sys.settrace(watch)
            os._exit(pytest_main([Bench(modules, out, watch, anew)], tests))
        os.waitpid(pid, 0)
        if not out.exists():
            raise SystemExit("the plain run failed; nothing was measured")
        return json.loads(out.read_text())


def report(modules: list[str], results: dict[str, str]) -> None:
    total: Counter[str] = Counter()
    for module in modules:
        found = [(m, results[m.name]) for m in mutants_of(module, path_of(module))]
        for mutant, what in found:
            if what == "survived":
                print(f"{mutant.name}  {mutant.change}")
        total.update(count := Counter(what for _, what in found))
        print(f"== {module}: {summary(count)}")
    print(f"== all: {summary(total)}")


def summary(count: Counter[str]) -> str:
    dead, of = count["killed"] + count["timeout"], count.total()
    return (
        f"{count['killed']} killed, {count['timeout']} timed out, {count['survived']} survived"
        f" of {of} ({100 * dead / max(of, 1):.1f} %)"
    )


if __name__ == "__main__":
    main()
