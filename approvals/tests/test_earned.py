"""Earned autonomy: taken back by itself, given back by an admin alone, offered on evidence."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import transaction

from approvals import earned, services, submission
from approvals.models import Approval
from outreach import testing
from outreach.core import activity, drafts, rates
from outreach.core.models import Activity, Agent, Contact, Person
from outreach.core.models.workspace import SettingChange
from outreach.testing import WORKDAY

# The sender stands ahead of approvals, so it is asked for by name (docs/decisions/0001).
registry = import_module("channels.registry")
sending = import_module("channels.sending")
bounces = import_module("channels.bounces")
MemoryAdapter = import_module("channels.adapters.memory").MemoryAdapter

pytestmark = pytest.mark.django_db(transaction=True)
SCOPES = ("people:read", "drafts:write", "messages:schedule")
DAY = timedelta(days=1)
SENT = WORKDAY - 5 * DAY


@pytest.fixture
def place():
    """Safe Mode off and approval by rule on, in Dora's name."""
    return testing.make_workspace(safe_mode=False, auto_approve_by=testing.dora().user)


@pytest.fixture
def bot(place):
    made = testing.make_agent(None, *SCOPES)
    Agent.objects.filter(pk=made.agent.pk).update(created_at=WORKDAY - 90 * DAY)
    return made


def sent(by, *, at=SENT, **fields) -> Person:
    """Somebody to whom a message of this author left."""
    person = testing.make_person()
    draft = testing.make_draft(person, by=by, at=at)
    Contact.objects.create(
        workspace=person.workspace, human=person, channel="email", direction="out", at=at,
        draft=draft, key=f"test:{draft.pk}", **fields,
    )  # fmt: skip
    return person


def desisted(person, at=SENT + DAY):
    Person.objects.filter(pk=person.pk).update(desisted_at=at)


def complained(person, at=SENT + DAY, **fields):
    testing.make_inbound(person, received_at=at, **{"kind": "complaint", **fields})


def decided(bot, how, *, at, count=1, **fields):
    """So many messages of this agent decided by Alice."""
    for number in range(count):
        now = at + timedelta(minutes=number)
        item = testing.make_pending(by=bot, at=now, confidence=50, **fields)
        given = {"by": testing.alice(), "at": now}
        if how == "approve":
            services.approve(item.pk, digest=item.digest, **given)
        else:
            services.reject(item.pk, reason="No.", **given)


def override(bot) -> str:
    return Agent.objects.get(pk=bot.agent.pk).autonomy_override


HURT = {
    "asked_to_stop": lambda bot: desisted(sent(bot)),
    "complained": lambda bot: complained(sent(bot)),
    "rejected": lambda bot: decided(bot, "reject", at=SENT, count=3),
}


@pytest.mark.parametrize("code", HURT)
def test_what_hurt_somebody_takes_it_back(bot, code):
    HURT[code](bot)
    assert earned.look(at=WORKDAY) == 1
    assert override(bot) == "governance"
    change = SettingChange.objects.get()
    assert change.settings == {"agent": bot.agent.name, "autonomy_override": "governance"}
    assert change.reason == f"Taken back by itself: {earned.REASONS[code]}.".format(
        name=bot.agent.name
    )
    told = Activity.objects.get(verb="workspaces.agent_set")
    assert (told.by_kind, told.codes["cause"]) == ("system", code)
    assert earned.look(at=WORKDAY) == 0 and SettingChange.objects.count() == 1


def test_words_of_complaint_count_as_one(bot):
    complained(sent(bot), kind="message", alert="legal")
    assert earned.look(at=WORKDAY) == 1


def told_by_a_provider(person, at=SENT + DAY):
    """As an event of theirs, or their report by mail, which no person here has sent."""
    bounces.complained(person.workspace, person.addresses.get().normalised, at=at)


def test_a_complaint_that_the_provider_tells_counts_as_one(bot, place):
    told_by_a_provider(sent(bot), at=SENT - DAY)
    told_by_a_provider(sent(bot, at=WORKDAY - 40 * DAY), at=WORKDAY - DAY)
    told_by_a_provider(sent(testing.bob()))
    sent(bot)
    assert earned.look(at=WORKDAY) == 0
    told_by_a_provider(sent(bot))
    assert earned.look(at=WORKDAY) == 1
    assert Activity.objects.get(verb="workspaces.agent_set").codes["cause"] == "complained"


def test_its_next_message_waits_and_what_has_not_left_comes_back(bot, live):
    person = testing.make_person()
    Contact.objects.create(
        workspace=person.workspace, human=person, channel="email", direction="in",
        at=WORKDAY - 2 * DAY, key="test:known",
    )  # fmt: skip
    draft = testing.make_draft(person, by=bot, confidence=95)
    assert submission.submit(draft.pk, by=bot, at=WORKDAY).approval.status == "auto_approved"
    desisted(sent(bot))
    assert earned.look(at=WORKDAY) == 1
    MemoryAdapter.reset()
    with registry.override("email", MemoryAdapter("email")):
        report = sending.process(clock=lambda: WORKDAY + timedelta(minutes=1))
    assert (report.sent, report.released) == (0, 1)
    back = Approval.objects.get(status="pending")
    assert back.draft == draft
    assert back.priority_reasons[-1] == "Not automatic: governance: always reviewed"


HARMLESS = {
    "stopped before it was written to": lambda bot: desisted(sent(bot), SENT - DAY),
    "stopped long after": lambda bot: desisted(sent(bot, at=WORKDAY - 40 * DAY), WORKDAY - DAY),
    "a colleague's message": lambda bot: desisted(sent(testing.bob())),
    "it did not leave": lambda bot: desisted(sent(bot, voided_at=SENT)),
    "an ordinary answer": lambda bot: complained(sent(bot), kind="message"),
    "two rejections": lambda bot: decided(bot, "reject", at=SENT, count=2),
    "an approval in between": lambda bot: (
        decided(bot, "reject", at=SENT, count=2),
        decided(bot, "approve", at=SENT + DAY),
        decided(bot, "reject", at=SENT + 2 * DAY, count=1),
    ),
}


@pytest.mark.parametrize("what", HARMLESS)
def test_what_hurt_nobody_takes_nothing(bot, what):
    HARMLESS[what](bot)
    assert earned.look(at=WORKDAY) == 0
    assert override(bot) == ""


@pytest.mark.parametrize(
    ("fields", "agent"),
    [
        ({"safe_mode": True}, {}),
        ({"auto_approve_enabled": False}, {}),
        ({"autonomy_mode": "governance"}, {}),
        ({}, {"autonomy_override": "assisted"}),
        ({}, {"scopes": ["drafts:write"]}),
        ({}, {"is_active": False}),
    ],
)
def test_who_has_nothing_to_lose_is_left_alone(bot, fields, agent):
    desisted(sent(bot))
    testing.make_workspace(**fields)
    Agent.objects.filter(pk=bot.agent.pk).update(**agent)
    assert earned.look(at=WORKDAY) == 0
    assert not SettingChange.objects.exists()


def set_by_admin(bot, at):
    Agent.objects.filter(pk=bot.agent.pk).update(autonomy_override="managed")
    with transaction.atomic():
        told = activity.entry("workspaces.agent_set", bot.agent, changed=["autonomy_override"])
        activity.record(told, by=testing.dora(), at=at)


def test_an_admins_word_stands_until_something_new_happens(bot):
    desisted(sent(bot))
    assert earned.look(at=WORKDAY) == 1
    set_by_admin(bot, WORKDAY + DAY)
    assert earned.look(at=WORKDAY + 2 * DAY) == 0
    desisted(sent(bot, at=WORKDAY + 2 * DAY), WORKDAY + 3 * DAY)
    assert earned.look(at=WORKDAY + 4 * DAY) == 1
    assert override(bot) == "governance"


def test_an_admin_who_is_faster_is_not_overwritten(bot, monkeypatch):
    def meanwhile(agent, *, since):
        Agent.objects.filter(pk=agent.pk).update(autonomy_override="assisted")
        return "complained"

    monkeypatch.setattr(earned, "why", meanwhile)
    assert earned.look(at=WORKDAY) == 0
    assert override(bot) == "assisted"
    assert not SettingChange.objects.exists()


def test_who_switched_safe_mode_off_knew_what_had_happened(bot, place):
    desisted(sent(bot))
    SettingChange.objects.create(
        workspace=place, settings={"safe_mode": False}, at=WORKDAY - DAY, **testing.dora().fields()
    )
    assert earned.look(at=WORKDAY) == 0
    desisted(sent(bot, at=WORKDAY - DAY), WORKDAY)
    assert earned.look(at=WORKDAY + timedelta(minutes=1)) == 1


# --- What is offered -----------------------------------------------------------------------------


def kind(touch, good, of):
    return earned.Earned(Agent(name="Bot"), "email", touch, rates.wilson(good, of))


@pytest.mark.parametrize(
    ("touch", "good", "of", "offered"),
    [
        ("follow_up", 19, 19, False),  # too few
        ("follow_up", 20, 20, True),
        ("follow_up", 18, 20, False),  # 90 %, but it may be 70
        ("follow_up", 46, 50, True),
        ("follow_up", 89, 100, False),  # below 90
        ("reply", 100, 100, True),
        ("initial", 100, 100, False),  # a first contact is never automatic
    ],
)
def test_it_is_offered_where_enough_was_approved_as_written(touch, good, of, offered):
    assert kind(touch, good, of).is_offered is offered


def test_evidence_counts_each_kind_by_itself(bot):
    decided(bot, "approve", at=SENT, count=3)
    decided(bot, "reject", at=SENT + DAY)
    (found,) = earned.evidence([bot.agent], at=WORKDAY)
    assert found.sentence.startswith("E-mail, initial: 3 of 4 approved as written (75 %, with 95 %")
    assert earned.evidence([bot.agent], at=SENT + 90 * DAY) == []


def test_an_edited_one_was_not_approved_as_written(bot):
    item = testing.make_pending(by=bot, at=SENT, confidence=50)
    words = drafts.Text(subject="Hi", text="Other words of Monday.")
    services.edit_and_approve(item.pk, words, digest=item.digest, by=testing.alice(), at=SENT)
    (found,) = earned.evidence([bot.agent], at=WORKDAY)
    assert (found.as_written.count, found.as_written.of) == (0, 1)
