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

from channels import registry, sending
from channels.adapters.memory import MemoryAdapter
from channels.tests.plenty import make_plenty
from outreach import testing
from outreach.core import schema
from outreach.edge import diagnosis
from outreach.testing import WORKDAY

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


def test_the_sending_command_of_another_version_says_only_why_and_fails(monkeypatch):
    """It told "waiting 0" without having looked, waited out the undo time and ended well."""
    testing.make_approved()
    monkeypatch.setattr(schema, "KNOWN", schema.KNOWN | {NEWER})
    out = StringIO()
    with pytest.raises(CommandError, match=r"it lacks core.9999_of_tomorrow\): nothing is sent"):
        call_command("process_approved_messages", stdout=out)
    assert out.getvalue() == ""


def test_tables_that_cannot_be_read_hide_no_other_version(monkeypatch):
    def lacks(faults, at):
        raise OperationalError("no such column")

    monkeypatch.setattr(diagnosis, "_drill", lacks)
    with pytest.raises(OperationalError):
        diagnosis.examine(at=WORKDAY)
    monkeypatch.setattr(schema, "KNOWN", schema.KNOWN | {NEWER})
    found = diagnosis.examine(at=WORKDAY)
    assert [each.id for each in found.faults] == ["doctor.schema"] and len(found.parts) == 1
