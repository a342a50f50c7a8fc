"""The log: told in the same transaction, insert-only, and any change is found and named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from outreach import testing
from outreach.core import activity
from outreach.core.models import Activity, Revision, Seal
from outreach.core.principal import Principal
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
BY = Principal.system("test")
AFTER = WORKDAY + timedelta(microseconds=1)


def tell(count=1):
    place = testing.make_workspace()
    with transaction.atomic():
        activity.record(
            *[activity.entry("people.tested", place, number=n) for n in range(count)],
            by=BY,
            at=WORKDAY,
        )


def test_an_activity_outside_a_transaction_is_refused():
    with pytest.raises(RuntimeError, match="in the transaction"):
        activity.record(activity.entry("people.x", testing.make_workspace()), by=BY, at=WORKDAY)


def test_an_unknown_subject_is_refused():
    with pytest.raises(ValueError, match="no registered activity"), transaction.atomic():
        activity.record(activity.entry("poeple.x", testing.make_workspace()), by=BY, at=WORKDAY)


def test_sealing_chains_each_row_once():
    tell(5)
    assert activity.seal() == 5
    assert activity.seal() == 0
    tell(2)
    found = activity.verify()
    assert (found.checked, found.bad) == (7, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE activity_timeline SET verb = 'people.forged'",
        "DELETE FROM activity_timeline",
        "UPDATE activity_seals SET hash = 'x'",
        "DELETE FROM activity_seals",
    ],
)
def test_the_database_refuses_changes(statement):
    tell()
    activity.seal()
    with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
        connection.cursor().execute(statement)


@pytest.mark.parametrize(
    "column", ["by_kind", "by_id", "verb", "object_type", "object_id", "digest", "request_id"]
)
def test_a_changed_row_is_named(column):
    tell(5)
    activity.seal()
    third = Activity.objects.order_by("id")[2]
    testing.unguard()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE activity_timeline SET {column} = 'x' WHERE id = %s", [third.pk])
    testing.guard()
    found = activity.verify()
    assert found.checked == 2
    assert f"activity {third.pk} " in found.bad


@pytest.mark.parametrize("field", Activity._meta.concrete_fields, ids=lambda field: field.name)
def test_every_column_counts_in_the_chain(field):
    tell()
    row = Activity.objects.latest("pk")
    before = activity.link("0" * 64, row)
    other = {"id": row.pk + 1, "workspace": None, "codes": {"number": 7}, "at": AFTER}
    setattr(row, field.attname, other.get(field.name, "other"))
    assert activity.link("0" * 64, row) != before


def test_a_changed_time_or_workspace_is_found():
    tell(3)
    activity.seal()
    row = Activity.objects.order_by("id")[1]
    testing.unguard()
    Activity.objects.filter(pk=row.pk).update(workspace=None)
    testing.guard()
    assert f"activity {row.pk} " in activity.verify().bad


# --- A log that was forged: what is said is what was done ----------------------------------------


@contextmanager
def forging() -> Iterator[Any]:
    """A cursor of somebody who may do anything: without guards and without foreign keys."""
    off, on = {
        "postgresql": ("SET session_replication_role = replica", "RESET session_replication_role"),
        "sqlite": ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
    }[connection.vendor]
    testing.unguard()
    with connection.cursor() as cursor:
        cursor.execute(off)
        yield cursor
        cursor.execute(on)
    testing.guard()


COLUMNS = (
    "workspace_id, by_kind, by_id, verb, object_type, object_id, digest, codes, request_id, at"
)
REMOVE = "DELETE FROM activity_timeline WHERE id = {%d}"
UNSEAL = "DELETE FROM activity_seals WHERE seq = %d"
CHANGE = "UPDATE activity_timeline SET by_id = 'x' WHERE id = {%d}"
RESEAL = "UPDATE activity_seals SET hash = '%s' WHERE seq = %d"
MOVE = "UPDATE activity_seals SET activity_id = {%s} WHERE seq = %d"
FORGED = {
    "an activity": ([REMOVE % 3], "activity {3} was removed: its seal 3 is there", 2),
    "the first activity": ([REMOVE % 1], "activity {1} was removed: its seal 1 is there", 0),
    "the last activity": ([REMOVE % 6], "activity {6} was removed: its seal 6 is there", 5),
    "a seal": (
        [UNSEAL % 3],
        "seal 3 was removed: what was sealed is there (activity {3}); seal 4 follows seal 2", 2,
    ),
    "two seals": (
        [UNSEAL % 3, UNSEAL % 4],
        "seals 3 to 4 were removed: what was sealed is there (activity {3}, {4}); seal 5 follows "
        "seal 2", 2,
    ),
    "the first seal": (
        [UNSEAL % 1], "seal 1 was removed: what was sealed is there (activity {1}); the first is 2",
        0,
    ),
    "an entry": (
        [UNSEAL % 3, REMOVE % 3], "entry 3 was removed, activity and seal: seal 4 follows seal 2", 2
    ),
    "a seal, and its activity changed": (
        [UNSEAL % 3, CHANGE % 3], "entry 3 was removed, activity and seal: seal 4", 2
    ),
    "a bit of an activity": (
        [CHANGE % 3], "was changed: its seal is what the next one stands on", 2
    ),
    "a bit of a seal": (
        [RESEAL % ("f" * 64, 3)],
        "seal 3 was changed: activity {3} is what the next one stands on", 2,
    ),
    "the last seal": ([RESEAL % ("f" * 64, 6)], "does not match its seal: the row or its seal", 5),
    "both of one": (
        [RESEAL % ("f" * 64, 3), CHANGE % 3], "activity {3} (seal 3, people.tested", 2
    ),
    "seals that changed places": (
        [MOVE % ("0", 3), MOVE % ("3", 4), MOVE % ("4", 3)], "entries 3 and 4 changed places", 2
    ),
    "an entry put in": (
        # Everything behind it is moved on by one, as a forger would have to.
        ["UPDATE activity_seals SET seq = -seq - 1 WHERE seq > 3",
         "UPDATE activity_seals SET seq = -seq WHERE seq < 0",
         f"INSERT INTO activity_timeline (id, {COLUMNS}) SELECT 999999, {COLUMNS} FROM "
         "activity_timeline WHERE id = {3}",
         "INSERT INTO activity_seals (seq, activity_id, hash, created_at) SELECT 4, 999999, hash, "
         "created_at FROM activity_seals WHERE seq = 3"],
        "activity 999999 (seal 4, people.tested", 3,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_what_was_forged_is_named_for_what_it_is(name):
    statements, said, good = FORGED[name]
    tell(6)
    activity.seal()
    ids = {str(no): pk for no, pk in enumerate(numbers(), 1)} | {"0": 0}

    def filled(text: str) -> str:
        return re.sub(r"\{(\d)\}", lambda found: str(ids[found[1]]), text)

    with forging() as cursor:
        for statement in statements:
            cursor.execute(filled(statement))
    found = activity.verify()
    assert filled(said) in (found.bad or "it holds"), found
    assert found.checked == good


def numbers() -> list[int]:
    return list(Activity.objects.order_by("pk").values_list("pk", flat=True))


def test_a_fork_is_known_only_by_a_head_that_was_kept():
    """All made anew from one entry on: it holds, with another head (core/checkpoints.py)."""
    tell(6)
    activity.seal()
    _, kept = activity.head()
    with forging() as cursor:
        cursor.execute(f"UPDATE activity_timeline SET by_id = 'x' WHERE id = {numbers()[2]}")
        cursor.execute("DELETE FROM activity_seals WHERE seq > 2")
    found = activity.verify()
    assert (found.bad, found.checked) == (None, 6) and found.head != kept


def test_a_tail_that_was_cut_off_is_known_only_by_a_head_that_was_kept():
    tell(6)
    activity.seal()
    seq, kept = activity.head()
    with forging() as cursor:
        cursor.execute("DELETE FROM activity_seals WHERE seq > 4")
        cursor.execute(f"DELETE FROM activity_timeline WHERE id > {numbers()[3]}")
    found = activity.verify()
    assert (found.bad, found.checked) == (None, 4)
    assert not Seal.objects.filter(seq=seq, hash=kept).exists()


def test_a_missing_trigger_is_told():
    tell()
    testing.unguard()
    found = activity.verify()
    testing.guard()
    assert "insert-only trigger" in found.bad
    assert activity.verify().bad is None


def test_a_revision_can_only_be_erased_once_and_keeps_its_digest():
    revision = testing.make_draft().current
    rows = Revision.objects.filter(pk=revision.pk)
    with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
        rows.update(text="forged")
    with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
        rows.update(text="", subject="", address="", html="", erased_at=WORKDAY, digest="v1:x")
    rows.update(text="", subject="", address="", html="", erased_at=WORKDAY)
    with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
        rows.update(text="back again", erased_at=None)
    assert Revision.objects.get().digest == revision.digest


def test_no_row_of_the_log_holds_a_name_an_address_or_a_text():
    approval = testing.make_approved(
        testing.make_person(name="Zebediah Quux"), text="A very particular sentence."
    )
    told = " ".join(
        f"{row.verb} {row.object_type} {row.object_id} {row.codes} {row.by_id}"
        for row in Activity.objects.all()
    )
    for secret in ("Zebediah", "Quux", "particular", approval.revision.address, "Alice"):
        assert secret not in told
