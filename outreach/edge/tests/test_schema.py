"""Two versions at once: a sender of another version than the database sends nothing."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from channels import gone, registry, sending, stop, tasks
from channels.adapters.memory import MemoryAdapter
from channels.base import Outcome, Receipt
from channels.models import Delivery, DeliveryStatus
from channels.tests.plenty import make_plenty
from outreach import testing
from outreach.core import schema
from outreach.edge import diagnosis
from outreach.testing import WORKDAY
from safety.models import ControlKey

NEWER = ("core", "9999_of_tomorrow")
OLDER = max(name for name in schema.KNOWN if name[0] == "core")
pytestmark = pytest.mark.django_db


def test_every_migration_of_ours_is_known():
    found = MigrationLoader(connection).disk_migrations
    ours = {name for name in found if name[0] in {app for app, _ in schema.KNOWN}}
    assert ours == schema.KNOWN
    assert {app for app, _ in schema.KNOWN} == {
        "approvals", "channels", "core", "edge", "safety", "workflows",
    }  # fmt: skip
    assert schema.apart() == ""


LACKS = (
    "The database is older than this program (it lacks {}): nothing is sent. "
    "Run `manage.py migrate`, then start web and workers again."
)
NEWEST, THIRD = ("safety", "9999_of_tomorrow"), ("workflows", "9999_of_tomorrow")


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        (schema.KNOWN, ""),
        (schema.KNOWN - {OLDER}, "A newer version has migrated the database "
         f"({'.'.join(OLDER)}): this program is older and sends nothing. End it and start the "
         "newer one."),
        (schema.KNOWN | {NEWER}, LACKS.format("core.9999_of_tomorrow")),
        (schema.KNOWN | {NEWER, NEWEST}, LACKS.format("core.9999_of_tomorrow and 1 more")),
        (schema.KNOWN | {NEWER, NEWEST, THIRD}, LACKS.format("core.9999_of_tomorrow and 2 more")),
    ],
)  # fmt: skip
def test_it_is_told_what_is_lacking_and_what_to_do(monkeypatch, known, sentence):
    monkeypatch.setattr(schema, "KNOWN", known)
    assert schema.apart() == sentence


@pytest.mark.parametrize(
    ("known", "sentence"),
    [(schema.KNOWN - {OLDER}, "this program is older and sends nothing"),
     (schema.KNOWN | {NEWER}, "it lacks core.9999_of_tomorrow): nothing is sent")],
)  # fmt: skip
def test_a_sender_of_another_version_than_the_database_sends_nothing(live, known, sentence):
    MemoryAdapter.reset()
    make_plenty(1)
    now = WORKDAY + timedelta(minutes=1)
    with registry.override("email", MemoryAdapter("email")), patch.object(schema, "KNOWN", known):
        report = sending.process(clock=lambda: now)
        found = diagnosis.examine(at=timezone.now()).faults
    assert (report.sent, len(MemoryAdapter.outbox)) == (0, 0)
    assert sentence in report.notes[0]
    assert sentence in next(each.message for each in found if each.id == "doctor.schema")


@pytest.mark.django_db(transaction=True)
def test_a_drain_that_began_before_a_migrate_begins_no_wave_after_it(live, monkeypatch):
    """The version was asked as a drain began: a long one went on beside the newer version."""

    def migrated(*given):
        monkeypatch.setattr(schema, "KNOWN", schema.KNOWN - {OLDER})
        return [Receipt(Outcome.SENT) for _ in given[0]]

    live.SEND_CONNECTIONS = 2
    MemoryAdapter.reset()
    make_plenty(5)
    monkeypatch.setattr(gone, "blame_the_relay", migrated)
    with registry.override("email", MemoryAdapter("email")):
        report = sending.process(clock=lambda: WORKDAY + timedelta(minutes=1))
    assert (report.sent, len(MemoryAdapter.outbox)) == (2, 2)
    assert [("this program is older and sends nothing" in each) for each in report.notes] == [True]
    assert not Delivery.objects.filter(status=DeliveryStatus.SENDING).exists()


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_was_recorded_twice_hinders_nothing(live):
    MemoryAdapter.reset()
    make_plenty(1)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) "
            "SELECT app, name, applied FROM django_migrations WHERE app = 'core'"
        )
    with registry.override("email", MemoryAdapter("email")):
        report = sending.process(clock=lambda: WORKDAY + timedelta(minutes=1))
    assert (report.sent, report.notes) == (1, [])


def test_the_sending_command_of_another_version_says_only_why_and_fails(monkeypatch):
    """It told "waiting 0" without having looked, waited out the undo time and ended well."""
    testing.make_approved()
    monkeypatch.setattr(schema, "KNOWN", schema.KNOWN | {NEWER})
    out = StringIO()
    with pytest.raises(CommandError, match=r"it lacks core.9999_of_tomorrow\): nothing is sent"):
        call_command("process_approved_messages", stdout=out)
    assert out.getvalue() == ""


def test_the_sending_task_of_another_version_counts_nothing(monkeypatch):
    """It told "waiting 0" of messages that it had not looked at."""
    testing.make_approved()
    monkeypatch.setattr(schema, "KNOWN", schema.KNOWN | {NEWER})
    told = tasks.process_approved_messages()
    assert told.keys() == {"refused"}
    assert "it lacks core.9999_of_tomorrow): nothing is sent" in told["refused"]


@pytest.mark.django_db(transaction=True)
def test_the_sending_task_says_what_stops_it_and_what_waits(live):
    testing.make_approved(at=timezone.now())
    how = {"workspace": None, "reason": "Audit", "by": testing.olaf(), "at": timezone.now()}
    stop.set_brake(ControlKey.MESSAGING_ENABLED, **how)
    told = tasks.process_approved_messages()
    assert "MESSAGING_ENABLED off (system)" in told["notes"][0] and told["waiting"] == 1


def test_tables_that_cannot_be_read_hide_no_other_version(monkeypatch):
    def lacks(faults, at):
        raise OperationalError("no such column")

    monkeypatch.setattr(diagnosis, "_drill", lacks)
    with pytest.raises(OperationalError):
        diagnosis.examine(at=WORKDAY)
    monkeypatch.setattr(schema, "KNOWN", schema.KNOWN | {NEWER})
    found = diagnosis.examine(at=WORKDAY)
    assert [each.id for each in found.faults] == ["doctor.schema"] and len(found.parts) == 1
