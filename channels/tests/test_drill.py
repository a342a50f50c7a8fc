"""The stop drill: it passes where the stop works, fails where it does not, and touches nothing."""

from __future__ import annotations

import fcntl
import threading
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from django.apps import apps
from django.utils import timezone

from approvals.models import Approval
from channels import drill, drill_message, drill_sender, intents, look, sending, stop
from channels.adapters.memory import MemoryAdapter
from channels.liveness import SenderLock, running
from channels.models import Delivery
from outreach import testing
from outreach.core.models import Activity, Workspace
from outreach.core.models.workspace import DRILL_SLUG
from outreach.core.permissions import NotAllowed
from safety.models import ControlKey

pytestmark = pytest.mark.django_db(transaction=True)

# What a drill may leave: its workspace with six controls, one person with one text, and the log.
LEFT = {
    "activity_timeline", "addresses", "message_drafts", "message_revisions", "people",
    "safety_events", "system_controls", "workspaces",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.DATA_DIR = tmp_path


def run():
    return drill.run(by=testing.olaf())


def everything() -> dict[str, list[object]]:
    """Every row of ours, as its columns."""
    return {
        model._meta.db_table: list(getattr(model, "everywhere", model.objects).values_list())
        for model in apps.get_models()
        if model._meta.app_label in ("core", "safety", "approvals", "channels")
    }


def test_a_stop_that_works_is_told_as_such_and_logged(live):
    found = run()
    assert (found.faults, found.notes) == ([], [])
    assert "stop drill" in found.refused
    assert found.waited_for == 1, "the stop saw the intent and waited for it"
    assert found.milliseconds is not None
    assert found.comes_through
    assert "proven dead" in found.proof
    entry = drill.last()
    assert (entry.verb, entry.by_kind, entry.workspace_id) == ("safety.drilled", "user", None)
    assert entry.codes["passed"] is True
    assert f"stopped after {found.milliseconds} ms." in drill.told(entry)
    assert drill.told(None) == "The stop was never drilled."


def test_nothing_real_is_touched_and_nothing_countable_stays(live):
    waiting = testing.make_approved(at=timezone.now())
    testing.olaf()
    before = everything()
    assert run().passed
    assert run().passed, "a second drill takes the same text again"
    after = everything()
    for table, rows in before.items():
        assert [row for row in rows if row not in after[table]] == [], f"{table} was changed"
        assert len(rows) == len(after[table]) or table in LEFT, f"something stays in {table}"
    assert len(after["message_revisions"]) == len(before["message_revisions"]) + 1
    assert Approval.objects.get(pk=waiting.pk).taken_at is None
    assert not running()
    assert not list((Path(live.DATA_DIR) / "senders").glob("*.lock"))


def test_no_list_of_workspaces_has_the_one_of_the_drill(live):
    run()
    place = Workspace.everywhere.get(slug=DRILL_SLUG)
    assert place not in Workspace.objects.all()
    assert place.pk not in sending.open_workspaces()
    assert not place.memberships.exists()


def test_a_sender_that_sees_no_stop_is_found_out(live, monkeypatch):
    monkeypatch.setitem(look.look.__globals__, "_one", lambda row, *_, **__: clear(row))
    monkeypatch.setattr(look, "_stopped_meanwhile", lambda *_: False)
    found = run()
    assert "would have left although the stop was set" in found.faults[0]
    assert "FAILED" in drill.told(drill.last())


def clear(row):
    return look.Cleared(row, row.approval)


def test_a_sender_that_never_looks_again_is_found_out(live, monkeypatch):
    def blind(claimed, *, sender, clock, before):
        rows = Approval.objects.select_related("draft", "revision", "workspace", "human")
        for row in claimed:
            row.approval = rows.get(pk=row.approval_id)
        return [clear(row) for row in claimed], [], before

    monkeypatch.setattr(sending, "look", blind)
    assert any("would have left" in fault for fault in run().faults)


def test_a_stop_that_is_not_committed_is_found_out(live, monkeypatch):
    def hollow(**_):
        raise RuntimeError("no database")

    monkeypatch.setattr(stop, "emergency_stop", hollow)
    faults = run().faults
    assert any("would have left" in fault for fault in faults)
    assert any("could not be set: RuntimeError" in fault for fault in faults)


def test_a_stop_that_would_not_wait_for_a_living_sender_is_found_out(live, monkeypatch):
    monkeypatch.setattr(drill_sender.liveness, "proven_dead", lambda **_: True)
    assert any("lives is taken for dead" in fault for fault in run().faults)


def test_a_folder_in_which_nobody_can_be_proven_dead_is_found_out(live, monkeypatch):
    monkeypatch.setattr(drill_sender.liveness, "proven_dead", lambda **_: False)
    assert any("cannot be proven dead" in fault for fault in run().faults)


def test_a_message_that_never_comes_through_proves_nothing(live, monkeypatch):
    refuse = look.Released
    monkeypatch.setitem(
        look.look.__globals__,
        "_one",
        lambda row, *_, **__: refuse(
            row, row.approval, "reopen", "approver_lost_right", "Refused."
        ),
    )
    assert any("does not come through either" in fault for fault in run().faults)


def test_lifting_that_fires_the_batch_is_found_out(live, monkeypatch):
    lift = stop.enable_all

    def firing(**words):
        lift(**words)
        drill_message.approved(words["workspace"], words["by"], words["at"])

    monkeypatch.setattr(stop, "enable_all", firing)
    assert any("Lifting the stop" in fault for fault in run().faults)


def test_in_dry_run_the_stop_is_still_what_refuses():
    found = run()
    assert found.faults == []
    assert "stop drill" in found.refused
    assert not found.comes_through
    assert "DRY_RUN by the environment" in found.notes[0]
    assert "while other brakes were on" in drill.told(drill.last())


def test_under_a_stop_of_the_whole_system_it_says_what_it_cannot_show(live):
    by = testing.olaf()
    stop.emergency_stop(workspace=None, reason="fire", by=by, clock=timezone.now)
    found = run()
    assert found.faults == []
    assert "stopped already" in found.notes[0]
    assert "fire" in found.notes[1]
    stops = ControlKey.EMERGENCY_STOP
    assert stop.controls.read().is_braking(stops), "the real stop still stands"


def test_real_messages_in_flight_are_counted_and_left_alone(live):
    real = testing.make_approved(at=timezone.now())
    lock = SenderLock.acquire()
    try:
        row = Delivery.objects.create(
            workspace=real.workspace, approval=real, human=real.human, channel="email",
            status="sending", token=uuid4(), sender=lock.uuid, place=lock.place,
            boot_id=lock.boot_id, since=timezone.now(),
        )  # fmt: skip
        found = run()
        assert (found.in_flight, found.senders, found.faults) == (1, 1, [])
        row.refresh_from_db()
        assert row.status == "sending"
    finally:
        lock.release(all_ended=True)


def test_a_worker_that_runs_at_that_moment_leaves_the_drill_alone(live, monkeypatch):
    reports = []
    look_around = drill_sender.WorstMoment._look_around

    def with_a_worker(self):
        look_around(self)
        reports.append(sending.process())

    monkeypatch.setattr(drill_sender.WorstMoment, "_look_around", with_a_worker)
    monkeypatch.setattr(sending.registry, "adapter_for", lambda channel: MemoryAdapter(channel))
    real = testing.make_approved(at=timezone.now())
    assert run().passed
    assert reports[0].count <= 1  # the real one, unless its recipient sleeps now
    assert Approval.objects.filter(pk=real.pk).exists()
    assert all(kept.recipient != drill_message.ADDRESS for kept in MemoryAdapter.carried)


def test_what_a_killed_drill_left_is_taken_away_by_the_next(live, monkeypatch):
    make = intents.make

    def killed(*args, **words):
        make(*args, **words)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sending.intents, "make", killed)
        patch.setattr(drill_message, "clear", lambda place: None)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert Approval.objects.exists()
    assert run().passed
    assert not Approval.objects.exists()


def test_two_drills_at_once_are_refused(live, monkeypatch):
    monkeypatch.setattr(drill, "PATIENCE", 0.3)
    with (Path(live.DATA_DIR) / "drill.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(drill.CannotDrill, match="Another drill"):
            run()
    assert not Activity.objects.exists()


def test_a_second_drill_waits_for_the_first(live):
    lock = (Path(live.DATA_DIR) / "drill.lock").open("a")
    fcntl.flock(lock, fcntl.LOCK_EX)
    ends = threading.Timer(0.3, lock.close)
    ends.start()
    assert run().passed
    ends.join()


def test_only_an_operator_may_drill(live):
    for who in (testing.dora(), testing.make_agent()):
        with pytest.raises(NotAllowed):
            drill.run(by=who)


@pytest.mark.parametrize("hour", range(24))
def test_it_is_noon_where_the_test_person_lives(hour):
    from zoneinfo import ZoneInfo

    moment = datetime(2026, 3, 11, hour, 30, tzinfo=UTC)
    assert moment.astimezone(ZoneInfo(drill_message.noon(moment))).hour == 12
