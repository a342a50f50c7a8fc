"""Safe Mode: off is hard, on is one call, and agents can do neither."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import DatabaseError
from django.db.models import Q

from approvals import auto_off, safemode, submission
from approvals.errors import Refused
from approvals.models import Approval
from outreach import testing
from outreach.core.models import Activity, Agent, Contact, Workspace
from outreach.core.models.workspace import SettingChange
from outreach.core.permissions import NotAllowed
from outreach.core.principal import Principal
from outreach.testing import WORKDAY

# The sender stands ahead of approvals, so it is asked for by name (docs/decisions/0001).
quiet = import_module("channels.quiet")
Delivery = import_module("channels.models").Delivery
SmtpSink = import_module("channels.tests.sink").SmtpSink

pytest_plugins = ["channels.tests.senders"]
pytestmark = pytest.mark.django_db(transaction=True)
AT = WORKDAY + timedelta(minutes=1)


def off(by=None, confirm=safemode.CONFIRMATION, reason="the pilot went well", **more):
    return safemode.switch_off(
        testing.make_workspace(), by=by or testing.dora(), at=AT, confirm=confirm,
        reason=reason, **more,
    )  # fmt: skip


def on(by=None):
    return safemode.switch_on(testing.make_workspace(), by=by or testing.alice(), at=AT)


def is_on():
    return testing.make_workspace().safe_mode


def test_an_admin_switches_it_off_with_confirmation_and_reason():
    dora = testing.dora()
    items = off(dora, ticks=["team_told"])
    assert not is_on()
    assert Workspace.objects.get().auto_approve_by == dora.user
    kept = SettingChange.objects.get()
    assert (kept.reason, kept.by_label) == ("the pilot went well", "Dora")
    assert kept.details["preflight"] == [item.as_dict() for item in items]
    told = Activity.objects.get(verb="workspaces.configured")
    assert told.codes["safe_mode"] is False
    assert "pilot" not in str(told.codes), "the log carries no text"


@pytest.mark.parametrize(
    "who",
    [
        testing.alice, testing.bob, testing.carol,
        lambda: testing.make_agent(None, "people:read", "drafts:write", "messages:schedule"),
        lambda: Principal.system("anything"),
        lambda: testing.dora(testing.make_workspace("elsewhere")),
    ],
)  # fmt: skip
def test_nobody_else_can(who):
    with pytest.raises(NotAllowed):
        off(who())
    assert is_on()


@pytest.mark.parametrize("typed", ["", "yes", "disable safe mode", "Disable Safe Mode "])
def test_the_confirmation_is_typed_exactly(typed):
    with pytest.raises(Refused, match="Type exactly: Disable Safe Mode") as refused:
        off(confirm=typed)
    assert refused.value.code == "not_confirmed"
    assert is_on()


@pytest.mark.parametrize("reason", ["", "   "])
def test_unmet_items_need_a_written_reason(reason):
    with pytest.raises(safemode.PreflightUnmet) as refused:
        off(reason=reason)
    assert len(refused.value.items) == 8
    assert "Write a reason" in str(refused.value)
    assert is_on()


def test_only_known_items_can_be_ticked():
    with pytest.raises(Refused, match="voice_score cannot be ticked"):
        off(ticks=["voice_score"])
    assert is_on()


@pytest.mark.parametrize("who", [testing.alice, testing.dora])
def test_reviewer_and_admin_switch_it_on_and_autopilot_ends_with_it(who):
    off()
    Workspace.objects.update(autonomy_mode="autopilot")
    wild = testing.make_agent(autonomy_override="autopilot").agent
    strict = testing.make_agent(autonomy_override="governance").agent
    on(who())
    assert is_on()
    assert Workspace.objects.get().autonomy_mode == "managed"
    assert Agent.objects.get(pk=wild.pk).autonomy_override == "managed"
    assert Agent.objects.get(pk=strict.pk).autonomy_override == "governance"
    codes = Activity.objects.filter(verb="workspaces.configured").last().codes
    assert (codes["safe_mode"], codes["autonomy_mode"]) == (True, "managed")
    assert codes["managed_agents"] == [wild.pk]


def test_on_twice_is_on():
    on()
    on()
    assert is_on()


@pytest.mark.parametrize("who", [testing.bob, testing.carol, testing.make_agent])
def test_an_agent_or_a_writer_cannot_switch_it_on(who):
    with pytest.raises(NotAllowed):
        on(who())


def approved_by_rule():
    person = testing.make_person()
    Contact.objects.create(
        workspace=person.workspace, human=person, channel="email", direction="in",
        at=WORKDAY - timedelta(days=2), key=f"test:{person.pk}",
    )  # fmt: skip
    agent = testing.make_agent(None, "people:read", "drafts:write", "messages:schedule")
    draft = testing.make_draft(person, by=agent, confidence=95)
    return submission.submit(draft.pk, by=agent, at=WORKDAY).approval


def test_on_returns_what_the_rules_approved_and_leaves_what_people_did(live):
    off()
    by_rule, by_alice = approved_by_rule(), testing.make_approved()
    assert by_rule.status == "auto_approved"
    assert on().returned == 1
    by_rule.refresh_from_db()
    by_alice.refresh_from_db()
    assert (by_rule.status, by_alice.status) == ("withdrawn", "approved")
    fresh = Approval.objects.get(status="pending")
    assert fresh.priority_reasons[-1] == "Safe Mode is on"


def test_on_holds_even_if_returning_fails(live, monkeypatch):
    off()
    approval = approved_by_rule()

    def broken(*args, **kwargs):
        raise DatabaseError("for the test")

    monkeypatch.setattr(auto_off, "return_unsent", broken)
    assert on().returned is None
    assert is_on()
    monkeypatch.undo()
    from safety import controls

    assert auto_off.return_stopped(controls.read(), at=AT) == 1
    approval.refresh_from_db()
    assert approval.status == "withdrawn"


# --- The stop guarantee for what the rules approved ----------------------------------------------


def stopped(**more):
    return quiet.wait(Q(workspace=testing.make_workspace()) & auto_off.IN_FLIGHT, set_at=AT, **more)


@pytest.mark.processes
def test_a_sender_that_has_claimed_but_not_looked_sends_nothing_after_on(live, start):
    off()
    approved_by_rule()
    with SmtpSink() as sink:
        sender = start(sink, freeze="claimed").frozen()
        on()
        sender.resume()
        assert sender.done()["released"] == 1
        assert stopped().stopped
        assert sink.arrivals == []
    assert Approval.objects.get(status="pending").priority_reasons[-1].startswith("Not automatic")


@pytest.mark.processes
def test_on_is_not_called_stopped_while_a_sender_may_still_transmit(live, start):
    off()
    approved_by_rule()
    with SmtpSink() as sink:
        sender = start(sink, freeze="looked").frozen()
        on()
        assert quiet.in_flight(auto_off.IN_FLIGHT), "the stop sees the intent"
        report = stopped(patience=0.3)
        assert report.stopped and len(report.killed) == 1
        assert [row["status"] for row in report.may_have_left] == ["unknown"]
        sender.gone()
        assert sink.arrivals == []
    assert Delivery.objects.get().status == "unknown"


@pytest.mark.processes
def test_what_a_person_approved_is_not_in_that_stops_scope(live, start):
    off()
    testing.make_approved()
    with SmtpSink() as sink:
        sender = start(sink, freeze="looked").frozen()
        on()
        assert stopped(patience=0.3).killed == []
        sender.resume()
        assert sender.done()["sent"] == 1
