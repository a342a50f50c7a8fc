"""One contestant in a process of its own: sets itself up, waits for "go", works, tells its figures.

python -m bench.worker WORD …; the words stand at the end, who says them in `contestants`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

SUBJECT, BODY = "Minutes of Monday", "Here are the minutes of Monday's meeting, as agreed. Note {}."


def setup(settings: str) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    import django

    django.setup()


def measured(work: Any) -> None:
    """Say ready, wait for go, run, print one line of figures."""
    from django.db import connection

    count = 0

    def counting(execute: Any, *args: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*args)

    print("ready", flush=True)
    sys.stdin.readline()
    began, cpu, memory = time.monotonic(), time.process_time(), rss()
    main = time.thread_time()
    with connection.execute_wrapper(counting):
        sent, more = work()
    figures = {
        "sent": sent,
        "began": began,
        "ended": time.monotonic(),
        "cpu": time.process_time() - cpu,
        "cpu_main": time.thread_time() - main,  # the rest was spent in threads that carry
        "statements": count,
        "grown_mb": rss() - memory,
    }
    print(json.dumps({**figures, **more}), flush=True)


def rss() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4 / 1024


def fill(count: int) -> None:
    setup("outreach.settings")
    from django.db import connection

    from channels.tests.plenty import make_plenty

    make_plenty(count)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("CHECKPOINT")


def ours(profile: str = "") -> None:
    setup("outreach.settings")
    from channels import sending
    from outreach.testing import WORKDAY

    def work() -> tuple[int, dict[str, Any]]:
        report = sending.process(clock=lambda: WORKDAY + timedelta(minutes=1))
        return report.sent, report.as_dict()

    if profile:
        import cProfile

        with cProfile.Profile(time.thread_time) as watch:  # what it computes, not what it waits for
            measured(work)
        watch.dump_stats(profile)
    else:
        measured(work)


def settle() -> None:
    """After a kill: what a fresh process makes of it."""
    setup("outreach.settings")
    from channels import sending
    from channels.models import Delivery
    from outreach.testing import WORKDAY

    sending.process(clock=lambda: WORKDAY + timedelta(minutes=2))
    rows = Delivery.objects.filter(status="unknown").count()
    print(json.dumps({"unknown": rows}), flush=True)


def plain(count: int) -> None:
    """Django's own way over one open connection, without any database."""
    setup("bench.peers")
    from django.core.mail import EmailMessage, get_connection

    def work() -> tuple[int, dict[str, Any]]:
        with get_connection() as link:
            for number in range(count):
                EmailMessage(
                    SUBJECT, BODY.format(number), to=[f"p{number}@example.com"], connection=link
                ).send()
        return count, {}

    measured(work)


def floor_fill(count: int) -> None:
    import psycopg

    with psycopg.connect(os.environ["DATABASE_URL"]) as link:
        link.execute(
            "CREATE TABLE bench_floor (id serial PRIMARY KEY, address text, subject text, body "
            "text, status text DEFAULT 'due')"
        )
        link.cursor().executemany(
            "INSERT INTO bench_floor (address, subject, body) VALUES (%s, %s, %s)",
            [(f"p{number}@example.com", SUBJECT, BODY.format(number)) for number in range(count)],
        )


def floor() -> None:
    """The least that keeps a queue in a table: one connection, one short transaction a message,
    in which it is claimed, sent and marked. Who is killed in it has sent one twice."""
    setup("bench.peers")
    import smtplib
    from email.message import EmailMessage

    import psycopg

    due = (
        "SELECT id, address, subject, body FROM bench_floor WHERE status = 'due' ORDER BY id "
        "LIMIT 1 FOR UPDATE SKIP LOCKED"
    )
    link = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    smtp = smtplib.SMTP("127.0.0.1", int(os.environ["SINK_PORT"]))

    def work() -> tuple[int, dict[str, Any]]:
        sent = 0
        while True:
            with link.transaction():
                row = link.execute(due).fetchone()
                if row is None:
                    return sent, {"statements": 2 * sent}
                message = EmailMessage()
                message["From"], message["To"] = "outreach@example.org", row[1]
                message["Subject"] = row[2]
                message.set_content(row[3])
                smtp.send_message(message)
                link.execute("UPDATE bench_floor SET status = 'sent' WHERE id = %s", [row[0]])
            sent += 1

    measured(work)


def mailer_fill(count: int) -> None:
    setup("bench.peers")
    from mailer import send_mail

    for number in range(count):
        send_mail(SUBJECT, BODY.format(number), "outreach@example.org", [f"p{number}@example.com"])


def mailer() -> None:
    setup("bench.peers")
    import logging

    from mailer.engine import send_all
    from mailer.models import MessageLog

    logging.disable(logging.CRITICAL)

    def work() -> tuple[int, dict[str, Any]]:
        send_all()
        return MessageLog.objects.filter(result="1").count(), {}

    measured(work)


def post_office_fill(count: int) -> None:
    setup("bench.peers")
    from post_office import mail

    mail.send_many(
        {
            "recipients": f"p{number}@example.com",
            "sender": "outreach@example.org",
            "subject": SUBJECT,
            "message": BODY.format(number),
        }
        for number in range(count)
    )


def post_office(lock: str) -> None:
    setup("bench.peers")
    import logging

    from post_office.mail import send_queued_mail_until_done
    from post_office.models import STATUS, Email

    logging.disable(logging.CRITICAL)

    def work() -> tuple[int, dict[str, Any]]:
        send_queued_mail_until_done(lock)
        return Email.objects.filter(status=STATUS.sent).count(), {}

    measured(work)


def celery_fill(count: int) -> None:
    setup("bench.peers")
    from django.db import connection

    from bench.celery_peer import TABLE, send

    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS {TABLE} (id serial primary key, address text, "
            "subject text, body text, status text, at timestamptz)"
        )
        cursor.execute(f"TRUNCATE {TABLE} RESTART IDENTITY")
        for number in range(count):
            cursor.execute(
                f"INSERT INTO {TABLE} (address, subject, body, status) VALUES (%s, %s, %s, 'due')",
                [f"p{number}@example.com", SUBJECT, BODY.format(number)],
            )
    for pk in range(1, count + 1):
        send.delay(pk)


def migrate() -> None:
    setup(sys.argv[2])
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    words = {
        "fill": lambda: fill(int(sys.argv[2])),
        "ours": lambda: ours(*sys.argv[2:3]),
        "plain": lambda: plain(int(sys.argv[2])),
        "floor-fill": lambda: floor_fill(int(sys.argv[2])),
        "floor": floor,
        "mailer-fill": lambda: mailer_fill(int(sys.argv[2])),
        "mailer": mailer,
        "post-office-fill": lambda: post_office_fill(int(sys.argv[2])),
        "post-office": lambda: post_office(sys.argv[2]),
        "celery-fill": lambda: celery_fill(int(sys.argv[2])),
        "settle": settle,
        "migrate": migrate,
    }
    words[sys.argv[1]]()
