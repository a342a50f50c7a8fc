"""The Celery app and the whole timetable on one screen.

A task is only a wake-up: the tables are the queue. Every entry is harmless when run twice or by
two schedulers at once, so a second beat changes nothing.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, signals
from django.db import close_old_connections

from outreach import wakeups

wakeups.use()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "outreach.settings")
app = Celery("outreach")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["outreach.edge", "safety", "approvals", "channels", "workflows"])

# Seconds after which a wake-up is dropped, by the clock of the worker that takes it: less, and one
# whose clock is that far ahead of beat's would drop every one without a word.
SOON = 60
app.conf.beat_schedule = {
    # The seed asks for every 15 minutes or on demand; looking at the table costs one query.
    "process-approved-messages": {
        "task": "channels.tasks.process_approved_messages",
        "schedule": 15.0,
        "options": {"expires": SOON},
    },
    "sweep-dead-senders": {
        "task": "channels.tasks.sweep",
        "schedule": 15.0,
        "options": {"expires": SOON},
    },
    "expire-approvals": {
        "task": "approvals.tasks.expire_approvals",
        "schedule": 60.0,
        "options": {"expires": SOON},
    },
    "clean-safety-events": {
        "task": "safety.tasks.clean_events",
        "schedule": 3600.0,
        "options": {"expires": 3599},
    },
    "return-stopped": {
        "task": "approvals.tasks.return_stopped",
        "schedule": 15.0,
        "options": {"expires": SOON},
    },
    "tell-colleagues": {
        "task": "approvals.tasks.tell_colleagues",
        "schedule": 15.0,
        "options": {"expires": SOON},
    },
    "send-digests": {
        "task": "approvals.tasks.send_digests",
        "schedule": 600.0,
        "options": {"expires": 599},
    },
    "draw-rechecks": {
        "task": "approvals.tasks.draw_rechecks",
        "schedule": 600.0,
        "options": {"expires": 599},
    },
    "read-inbound": {
        "task": "channels.tasks.read_inbound",
        "schedule": 15.0,
        "options": {"expires": SOON},
    },
    "restore-controls": {
        "task": "channels.tasks.restore_controls",
        "schedule": 15.0,
        "options": {"expires": SOON},
    },
    "return-by-hand": {
        "task": "channels.tasks.return_by_hand",
        "schedule": 60.0,
        "options": {"expires": SOON},
    },
    "take-back-autonomy": {
        "task": "approvals.tasks.take_back_autonomy",
        "schedule": 15.0,
        "options": {"expires": SOON},
    },
    "pick-up-workflow-runs": {
        "task": "workflows.tasks.pick_up",
        "schedule": 60.0,
        "options": {"expires": SOON},
    },
    # What may be edited in the admin are the rows that this one looks at: schedules of workflows.
    "start-scheduled-workflows": {
        "task": "workflows.tasks.start_scheduled",
        "schedule": 60.0,
        "options": {"expires": SOON},
    },
    "advance-sequences": {
        "task": "workflows.tasks.advance_sequences",
        "schedule": 30.0,
        "options": {"expires": SOON},
    },
    "answer-inbound": {
        "task": "workflows.tasks.answer_inbound",
        "schedule": 30.0,
        "options": {"expires": SOON},
    },
    "work-imports": {
        "task": "outreach.edge.tasks.work_imports",
        "schedule": 15.0,
        "options": {"expires": SOON},
    },
    "clean-imports": {
        "task": "outreach.edge.tasks.clean_imports",
        "schedule": 3600.0,
        "options": {"expires": 3599},
    },
    # Reads what every message with a file says of it, so not often; nothing waits for it.
    "clean-files": {
        "task": "outreach.edge.tasks.clean_files",
        "schedule": 86400.0,
        "options": {"expires": 3600},
    },
    "seal-activity": {
        "task": "outreach.edge.tasks.seal_activity",
        "schedule": 5.0,
        "options": {"expires": SOON},
    },
    "tell-webhooks": {
        "task": "outreach.edge.tasks.tell_webhooks",
        "schedule": 5.0,
        "options": {"expires": SOON},
    },
    # One a day; the file knows whether today's is there.
    "keep-checkpoint": {
        "task": "outreach.edge.tasks.keep_checkpoint",
        "schedule": 3600.0,
        "options": {"expires": 3599},
    },
    "heartbeat": {
        "task": "outreach.edge.tasks.heartbeat",
        "schedule": 15.0,
        "options": {"expires": SOON},
    },
}


@signals.task_prerun.connect
def look_at_connections(sender: Any, **_: Any) -> None:
    """A worker's thread keeps its connection. One whose server was started anew is opened again;
    else each task of that thread would fail, for as long as the worker runs."""
    if not sender.request.is_eager:
        close_old_connections()


@signals.beat_init.connect
@signals.beat_embedded_init.connect
def first_heartbeat(**_: Any) -> None:
    """Beat's first tick at once, by the same way as the others, so /healthz need not wait."""
    app.send_task("outreach.edge.tasks.heartbeat", expires=60, retry=False)
