"""E-mail drafts: the right people, each once, with true facts, in the agent's name."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approvals import routing, submission
from approvals.models import Approval
from outreach import testing
from outreach.core import importing, suppression
from outreach.core import people as standing
from outreach.core.models import Contact, CoolingOff, Draft, Import, Person, Workspace
from outreach.testing import WORKDAY
from safety.models import SafetyEvent
from workflows import definitions, engine, recipients
from workflows.shapes import BadOptions
from workflows.tests import making
from workflows.tests.making import ABOUT, Clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return making.place()


def walk(place, **options):
    return engine.work(making.run(place, **options).pk, clock=Clock())


def contact(person, days, direction="in", **fields):
    draft = testing.make_draft(person) if direction == "out" else None
    if draft:
        Draft.objects.filter(pk=draft.pk).update(status="sent")
    return Contact.objects.create(
        workspace=person.workspace, human_id=person.human_id, channel="email",
        direction=direction, at=WORKDAY - timedelta(days=days), draft=draft,
        key=f"test:{person.pk}:{days}:{direction}", **fields,
    )  # fmt: skip


# --- Of one import -------------------------------------------------------------------------------


def brought(place, name: str, by=None) -> Import:
    """An import that brought one person of this name."""
    body = f"Name,Email\n{name},{name.split()[0].lower()}@example.com\n"
    table = importing.read_file(io.BytesIO(body.encode()), name=f"{name}.csv")
    importing.apply(place, table, by=by or testing.bob(), at=WORKDAY)
    return Import.objects.latest("pk")


def test_only_the_people_of_an_import_are_written_to(place):
    testing.make_person(place, name="Came Before")
    row = brought(place, "Ines Castellanos")
    brought(place, "Wanjiru Kamau")
    walk(place, **{"import": str(row.pk)})
    assert [draft.person.full_name for draft in Draft.objects.all()] == ["Ines Castellanos"]


def test_who_was_stopped_since_the_import_gets_nothing(place):
    row = brought(place, "Ines Castellanos")
    block(Person.objects.get(full_name="Ines Castellanos"))
    ended = walk(place, **{"import": f" {row.pk} "})
    assert not Draft.objects.exists() and ended.options["import"] == str(row.pk)


@pytest.mark.parametrize("named", ["x", "0", "9" * 19, "other", "undone"])
def test_an_import_that_brought_nobody_here_is_refused(place, named):
    if named == "other":
        far = testing.make_workspace("other")
        named = str(brought(far, "Ines Castellanos", by=testing.bob(far)).pk)
    elif named == "undone":
        row = brought(place, "Ines Castellanos")
        importing.undo(row, by=testing.bob(), at=WORKDAY)
        named = str(row.pk)
    with pytest.raises(BadOptions, match=r"has no import .* that was taken in"):
        walk(place, **{"import": named})


# --- Of people named -----------------------------------------------------------------------------


def test_only_the_people_named_are_written_to_and_a_merged_record_means_its_human(place):
    anna, ben, double, blocked = (
        testing.make_person(place, name=name) for name in ("Anna A", "Ben B", "Ben C", "Bo D")
    )
    Person.objects.filter(pk=double.pk).update(merged_into=ben)
    block(blocked)
    testing.make_person(place, name="Not Named")
    ended = walk(place, people=f"{anna.pk} {double.pk},{blocked.pk}, {anna.pk}")
    assert {draft.person for draft in Draft.objects.all()} == {anna, ben}
    assert ended.options["people"] == f"{anna.pk}, {double.pk}, {blocked.pk}"


def test_of_people_named_and_an_import_those_that_are_both(place):
    row, other = brought(place, "Ines Castellanos"), testing.make_person(place)
    ines = Person.objects.get(full_name="Ines Castellanos")
    brought(place, "Wanjiru Kamau")
    walk(place, **{"import": str(row.pk), "people": f"{ines.pk}, {other.pk}"})
    assert [draft.person for draft in Draft.objects.all()] == [ines]


@pytest.mark.parametrize("named", ["Anna", "0", "9" * 19, ",", "{other}"])
def test_people_who_are_not_all_here_are_refused(place, named):
    here = testing.make_person(place)
    other = testing.make_person(testing.make_workspace("other"))
    with pytest.raises(BadOptions, match="does not have each of the people"):
        walk(place, people=f"{here.pk} {named.format(other=other.pk)}" if named != "," else ",")


# --- Who -----------------------------------------------------------------------------------------


def block(person):
    standing.set_status(person, "blocked", reason="x", by=testing.alice(), at=WORKDAY)


def desist(person):
    standing.set_status(person, "desist", reason="x", by=testing.alice(), at=WORKDAY)


def automation_off(person):
    standing.set_automation(person, False, reason="x", by=testing.alice(), at=WORKDAY)


def rest(person):
    CoolingOff.objects.create(
        workspace=person.workspace, human=person, cause="daily_limit", at=WORKDAY,
        until=WORKDAY + timedelta(hours=24),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (lambda person: person.addresses.all().delete(), "no_address"),
        (block, "blocked"),
        (desist, "desist"),
        (automation_off, "automation_off"),
        (rest, "resting"),
        (lambda person: testing.make_draft(person), "open_message"),
        (lambda person: testing.make_pending(person), "open_message"),
        (lambda person: testing.make_approved(person), "open_message"),
        (lambda person: contact(person, 89), "contacted"),
        (lambda person: contact(person, 89, "out"), "contacted"),
    ],
)
def test_who_may_not_be_written_to_is_left_out_and_counted(place, act, reason):
    person, other = making.people(place, 2)
    act(person)
    run = walk(place)
    assert run.result["select_people"]["excluded"] == {reason: 1}
    assert set(Draft.objects.filter(origin__startswith="workflow").values_list("person")) == {
        (other.pk,)
    }


@pytest.mark.parametrize(
    "act",
    [
        lambda person: contact(person, 91),
        lambda person: contact(person, 1, voided_at=WORKDAY),
        lambda person: Draft.objects.filter(pk=testing.make_draft(person).pk).update(
            status="rejected", updated_at=WORKDAY - timedelta(days=91)
        ),
    ],
)
def test_what_is_long_ago_or_void_does_not_count(place, act):
    [person] = making.people(place, 1)
    act(person)
    assert walk(place).result["select_people"]["selected"] == 1


def test_whose_message_was_rejected_lately_is_left_out(place):
    [person] = making.people(place, 1)
    Draft.objects.filter(pk=testing.make_draft(person).pk).update(
        status="rejected", updated_at=WORKDAY - timedelta(days=89)
    )
    result = walk(place).result["select_people"]
    assert (result["selected"], result["excluded"]["rejected"]) == (0, 1)


def test_who_is_suppressed_is_left_out_also_when_it_happens_meanwhile(place):
    first, second, third = making.people(place, 3)

    def close(person):
        address = person.addresses.get(channel="email").normalised
        by = testing.alice(place)
        suppression.suppress(place, "email", address, reason="complaint", by=by, at=WORKDAY)

    def watch(progress):
        if progress.name == "gather_facts":
            close(first)

    close(third)
    run = making.run(place, limit=2)
    result = engine.work(run.pk, clock=Clock(), watch=watch).result
    assert result["select_people"]["excluded"] == {"suppressed": 1}
    assert result["write_drafts"]["skipped"] == {"suppressed": 1}
    assert [*Draft.objects.values_list("person_id", flat=True)] == [second.pk]


def test_zero_days_counts_no_contact(place):
    [person] = making.people(place, 1)
    contact(person, 1)
    assert walk(place, days=0).result["select_people"]["selected"] == 1


def test_the_limit_takes_those_connected_latest(place):
    made = making.people(place, 4)
    undated = testing.make_person(place)
    run = walk(place, limit=2)
    assert run.result["select_people"]["excluded"] == {"beyond_limit": 3}
    assert set(Draft.objects.values_list("person_id", flat=True)) == {made[3].pk, made[2].pk}
    assert walk(place).result["write_drafts"]["written"] == 3
    assert Draft.objects.filter(person=undated).exists()


def test_duplicates_are_one_human_being(place):
    person, double = making.people(place, 2)
    Person.objects.filter(pk=double.pk).update(merged_into=person)
    person.addresses.all().delete()
    walk(place)
    draft = Draft.objects.get()
    assert draft.person == person
    assert draft.current.address == double.addresses.get().normalised


def test_an_open_message_to_a_duplicate_counts_for_the_human_being(place):
    person, double = making.people(place, 2)
    Person.objects.filter(pk=double.pk).update(merged_into=person)
    testing.make_draft(double)
    assert walk(place).result["select_people"]["excluded"] == {"open_message": 1}


def test_people_of_another_workspace_are_not_seen(place):
    making.people(making.place("north"))
    assert walk(place).result["select_people"]["selected"] == 0
    assert not Draft.objects.exists()


def test_who_is_stopped_after_the_choice_gets_nothing(place, monkeypatch):
    made = making.people(place, 3)
    run = making.run(place)

    def watch(progress):
        if (progress.name, progress.done) == ("gather_facts", 3):
            block(made[0])
            contact(made[1], 0)

    ended = engine.work(run.pk, clock=Clock(), watch=watch)
    assert ended.result["write_drafts"] == {"written": 1, "skipped": {"blocked": 1, "contacted": 1}}
    assert Draft.objects.get(origin=f"workflow-run:{run.pk}").person == made[2]


@pytest.mark.parametrize("direction", ["in", "out"])
def test_only_whom_a_message_passed_with_is_greeted_as_known(place, direction):
    known, gone, stranger = making.people(place, 3)
    contact(known, 200, direction)
    contact(gone, 200, direction)
    Contact.objects.filter(human=gone).update(voided_at=WORKDAY)
    run = making.run(place, template="by_history", about=ABOUT)
    engine.work(run.pk, clock=Clock())
    rows = Draft.objects.order_by("pk").values_list("person", "template", "purpose")
    assert {pk: said for pk, *said in rows} == {
        known.pk: ["reconnect", "personal"],
        gone.pk: ["introduction", "promotional"],
        stranger.pk: ["introduction", "promotional"],
    }


# --- What ----------------------------------------------------------------------------------------


def test_a_draft_is_written_by_the_agent_with_its_reasons(place):
    made = making.people(place, 2)
    run = walk(place)
    draft = Draft.objects.get(person=made[1])
    words = draft.current
    assert (draft.by_kind, draft.by_label) == ("agent", "Drafting agent")
    assert (draft.template, draft.purpose) == ("reconnect", "personal")
    assert draft.origin == f"workflow-run:{run.pk}"
    assert "as Head of Data at Acme" in words.text or "at Acme, where" in words.text
    assert words.text.endswith("we will not write again.")
    assert words.confidence == sum(part["points"] for part in words.confidence_parts)
    assert words.reasoning.endswith(".")
    assert f"Confidence {words.confidence} of 100" in words.reasoning
    assert words.context["facts"]["company"] == {
        "value": "Acme", "source": "Connections.csv",
    }  # fmt: skip
    assert words.context["run"] == run.pk


def test_what_is_not_known_is_left_out_and_lowers_confidence(place):
    made = making.people(place, 2)
    Person.objects.filter(pk=made[0].pk).update(greeting_name="", connected_on=None)
    walk(place)
    thin, full = (Draft.objects.get(person=person).current for person in made)
    assert thin.text.startswith("Hello,\n\n")
    assert "LinkedIn" not in thin.text
    assert "you are with Acme" in thin.text
    assert thin.confidence < full.confidence
    assert "Not known: month of connection, greeting name, position." in thin.reasoning


def test_notes_of_ours_are_never_told(place):
    making.people(place, 1)
    Person.objects.update(notes="SECRET NOTE")
    walk(place)
    words = Draft.objects.get().current
    assert "SECRET" not in words.text + words.subject + str(words.context)


def test_a_hostile_cell_changes_nothing_but_its_own_sentence(place):
    made = making.people(place, 1)
    made[0].account.name = "{{ settings.SECRET_KEY }}"
    made[0].account.save()
    Person.objects.update(position="CEO\r\nBcc: all@example.org", greeting_name="{% include 'x' %}")
    walk(place)
    words = Draft.objects.get().current
    assert words.text.startswith("Hello,\n\n")
    assert "{" not in words.text + words.subject
    assert words.address == made[0].addresses.get().normalised
    assert "Bcc" not in words.text


def test_history_counts_in_confidence(place):
    first, silent, friend, nobody = making.people(place, 4)
    contact(silent, 200, "out")
    contact(silent, 190, "out")
    contact(friend, 200, "out")
    contact(friend, 190)
    found = recipients.load([first.pk, silent.pk, friend.pk, nobody.pk], "email")
    assert [(found[p.pk].have_answered, found[p.pk].unanswered) for p in (silent, friend)] == [
        (False, 2), (True, 0),
    ]  # fmt: skip
    walk(place)
    because = {draft.person_id: draft.current.reasoning for draft in Draft.objects.all()
               if draft.current and draft.origin}  # fmt: skip
    assert "the first contact" in because[first.pk]
    assert "the last 2 messages were not answered" in because[silent.pk]
    assert "they have written to us" in because[friend.pk]


# --- Submitting ----------------------------------------------------------------------------------


def test_submit_asks_in_the_agents_name(place):
    making.people(place)
    run = walk(place, submit=True)
    assert run.result["submit_drafts"] == {"queued": 4, "kept_as_draft": 0, "decided_meanwhile": 0}
    assert set(Approval.objects.values_list("by_kind", "status")) == {("agent", "pending")}
    assert Approval.objects.first().routing["principal_type"] == "agent"


def test_assisted_autonomy_keeps_drafts(place):
    making.people(place)
    Workspace.objects.update(autonomy_mode="assisted")
    run = walk(place, submit=True)
    assert run.result["submit_drafts"]["kept_as_draft"] == 4
    assert not Approval.objects.exists()


def test_a_contradicting_configuration_stops_with_what_to_do(place, monkeypatch):
    making.people(place)
    run = making.run(place, submit=True)

    def route(**_):
        raise routing.RoutingError("Autopilot and Safe Mode are both on.")

    monkeypatch.setattr(routing, "route", route)
    ended = engine.work(run.pk, clock=Clock())
    assert (ended.status, ended.error) == ("failed", "Autopilot and Safe Mode are both on.")


def test_what_somebody_submitted_meanwhile_is_left_alone(place):
    making.people(place, 2)
    run = making.run(place, submit=True)

    def watch(progress):
        if (progress.name, progress.done, progress.total) == ("write_drafts", 2, 2):
            submission.submit(Draft.objects.first().pk, by=testing.bob(place), at=WORKDAY)

    ended = engine.work(run.pk, clock=Clock(), watch=watch)
    assert ended.result["submit_drafts"]["decided_meanwhile"] == 1
    assert Approval.objects.count() == 2


def test_who_is_stopped_before_submission_keeps_a_draft_with_the_reason(place):
    made = making.people(place, 2)
    run = making.run(place, submit=True)

    def watch(progress):
        if (progress.name, progress.done, progress.total) == ("write_drafts", 2, 2):
            automation_off(made[0])

    ended = engine.work(run.pk, clock=Clock(), watch=watch)
    assert ended.result["submit_drafts"]["kept_as_draft"] == 1
    assert "Automation disabled" in Draft.objects.get(person=made[0]).status_reason
    assert SafetyEvent.objects.filter(code="automation_off").count() == 1


# --- Options -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"template": "nope"}, "There is no template 'nope'"),
        ({"limit": 0}, "limit must be a whole number from 1"),
        ({"limit": -3}, "limit must be"),
        ({"limit": True}, "limit must be"),
        ({"limit": "nine"}, "limit must be"),
        ({"nothing": 1}, "no option nothing. It has: about, days, engine, import, limit"),
        ({"engine": "magic"}, "There is no engine 'magic'"),
        ({"engine": "model"}, "No language model is set up. Set LLM_MODEL"),
        ({"limit": 10**9}, "limit must be"),
        ({"limit": "9" * 5000}, "limit must be"),
        ({"submit": "flase"}, "submit must be true or false, not 'flase'"),
        ({"submit": [True]}, "submit must be true or false"),
        ({"about": {"a": 1}}, "about must be a text"),
        ({"days": -1}, "days must be a whole number from 0"),
        ({"about": "x" * 301}, "about has 301 characters"),
        ({"template": "introduction"}, "needs a sentence about your work"),
        ({"template": "introduction", "about": "{{ x }}"}, "needs a sentence about your work"),
    ],
)
def test_bad_options_are_refused_with_what_to_give(place, given, says):
    with pytest.raises(BadOptions, match=says):
        definitions.find("email_drafts").prepare(place, given)


def test_a_workspace_without_a_senders_name_is_refused():
    with pytest.raises(BadOptions, match="no sender's name"):
        definitions.find("email_drafts").prepare(testing.make_workspace(), {})


def test_options_are_kept_complete(place):
    assert definitions.find("email_drafts").prepare(place, {"limit": 5, "about": ABOUT}) == {
        "template": "by_history", "limit": 5, "days": 90, "about": ABOUT, "engine": "templates",
        "submit": False, "import": "", "people": "",
    }  # fmt: skip


def test_the_introduction_says_what_we_do(place):
    making.people(place, 1)
    walk(place, template="introduction", about="We keep records in order")
    text = Draft.objects.get().current.text
    assert "My name is Mira Keller. We keep records in order.\n" in text


# --- Statements ----------------------------------------------------------------------------------


def statements(place, count):
    run = making.run(place, limit=count)
    with CaptureQueriesContext(connection) as seen:
        engine.work(run.pk, clock=Clock())
    return len(seen)


def test_statements_per_draft_are_constant(place):
    making.people(place, 60)
    few, many = statements(place, 10), statements(place, 50)
    per_draft = (many - few) / 40
    assert per_draft <= 9, per_draft
