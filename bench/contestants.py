"""Who takes part in `bench.delivery`: each in processes of its own, on databases of our own."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

ROOT = Path(__file__).resolve().parents[1]
_SERVER = urlsplit(os.environ.get("BENCH_DATABASE_URL", "postgres://postgres@127.0.0.1:5432"))
SERVER = f"{_SERVER.scheme}://{_SERVER.netloc}"  # whatever database it names: ours are our own
BROKER = os.environ.get("BENCH_BROKER", "redis://127.0.0.1:6379/9")


class Contestants:
    """What all contestants share: a folder, a sink, databases."""

    def __init__(self, folder: Path, messages: int) -> None:
        self.folder, self.messages = folder, messages
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

    def floor(self, port: int, count: int) -> list[dict[str, Any]]:
        env = self.environment(self.database("bench.peers"), port)
        self.run("floor-fill", str(count), env=env)
        return self.race("floor", env=env)

    def mailer(self, port: int, count: int) -> list[dict[str, Any]]:
        env = self.environment(self.database("bench.peers"), port)
        self.run("mailer-fill", str(count), env=env)
        return self.race("mailer", env=env)

    def post_office(self, port: int, count: int) -> list[dict[str, Any]]:
        env = self.environment(self.database("bench.peers"), port)
        self.run("post-office-fill", str(count), env=env)
        return self.race("post-office", str(self.folder / "post-office"), env=env)

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
