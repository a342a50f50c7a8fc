"""The broker is emptied and killed under two workers with a beat each: the table is the queue."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from channels.tests.plenty import make_plenty
from channels.tests.processes import ROOT, database_url
from channels.tests.sink import SmtpSink
from channels.tests.test_crash import everything_is_accounted_for, rows
from outreach.testing import WORKDAY

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.processes,
    pytest.mark.torture,
    pytest.mark.skipif(not shutil.which("redis-server"), reason="there is no redis-server"),
]
EACH = 20


class Broker:
    """A Redis of our own without a memory: what it held is gone when it ends."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        words = ["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            [*words, "--bind", "127.0.0.1"], stdout=subprocess.DEVNULL, cwd="/"
        )
        for _ in range(1000):
            try:
                with socket.create_connection(("127.0.0.1", self.port)):
                    return
            except OSError:
                time.sleep(0.01)
        raise TimeoutError("Redis did not start")

    def flush(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as line:
            line.sendall(b"FLUSHALL\r\n")
            assert line.recv(64) == b"+OK\r\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def worker(number: int, broker: Broker, sink: SmtpSink, folder) -> subprocess.Popen:
    shift = WORKDAY + timedelta(minutes=2) - timezone.now()
    environment = {
        **os.environ,
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
        "CELERY_BROKER_URL": broker.url,
        "EMAIL_URL": f"smtp://{sink.host}:{sink.port}",
        "DRY_RUN": "False",
        "LOG_LEVEL": "ERROR",
    }
    name = ["-n", f"w{number}@here", "-s", str(folder / f"beat{number}"), "-l", "ERROR"]
    return subprocess.Popen(
        [sys.executable, "-m", "channels.tests.worker", str(shift.total_seconds()), *name],
        cwd=ROOT,
        env=environment,
        stdout=(folder / f"worker{number}.log").open("wb"),
        stderr=subprocess.STDOUT,
    )


def test_a_broker_emptied_and_killed_costs_no_message(live, tmp_path, capsys):
    make_plenty(EACH)
    broker = Broker()
    workers: list[subprocess.Popen] = []
    with SmtpSink() as sink:
        try:
            workers = [worker(number, broker, sink, tmp_path) for number in (1, 2)]
            sink.wait_for(EACH, 120)
            make_plenty(EACH)
            broker.flush()
            sink.wait_for(2 * EACH, 120)
            broker.kill()
            make_plenty(EACH)
            broker.start()
            sink.wait_for(3 * EACH, 180)
        finally:
            for each in workers:
                each.terminate()
            for each in workers:
                each.wait(60)
            broker.kill()
        unknown = everything_is_accounted_for(sink, most_unknown=0)
    with capsys.disabled():
        print(
            f"\nbroker emptied and killed, two workers, two beats: {len(rows('sent'))} sent, "
            f"{len(unknown)} unknown, 0 duplicates, 0 lost"
        )
