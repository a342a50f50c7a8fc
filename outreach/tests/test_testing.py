"""What tests find in an emptied database is what a migrated one holds."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from outreach import testing
from outreach.core import triggers
from outreach.core.models import Activity, Workspace
from safety import controls
from safety.models import SystemControl

pytestmark = pytest.mark.django_db(transaction=True)


def shipped(workspace):
    rows = SystemControl.objects.filter(workspace=workspace).order_by("control_key")
    return list(rows.values_list("control_key", "enabled", "reason", "changed_at"))


def test_an_emptied_database_holds_the_controls_as_they_are_shipped():
    testing.make_approved()
    SystemControl.objects.update(enabled=True, reason="left by a test")
    testing.empty()
    assert (Activity.objects.count(), Workspace.objects.get().slug) == (0, "default")
    other = testing.make_workspace("other")  # by the product's own way
    assert shipped(None) == shipped(Workspace.objects.get(slug="default")) == shipped(other)
    for place in (None, *Workspace.objects.all()):
        controls.provision(place)
    assert SystemControl.objects.count() == 3 * len(controls.ControlKey)


def test_the_workspace_of_an_emptied_database_is_as_django_would_make_it():
    testing.make_approved()
    testing.empty()
    found, made = Workspace.objects.get(), Workspace.objects.create(slug="other", name="Default")
    own = ("id", "slug", "created_at", "updated_at")
    names = [each.attname for each in Workspace._meta.concrete_fields if each.name not in own]
    assert [getattr(found, name) for name in names] == [getattr(made, name) for name in names]
    assert abs(found.created_at - made.created_at).total_seconds() < 60


def refuses_changes():
    with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
        connection.cursor().execute("UPDATE activity_timeline SET verb = 'x'")
    with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
        connection.cursor().execute("DELETE FROM activity_timeline")
    return not triggers.missing()


def test_an_emptied_database_is_guarded_as_before():
    testing.make_approved()
    testing.empty()
    testing.make_approved()
    assert refuses_changes()


@pytest.mark.parametrize("table", triggers.GUARDED)
def test_a_guard_that_a_test_took_away_is_there_again(table):
    testing.make_approved()
    with connection.cursor() as cursor:
        cursor.execute(triggers.drop(table, connection.vendor)[1])
    testing.empty()
    testing.make_approved()
    assert refuses_changes()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SELECT tgname FROM pg_trigger WHERE tgrelid = '{table}'::regclass")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        assert f"{table}_no_delete" in {name for (name,) in cursor.fetchall()}


def test_emptying_that_fails_leaves_the_guards_whole():
    from tools import emptying

    def fail():
        with emptying._unguarded(set(triggers.GUARDED)):
            raise DatabaseError("in the middle")

    testing.make_approved()
    with pytest.raises(DatabaseError, match="in the middle"):
        fail()
    assert refuses_changes()
