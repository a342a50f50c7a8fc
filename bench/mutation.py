"""Mutation testing of pure modules: change one thing, run the tests that pass it, list who lives.

    nice -n 15 python -m bench.mutation safety.verdict safety.gate
    python -m bench.mutation --report

No file is changed. The tests are collected once, and run once to see which lines each of them
passes. Each mutant is a fork in which one function got the changed code, and only the tests that
pass the changed line run, the last killers first. A changed constant takes the old one's place
wherever it was imported. What only an import can show (classes, defaults, constants that were used
at import) is changed in a fork that collects the module's tests anew.

What was found stays in `var/mutation.json`: a mutant that died is not tried again until its
module changes, one that lived is tried in every run.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from bench.mutation_changes import path_of
from bench.mutation_runs import Pool, collected_anew, in_one_collection
from bench.mutations import Mutant, mutants_of

ROOT = Path(__file__).resolve().parent.parent
FOUND = ROOT / "var" / "mutation.json"
EXPLAINED = ROOT / "bench" / "mutation_survivors.md"
CORE = [
    *(f"safety.contract.{path.stem}" for path in sorted(ROOT.glob("safety/contract/[!_]*.py"))),
    "safety.verdict",
    "safety.gate",
]
MORE = [
    "safety.law.law",
    "safety.words",
    "safety.question",
    "safety.complaints",
    "safety.emergency",
    "safety.attachments",
    "safety.file_kinds",
    "safety.actions",
    "safety.named",
    "approvals.greeting",
    "approvals.marks",
    "approvals.plainly",
    "approvals.routing",
    "approvals.tiers",
    "channels.mail.heads",
    "outreach.core.digest",
    "outreach.core.importing.phones",
    "outreach.core.importing.twonames",
    "outreach.core.importing.unheard",
    "outreach.core.patience",
    "outreach.core.senders",
]
GOAL = 95.0


class Store:
    """What became of each mutant, on disk at once; an outcome counts for one text of a module."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.all: dict[str, dict[str, str]] = json.loads(path.read_text()) if path.exists() else {}

    def of(self, module: str) -> dict[str, str]:
        text = hashlib.sha256(path_of(module).read_bytes()).hexdigest()[:16]
        if self.all.get(module, {}).get("text") != text:
            self.all[module] = {"text": text}
        return self.all[module]

    def add(self, mutant: Mutant, outcome: str) -> None:
        self.of(mutant.module)[mutant.name] = outcome
        self.path.parent.mkdir(exist_ok=True)
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(self.all, indent=0))
        new.replace(self.path)


def preload() -> None:
    """What is not ours and slow to import is there before the forks."""
    import celery
    import coverage
    import django.contrib.admin
    import django.db.models
    import hypothesis
    import phonenumbers.timezone
    import pytest_django
    import re2

    # Always the same examples, no shrinking, nothing kept: a failing mutant need not be explained.
    hypothesis.settings.register_profile(
        "mutation", derandomize=True, database=None, deadline=None, max_examples=30,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )  # fmt: skip
    hypothesis.settings.load_profile("mutation")
    assert celery and coverage and django and phonenumbers and pytest_django and re2


def measure(modules: list[str], tests: list[str], jobs: int, most: float) -> None:
    """Try every mutant that is not known to die, and write down what became of it."""
    began = time.perf_counter()
    store = Store(FOUND)
    wanted = {
        module: [m for m in mutants_of(module, path_of(module)) if _is_open(store, m)]
        for module in modules
    }
    preload()
    gc.freeze()
    in_one_collection(wanted, tests, Pool(jobs, store.add), most)
    store = Store(FOUND)
    pool = Pool(jobs, store.add)
    for module, mutants in wanted.items():
        if left := [m for m in mutants if store.of(module)[m.name] == "anew"]:
            collected_anew(left, tests, pool)
    pool.drain()
    used = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    print(f"{time.perf_counter() - began:.0f} s, {used:.0f} s of processor", file=sys.stderr)


def _is_open(store: Store, mutant: Mutant) -> bool:
    return store.of(mutant.module).get(mutant.name) not in ("killed", "timeout")


def report(modules: Iterable[str]) -> bool:
    """A table of the modules, those alive without an explanation; whether the goal is reached."""
    store, explained = Store(FOUND), EXPLAINED.read_text() if EXPLAINED.exists() else ""
    total: Counter[str] = Counter()
    bare = []
    print("| module | mutants | killed | timed out | survived | not tried | killed % |")
    print("|---|---|---|---|---|---|---|")
    for module in modules:
        names = [mutant.name for mutant in mutants_of(module, path_of(module))]
        found = store.of(module)
        count = Counter(found.get(name, "anew") for name in names)
        total += count
        bare += [n for n in names if found.get(n) == "survived" and f"`{n}`" not in explained]
        print(_row(module, count))
    print(_row("all", total))
    for name in bare:
        print(f"alive and not explained: {name}")
    return not bare and not total["anew"] and _percent(total) >= GOAL


def _percent(count: Counter[str]) -> float:
    return 100 * (count["killed"] + count["timeout"]) / max(count.total(), 1)


def _row(name: str, count: Counter[str]) -> str:
    cells = [count.total(), *(count[key] for key in ("killed", "timeout", "survived", "anew"))]
    return f"| {name} | {' | '.join(map(str, cells))} | {_percent(count):.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="such as safety.verdict")
    parser.add_argument("--more", action="store_true", help="the pure modules outside the contract")
    parser.add_argument("--tests", nargs="+", help="folders or files of tests")
    parser.add_argument("--jobs", type=int, default=1, help="mutants at once")
    parser.add_argument("--seconds", type=float, default=2, help="of tests for each mutant")
    parser.add_argument("--report", action="store_true", help="only tell what was found")
    options = parser.parse_args()
    os.chdir(ROOT)
    modules = options.modules or (MORE if options.more else CORE)
    if not options.report:
        measure(modules, options.tests or tests_of(modules), options.jobs, options.seconds)
    sys.exit(not report(modules))


def tests_of(modules: Iterable[str]) -> list[str]:
    """The folders of tests beside the modules."""
    folders = {path_of(module).parent for module in modules}
    folders |= {ROOT / "safety" for module in modules if module.startswith("safety.")}
    return [str(folder / "tests") for folder in sorted(folders) if (folder / "tests").is_dir()]


if __name__ == "__main__":
    main()
