"""A reason of which nothing can be seen is none, at every act that asks for one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from approvals import authoring, auto_off, proposing, safemode, services
from approvals.errors import Refused
from approvals.safemode import PreflightUnmet
from channels import stop
from channels.stop import ControlRefused
from outreach import testing
from outreach.core import consent, drafts, people, suppression, visible
from outreach.core.models.people import PersonStatus
from outreach.edge.privacy import erasing
from outreach.edge.tests import api
from safety import controls, override
from safety.models import ControlKey, EmergencyCategory

pytestmark = pytest.mark.django_db(transaction=True)
AT = testing.WORKDAY
NOTHING = "\u200b\u2800\u3164\u202e\u00ad\ufe0f "  # no reader sees any of it


def _lift_person():
    person = testing.make_person()
    stop.stop_person(person, PersonStatus.BLOCKED, reason="why", by=testing.alice(), at=AT)
    stop.lift_person(person, reason=NOTHING, by=testing.alice(), at=AT + timedelta(days=4))


def _lift_suppression():
    row = suppression.suppress(
        testing.make_workspace(), "email", "x@example.com", reason="manual", by=testing.alice(),
        at=AT,
    )  # fmt: skip
    suppression.lift(row, reason=NOTHING, by=testing.alice(), at=AT)


def _lift_dry_run():
    by = replace(testing.dora(), door="command")
    stop.lift_dry_run(workspace=testing.make_workspace(), reason=NOTHING, by=by, at=AT)


def _safe_mode_off():
    safemode.switch_off(
        testing.make_workspace(), by=testing.dora(), at=AT, confirm=safemode.CONFIRMATION,
        reason=NOTHING, ticks=[],
    )  # fmt: skip


def _lift_stop():
    stop.emergency_stop(workspace=None, reason="why", by=testing.olaf(), clock=lambda: AT)
    stop.enable_all(workspace=None, reason=NOTHING, by=testing.olaf(), at=AT)


def _switch_on():
    key = ControlKey.MESSAGING_ENABLED
    stop.switch_on(key, workspace=None, reason=NOTHING, by=testing.olaf(), at=AT)


def _less_attention():
    auto_off.require_review(
        testing.make_workspace(), first_message=False, desist_history=True, by=testing.dora(),
        at=AT, reason=NOTHING,
    )  # fmt: skip


def _reject():
    item = testing.make_pending()
    services.reject(item.pk, by=testing.alice(), at=AT, reason=NOTHING)


def _request_changes():
    item = testing.make_pending()
    services.return_(item.pk, by=testing.alice(), at=AT, feedback=NOTHING)


def _withdraw():
    item = testing.make_pending()
    proposing.withdraw(item.draft, reason=NOTHING, by=testing.bob(), at=AT)


def _discard():
    draft = testing.make_draft()
    authoring.discard(
        draft.pk, by=testing.bob(), at=AT, digest=draft.current.digest, reason=NOTHING
    )


def _emergency():
    override.declare(
        testing.make_draft(), EmergencyCategory.MEDICAL, NOTHING * 40, by=testing.alice(), at=AT
    )


def _erase():
    erasing.erase(testing.make_person(), reason=NOTHING, by=testing.dora(), at=AT)


REFUSED = (
    Refused, PreflightUnmet, ControlRefused, people.PersonRefused, suppression.SuppressionRefused,
    consent.ConsentRefused, erasing.EraseRefused, override.OverrideRefused,
)  # fmt: skip
ACTS = (
    _lift_person, _lift_suppression, _lift_dry_run, _lift_stop, _switch_on, _safe_mode_off,
    _less_attention, _reject, _request_changes, _withdraw, _discard, _emergency, _erase,
)  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_a_reason_of_which_nothing_can_be_seen_is_none(act, settings):
    settings.ENVIRONMENT_BRAKES = {"DRY_RUN": False}
    with pytest.raises(REFUSED):
        act()


@pytest.mark.parametrize("text", [NOTHING, "\u2800", "\u3164\u115f"])
def test_a_message_of_which_nothing_can_be_seen_is_none(text):
    with pytest.raises(drafts.TextRefused):
        testing.make_draft(text=text)


def _block(reason):
    item = testing.make_pending()
    person = item.draft.person
    stop.stop_person(person, PersonStatus.BLOCKED, reason=reason, by=testing.alice(), at=AT)
    for row in (item, person):
        row.refresh_from_db()
    assert (person.status, item.status) == ("blocked", "rejected")
    assert visible.NONE_GIVEN in item.rejection_reason
    return person.status_reason


def _automation_off(reason):
    person = testing.make_person()
    stop.set_automation(person, False, reason=reason, by=testing.alice(), at=AT)
    person.refresh_from_db()
    assert not person.automation_enabled
    return person.automation_disabled_reason


def _emergency_stop(reason):
    stop.emergency_stop(workspace=None, reason=reason, by=testing.olaf(), clock=lambda: AT)
    return controls.read().sentence(ControlKey.EMERGENCY_STOP, None)


def _brake(reason):
    key = ControlKey.MESSAGING_ENABLED
    row = stop.set_brake(key, workspace=None, reason=reason, by=testing.olaf(), at=AT)
    assert row.is_braking
    return row.reason


def _consent_ended(reason):
    person = testing.make_person()
    row = consent.grant(
        person, "email", "opt_in", source="form", text_shown="Yes", given_at=AT,
        by=testing.bob(), at=AT,
    )  # fmt: skip
    assert consent.withdraw(person, reason=reason, by=testing.bob(), at=AT) == 1
    row.refresh_from_db()
    return row.withdrawn_reason


STOPS = (_block, _automation_off, _emergency_stop, _brake, _consent_ended)


@pytest.mark.parametrize("reason", ["", "  ", NOTHING])
@pytest.mark.parametrize("act", STOPS)
def test_no_stop_is_refused_for_want_of_one(act, reason):
    assert visible.NONE_GIVEN in act(reason)


def test_what_ends_with_it_says_so_too():
    item = testing.make_pending()
    stop.stop_person(
        item.draft.person, PersonStatus.DESIST, reason=NOTHING, by=testing.alice(), at=AT
    )
    item.refresh_from_db()
    assert visible.NONE_GIVEN in item.rejection_reason


# What a program may say of a stop, and what is kept of it.
SAID = [
    ({}, visible.NONE_GIVEN), ({"reason": ""}, visible.NONE_GIVEN),
    ({"reason": None}, visible.NONE_GIVEN), ({"reason": NOTHING}, visible.NONE_GIVEN),
    ({"reason": "long " * 200}, "long long"),
]  # fmt: skip
STOP = {"control": "emergency-stop", "enabled": True}


@pytest.mark.parametrize(("why", "kept"), SAID)
@pytest.mark.parametrize("act", ["desist", "block", "automation"])
def test_rest_stops_somebody_whatever_the_words(act, why, kept):
    person = testing.make_person()
    body = {**why, "enabled": False} if act == "automation" else why
    answer = api.colleague(testing.alice).post(f"/api/people/{person.uuid}/{act}", body)
    assert answer.status_code == 200, answer.text
    person.refresh_from_db()
    stands = not person.automation_enabled if act == "automation" else person.status != "active"
    assert stands and kept in (person.status_reason + person.automation_disabled_reason)


@pytest.mark.parametrize(("why", "kept"), SAID)
def test_rest_stops_everything_whatever_the_words_and_lifts_it_for_a_reason(why, kept):
    dora = api.colleague(testing.dora)
    assert dora.post("/api/controls", {**STOP, **why}).status_code == 200
    place = testing.make_workspace().pk
    assert kept in controls.read().sentence(ControlKey.EMERGENCY_STOP, place)
    can_be_read = kept != visible.NONE_GIVEN
    answer = dora.post("/api/controls", {**STOP, "enabled": False, **why})
    assert answer.status_code == (200 if can_be_read else 400)
    assert can_be_read or answer.json()["errors"][0]["attr"] == "reason"
