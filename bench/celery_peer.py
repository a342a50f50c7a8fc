"""A naive Celery project: one task for each message, everything else as it comes."""

from __future__ import annotations

import os

import django
from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.peers")
django.setup()

from django.core.mail import EmailMessage  # noqa: E402
from django.db import connection  # noqa: E402

from bench.peers import TABLE  # noqa: E402

app = Celery("bench", broker=os.environ["BENCH_BROKER"])
app.conf.update(
    task_default_queue=os.environ["BENCH_QUEUE"],
    broker_transport_options={"global_keyprefix": os.environ["BENCH_QUEUE"] + ":"},
    task_ignore_result=True,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@app.task(name="bench.send")
def send(pk: int) -> None:
    """What a first version does: read the row, open a connection, send, mark the row."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT address, subject, body FROM {TABLE} WHERE id = %s", [pk])
        address, subject, body = cursor.fetchone()
        EmailMessage(subject, body, to=[address]).send()
        cursor.execute(
            f"UPDATE {TABLE} SET status = 'sent', at = clock_timestamp() WHERE id = %s", [pk]
        )
