"""Controls: missing means stopped, off anywhere is off, brakes never restore themselves."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from outreach import testing
from outreach.core.models import Activity, Person
from outreach.core.models.workspace import SettingChange
from outreach.testing import WORKDAY
from safety import controls, services
from safety.actions import BY_HAND, OUTBOUND, SAFE, judge
from safety.models import ControlKey, SafetyEvent, SystemControl

pytestmark = pytest.mark.django_db


def test_as_shipped_only_the_environment_brakes():
    state = controls.read()
    assert [key for key in ControlKey if state.is_braking(key)] == [ControlKey.DRY_RUN]
    assert controls.badge().text == "DRY RUN"


def test_a_missing_row_is_a_stop(live):
    SystemControl.objects.filter(control_key="MESSAGING_ENABLED", workspace=None).delete()
    assert controls.read().is_braking(ControlKey.MESSAGING_ENABLED)
    assert controls.badge().text == "STOPPED"


def test_a_failed_read_is_a_stop(live, monkeypatch):
    def fail(*args, **kwargs):
        raise DatabaseError

    monkeypatch.setattr(controls.sql, "fetch", fail)
    assert all(controls.read().is_braking(key) for key in ControlKey)
    assert controls.badge().text == "STOPPED"


def test_off_for_the_system_is_off_for_every_workspace_and_not_the_other_way(live):
    here, there = testing.make_workspace(), testing.make_workspace("there")
    SystemControl.objects.filter(control_key="MESSAGING_ENABLED", workspace=there).update(
        enabled=False
    )
    state = controls.read()
    assert not state.is_braking(ControlKey.MESSAGING_ENABLED, here.pk)
    assert state.is_braking(ControlKey.MESSAGING_ENABLED, there.pk)
    SystemControl.objects.filter(control_key="EMERGENCY_STOP", workspace=None).update(enabled=True)
    assert controls.read().is_braking(ControlKey.EMERGENCY_STOP, here.pk)


@pytest.mark.parametrize("action", sorted(SAFE))
def test_safe_actions_are_allowed_in_dry_run(action):
    assert judge(action, dry_run="yes").allowed


@pytest.mark.parametrize("action", sorted(OUTBOUND))
def test_outbound_actions_are_refused_in_dry_run_only(action):
    assert judge(action, dry_run="yes").reason == "DRY_RUN active"
    assert judge(action).allowed


@pytest.mark.parametrize("action", [*sorted(BY_HAND), "", "send_fax", "SEND_EMAIL"])
def test_by_hand_and_unknown_actions_are_always_refused(action):
    assert not judge(action, dry_run="yes").allowed
    assert not judge(action).allowed


def test_a_refused_action_leaves_a_safety_event():
    result = services.check_safety("send_email", by=testing.bob(), at=WORKDAY)
    assert (result.allowed, result.reason) == (False, "DRY_RUN active")
    event = SafetyEvent.objects.get()
    assert (event.event_type, event.reason, event.created_at) == (
        "send_email",
        "DRY_RUN active",
        WORKDAY,
    )


def test_the_four_reasons_of_the_seed(live):
    person = testing.make_person()
    assert services.can_send_message(person) == (True, "OK")
    SystemControl.objects.filter(control_key="MESSAGING_ENABLED", workspace=None).update(
        enabled=False
    )
    assert services.can_send_message(person) == (False, "System messaging is disabled")
    for status, words in (("blocked", "Person is blocked"), ("desist", "Person status is DESIST")):
        person.status, person.status_reason, person.status_at = status, "r", WORKDAY
        person.save()
        assert services.can_send_message(person) == (False, words)
    person.automation_enabled = False
    person.automation_disabled_reason, person.automation_disabled_at = "Sensitive", WORKDAY
    person.save()
    assert services.can_send_message(person) == (False, "Automation disabled: Sensitive")


def test_a_stop_of_the_canonical_person_stops_the_duplicate(live):
    original, copy = testing.make_person(), testing.make_person()
    copy.merged_into = original
    copy.save()
    original.status, original.status_reason, original.status_at = "desist", "asked", WORKDAY
    original.save()
    assert services.can_send_message(copy) == (False, "Person status is DESIST")


def test_a_reason_is_one_line_and_steers_no_terminal():
    said = "\x1b[31mÄrger\u202e\nmit\x00 Text\t!"
    controls.write(
        "EMERGENCY_STOP", True, workspace=None, reason=said, by=testing.olaf(), at=WORKDAY
    )
    assert controls.badge().sentence.endswith(": [31mÄrger mit Text !.")


def test_writing_a_control_is_told_in_the_log():
    from django.db import transaction

    with transaction.atomic():
        controls.write(
            "EMERGENCY_STOP", True, workspace=None, reason="fire", by=testing.olaf(), at=WORKDAY
        )
    row = Activity.objects.get(verb="safety.control_set")
    change = SettingChange.objects.get(pk=row.codes.pop("change"))
    assert row.codes == {"key": "EMERGENCY_STOP", "enabled": True}
    assert (change.reason, change.by_label, change.workspace) == ("fire", "Olaf", None)


@pytest.mark.parametrize(
    ("key", "enabled"), [("EMERGENCY_STOP", True), ("MESSAGING_ENABLED", False)]
)
def test_a_stop_is_set_even_where_its_reason_cannot_be_kept_beside_the_log(
    live, monkeypatch, key, enabled
):
    def as_in_tables_of_an_older_version(*args, **kwargs):
        SettingChange.objects.create(workspace_id=None, at=None)

    monkeypatch.setattr(controls.reasons, "keep", as_in_tables_of_an_older_version)
    told = {"workspace": None, "by": testing.olaf(), "at": WORKDAY}
    controls.write(key, enabled, reason="fire", **told)
    assert "fire" in controls.read().sentence(key)
    assert Activity.objects.get(verb="safety.control_set").codes == {"key": key, "enabled": enabled}
    with pytest.raises(DatabaseError), transaction.atomic():
        controls.write(key, not enabled, reason="out", **told)
    assert controls.read().is_braking(key), "who lets go has to say why"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps nothing but yes or no")
@pytest.mark.parametrize("value", [2, -1, "true", "", b"1"])
@pytest.mark.parametrize("key", ControlKey)
def test_a_value_nobody_can_read_is_a_stop(live, key, value):
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE system_controls SET enabled = %s WHERE control_key = %s", [value, key]
        )
    assert controls.read().is_braking(key)


def test_a_person_whose_status_nobody_knows_gets_nothing(live):
    person = testing.make_person()
    Person.objects.filter(pk=person.pk).update(
        status="DESIST", status_reason="by hand", status_at=WORKDAY
    )
    allowed, reason = services.can_send_message(person)
    assert not allowed and "unknown" in reason


@pytest.mark.parametrize(
    ("key", "source", "said"),
    [
        ("MESSAGING_ENABLED", "workspace", "MESSAGING_ENABLED off (workspace) by Rita: x"),
        ("MESSAGING_ENABLED", "environment", "MESSAGING_ENABLED off by the environment"),
        ("EMERGENCY_STOP", "system", "EMERGENCY_STOP (system) by Rita: x"),
        ("DRY_RUN", "environment", "DRY_RUN by the environment"),
    ],
)
def test_a_switch_that_brakes_is_said_to_be_off(key, source, said):
    assert controls.Brake(key, source, reason="x", by="Rita").sentence() == said
