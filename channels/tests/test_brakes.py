"""What setting and lifting a stop does to approvals, people and controls, and who may."""

from __future__ import annotations

import threading
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import OperationalError, connection

from approvals.models import Approval
from channels import merging, quiet, sending, stop
from channels.base import Outcome
from outreach import testing
from outreach.core import people
from outreach.core.models import Activity, CoolingOff, Draft, Person
from outreach.core.people import PersonRefused
from outreach.core.permissions import NotAllowed
from outreach.core.principal import Principal
from outreach.testing import WORKDAY
from safety import controls
from safety.models import ControlKey, SystemControl

pytestmark = pytest.mark.django_db(transaction=True)
LATER = WORKDAY + timedelta(minutes=5)


def emergency(workspace=None, by=None):
    stop.emergency_stop(
        workspace=workspace, reason="fire", by=by or testing.olaf(), clock=lambda: LATER
    )


def test_an_emergency_stop_returns_what_was_approved_to_the_queue(live):
    approval = testing.make_approved()
    emergency()
    old = Approval.objects.get(pk=approval.pk)
    fresh = Approval.objects.get(status="pending")
    assert (old.status, old.closed_reason) == ("withdrawn", "emergency_stop")
    assert "before the emergency stop" in fresh.priority_reasons[-1]
    assert Draft.objects.get().status == "pending_approval"
    assert controls.badge().text == "STOPPED"


def test_lifting_a_stop_never_fires_what_was_approved_before_it(live):
    approval = testing.make_approved()
    with pytest.MonkeyPatch.context() as patch:
        # The stop is killed right after its flag: the batch is still approved.
        patch.setattr(stop.taking, "reopen_before_stop", lambda **_: 0)
        emergency()
    assert Approval.objects.get(pk=approval.pk).status == "approved"
    lifted = stop.enable_all(workspace=None, reason="over", by=testing.olaf(), at=LATER)
    assert lifted.reopened == 1
    assert Approval.objects.get(pk=approval.pk).status == "withdrawn"
    assert controls.badge().text == "LIVE"


def test_what_is_approved_while_a_stop_waits_for_its_lock_is_returned_by_it(live):
    """The flag carries the time at which it was written, not the one at which somebody pressed."""
    approval = testing.make_approved(at=LATER + timedelta(seconds=3))
    waited = LATER + timedelta(seconds=5)
    moments: list[bool] = []

    def clock():
        moments.append(connection.in_atomic_block)
        return waited

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stop.taking, "reopen_before_stop", lambda **_: 0)  # killed after its flag
        at = stop.emergency_stop(workspace=None, reason="fire", by=testing.olaf(), clock=clock)
    assert (at, moments) == (waited, [True])
    assert SystemControl.objects.get(control_key="EMERGENCY_STOP", workspace=None).changed_at == at
    assert stop.enable_all(workspace=None, reason="o", by=testing.olaf(), at=waited).reopened == 1
    assert Approval.objects.get(pk=approval.pk).status == "withdrawn"


def test_a_stop_returns_what_a_machine_approved_whose_clock_is_ahead(live):
    approval = testing.make_approved(at=LATER + timedelta(minutes=1))
    emergency()
    assert Approval.objects.get(pk=approval.pk).status == "withdrawn"


def test_the_programs_own_stop_reads_its_time_under_the_lock_too(live):
    inside: list[bool] = []
    stop.stop_by_itself(
        reason="x", clock=lambda: inside.append(connection.in_atomic_block) or LATER
    )
    assert inside == [True]


def test_lifting_a_stop_whose_row_is_missing_returns_what_it_held(live):
    """Nobody knows since when it has been missing, so all that is approved is decided anew."""
    approval = testing.make_approved(at=LATER + timedelta(minutes=1))
    SystemControl.objects.filter(control_key="EMERGENCY_STOP", workspace=None).delete()
    lifted = stop.enable_all(workspace=None, reason="over", by=testing.olaf(), at=LATER)
    assert lifted.reopened == 1
    assert Approval.objects.get(pk=approval.pk).closed_reason == "emergency_stop"
    assert controls.badge().text == "LIVE"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL keeps nothing but yes or no")
@pytest.mark.parametrize("value", [2, "true", "", b"1"])
def test_lifting_a_stop_that_nobody_can_read_returns_what_it_held(live, value):
    """Its time is that of an earlier change: what was approved since then was held by it, too."""
    approval = testing.make_approved()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE system_controls SET enabled = %s, changed_at = %s WHERE control_key = %s",
            [value, WORKDAY - timedelta(days=9), "EMERGENCY_STOP"],
        )
    lifted = stop.enable_all(workspace=None, reason="over", by=testing.olaf(), at=LATER)
    assert (lifted.reopened, Approval.objects.get(pk=approval.pk).status) == (1, "withdrawn")


def test_what_is_approved_during_a_stop_leaves_after_it(live):
    emergency()
    approval = testing.make_approved(at=LATER + timedelta(minutes=1))
    stop.enable_all(
        workspace=None, reason="over", by=testing.olaf(), at=LATER + timedelta(minutes=2)
    )
    assert Approval.objects.get(pk=approval.pk).status == "approved"


def test_enable_all_lists_what_was_off_and_leaves_dry_run_alone():
    operator = testing.olaf()
    for key in (ControlKey.MESSAGING_ENABLED, ControlKey.DRY_RUN):
        stop.set_brake(key, workspace=None, reason="429 errors", by=operator, at=LATER)
    lifted = stop.enable_all(workspace=None, reason="over", by=operator, at=LATER)
    assert any("429 errors" in line for line in lifted.were_off)
    assert SystemControl.objects.get(control_key="DRY_RUN", workspace=None).enabled
    assert SystemControl.objects.get(control_key="MESSAGING_ENABLED", workspace=None).enabled


def test_a_stop_of_one_workspace_leaves_the_others_alone(live):
    there = testing.make_workspace("there")
    here = testing.make_approved()
    other = testing.make_approved(testing.make_person(there))
    emergency(workspace=there, by=testing.dora(there))
    assert Approval.objects.get(pk=here.pk).status == "approved"
    assert Approval.objects.get(pk=other.pk).status == "withdrawn"


def test_who_may_stop_and_who_may_lift():
    place = testing.make_workspace()
    for who in (testing.bob(), testing.carol()):
        with pytest.raises(NotAllowed):
            emergency(workspace=place, by=who)
    emergency(workspace=place, by=testing.alice())
    with pytest.raises(NotAllowed):
        stop.enable_all(workspace=place, reason="over", by=testing.alice(), at=LATER)
    stop.enable_all(workspace=place, reason="over", by=testing.dora(), at=LATER)
    with pytest.raises(NotAllowed):
        emergency(by=testing.dora())  # the whole system needs an operator


def test_no_agent_changes_a_control():
    from outreach.core.permissions import SCOPES

    agent = testing.make_agent(None, *SCOPES)
    for place in (None, testing.make_workspace()):
        with pytest.raises(NotAllowed):
            emergency(workspace=place, by=agent)


def test_a_switch_comes_back_at_its_time_and_a_brake_never():
    operator = testing.olaf()
    until = LATER + timedelta(hours=24)
    stop.set_brake(
        ControlKey.MESSAGING_ENABLED, workspace=None, reason="x", by=operator, at=LATER,
        auto_restore_at=until,
    )  # fmt: skip
    with pytest.raises(stop.ControlRefused, match="never lifts itself"):
        stop.set_brake(
            ControlKey.EMERGENCY_STOP, workspace=None, reason="x", by=operator, at=LATER,
            auto_restore_at=until,
        )  # fmt: skip
    assert stop.restore_due(at=until - timedelta(seconds=1)) == 0
    assert stop.restore_due(at=until) == 1
    assert stop.restore_due(at=until) == 0
    row = SystemControl.objects.get(control_key="MESSAGING_ENABLED", workspace=None)
    assert (row.enabled, row.by_label) == (True, "SYSTEM")


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("first", "second", "stays"),
    [
        (None, HOUR, None),
        (2 * HOUR, HOUR, 2 * HOUR),
        (HOUR, 2 * HOUR, 2 * HOUR),
        (HOUR, None, None),
    ],
)
def test_what_is_off_is_never_off_for_shorter_because_it_is_put_off_again(first, second, stays):
    """Else a reviewer, who may not switch it on, would have it switched on by the beat."""
    place, dora, alice = testing.make_workspace(), testing.dora(), testing.alice()
    for by, span, why in ((dora, first, "legal hold"), (alice, second, "429s")):
        row = stop.set_brake(
            ControlKey.MESSAGING_ENABLED, workspace=place, reason=why, by=by, at=LATER,
            auto_restore_at=LATER + span if span else None,
        )  # fmt: skip
    assert row.auto_restore_at == (LATER + stays if stays else None)
    assert row.reason == ("429s; off already: legal hold" if stays == first else "429s")
    with pytest.raises(NotAllowed):
        stop.switch_on(
            ControlKey.MESSAGING_ENABLED, workspace=place, reason="on", by=alice, at=LATER
        )
    stop.restore_due(at=LATER + 90 * timedelta(minutes=1))
    row.refresh_from_db()
    assert not row.enabled


def test_what_is_off_for_good_is_not_off_for_an_hour_because_two_press_at_once(monkeypatch):
    """Whoever is second finds it on as they look, and has it off by another when they write."""
    key, place = ControlKey.MESSAGING_ENABLED, testing.make_workspace()
    alice, dora, done, write = testing.alice(), testing.dora(), threading.Event(), controls.write

    def for_good():
        try:
            stop.set_brake(key, workspace=place, reason="a leak", by=dora, at=LATER)
        finally:
            done.set()
            connection.close()

    def slow(*given, **more):
        if more["reason"] == "lunch":
            other.start()
            while connection.vendor != "sqlite" and not done.wait(0.02):
                if testing.somebody_waits():
                    break
        return write(*given, **more)

    other = threading.Thread(target=for_good)
    monkeypatch.setattr(controls, "write", slow)
    stop.set_brake(
        key, workspace=place, reason="lunch", by=alice, at=LATER, auto_restore_at=LATER + HOUR
    )
    other.join(30)
    stop.restore_due(at=LATER + HOUR)
    row = SystemControl.objects.get(workspace=place, control_key=key)
    assert (row.enabled, row.auto_restore_at, row.reason) == (False, None, "a leak")


def test_a_stop_whose_second_half_fails_is_set_and_waited_for(live, monkeypatch, caplog):
    """At three in the morning "database is locked" must not read like "not stopped"."""
    approval = testing.make_approved()

    def locked(**_):
        raise OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(stop.taking, "reopen_before_stop", locked)
        emergency()
    assert controls.badge().text == "STOPPED"
    assert "could not be returned to the queue yet" in caplog.text
    assert quiet.wait(quiet.scope_of(), set_at=LATER, patience=0).stopped
    lifted = stop.enable_all(workspace=None, reason="over", by=testing.olaf(), at=LATER)
    assert (lifted.reopened, Approval.objects.get(pk=approval.pk).status) == (1, "withdrawn")


def test_dry_run_is_lifted_on_the_host_only_with_a_reason_and_leave_of_the_environment(live):
    operator = testing.olaf()
    on_host = Principal.of_user(operator.user, door="command")
    stop.set_brake(ControlKey.DRY_RUN, workspace=None, reason="careful", by=operator, at=LATER)
    with pytest.raises(stop.ControlRefused, match="on the host only"):
        stop.lift_dry_run(workspace=None, reason="go", by=operator, at=LATER)
    with pytest.raises(stop.ControlRefused, match="--reason"):
        stop.lift_dry_run(workspace=None, reason="", by=on_host, at=LATER)
    live.ENVIRONMENT_BRAKES = {**live.ENVIRONMENT_BRAKES, "DRY_RUN": True}
    with pytest.raises(stop.ControlRefused, match="environment says DRY_RUN=True"):
        stop.lift_dry_run(workspace=None, reason="go", by=on_host, at=LATER)
    live.ENVIRONMENT_BRAKES = {**live.ENVIRONMENT_BRAKES, "DRY_RUN": False}
    stop.lift_dry_run(workspace=None, reason="go", by=on_host, at=LATER)
    assert controls.badge().text == "LIVE"


@pytest.mark.parametrize("status", ["desist", "blocked"])
def test_stopping_a_person_rejects_what_waits_and_what_was_approved(live, status):
    person = testing.make_person()
    waiting = testing.make_pending(person, subject="One")
    given = testing.make_approved(person, subject="Two")
    someone_else = testing.make_approved()
    humans = stop.stop_person(person, status, reason="asked", by=testing.alice(), at=LATER)
    report = quiet.wait(quiet.scope_of(humans=humans), set_at=LATER)
    assert report.stopped
    for approval in (waiting, given):
        row = Approval.objects.get(pk=approval.pk)
        assert (row.status, row.closed_reason) == ("rejected", "person_stopped")
        assert "asked" in row.rejection_reason
    assert Approval.objects.get(pk=someone_else.pk).status == "approved"
    told = Activity.objects.filter(verb="approvals.rejected")
    assert set(told.values_list("by_kind", flat=True)) == {"system"}


def test_a_request_to_stop_that_comes_while_a_block_is_lifted_holds():
    person, alice = testing.make_person(), testing.alice()
    stop.stop_person(person, "blocked", reason="spam", by=alice, at=WORKDAY)
    page = Person.objects.get(pk=person.pk)  # what whoever lifts has before them
    stop.stop_person(
        Person.objects.get(pk=person.pk), "desist", reason="STOP by e-mail", by=alice, at=LATER
    )
    with pytest.raises(PersonRefused, match="asked us to stop"):
        stop.lift_person(page, reason="agreed", by=alice, at=LATER)
    assert Person.objects.get(pk=person.pk).status == "desist"


@pytest.mark.parametrize("status", ["desist", "blocked"])
def test_who_has_a_standing_that_nobody_knows_can_be_stopped_and_let_go(status):
    """Written by hand; nothing leaves by it, and a request to stop must not fail over it."""
    person = testing.make_person()
    Person.objects.update(status="DESIST", status_reason="by hand", status_at=WORKDAY)
    person.refresh_from_db()
    stop.stop_person(person, status, reason="asked", by=testing.alice(), at=LATER)
    person.refresh_from_db()
    assert (person.status, person.status_reason) == (status, "asked")
    over = LATER + timedelta(hours=73)
    assert stop.lift_person(person, reason="wrote", by=testing.alice(), at=over) == ""
    assert Person.objects.get().status == "active"


@pytest.mark.parametrize("odd", [0, 1])
@pytest.mark.parametrize(
    ("other", "joined"), [("active", "DESIST"), ("blocked", "blocked"), ("desist", "desist")]
)
def test_a_standing_that_nobody_knows_is_stricter_than_none_in_a_merge(odd, other, joined):
    pair = [testing.make_person(), testing.make_person()]
    for record, status in ((pair[odd], "DESIST"), (pair[1 - odd], other)):
        Person.objects.filter(pk=record.pk).update(
            status=status, status_reason="x" if status != "active" else "", status_at=WORKDAY
        )
        record.refresh_from_db()
    row = merging.merge(*pair, by=testing.alice(), at=LATER)
    assert Person.objects.get(pk=pair[0].pk).status == joined
    merging.undo(row, by=testing.alice(), at=LATER)
    assert Person.objects.get(pk=pair[odd].pk).status == "DESIST"


def test_desist_rests_72_hours_before_it_can_be_lifted():
    person = testing.make_person()
    stop.stop_person(person, "desist", reason="asked", by=testing.alice(), at=WORKDAY)
    assert CoolingOff.objects.get().until == WORKDAY + timedelta(hours=72)
    with pytest.raises(PersonRefused, match="lifted from"):
        stop.lift_person(
            person, reason="agreed", by=testing.alice(), at=WORKDAY + timedelta(hours=71)
        )
    stop.lift_person(person, reason="agreed", by=testing.alice(), at=WORKDAY + timedelta(hours=72))
    person.refresh_from_db()
    assert person.status == "active"
    assert person.desisted_at == WORKDAY


def test_a_block_after_the_request_shortens_no_rest():
    person = testing.make_person()
    stop.stop_person(person, "desist", reason="asked", by=testing.alice(), at=WORKDAY)
    later = WORKDAY + timedelta(hours=1)
    stop.stop_person(person, "blocked", reason="rude", by=testing.alice(), at=later)
    with pytest.raises(PersonRefused, match="lifted from 2026-03-14 10:00 UTC"):
        stop.lift_person(person, reason="fine", by=testing.alice(), at=later)


def test_a_block_hides_no_request_to_stop():
    """Who undoes "blocked by mistake" does not lift with it what the person asked for."""
    person, alice = testing.make_person(), testing.alice()
    stop.stop_person(person, "desist", reason="asked", by=alice, at=WORKDAY)
    stop.stop_person(person, "blocked", reason="oops", by=alice, at=LATER)
    stop.stop_person(person, "blocked", reason="oops again", by=alice, at=LATER)
    later = WORKDAY + timedelta(hours=72)
    told = stop.lift_person(person, reason="blocked by mistake", by=alice, at=later)
    assert "request to stop still stands" in told
    person.refresh_from_db()
    assert (person.status, person.status_at, person.desisted_at) == ("desist", WORKDAY, WORKDAY)
    assert "asked us to stop on 2026-03-11 UTC; the block was lifted" in person.status_reason
    assert CoolingOff.objects.count() == 1
    assert stop.lift_person(person, reason="agreed", by=alice, at=later) == ""
    person.refresh_from_db()
    assert person.status == "active"
    stop.stop_person(person, "blocked", reason="rude", by=alice, at=later)
    assert stop.lift_person(person, reason="fine", by=alice, at=later) == "", "that was lifted"


@pytest.mark.parametrize("keeps_block", [True, False])
def test_a_block_hides_no_request_to_stop_of_the_record_merged_either(keeps_block):
    asked, other = testing.make_person(), testing.make_person()
    alice = testing.alice()
    stop.stop_person(asked, "desist", reason="asked", by=alice, at=WORKDAY)
    stop.stop_person(asked, "blocked", reason="oops", by=alice, at=WORKDAY)
    stop.stop_person(other, "blocked", reason="rude", by=alice, at=WORKDAY)
    kept, merged = (asked, other) if keeps_block else (other, asked)
    row = merging.merge(
        Person.objects.get(pk=kept.pk), Person.objects.get(pk=merged.pk), by=alice, at=LATER
    )
    assert Person.objects.get(pk=kept.pk).desist_beneath
    merging.undo(row, by=alice, at=LATER)
    beneath = dict(Person.objects.values_list("pk", "desist_beneath"))
    assert beneath == {asked.pk: True, other.pk: False}


def test_a_request_to_stop_hides_no_block():
    """Who takes back "asked us to stop" does not lift with it a block that was made before."""
    person, alice = testing.make_person(), testing.alice()
    stop.stop_person(person, "blocked", reason="threatened a colleague", by=alice, at=WORKDAY)
    stop.stop_person(person, "desist", reason="asked", by=alice, at=LATER)
    stop.stop_person(person, "desist", reason="asked again", by=alice, at=LATER)
    later = LATER + timedelta(hours=72)
    with pytest.raises(PersonRefused, match="lifted from"):
        stop.lift_person(person, reason="wrote", by=alice, at=later - timedelta(hours=1))
    told = stop.lift_person(person, reason="wrote again", by=alice, at=later)
    assert "they are still blocked" in told
    person.refresh_from_db()
    assert (person.status, person.status_at, person.desisted_at) == ("blocked", later, LATER)
    assert "threatened a colleague; their request to stop was lifted" in person.status_reason
    assert Activity.objects.last().verb == "people.desist_lifted"
    assert stop.lift_person(person, reason="apologised", by=alice, at=later) == ""
    person.refresh_from_db()
    assert person.status == "active"
    stop.stop_person(person, "desist", reason="asked", by=alice, at=later)
    after = later + timedelta(hours=72)
    assert stop.lift_person(person, reason="fine", by=alice, at=after) == "", "that was lifted"


def test_a_block_over_a_request_over_a_block_is_lifted_in_two_steps():
    person, alice = testing.make_person(), testing.alice()
    for status in ("blocked", "desist", "blocked"):
        stop.stop_person(person, status, reason="x", by=alice, at=WORKDAY)
    later = WORKDAY + timedelta(hours=72)
    found = []
    for _ in range(2):
        stop.lift_person(person, reason="y", by=alice, at=later)
        person.refresh_from_db()
        found.append(person.status)
    assert found == ["desist", "active"]


@pytest.mark.parametrize("keeps_block", [True, False])
@pytest.mark.parametrize("beneath", [True, False])
def test_a_request_to_stop_of_the_record_merged_hides_no_block_either(keeps_block, beneath):
    blocked, asked, alice = testing.make_person(), testing.make_person(), testing.alice()
    stop.stop_person(blocked, "blocked", reason="threatened us", by=alice, at=WORKDAY)
    if beneath:
        stop.stop_person(blocked, "desist", reason="asked", by=alice, at=WORKDAY)
    stop.stop_person(asked, "desist", reason="asked", by=alice, at=WORKDAY)
    kept, merged = (blocked, asked) if keeps_block else (asked, blocked)
    row = merging.merge(
        Person.objects.get(pk=kept.pk), Person.objects.get(pk=merged.pk), by=alice, at=LATER
    )
    merging.undo(row, by=alice, at=LATER)
    found = dict(Person.objects.values_list("pk", "block_beneath"))
    assert found == {blocked.pk: "threatened us" if beneath else "", asked.pk: ""}
    merging.merge(
        Person.objects.get(pk=kept.pk), Person.objects.get(pk=merged.pk), by=alice, at=LATER
    )
    later = LATER + timedelta(hours=72)
    stop.lift_person(Person.objects.get(pk=kept.pk), reason="wrote again", by=alice, at=later)
    person = Person.objects.get(pk=kept.pk)
    assert person.status == "blocked" and "threatened us" in person.status_reason


def test_blocks_from_before_this_was_remembered_are_found_in_the_log():
    """Stricter where the log cannot tell: a merge may have brought the block."""
    alice = testing.alice()
    ends = {
        "block, then request": ("blocked", "desist"),
        "request only": ("desist",),
        "block lifted": ("blocked", "active", "desist"),
        "block anew": ("blocked", "active", "blocked", "desist"),
    }
    pks = {}
    for name, steps in ends.items():
        person = testing.make_person()
        pks[person.pk] = name
        for status in steps:
            if status == "active":
                stop.lift_person(person, reason="x", by=alice, at=WORKDAY)
            else:
                stop.stop_person(person, status, reason="x", by=alice, at=WORKDAY)
    kept, merged = testing.make_person(), testing.make_person()
    pks[kept.pk] = "of the record merged"
    stop.stop_person(merged, "blocked", reason="x", by=alice, at=WORKDAY)
    stop.stop_person(kept, "desist", reason="x", by=alice, at=WORKDAY)
    merging.merge(
        Person.objects.get(pk=kept.pk), Person.objects.get(pk=merged.pk), by=alice, at=LATER
    )
    Person.objects.update(block_beneath="")
    migration = import_module("outreach.core.migrations.0023_blocks_beneath_a_request_to_stop")
    migration.mark(apps, None)
    found = {
        pks[pk] for pk in Person.objects.exclude(block_beneath="").values_list("pk", flat=True)
    }
    assert found == {"block, then request", "block anew", "of the record merged"}


def test_a_duplicate_is_stopped_with_the_human_being(live):
    original, copy = testing.make_person(), testing.make_person()
    copy.merged_into = original
    copy.save()
    approval = testing.make_approved(copy)
    stop.stop_person(original, "blocked", reason="rude", by=testing.alice(), at=LATER)
    assert Approval.objects.get(pk=approval.pk).status == "rejected"


def test_what_was_in_flight_while_a_stop_came_and_went_goes_back_to_the_queue(live, monkeypatch):
    from channels import registry, sending
    from channels.adapters.memory import MemoryAdapter

    MemoryAdapter.reset()
    approval = testing.make_approved()
    operator = testing.olaf()
    claim = sending._claim

    def frozen(*args):
        """The sender is stopped right after its claim; a stop is set and lifted meanwhile."""
        rows = claim(*args)
        if rows:
            monkeypatch.setattr(sending, "_claim", claim)
            stopped.append(True)
        return rows

    def look(*args, **fields):
        if stopped.pop() is True:
            emergency(by=operator)
            stop.enable_all(workspace=None, reason="over", by=operator, at=LATER)
        return original(*args, **fields)

    stopped: list[bool] = []
    original = sending.look
    monkeypatch.setattr(sending, "_claim", frozen)
    monkeypatch.setattr(sending, "look", look)
    with registry.override("email", MemoryAdapter("email")):
        report = sending.process(clock=lambda: LATER)
    assert (report.sent, report.released) == (0, 1)
    assert MemoryAdapter.outbox == []
    assert Approval.objects.get(pk=approval.pk).closed_reason == "emergency_stop"
    assert Approval.objects.filter(status="pending").count() == 1


@pytest.mark.parametrize("ending", ["refused for now", "held by a rest", "the link is gone"])
def test_what_would_wait_again_after_a_stop_came_and_went_goes_back_to_the_queue(
    live, memory, monkeypatch, ending
):
    """A stop cannot return what a sender has in hand: the sender does, however its turn ended."""
    approval, operator = testing.make_approved(), testing.olaf()
    put_together = sending.put_together
    if ending == "refused for now":
        memory.answers.append(Outcome.TRY_LATER)
    elif ending == "held by a rest":
        people.rest(approval.human, "daily_limit", at=WORKDAY, until=LATER + timedelta(hours=1))

    def stopped_and_lifted(cleared, *, at):
        monkeypatch.setattr(sending, "put_together", put_together)
        emergency(by=operator)
        stop.enable_all(workspace=None, reason="over", by=operator, at=LATER)
        if ending == "the link is gone":
            raise OperationalError("server closed the connection unexpectedly")
        return put_together(cleared, at=at)

    monkeypatch.setattr(sending, "put_together", stopped_and_lifted)
    for clock in (LATER, LATER + timedelta(hours=2)):
        assert sending.process(clock=lambda clock=clock: clock).sent == 0
    assert memory.outbox == []
    approval.refresh_from_db()
    assert (approval.status, approval.closed_reason) == ("withdrawn", "emergency_stop")
    assert Approval.objects.get(status="pending").priority_reasons[-1].startswith("Approved before")


@pytest.mark.parametrize("value", [2, 7])
@pytest.mark.parametrize("key", list(ControlKey))
def test_a_value_nobody_can_read_is_a_stop(live, key, value):
    from safety.models import SystemControl as Row

    assert Row(control_key=key, enabled=value).is_braking


def test_a_stop_by_the_environment_returns_the_batch_to_the_queue(live):
    from channels import sending

    approval = testing.make_approved()
    live.ENVIRONMENT_BRAKES = {**live.ENVIRONMENT_BRAKES, "EMERGENCY_STOP": True}
    assert sending.process(clock=lambda: LATER).sent == 0
    assert Approval.objects.get(pk=approval.pk).status == "withdrawn"


def test_messages_to_a_person_with_automation_off_wait_untouched(live):
    from channels import sending
    from channels.models import Delivery

    approval = testing.make_approved()
    stop.set_automation(approval.human, False, reason="ill", by=testing.alice(), at=LATER)
    for _ in range(3):
        sending.process(clock=lambda: LATER)
    assert Delivery.objects.count() == 0
    assert Approval.objects.get(pk=approval.pk).status == "approved"
