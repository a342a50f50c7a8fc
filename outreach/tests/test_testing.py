"""What tests find in an emptied database is what a migrated one holds."""

from __future__ import annotations

import pytest

from outreach import testing
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
