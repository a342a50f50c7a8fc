"""A file is dropped when nothing names it, and never under a message that is being written."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from approvals import attaching
from outreach import testing
from outreach.core import drafts, files
from outreach.core.models import Activity, Draft, File, Person
from outreach.edge import tasks
from outreach.edge.privacy.erasing import erase
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
PDF = b"%PDF-1.7\n" + b"x" * 100
LATER = WORKDAY + timedelta(days=2)
only_postgresql = pytest.mark.skipif(
    "connection.vendor != 'postgresql'", reason="SQLite lets one write after the other"
)


def write(person: Person, *, fails: bool = False) -> Draft:
    words = drafts.Text(subject="The offer", text="" if fails else "Here is the offer.")
    place, by = person.workspace, testing.bob(person.workspace)
    with transaction.atomic():
        words = attaching.put(
            words, place, "email", [attaching.Upload("offer.pdf", PDF)], by=by, at=WORKDAY
        )
        return drafts.write(place, person, "email", words, by=by, at=WORKDAY)


def left(at=LATER) -> tuple[int, int]:
    """How many the job drops, and how many there are then."""
    return files.clean(at=at), File.objects.count()


def left_alone() -> File:
    """What an erasure leaves where another message took the file and came to nothing."""
    person = testing.make_person()
    with transaction.atomic():
        return files.keep(person.workspace, PDF, by=testing.alice(), at=WORKDAY)


def test_what_is_refused_leaves_no_file():
    with pytest.raises(drafts.TextRefused):
        write(testing.make_person(), fails=True)
    assert not File.objects.exists()


def test_what_a_message_names_stays_whatever_became_of_the_message():
    draft = write(testing.make_person())
    without = drafts.Text(subject="The offer", text="Without it.")
    with transaction.atomic():
        drafts.revise(draft, without, by=testing.alice(), at=WORKDAY)
    drafts.move([draft.pk], "rejected", reason="test")
    assert left() == (0, 1)  # the first revision is kept, and so is what it names


def test_what_nothing_names_goes_after_a_day_and_is_told():
    file = left_alone()
    assert left(WORKDAY + timedelta(hours=23)) == (0, 1)
    elsewhere = testing.make_person(testing.make_workspace("elsewhere"))
    write(elsewhere)  # the same content, named in another workspace
    assert left() == (1, 1)
    assert not File.objects.filter(pk=file.pk).exists()
    told = Activity.objects.get(verb="drafts.file_dropped")
    assert (told.object_id, told.codes) == (str(file.pk), {"size": len(PDF), "door": "job"})
    assert tasks.clean_files() == 0


def test_a_message_written_while_the_job_looks_keeps_its_file(monkeypatch):
    """The job has read what is named; before it drops the file, a message takes it."""
    left_alone()
    person, drop = testing.make_person(), files._drop

    def late(row, at):
        write(person)
        return drop(row, at)

    monkeypatch.setattr(files, "_drop", late)
    assert left() == (0, 1)


class Writing(threading.Thread):
    """A message whose transaction stays open with its file held until `go`; it may fail then."""

    def __init__(self, person: Person, *, fails: bool = False) -> None:
        super().__init__()
        self.person, self.fails = person, fails
        self.holds, self.go = threading.Event(), threading.Event()

    def run(self) -> None:
        try:
            with transaction.atomic():
                write(self.person)
                self.holds.set()
                assert self.go.wait(10)
                if self.fails:
                    transaction.set_rollback(True)
        finally:
            connection.close()

    def __enter__(self) -> Writing:
        self.start()
        assert self.holds.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.go.set()
        self.join()


@only_postgresql
def test_the_job_leaves_what_an_open_transaction_holds():
    left_alone()
    with Writing(testing.make_person()):
        assert left() == (0, 1)
    assert left() == (0, 1)


@only_postgresql
@pytest.mark.parametrize("fails", [False, True])
def test_an_erasure_leaves_the_file_that_another_message_is_taking(fails):
    ann, ben = testing.make_person(), testing.make_person()
    write(ann)
    with Writing(ben, fails=fails):
        erase(ann, reason="their wish of today", by=testing.dora(), at=WORKDAY)
        assert File.objects.exists()
    assert left() == ((1, 0) if fails else (0, 1))
    if not fails:
        kept = Draft.objects.get(person=ben).current.attachments
        assert files.contents(ben.workspace_id, kept)[0][2] == PDF


@only_postgresql
def test_whoever_comes_while_a_file_is_dropped_keeps_it_anew():
    file, person = left_alone(), testing.make_person()
    writer = threading.Thread(target=lambda: (write(person), connection.close()))
    with transaction.atomic():
        assert files.unused([file.pk]) == [file.pk]
        writer.start()
        writer.join(0.5)
        assert writer.is_alive()  # it waits for us
        file.delete()
    writer.join(10)
    assert left() == (0, 1)
    draft = Draft.objects.get()
    assert files.contents(person.workspace_id, draft.current.attachments)[0][2] == PDF
