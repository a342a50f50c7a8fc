"""Delivery beside its peers in one run: python -m bench.delivery [--messages N] [--rounds R]

One SMTP sink in its own process on loopback; each contestant in processes of its own; rounds
interleaved; medians. PostgreSQL is taken from BENCH_DATABASE_URL (its server; databases of our own
are made and dropped there), Redis from BENCH_BROKER. What cannot be had is left out and named.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from bench.contestants import Contestants


@dataclass
class Result:
    """One contestant over all rounds."""

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    statements: list[float] = field(default_factory=list)
    grown: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return statistics.median(self.rates) if self.rates else 0.0

    def add(self, figures: list[dict[str, Any]]) -> None:
        sent = sum(item["sent"] for item in figures)
        began = min(item["began"] for item in figures)
        ended = max(item["ended"] for item in figures)
        self.rates.append(sent / (ended - began))
        self.cpu.append(sum(item["cpu"] for item in figures) / sent * 1000)
        self.statements.append(sum(item["statements"] for item in figures) / sent)
        self.grown.append(max(item["grown_mb"] for item in figures))


class Bench(Contestants):
    """Every contestant's figures, round after round."""

    def __init__(self, folder: Path, messages: int) -> None:
        super().__init__(folder, messages)
        self.results: dict[str, Result] = {}

    def measure(
        self, name: str, work: Callable[..., list[dict[str, Any]]], *given: int, **more: int
    ) -> None:
        try:
            figures = work(*given, **more)
        except (RuntimeError, OSError, psycopg.Error, subprocess.TimeoutExpired) as problem:
            print(f"  {name}: left out: {problem}", flush=True)
            return
        result = self.results.setdefault(name, Result())
        result.add(figures)
        print(f"  {name}: {result.rates[-1]:,.0f} messages/s", flush=True)
        self.drop()


def rounds(bench: Bench, count: int, *, slow: int) -> None:
    """Each round: every contestant once, in the same order, on an empty database."""
    few = max(100, bench.messages // 5)
    for number in range(1, count + 1):
        print(f"round {number} of {count}", flush=True)
        with bench.sink() as port:
            bench.measure("plain Django send", bench.plain, port, bench.messages)
            bench.measure("floor", bench.floor, port, bench.messages)
            bench.measure("ours, 1 process", bench.ours, port, bench.messages)
            bench.measure("ours, 2 processes", bench.ours, port, bench.messages, processes=2)
            bench.measure("ours, 10 connections", bench.ours, port, bench.messages, connections=10)
            bench.measure("ours, SQLite", bench.sqlite, port, bench.messages)
            bench.measure("django-mailer", bench.mailer, port, few)
            bench.measure("django-post_office", bench.post_office, port, few)
            bench.measure("Celery, a task each", bench.celery, port, few)
        with bench.sink(5.0) as port:
            bench.measure("late: plain", bench.plain, port, slow // 4)
            bench.measure("late: ours, 10", bench.ours, port, slow, connections=10)
            bench.measure("late: ours, 20", bench.ours, port, 2 * slow, connections=20)


GOALS = (  # ours, divided by, at least
    ("ours, 1 process", "plain Django send", 0.5),
    ("ours, 2 processes", "plain Django send", 0.8),
    ("ours, 1 process", "Celery, a task each", 5.0),
    ("ours, 1 process", "django-mailer", 2.5),
    ("ours, 1 process", "django-post_office", 0.8),
    ("late: ours, 10", "late: plain", 6.0),
    ("late: ours, 20", "late: plain", 9.0),
    ("ours, SQLite", "plain Django send", 0.25),
)


def show(bench: Bench, unknown: int | None) -> bool:
    """The table, then each goal with what was reached. True if all were."""
    print(f"\n{'':22}{'messages/s':>12}{'CPU s/1,000':>13}{'statements/msg':>16}{'grown MB':>10}")
    for name, item in bench.results.items():
        cpu, made = statistics.median(item.cpu), statistics.median(item.statements)
        print(f"{name:22}{item.rate:12,.0f}{cpu:13.2f}{made:16.2f}{max(item.grown):10.1f}")
    print()
    reached = []
    for ours, theirs, goal in GOALS:
        if {ours, theirs} <= set(bench.results):
            ratio = bench.results[ours].rate / bench.results[theirs].rate
            reached.append(ratio >= goal)
            verdict = "reached" if reached[-1] else "NOT REACHED"
            print(f"{ours} / {theirs}: {ratio:.2f}, goal ≥ {goal}: {verdict}")
    one = bench.results.get("ours, 1 process")
    if one:
        for title, value, goal in (
            ("CPU s/1,000", statistics.median(one.cpu), 3.0),
            ("statements/message", statistics.median(one.statements), 3.0),
        ):
            reached.append(value <= goal)
            print(f"{title}: {value:.2f}, goal ≤ {goal}: {'reached' if value <= goal else 'NO'}")
    if unknown is not None:
        reached.append(unknown <= 10)
        print(f"unknown after kill -9 with 10 connections: {unknown}, goal ≤ 10")
    return all(reached)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="300 messages, one round")
    given = parser.parse_args()
    messages, count = (300, 1) if given.quick else (given.messages, given.rounds)
    folder = Path(tempfile.mkdtemp(prefix="outreach-bench-"))
    bench = Bench(folder, messages)
    busy = os.getloadavg()[0]
    print(f"load before: {busy:.1f} on {os.cpu_count()} processors", flush=True)
    if busy > 0.5:
        print("This machine is busy: take the figures with care.", flush=True)
    try:
        rounds(bench, count, slow=min(messages, 400))
        with bench.sink(1.0) as port:
            unknown = bench.unknown_after_kill(port, 10)
        ok = show(bench, unknown)
    finally:
        bench.drop()
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
