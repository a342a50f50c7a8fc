"""`/healthz` says 200 only while everything lives, and what does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from celery import signals
from django.db import DatabaseError, connection
from django.utils import timezone

from outreach.core.models import Heartbeat
from outreach.edge import health, tasks

pytestmark = pytest.mark.django_db


def test_all_alive_is_200_with_the_badge(client):
    tasks.heartbeat()
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok", "database": "ok", "broker": "ok", "beat": "ok", "badge": "DRY RUN",
    }  # fmt: skip
    assert "no-store" in answer["Cache-Control"]


def test_before_the_first_tick_it_is_503(client):
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["beat"] == "has not ticked yet"


def levels(caplog) -> list[str]:
    return [each.levelname for each in caplog.records if "healthz" in each.getMessage()]


def test_the_log_is_told_of_each_change_once_and_of_a_start_as_no_fault(
    client, caplog, monkeypatch
):
    caplog.set_level("INFO")
    monkeypatch.setattr(health, "told", health.Told())
    for _ in range(5):
        assert client.get("/healthz").status_code == 503
    assert levels(caplog) == ["INFO"], "it starts"
    assert "beat has not ticked yet" in caplog.text
    tasks.heartbeat()
    for _ in range(3):
        client.get("/healthz")
    Heartbeat.objects.update(at=timezone.now() - timedelta(seconds=200))
    for _ in range(3):
        client.get("/healthz")
    assert levels(caplog) == ["INFO", "INFO", "WARNING"]
    assert "beat last ticked 20" in caplog.text


def test_an_old_tick_is_503_and_says_how_old(client):
    Heartbeat.objects.create(name="beat", at=timezone.now() - timedelta(seconds=200))
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["beat"].startswith("last ticked 20")


def test_a_second_tick_moves_the_one_row():
    tasks.heartbeat()
    tasks.heartbeat()
    assert Heartbeat.objects.filter(name="beat").count() == 1


def test_a_database_that_does_not_answer_is_503_and_stopped(client, monkeypatch):
    def broken(*_args, **_kwargs):
        raise DatabaseError

    monkeypatch.setattr(Heartbeat, "objects", type("Broken", (), {"exists": broken,
                                                                 "filter": broken})())  # fmt: skip
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "does not answer"
    assert answer.json()["badge"] == "STOPPED"


def test_a_broker_that_does_not_answer_is_named(settings, monkeypatch):
    from outreach.celery import app

    def refuse(**_):
        raise OSError

    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(app, "connection_for_write", refuse)
    assert health.broker_state() == "does not answer (OSError)"


def test_only_reading_is_allowed(client):
    assert client.post("/healthz").status_code == 405


def test_beat_ticks_once_as_soon_as_it_starts(monkeypatch):
    from celery import signals

    from outreach.celery import app

    sent = []
    monkeypatch.setattr(app, "send_task", lambda name, **_: sent.append(name))
    signals.beat_embedded_init.send(sender=None)
    signals.beat_init.send(sender=None)
    assert sent == ["outreach.edge.tasks.heartbeat"] * 2


def test_a_worker_whose_clock_is_half_a_minute_ahead_drops_no_wake_up():
    """It drops what has expired by its own clock: of 5 s, the log was never sealed there."""
    from outreach.celery import app

    dropped = {
        name: entry["options"]["expires"]
        for name, entry in app.conf.beat_schedule.items()
        if not 60 <= entry["options"]["expires"] <= 3600
    }
    assert dropped == {}


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has no server to restart")
def test_a_worker_goes_on_by_itself_once_its_database_was_restarted():
    connection.ensure_connection()
    mine, other = connection.connection.info.backend_pid, connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [mine])
    other.close()
    signals.task_prerun.send(sender=tasks.heartbeat)
    tasks.heartbeat()
    assert Heartbeat.objects.count() == 1
