"""Approval by rule: only where every rule agrees, in an admin's name, asked again at the door."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from approvals import (
    attaching,
    auto,
    auto_door,
    auto_off,
    conflicts,
    expiry,
    receipt,
    routing,
    services,
    submission,
    tiers,
)
from approvals.errors import Refused
from approvals.models import Approval
from outreach import testing
from outreach.core import drafts, person_editing
from outreach.core.models import (
    Account,
    Activity,
    Agent,
    Contact,
    Draft,
    InboundMessage,
    Membership,
    Person,
    Workspace,
)
from outreach.core.models.workspace import SettingChange
from outreach.core.permissions import NotAllowed
from outreach.core.principal import Principal
from outreach.testing import WORKDAY
from safety import controls
from safety.models import SafetyEvent, SystemControl
from safety.verdict import Level, Verdict

# The sender stands ahead of approvals, so it is asked for by name (docs/decisions/0001).
registry = import_module("channels.registry")
sending = import_module("channels.sending")
MemoryAdapter = import_module("channels.adapters.memory").MemoryAdapter

pytestmark = pytest.mark.django_db(transaction=True)
AT = WORKDAY + timedelta(minutes=1)
SCOPES = ("people:read", "drafts:write", "messages:schedule")


@pytest.fixture
def place():
    """Safe Mode off and approval by rule on, in Dora's name."""
    return testing.make_workspace(safe_mode=False, auto_approve_by=testing.dora().user)


def acquaintance(**fields):
    """Somebody who wrote to us two days ago, so that this is no first contact."""
    return they_wrote(testing.make_person(**fields))


def they_wrote(person):
    Contact.objects.create(
        workspace=person.workspace, human=person, channel="email", direction="in",
        at=WORKDAY - timedelta(days=2), key=f"test:{person.pk}",
    )  # fmt: skip
    return person


def propose(person=None, *, agent=None, confidence=95, at=WORKDAY, **fields):
    by = agent or testing.make_agent(None, *SCOPES)
    draft = testing.make_draft(person or acquaintance(), by=by, confidence=confidence, **fields)
    return submission.submit(draft.pk, by=by, at=at).approval


def test_where_every_rule_agrees_it_is_approved_in_the_admins_name(place, live):
    approval = propose()
    approval.refresh_from_db()
    assert approval.status == "auto_approved"
    assert approval.decided_by == place.auto_approve_by
    assert approval.decided_by_label == "SYSTEM for Dora"
    assert receipt.holds(approval)
    assert approval.receipt["rule"] == {"threshold": 90, "confidence": 95, "autonomy": "managed"}
    assert approval.receipt["purpose"] == "informational"
    assert approval.due_at == WORKDAY + timedelta(seconds=10)
    assert approval.routing["final_status"] == "scheduled"
    assert Draft.objects.get().status == "approved"
    told = Activity.objects.get(verb="approvals.auto_approved")
    assert (told.by_kind, told.codes["in_name_of"]) == ("system", place.auto_approve_by_id)
    assert told.codes["receipt"] == approval.receipt["seal"]


def no_admin(place):
    Membership.objects.filter(user=place.auto_approve_by).update(role="reviewer")


def admin_gone(place):
    type(place.auto_approve_by).objects.filter(pk=place.auto_approve_by_id).update(is_active=False)


def braked(workspace):
    SystemControl.objects.filter(control_key="AUTO_APPROVE_ENABLED", workspace=workspace).update(
        enabled=False
    )


SWITCHES = {
    "Safe Mode on": lambda place: Workspace.objects.update(safe_mode=True),
    "governance": lambda place: Workspace.objects.update(autonomy_mode="governance"),
    "off in the workspace": lambda place: Workspace.objects.update(auto_approve_enabled=False),
    "nobody named": lambda place: Workspace.objects.update(auto_approve_by=None),
    "no admin any more": no_admin,
    "admin switched off": admin_gone,
    "a higher threshold": lambda place: Workspace.objects.update(auto_approve_threshold=96),
    "stopped for the system": lambda place: braked(None),
    "stopped for the workspace": braked,
    "no control row": lambda place: SystemControl.objects.filter(
        control_key="AUTO_APPROVE_ENABLED", workspace=None
    ).delete(),
    "a full quota": lambda place: quota_used(place),
}


def quota_used(place):
    from approvals.models import QuotaUse

    Workspace.objects.update(daily_quota=1)
    QuotaUse.objects.create(workspace=place, day=WORKDAY.date(), used=1, lim=1)


@pytest.mark.parametrize("name", SWITCHES)
def test_one_rule_that_does_not_agree_makes_it_wait_for_a_person(name, place):
    SWITCHES[name](place)
    approval = propose()
    assert approval.status == "pending"
    if name not in ("Safe Mode on", "governance"):
        assert approval.priority_reasons[-1].startswith("not automatic: ")


def test_an_address_that_an_agent_added_itself_is_first_written_to_by_a_person(place, live, memory):
    agent = testing.make_agent(None, *SCOPES, "people:write")
    person = acquaintance()
    person.addresses.all().delete()
    Contact.objects.update(channel="linkedin")
    person_editing.change(
        person, {}, addresses=[("email", "eve@example.net")], by=agent, at=WORKDAY
    )
    approval = propose(person, agent=agent)
    assert (approval.status, approval.get_priority_display()) == ("pending", "normal")
    assert "first message to this person by this channel" in approval.priority_reasons[-1]
    services.approve(
        approval.pk, by=testing.alice(), at=WORKDAY, digest=approval.digest, undo_seconds=0
    )
    assert drain().sent == 1, "a person has looked"
    again = propose(person, agent=agent, at=AT, text="Another note for you, as you asked.")
    assert again.status == "auto_approved"


@pytest.mark.parametrize(
    ("words", "more", "why"),
    [
        ({"country": "US"}, {}, "an agent told their country"),
        ({"time_zone": "Etc/UTC"}, {}, "an agent told their time zone"),
        ({}, {"account": "Acme"}, "an agent told their company"),
        ({}, {"addresses": [("phone", "+41446681800")]}, "an agent told their address or number"),
        ({"position": "CTO"}, {}, ""),
    ],
)
def test_what_an_agent_told_of_somebody_is_first_looked_at_by_a_person(words, more, why, place):
    """It filled in a country where the law asks for less, and proposed at once."""
    agent, person = testing.make_agent(None, *SCOPES, "people:write"), acquaintance()
    person_editing.change(person, words, **more, by=agent, at=WORKDAY)
    approval = propose(person, agent=agent)
    approval.refresh_from_db()
    assert approval.status == ("pending" if why else "auto_approved")
    assert not why or f"not automatic: {why}, and nobody looked since" in approval.priority_reasons
    unseen = approval.routing["shadow"]
    assert unseen["would_approve"] is not bool(why) and why in "".join(unseen["why"])
    if why:
        services.approve(approval.pk, by=testing.alice(), at=AT, digest=approval.digest)
        Approval.objects.filter(pk=approval.pk).update(taken_at=AT)
        drafts.move([approval.draft_id], "sent")
        again = propose(person, agent=agent, at=AT + timedelta(days=3), text="Hello again there.")
        assert again.status == "auto_approved", again.priority_reasons


def test_whom_an_agent_wrote_down_is_first_looked_at_by_a_person(place):
    """They wrote to us, so it is no first contact; their country is the agent's word alone."""
    agent = testing.make_agent(None, *SCOPES, "people:write")
    person = person_editing.create(
        place, {"full_name": "Eve Moss", "country": "US"}, addresses=[("email", "eve@example.net")],
        by=agent, at=WORKDAY,
    )  # fmt: skip
    they_wrote(person)
    approval = propose(person, agent=agent)
    assert approval.status == "pending"
    assert "not automatic: an agent wrote them down, and nobody" in approval.priority_reasons[-1]


def test_the_log_keeps_no_word_that_somebody_typed_when_they_set_the_brake(place):
    stop = import_module("channels.stop")
    stop.set_brake(
        "AUTO_APPROVE_ENABLED", workspace=place, reason="Anna Miller complained",
        by=testing.dora(), at=WORKDAY,
    )  # fmt: skip
    approval = propose()
    assert "Anna Miller complained" in approval.priority_reasons[-1]
    assert "Anna Miller complained" in approval.routing["reason"]
    told = Activity.objects.get(verb="approvals.routed").codes
    assert told["reason"].endswith("not automatic: auto-approval is stopped")
    assert "Miller" not in str(list(Activity.objects.values_list("codes", flat=True)))


def test_the_environment_may_brake(place, settings):
    settings.ENVIRONMENT_BRAKES = {**settings.ENVIRONMENT_BRAKES, "AUTO_APPROVE_ENABLED": True}
    approval = propose()
    assert approval.status == "pending"
    assert "AUTO_APPROVE_ENABLED off by the environment" in approval.priority_reasons[-1]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"confidence": 89}, "confidence is below 90"),
        ({"confidence": None}, "confidence is below 90"),
        ({"text": "Please write to jane.roe@elsewhere.example about it."}, "personal data"),
        ({"text": "Act now! The minutes of Monday's meeting are here, as agreed."}, "rewrote"),
    ],
)
def test_a_row_of_the_tier_table_forbids_it(fields, why, place):
    approval = propose(**fields)
    assert approval.status == "pending"
    assert why in approval.priority_reasons[-1]


def test_first_contact_is_never_automatic_even_where_nobody_asks_for_review(place):
    dora = testing.dora()
    auto_off.require_review(
        place, first_message=False, desist_history=False, by=dora, at=WORKDAY, reason="busy"
    )
    stranger = propose(testing.make_person())
    once = acquaintance(desisted_at=WORKDAY - timedelta(days=90))
    returned = propose(once)
    assert (stranger.status, returned.status) == ("pending", "pending")
    assert (stranger.get_priority_display(), returned.get_priority_display()) == ("low", "low")
    assert SettingChange.objects.get().reason == "busy"


def test_another_open_message_to_the_same_person_is_a_conflict(place):
    person = acquaintance()
    assert propose(person).status == "auto_approved"
    assert propose(person, text="A second note about the minutes.").status == "pending"


def test_a_draft_that_somebody_else_has_begun_for_them_is_a_conflict(place):
    """Also on a record that is the same human being; the rest of an agent's own plan is none."""
    person = acquaintance()
    twin = testing.make_person(merged_into=person)
    begun = testing.make_draft(twin, text="A colleague is about to write of the minutes.")
    kept = propose(person)
    assert kept.status == "pending" and kept.get_priority_display() == "normal"
    assert "another message to this person is open" in kept.priority_reasons[-1]
    drafts.move([begun.pk], "rejected", reason="not needed")
    services.reject(kept.pk, by=testing.alice(), at=WORKDAY, reason="once more")
    testing.make_draft(person, origin="workflow-run:7")
    assert propose(person, origin="workflow-run:7").status == "auto_approved"


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL reads few rows whole")
def test_what_else_is_open_to_somebody_is_found_without_reading_everybody():
    with CaptureQueriesContext(connection) as asked:
        conflicts.others_open([7])
    with connection.cursor() as cursor:
        for each in asked.captured_queries:
            cursor.execute(f"EXPLAIN QUERY PLAN {each['sql']}")
            assert not [row[3] for row in cursor.fetchall() if row[3].startswith("SCAN")]


def test_a_draft_that_is_begun_after_an_approval_by_rule_takes_it_back_at_the_door(place):
    person = acquaintance()
    given = propose(person)
    verdicts = {given.draft_id: Verdict(Level.ALLOW)}
    assert auto_door.refused([given], verdicts, controls.read()) == {}
    testing.make_draft(person, text="A colleague is about to write of the minutes.")
    told = auto_door.refused([given], verdicts, controls.read())
    assert "another message to this person is open" in told[given.pk]


def test_what_was_written_of_their_old_company_is_approved_by_no_rule(place):
    person, agent = acquaintance(), testing.make_agent(None, *SCOPES)
    acme, beta = (
        Account.objects.create(workspace=place, name=name, key=name) for name in ("Acme", "Beta")
    )
    Person.objects.filter(pk=person.pk).update(account=acme)
    words = drafts.Text(
        subject="Minutes", text="Here are the minutes of the meeting at Acme.", confidence=95,
        context={"facts": {"company": {"value": "Acme", "source": "Connections.csv"}}},
    )  # fmt: skip

    def asked():
        how = {"by": agent, "at": WORKDAY, "purpose": "informational"}
        draft = drafts.write(place, Person.objects.get(pk=person.pk), "email", words, **how)
        return submission.submit(draft.pk, by=agent, at=WORKDAY).approval

    given = asked()
    assert given.status == "auto_approved"
    Person.objects.filter(pk=person.pk).update(account=beta)
    told = auto_door.refused([given], {given.draft_id: Verdict(Level.ALLOW)}, controls.read())
    assert "says of this person what their record says otherwise by now" in told[given.pk]
    drafts.move([given.draft_id], "sent")
    kept = asked()
    assert kept.status == "pending" and kept.get_priority_display() == "normal"


def test_a_message_whose_outcome_nobody_knows_is_a_conflict(place):
    """It stays approved until a person has found out."""
    person = acquaintance()
    unknown = propose(person)
    Approval.objects.filter(pk=unknown.pk).update(taken_at=WORKDAY)  # as its sender left it
    kept = propose(person, text="A second note about the minutes.")
    assert kept.status == "pending"
    assert "another message to this person is open" in kept.priority_reasons[-1]
    drafts.move([unknown.draft_id], "sent")
    services.reject(kept.pk, by=testing.alice(), at=WORKDAY, reason="once more")
    assert propose(person).status == "auto_approved"


def test_a_colleague_is_never_approved_by_rule(place):
    item = submission.submit(
        testing.make_draft(acquaintance(), confidence=100).pk, by=testing.bob(), at=WORKDAY
    )
    assert item.approval.status == "pending"


def test_without_the_scope_it_is_denied_and_stays_a_draft(place):
    agent = testing.make_agent()
    with pytest.raises(Refused, match="messages:schedule") as refused:
        propose(agent=agent)
    assert refused.value.code == "not_allowed"
    draft = Draft.objects.get()
    assert draft.status == "draft" and "messages:schedule" in draft.status_reason
    assert SafetyEvent.objects.get().code == "not_allowed"
    codes = Activity.objects.get(verb="approvals.routed").codes
    assert (codes["was_denied"], codes["final_status"]) == (True, "draft")


def test_autopilot_met_with_safe_mode_is_refused_and_told(monkeypatch):
    monkeypatch.setattr(routing, "effective", lambda mode, override="": "autopilot")
    with pytest.raises(routing.RoutingError):
        propose()
    assert Draft.objects.get().status == "draft"
    assert SafetyEvent.objects.get().code == "configuration_error"
    assert Activity.objects.get(verb="approvals.routed").codes["was_denied"] is True


def test_autopilot_with_safe_mode_cannot_be_stored():
    from django.core.exceptions import ValidationError

    with pytest.raises(IntegrityError), transaction.atomic():
        Workspace.objects.update(autonomy_mode="autopilot")
    place = testing.make_workspace()
    place.autonomy_mode = "autopilot"
    with pytest.raises(ValidationError, match="Autopilot needs Safe Mode off"):
        place.full_clean()
    bot = Agent(workspace=testing.make_workspace(), name="x", autonomy_override="autopilot")
    with pytest.raises(ValidationError, match="Autopilot needs Safe Mode off"):
        bot.full_clean()


def test_a_looser_override_changes_nothing_and_a_stricter_one_does(place):
    loose = testing.make_agent(None, *SCOPES, autonomy_override="autopilot")
    strict = testing.make_agent(None, *SCOPES, autonomy_override="governance")
    assert propose(agent=loose).status == "auto_approved"
    assert propose(agent=strict).status == "pending"
    Workspace.objects.update(safe_mode=True)
    assert propose(agent=loose).status == "pending"


# --- At the door ---------------------------------------------------------------------------------


def drain():
    return sending.process(clock=lambda: AT)


def test_it_leaves_while_every_rule_still_agrees(place, live, memory):
    propose()
    assert drain().sent == 1


def second_message(place):
    agent = Agent.objects.first()
    propose(Person.objects.first(), agent=Principal.of_agent(agent), text="Another note for you.")


def zone_filled_in(place):
    clerk = testing.make_agent(None, "people:write")
    person_editing.change(Person.objects.get(), {"time_zone": "Etc/UTC"}, by=clerk, at=AT)


LATER = {
    **{name: act for name, act in SWITCHES.items() if name != "a full quota"},
    "agent switched off": lambda place: Agent.objects.update(is_active=False),
    "agent lost the scope": lambda place: Agent.objects.update(scopes=["drafts:write"]),
    "agent may not propose": lambda place: Agent.objects.update(scopes=["messages:schedule"]),
    "agent is governed": lambda place: Agent.objects.update(autonomy_override="governance"),
    "asked us to stop once": lambda place: Person.objects.update(desisted_at=WORKDAY),
    "never met after all": lambda place: Contact.objects.update(voided_at=WORKDAY),
    "met by another channel": lambda place: Contact.objects.update(channel="linkedin"),
    "a second message": second_message,
    "an agent told their time zone": zone_filled_in,
}


@pytest.mark.parametrize("name", LATER)
def test_what_would_not_be_approved_again_goes_to_a_person(name, place, live, memory):
    approval = propose()
    LATER[name](place)
    drain()
    assert memory.outbox == []
    approval.refresh_from_db()
    assert approval.status == "withdrawn"
    fresh = Approval.objects.get(status="pending", draft=approval.draft)
    if approval.closed_reason == "approver_lost_right":  # found first, and as good a reason
        return
    assert approval.closed_reason == auto.CODE
    assert fresh.priority_reasons[-2].startswith("Approved by rule")
    assert fresh.priority_reasons[-1].startswith("Not automatic: ")


def test_asking_again_costs_the_same_however_many_there_are(place, live):
    def statements(rows):
        with CaptureQueriesContext(connection) as found:
            assert auto_door.refused(rows, dict.fromkeys(drafts, Verdict()), controls.read()) == {}
        return len(found)

    for _ in range(4):
        propose()
    rows = list(Approval.objects.select_related("workspace", "revision"))
    drafts = [row.draft_id for row in rows]
    assert statements(rows) == statements(rows[:1]) == 12  # one of them reads the controls


def test_a_person_who_is_blocked_ends_it_whoever_approved(place, live, memory):
    approval = propose()
    Workspace.objects.update(safe_mode=True)
    Person.objects.update(status="blocked", status_reason="test", status_at=WORKDAY)
    drain()
    approval.refresh_from_db()
    assert approval.status == "rejected"


def test_given_in_dry_run_it_comes_back_when_messages_leave(place, memory, request):
    approval = propose()
    assert approval.dry_run
    request.getfixturevalue("live")
    assert (drain().sent, drain().reopened) == (0, 0)
    assert Approval.objects.get(status="pending").draft == approval.draft


# --- Settings ------------------------------------------------------------------------------------


def test_an_admin_switches_it_on_in_their_name_and_off_again():
    place, dora = testing.make_workspace(safe_mode=False), testing.dora()
    auto_off.configure(place, enabled=True, threshold=92, by=dora, at=WORKDAY)
    assert propose(confidence=91).status == "pending"
    approval = propose()
    assert approval.status == "auto_approved"
    assert auto_off.configure(place, enabled=False, by=dora, at=AT) == 1
    approval.refresh_from_db()
    assert (approval.status, approval.closed_reason) == ("withdrawn", auto.CODE)
    place.refresh_from_db()
    assert (place.auto_approve_enabled, place.auto_approve_threshold) == (False, 92)


@pytest.mark.parametrize("who", [testing.alice, testing.bob, testing.make_agent])
def test_nobody_but_an_admin_sets_it(who):
    place = testing.make_workspace()
    with pytest.raises(NotAllowed):
        auto_off.configure(place, enabled=True, by=who(), at=WORKDAY)
    with pytest.raises(NotAllowed):
        auto_off.require_review(
            place, first_message=False, desist_history=True, by=who(), at=WORKDAY, reason="x"
        )


def test_the_threshold_cannot_be_set_below_eighty():
    place, dora = testing.make_workspace(), testing.dora()
    with pytest.raises(Refused, match="80 to 100"):
        auto_off.configure(place, enabled=True, threshold=79, by=dora, at=WORKDAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Workspace.objects.update(auto_approve_threshold=79)


def test_a_requirement_is_switched_off_with_a_reason_only():
    with pytest.raises(Refused, match="Say why"):
        auto_off.require_review(
            testing.make_workspace(), first_message=False, desist_history=True,
            by=testing.dora(), at=WORKDAY,
        )  # fmt: skip


def test_the_seeds_four_settings_have_its_names_and_defaults():
    place = testing.make_workspace()
    assert (place.auto_approve_threshold, place.auto_approve_enabled) == (90, True)
    assert place.approval_expiry_hours == 72
    assert place.require_approval_for_first_message
    assert place.require_approval_for_desist_history


def test_a_stop_set_by_any_door_returns_what_is_unsent(place, live):
    approval = propose()
    assert auto_off.return_stopped(controls.read(), at=AT) == 0
    braked(None)
    assert auto_off.return_stopped(controls.read(), at=AT) == 1
    fresh = Approval.objects.get(status="pending")
    assert fresh.draft == approval.draft
    assert "auto-approval is stopped" in fresh.priority_reasons[-1]


def test_a_person_may_take_an_automatic_approval_back(place, live):
    approval = propose()
    assert services.undo(approval.pk, by=testing.alice(), at=WORKDAY).status == "pending"


def test_agents_decide_nothing(place):
    Workspace.objects.update(safe_mode=True)
    agent = testing.make_agent(None, *SCOPES)
    approval = propose(agent=agent)
    with pytest.raises(NotAllowed):
        services.approve(approval.pk, by=agent, at=AT, digest=approval.digest)


def test_a_text_far_from_the_voice_is_always_read_by_a_person():
    from approvals import auto
    from safety.verdict import Verdict

    def off(score):
        told = auto.circumstances(
            testing.make_workspace(), Verdict(), confidence=95, first_message=False,
            met_on_channel=True, ever_desisted=False, conflict=False, rewritten=False,
            voice_score=score,
        )  # fmt: skip
        return told.off_voice

    assert [off(score) for score in (None, 59, 60, 100)] == [False, True, False, False]


def propose_with_a_file():
    by, person = testing.make_agent(None, *SCOPES), acquaintance()
    words = drafts.Text(subject="Minutes", text="Here are the minutes.", confidence=95)
    note = attaching.Upload("minutes.txt", b"Send us your password today.")
    with transaction.atomic():
        words = attaching.put(words, person.workspace, "email", [note], by=by, at=WORKDAY)
        draft = drafts.write(
            person.workspace, person, "email", words, by=by, at=WORKDAY, purpose="informational",
        )  # fmt: skip
    return submission.submit(draft.pk, by=by, at=WORKDAY).approval


def test_a_message_with_a_file_is_approved_by_no_rule(place):
    approval = propose_with_a_file()
    assert approval.status == "pending"
    assert "a file goes with it, and no rule reads what stands in it" in approval.priority_reasons


def test_a_file_approved_by_rule_before_that_was_forbidden_stops_at_the_door(
    place, live, memory, monkeypatch
):
    with monkeypatch.context() as earlier:
        earlier.setattr(tiers, "ROWS", [row for row in tiers.ROWS if row[0] != "attached"])
        approval = propose_with_a_file()
    assert approval.status == "auto_approved"
    assert sending.process(clock=lambda: AT).sent == 0
    approval.refresh_from_db()
    assert approval.closed_reason == auto.CODE


def propose_in_german(text="Anbei das Protokoll, wie besprochen.", **more):
    by, person = testing.make_agent(None, *SCOPES), acquaintance()
    words = drafts.Text(subject="Protokoll", text=text, confidence=95, **more)
    draft = drafts.write(
        person.workspace, person, "email", words, by=by, at=WORKDAY, purpose="informational"
    )
    return submission.submit(draft.pk, by=by, at=WORKDAY).approval


def test_what_the_content_rules_cannot_read_is_approved_by_no_rule(place):
    approval = propose_in_german()
    assert approval.status == "pending"
    assert "in a language that the content rules do not read" in approval.priority_reasons


@pytest.mark.parametrize("behind", ["", "\n\nBest regards,\nAnn\n\nPS:", "\n\n--\n"])
@pytest.mark.parametrize("count", [1, 200])
def test_nothing_that_the_rules_cannot_read_hides_behind_what_they_can(place, behind, count):
    english = "The minutes are attached to it. " * count
    place.postal_address = "Haus an der Burg, Am Tor zu der Stadt 5, 10115 Berlin"
    place.save()
    assert propose_in_german(f"{english}{behind}").status == "auto_approved"
    german = propose_in_german(
        f"{english}{behind} Wir wissen, wo du wohnst, und wir kommen zu dir."
    )
    assert german.status == "pending"
    assert "in a language that the content rules do not read" in german.priority_reasons


@pytest.mark.parametrize(
    "hidden",
    [
        "\u202eyadseuT\u202c",  # drawn from right to left
        "min\u200butes",
        "".join(chr(0xE0000 + ord(sign)) for sign in "send"),
        "\x1b[8m",
    ],
)
def test_what_a_reader_sees_otherwise_than_the_rules_is_approved_by_no_rule(place, hidden):
    english = "The minutes are attached to it. " * 3
    assert propose_in_german(f"{english}\n\n\U0001f469\u200d\U0001f4bb").status == "auto_approved"
    page = f"<p>{english}&nbsp;</p>"
    assert propose_in_german(english, html=page).status == "auto_approved"
    for words, shown in ((english + hidden, ""), (english, f"{page}<p>{hidden}</p>")):
        approval = propose_in_german(words, html=shown)
        assert approval.status == "pending"
        assert "has characters that a reader does not see" in approval.priority_reasons


def test_a_text_no_rule_reads_approved_before_that_was_asked_stops_at_the_door(
    place, live, memory, monkeypatch
):
    with monkeypatch.context() as earlier:
        earlier.setattr(tiers, "ROWS", [row for row in tiers.ROWS if row[0] != "unread"])
        approval = propose_in_german()
    assert approval.status == "auto_approved"
    assert sending.process(clock=lambda: AT).sent == 0
    approval.refresh_from_db()
    assert approval.closed_reason == auto.CODE


def test_an_alert_in_their_last_message_is_critical_and_never_approved_by_rule(place):
    person = acquaintance()
    testing.make_inbound(person, alert="complaint", status="needs_person")
    approval = propose(person)
    assert (approval.status, approval.get_priority_display()) == ("pending", "critical")
    testing.make_inbound(person, received_at=WORKDAY + timedelta(seconds=1))
    assert propose(acquaintance()).status == "auto_approved"


def test_an_alert_that_comes_after_an_approval_by_rule_is_met_at_the_door(place, live, memory):
    person = acquaintance()
    theirs = testing.make_inbound(person, status="handled", received_at=WORKDAY - timedelta(days=2))
    approval = propose(person)
    assert approval.status == "auto_approved"
    InboundMessage.objects.filter(pk=theirs.pk).update(alert="complaint")  # a colleague marked it
    assert sending.process(clock=lambda: AT).sent == 0
    approval.refresh_from_db()
    assert approval.closed_reason == auto.CODE


def test_a_rewritten_text_that_nobody_looked_at_passes_no_later_round_by_rule(place, live):
    first = propose(text="Here are the minutes. You need to act now or you will miss out. So far.")
    assert (first.status, first.get_priority_display()) == ("pending", "high")
    later = WORKDAY + timedelta(hours=73)
    expiry.expire_due(at=later)
    agent = Agent.objects.get()
    again = submission.submit(first.draft_id, by=Principal.of_agent(agent), at=later).approval
    again.refresh_from_db()
    assert (again.status, again.get_priority_display()) == ("pending", "high")


def test_a_rewritten_text_approved_by_rule_all_the_same_is_met_at_the_door(place, live, memory):
    approval = propose()
    testing.unguard()
    approval.revision.by_kind, approval.revision.by_id = "system", "contract"
    approval.revision.save()
    testing.guard()
    assert sending.process(clock=lambda: AT).sent == 0
    approval.refresh_from_db()
    assert approval.closed_reason == auto.CODE
