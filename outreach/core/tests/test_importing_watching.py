"""How far a job is, seen from outside its transaction, and the wish that it end."""

from __future__ import annotations

import io
from threading import Thread

import pytest
from django.db import connection

from outreach import testing
from outreach.core.importing import jobs, judging, watching
from outreach.core.importing.choices import Choices
from outreach.core.models import Activity, Import, Person

ROWS = "Name,Email\n" + "".join(f"Person {n},p{n}@example.com\n" for n in range(6))


@pytest.mark.django_db(transaction=True)
def test_who_looks_sees_how_far_it_is_and_who_cancels_is_heard(monkeypatch, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(judging, "BATCH", 2)
    monkeypatch.setattr(watching, "EVERY_SECONDS", 0)
    place, bob = testing.make_workspace(), testing.bob()
    at = testing.WORKDAY
    row = jobs.start(
        place, io.BytesIO(ROWS.encode()), "people.csv", choices=Choices(), by=bob, at=at
    )
    jobs.work(clock=lambda: at)
    assert jobs.ask_apply(row, by=bob, at=at)
    seen, tell = [], watching.Watch._tell

    def look():
        """As another process does: what is told, and a wish in the middle."""
        fresh = Import.objects.get(pk=row.pk)
        seen.append(watching.progress_of(fresh))
        if connection.vendor == "postgresql" and fresh.done == 4:
            jobs.cancel(fresh, by=bob, at=at)
        elif connection.vendor != "postgresql" and seen[-1][0] == 4:
            watching.ask_to_end(row.pk)  # the door's own write waits for the job's lock to go
        connection.close()

    def told(watch, done, total):
        answer = tell(watch, done, total)
        other = Thread(target=look)
        other.start()
        other.join()
        return answer

    monkeypatch.setattr(watching.Watch, "_tell", told)
    jobs.work(clock=lambda: at)
    row.refresh_from_db()
    assert seen == [(2, 6), (4, 6), (6, 6)]
    assert (row.status, Person.objects.count(), row.parts.count()) == ("cancelled", 0, 0)
    assert Activity.objects.filter(verb="imports.cancelled").count() == 1
    assert not list(tmp_path.glob("import-*"))
