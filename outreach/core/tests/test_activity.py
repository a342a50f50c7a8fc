"""The log: told in the same transaction, insert-only, and any change is found and named."""

from __future__ import annotations

from datetime import timedelta

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


def test_removed_and_swapped_rows_are_found():
    tell(4)
    activity.seal()
    first, second = Seal.objects.order_by("seq")[:2]
    testing.unguard()
    a, b = first.hash, second.hash
    Seal.objects.filter(pk=first.pk).update(hash=b)
    Seal.objects.filter(pk=second.pk).update(hash=a)
    assert "(seal 1," in activity.verify().bad
    Seal.objects.filter(pk=first.pk).update(hash=a)
    Seal.objects.filter(pk=second.pk).update(hash=b)
    gone = second.activity_id
    second.delete()
    testing.guard()
    assert "seal 2 is missing" in activity.verify().bad
    assert gone


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
