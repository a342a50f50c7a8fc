"""Delivery beside its peers in one run: python -m bench.delivery [--messages N] [--rounds R]

One SMTP sink in its own process on loopback; each contestant in processes of its own; rounds
interleaved; medians. PostgreSQL is taken from BENCH_DATABASE_URL (its server; databases of our own
are made and dropped there), Redis from BENCH_BROKER. What cannot be had is left out and named.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[1]
SERVER = os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432")
BROKER = os.environ.get("BENCH_BROKER", "redis://127.0.0.1:6379/9")


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


class Bench:
    """What all contestants share: a folder, a sink, databases."""

    def __init__(self, folder: Path, messages: int) -> None:
        self.folder, self.messages = folder, messages
        self.results: dict[str, Result] = {}
        self._databases: list[str] = []

    # -- processes -----------------------------------------------------------------------------

    @contextlib.contextmanager
    def sink(self, delay: float = 0.0) -> Iterator[int]:
        process = subprocess.Popen(
            [sys.executable, "-m", "channels.tests.sink", "--delay", str(delay)],
            stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().split()[2])
        finally:
            process.terminate()
            process.wait()

    def environment(self, url: str, port: int, connections: int = 10) -> dict[str, str]:
        return {
            **os.environ,
            "ENV_FILE": os.devnull,
            "DATABASE_URL": url,
            "DATA_DIR": str(self.folder / "data"),
            "SECRET_KEY": "only-for-the-benchmark-" + "x" * 40,
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
            "SINK_PORT": str(port),
            "SEND_CONNECTIONS": str(connections),
            "DRY_RUN": "False",
            "LOG_LEVEL": "ERROR",
        }

    def run(self, *words: str, env: dict[str, str]) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "bench.worker", *words],
            env=env, cwd=ROOT, capture_output=True, text=True, timeout=900,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr[-800:]}")
        return done.stdout

    def race(self, *words: str, env: dict[str, str], count: int = 1) -> list[dict[str, Any]]:
        """Start `count` workers, let all begin at once, return their figures."""
        workers = [
            subprocess.Popen(
                [sys.executable, "-m", "bench.worker", *words],
                env=env, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )
            for _ in range(count)
        ]  # fmt: skip
        for worker in workers:
            if worker.stdout.readline() != "ready\n":
                raise RuntimeError(f"{' '.join(words)} did not start")
        for worker in workers:
            worker.stdin.write("go\n")
            worker.stdin.flush()
        return [json.loads(worker.communicate(timeout=900)[0]) for worker in workers]

    # -- databases -----------------------------------------------------------------------------

    def database(self, settings: str = "outreach.settings") -> str:
        """A fresh, migrated database of our own on the server."""
        name = f"bench_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as link:
            link.execute(f"CREATE DATABASE {name}")
        self._databases.append(name)
        url = f"{SERVER}/{name}"
        self.run("migrate", settings, env=self.environment(url, 9))
        return url

    def drop(self) -> None:
        with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as link:
            for name in self._databases:
                link.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._databases.clear()

    # -- contestants ---------------------------------------------------------------------------

    def plain(self, port: int, count: int) -> list[dict[str, Any]]:
        return self.race("plain", str(count), env=self.environment("", port))

    def ours(
        self, port: int, count: int, *, url: str = "", processes: int = 1, connections: int = 20
    ) -> list[dict[str, Any]]:
        env = self.environment(url or self.database(), port, connections)
        self.run("fill", str(count), env=env)
        return self.race("ours", env=env, count=processes)

    def sqlite(self, port: int, count: int) -> list[dict[str, Any]]:
        path = self.folder / f"{uuid.uuid4().hex}.sqlite3"
        url = f"sqlite:///{path}"
        self.run("migrate", "outreach.settings", env=self.environment(url, port))
        return self.ours(port, count, url=url)

    def mailer(self, port: int, count: int) -> list[dict[str, Any]]:
        env = self.environment(self.database("bench.peers"), port)
        self.run("mailer-fill", str(count), env=env)
        return self.race("mailer", env=env)

    def celery(self, port: int, count: int) -> list[dict[str, Any]]:
        """From the first message sent to the last, by the database's clock: no start-up in it."""
        queue = f"bench-{uuid.uuid4().hex[:12]}"
        url = self.database("bench.peers")
        env = {**self.environment(url, port), "BENCH_BROKER": BROKER, "BENCH_QUEUE": queue}
        env["DJANGO_SETTINGS_MODULE"] = "bench.peers"
        self.run("celery-fill", str(count), env=env)
        worker = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "bench.celery_peer", "worker",
             "--pool", "solo", "--loglevel", "ERROR", "--without-gossip", "--without-mingle"],
            env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            took = self._until_sent(url, count, worker)
        finally:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            worker.terminate()
            worker.wait(60)
            self._forget(queue)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        figures = {"sent": count - 1, "began": 0.0, "ended": took, "statements": 2 * (count - 1)}
        return [{**figures, "cpu": cpu, "grown_mb": 0.0}]

    def _until_sent(self, url: str, count: int, worker: subprocess.Popen[bytes]) -> float:
        deadline = time.monotonic() + 300
        with psycopg.connect(url, autocommit=True) as link:
            while time.monotonic() < deadline and worker.poll() is None:
                done, took = link.execute(
                    "SELECT count(*), extract(epoch FROM max(at) - min(at)) FROM bench_mail "
                    "WHERE status = 'sent'"
                ).fetchone()
                if done == count:
                    return float(took)
                time.sleep(0.2)
        raise RuntimeError("the worker ended, or did not finish within 300 s")

    def _forget(self, queue: str) -> None:
        """Only keys of our own queue."""
        import redis

        link = redis.Redis.from_url(BROKER)
        keys = list(link.scan_iter(f"{queue}:*"))
        if keys:
            link.delete(*keys)

    def unknown_after_kill(self, port: int, connections: int) -> int:
        """Kill -9 in the middle; a fresh process sweeps and goes on."""
        env = self.environment(self.database(), port, connections)
        self.run("fill", "400", env=env)
        worker = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", "ours"],
            env=env, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert worker.stdout and worker.stdin
        worker.stdout.readline()
        worker.stdin.write("go\n")
        worker.stdin.flush()
        with psycopg.connect(env["DATABASE_URL"], autocommit=True) as link:
            query = "SELECT count(*) FROM deliveries WHERE status = 'sent'"
            while link.execute(query).fetchone()[0] < 50:
                time.sleep(0.005)
        worker.kill()
        worker.communicate()
        return json.loads(self.run("settle", env=env))["unknown"]

    # -- rounds --------------------------------------------------------------------------------

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
            bench.measure("ours, 1 process", bench.ours, port, bench.messages)
            bench.measure("ours, 2 processes", bench.ours, port, bench.messages, processes=2)
            bench.measure("ours, 10 connections", bench.ours, port, bench.messages, connections=10)
            bench.measure("ours, SQLite", bench.sqlite, port, bench.messages)
            bench.measure("django-mailer", bench.mailer, port, few)
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
