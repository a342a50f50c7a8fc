"""The command line of each process, once: `make run` starts these, docker-compose.yml repeats
them, and a test holds the two together.

Celery runs threads, not forks: a sender's lock must belong to the process that sends, and the
same pool works with the embedded broker, Redis and RabbitMQ.
"""

from __future__ import annotations

from pathlib import Path

WORKER_THREADS = 4
WEB_THREADS = 8


def web(address: str) -> list[str]:
    """The web server. WEB_CONCURRENCY sets the number of processes, as gunicorn reads it."""
    return [
        "gunicorn", "outreach.wsgi:application",
        "--bind", address,
        "--worker-class", "gthread",
        "--threads", str(WEB_THREADS),
        "--timeout", "60",
        "--graceful-timeout", "5",
        "--no-control-socket",
    ]  # fmt: skip


def worker() -> list[str]:
    """A worker; as many as wanted, on as many machines as wanted."""
    return ["celery", "-A", "outreach", "worker", "--pool", "threads",
            "--concurrency", str(WORKER_THREADS)]  # fmt: skip


def beat(data_dir: Path) -> list[str]:
    """The scheduler. A second one is harmless: every entry of the timetable is idempotent."""
    schedule = str(data_dir / "beat-schedule")
    return ["celery", "-A", "outreach", "beat", "--schedule", schedule]


def migrate() -> list[str]:
    return ["python", "manage.py", "migrate", "--noinput"]
