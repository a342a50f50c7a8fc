"""A row about somebody else that only mentions a person: their part is told or cut, no more."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from approvals import services
from channels import merging
from channels.models import Delivery, EventKind, ProviderEvent
from outreach import testing
from outreach.core import activity, suppression
from outreach.core.importing import jobs
from outreach.core.models import Account, Person
from outreach.core.models.workspace import SettingChange
from outreach.edge.hooks import events as hooked
from outreach.edge.models import KeptAnswer, Webhook, WebhookEvent
from outreach.edge.privacy import cutting, telling
from outreach.edge.privacy.erasing import erase
from outreach.edge.tests import api, marked
from outreach.testing import WORKDAY
from safety import events as refusals
from safety.models import SafetyEvent
from workflows import engine
from workflows import services as flows
from workflows.models import Artifact, ResearchSnapshot, Run

pytestmark = pytest.mark.django_db(transaction=True)
LATER = WORKDAY + timedelta(minutes=1)
WHY = "By letter of 3 March"
BODY = {"channel": "email", "subject": "Minutes", "purpose": "informational",
        "text": "Here are the minutes.\nAnna Meier took them.\nAs agreed."}  # fmt: skip


@pytest.fixture
def anna():
    return testing.make_person(name="Anna Meier")


@pytest.fixture
def bob(anna):
    return testing.make_person(anna.workspace, "Bob Huber")


def erased(person):
    return erase(person, reason=WHY, by=testing.dora(), at=LATER)


def told(person) -> dict:
    return json.loads("".join(telling.export(person, by=testing.dora(), at=LATER)))


def parts(found: dict, table: str) -> list:
    return [part for row in found["shared"] if row["table"] == table for part in row["parts"]]


def hook(place) -> Webhook:
    return Webhook.objects.create(
        workspace=place, url="https://example.org/", families=["decision"], created_at=LATER,
        **testing.dora().fields(),
    )  # fmt: skip


def rejected(person, why) -> WebhookEvent:
    """As the log tells a program of it."""
    item = testing.make_pending(person)
    services.reject(item.pk, by=testing.alice(), at=LATER, reason=why)
    hooked.put_down(at=LATER)
    return WebhookEvent.objects.order_by("-pk")[0]


# --- Answers kept for programs -------------------------------------------------------------------


def test_a_kept_answer_about_another_loses_a_line_and_is_given_again(anna, bob):
    bot, key = api.agent(), {"Idempotency_Key": "one"}
    body = {**BODY, "person": str(bob.uuid)}
    first = bot.post("/api/drafts", body, **key).json()
    assert "Anna Meier" in first["text"]
    found = told(anna)
    assert found["kept_answers"] == []
    assert parts(found, "kept_answers") == ["Anna Meier took them."]
    assert "Bob Huber" not in json.dumps(found)
    erased(anna)
    again = bot.post("/api/drafts", body, **key)
    assert again.status_code == 201
    assert again.json()["uuid"] == first["uuid"]
    assert "Here are the minutes." in again.json()["text"] and "Anna" not in again.json()["text"]
    assert KeptAnswer.objects.get().body["digest"] == first["digest"]


def test_a_kept_answer_of_a_run_about_them_is_theirs(anna):
    type(anna.workspace).objects.update(sender_name="Mira Keller")
    bot, key = api.agent(), {"Idempotency_Key": "one"}
    asked = {"name": "call_prep", "options": {"person": str(anna.uuid), "goal": "x",
             "about": "We keep records."}}  # fmt: skip
    first = bot.post("/api/workflow-runs", asked, **key)
    assert first.status_code == 201, first.content
    assert len(told(anna)["kept_answers"]) == 1
    erased(anna)
    assert bot.post("/api/workflow-runs", asked, **key).status_code == 410


# --- What waits for a program --------------------------------------------------------------------


def test_a_decision_about_anothers_message_still_reaches_its_program(anna, bob):
    hook(anna.workspace)
    row = rejected(bob, 'Not to Bob.\nAnna Meier said "no".\nWait.')
    found = told(anna)
    assert found["webhook_events"] == []
    assert parts(found, "webhook_events") == ['Anna Meier said "no".']
    before, due_at = json.loads(row.body), row.due_at
    erased(anna)
    row.refresh_from_db()
    after = json.loads(row.body)
    assert row.due_at == due_at
    assert after["data"].pop("feedback") == "Not to Bob.\nWait."
    assert before["data"].pop("feedback") and after == before
    assert row.body == hooked.packed(json.loads(row.body))


def test_a_decision_about_their_own_message_is_told_whole_and_goes(anna):
    hook(anna.workspace)
    row = rejected(anna, "Not now.")
    assert [each["id"] for each in told(anna)["webhook_events"]] == [row.pk]
    erased(anna)
    row.refresh_from_db()
    assert (row.body, row.due_at) == ("", None)


# --- Events of safety and of providers -----------------------------------------------------------


def refused(person, reason) -> SafetyEvent:
    draft = testing.make_draft(person) if person else None
    with transaction.atomic():
        refusals.record(
            event_type="send", action_blocked="send", reason=reason, code="x", by=testing.dora(),
            at=LATER, workspace=testing.make_workspace(), draft=draft,
        )  # fmt: skip
    return SafetyEvent.objects.order_by("-pk")[0]


def test_why_anothers_message_was_refused_stays_and_is_named(anna, bob):
    """Its table lets a reason go whole only, so that nobody can rewrite one."""
    row = refused(bob, "Two people are named:\nAnna Meier")
    found = told(anna)
    assert found["safety_events"] == []
    assert parts(found, "safety_events") == ["Anna Meier"]
    done = erased(anna)
    row.refresh_from_db()
    assert row.reason == "Two people are named:\nAnna Meier"
    assert done.elsewhere == (("safety_events", row.pk),)


def test_why_their_own_or_nobodys_message_was_refused_goes(anna):
    """What is of no message may still tell of others, so only the line of theirs is told."""
    rows = [refused(anna, "It presses."), refused(None, "Bob Huber rang\nAnna Meier rang")]
    found = told(anna)
    assert [each["id"] for each in found["safety_events"]] == [rows[0].pk]
    assert parts(found, "safety_events") == ["Anna Meier rang"]
    assert erased(anna).elsewhere == ()
    for row in rows:
        row.refresh_from_db()
        assert row.reason == "Erased."


def provided(number, payload, **more) -> ProviderEvent:
    return ProviderEvent.objects.create(
        provider="ses", event_id=number, kind=EventKind.OTHER, at=WORKDAY, payload=payload,
        judged_at=WORKDAY, **more,
    )  # fmt: skip


def delivered(person) -> Delivery:
    item = testing.make_approved(person)
    return Delivery.objects.create(
        workspace=person.workspace, approval=item, human=person, channel="email", status="sent",
        since=WORKDAY,
    )  # fmt: skip


@pytest.mark.parametrize("by", ["delivery", "recipient"])
def test_what_became_of_anothers_message_is_kept_but_for_their_part(anna, bob, by):
    said = {"said": "550 forwarded to\nanna@else.example\nunknown", "codes": [1]}
    anna.addresses.update(normalised="anna@else.example", raw="anna@else.example")
    more, theirs = {"delivery": delivered(bob), "workspace": bob.workspace}, "bob@else.example"
    row = (
        provided("1:x:anna@else.example", said, **more)
        if by == "delivery" else provided("1:x:anna@else.example", {**said, "recipient": theirs})
    )  # fmt: skip
    found = told(anna)
    assert found["provider_events"] == []
    assert "anna@else.example" in parts(found, "provider_events")
    assert theirs not in json.dumps(found)
    assert erased(anna).elsewhere == ()
    row.refresh_from_db()
    assert row.payload["said"] == "550 forwarded to\nunknown"
    assert row.payload["codes"] == [1] and row.event_id == f"erased:{row.pk}"
    assert row.payload.get("recipient", theirs) == theirs


def test_what_was_told_of_their_address_is_theirs(anna):
    address = anna.addresses.get().normalised
    row = provided("x", {"recipient": address.upper(), "said": "mailbox full"})
    assert [each["id"] for each in told(anna)["provider_events"]] == [row.pk]
    erased(anna)
    row.refresh_from_db()
    assert row.payload == {}


@pytest.mark.parametrize("other", ["hans.{}", "hans+{}", "hans-{}", "{}.au"])
def test_what_was_told_of_a_longer_address_is_anothers(anna, other):
    theirs = anna.addresses.get().normalised
    row = provided("x", {"recipient": other.format(theirs), "said": "550 no such user"})
    assert theirs not in json.dumps([told(anna)[each] for each in ("provider_events", "shared")])
    erased(anna)
    row.refresh_from_db()
    assert row.event_id == "x" and row.payload["said"] == "550 no such user"


# --- Reports of imports --------------------------------------------------------------------------


FILE = (
    "Name,Email,Position,Notes\n"
    "Anna Meier,anna@else.example,,Likes tea\n"
    'Bob Huber,bob@else.example,Clerk,"Knows Anna Meier"\n'
    "A. M.,anna@else.example,,Likes coffee\n"
)


def test_anothers_line_of_a_report_is_neither_told_nor_dropped(anna, bob):
    for person in (anna, bob):
        form = f"{person.first_name.lower()}@else.example"
        person.addresses.update(normalised=form, raw=form)
    by = testing.dora()
    row = marked.upload(anna.workspace, by, FILE)
    jobs.ask_apply(row, by=by, at=LATER)
    jobs.work(clock=lambda: LATER)
    (found,) = told(anna)["import_lines"]
    said = json.dumps(found["lines"])
    assert "notes: Likes tea" in said and "A. M." in said and "notes: Knows Anna Meier" in said
    assert "Bob" not in said and "bob@" not in said and "Clerk" not in said
    erased(anna)
    left = b"".join(jobs.report_of(row)).decode("utf-8-sig")
    assert "Bob Huber" in left and "position: Clerk" in left
    assert not [each for each in ("Anna", "anna@", "Likes", "A. M.") if each in left]


def test_who_shares_a_mailbox_with_them_is_neither_told_nor_dropped(anna):
    anna.addresses.update(normalised="office@else.example", raw="office@else.example")
    by = testing.dora()
    text = "Name,Email,Position\nCarl Long,office@else.example,Clerk\n"
    row = marked.upload(anna.workspace, by, text)
    jobs.ask_apply(row, by=by, at=LATER)
    jobs.work(clock=lambda: LATER)
    found = json.dumps(told(anna))
    assert "Anna Meier, who shares it" in found
    assert "Carl" not in found and "Clerk" not in found
    erased(anna)
    row.refresh_from_db()
    left = b"".join(jobs.report_of(row)).decode("utf-8-sig")
    for each in (left, json.dumps(row.report)):
        assert "Carl Long" in each and "Anna" not in each and "office@" not in each


# --- What is known of companies ------------------------------------------------------------------


def researched(place, name, *lines) -> ResearchSnapshot:
    asked = {"account": name, "text": "\n".join(lines)}
    run = flows.start("account_research", place, asked, by=testing.dora(), at=LATER)
    engine.work(run.pk, clock=lambda: LATER)
    return ResearchSnapshot.objects.get(run=run)


@pytest.mark.parametrize("shared", [False, True])
def test_a_position_names_them_at_their_own_company_and_only_where_nobody_else_has_it(
    anna, bob, live, shared
):
    place = anna.workspace
    acme, beta = (Account.objects.create(workspace=place, name=n, key=n) for n in ("Acme", "Beta"))
    for person, account in ((anna, acme), (bob, beta)):
        Person.objects.filter(pk=person.pk).update(account=account, position="Sales Manager")
    testing.make_person(place, "Cy Long", account=acme, position="sales  manager" if shared else "")
    line = "The new Sales Manager begins in spring."
    ours = researched(place, "Acme", line, "Anna Meier likes tea.")
    other = researched(place, "Beta", line, "Bob Huber was appointed as Sales Manager.")
    said = json.dumps(told(anna)["shared"])
    assert "Bob Huber" not in said and "likes tea" in said and (line in said) is not shared
    before = other.data
    erased(anna)
    for row in (ours, other):
        row.refresh_from_db()
    assert other.data == before
    assert [each["text"] for each in ours.data["pasted"]] == [f"{line}\n" if shared else ""]


@pytest.mark.parametrize("name", ["Anna Meier Huber", "Eva Anna Meier", "Hans-Anna Meier"])
def test_a_longer_name_that_is_anothers_is_not_theirs(anna, name):
    by = testing.dora()
    text = f'Name,Email,Position\n{name},x@else.example,Clerk\nAnna Meier,y@else.example,"Aide"\n'
    row = marked.upload(anna.workspace, by, text)
    jobs.ask_apply(row, by=by, at=LATER)
    jobs.work(clock=lambda: LATER)
    noted = SettingChange.objects.create(
        workspace=anna.workspace, settings={}, reason=f"Ask {name}.\nAsk Anna  Meier of {name}.",
        at=LATER, **by.fields(),
    )  # fmt: skip
    found = told(anna)
    assert name not in json.dumps([found["import_lines"], parts(found, "imports")])
    assert parts(found, "setting_changes") == [f"Ask Anna  Meier of {name}."]
    erased(anna)
    row.refresh_from_db()
    noted.refresh_from_db()
    assert [each["name"] for each in row.report["rows"]] == [name]
    assert name in b"".join(jobs.report_of(row)).decode("utf-8-sig")
    assert noted.reason == f"Ask {name}.\n"


# --- Lists ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("about", [{"person": 8}, {"person": "u-8"}, {"human_id": 8}])
def test_of_anothers_entry_in_a_list_only_what_names_them_goes(about):
    who = cutting.words(people=[7], uuids=["u-7"], names=["Anna Meier"])
    entry = {**about, "name": "Bob", "why": "knows Anna Meier", "more": ["Anna Meier", "x"]}
    kept, found = cutting.cut([entry], who)
    assert kept == [{**about, "name": "Bob", "why": "", "more": ["x"]}]
    assert found == ["knows Anna Meier", "Anna Meier"]


def test_a_result_about_another_names_them_no_more_and_is_theirs_still(anna, bob):
    data = {"entries": [{"person": bob.pk, "name": "Bob Huber", "why": "knows Anna Meier"}]}
    how = {"workspace": bob.workspace, **testing.dora().fields()}
    run = Run.objects.create(name="prospect_shortlist", status="done", **how)
    row = Artifact.objects.create(
        workspace=bob.workspace, run=run, kind="shortlist", title="x", data=data, created_at=LATER
    )
    assert "Bob Huber" not in json.dumps(told(anna))
    erased(anna)
    row.refresh_from_db()
    assert row.data["entries"] == [{"person": bob.pk, "name": "Bob Huber", "why": ""}]


def test_data_about_another_that_names_them_is_told_of_as_texts_are(anna, bob):
    type(bob).objects.filter(pk=bob.pk).update(facts={"boss": {"value": "Anna\nMeier"}})
    assert erased(anna).elsewhere == (("people", bob.pk),)


def test_of_a_merge_that_was_undone_only_their_own_side_is_told(anna, bob):
    type(bob).objects.filter(pk=bob.pk).update(notes="Bob is ill")
    bob.refresh_from_db()
    row = merging.merge(anna, bob, take=[], by=testing.dora(), at=LATER)
    merging.undo(row, by=testing.dora(), at=LATER)
    for person, other in ((anna, "Bob"), (bob, "Anna")):
        person.refresh_from_db()
        found = told(person)
        assert [each["id"] for each in found["merges"]] == [row.pk]
        assert other not in json.dumps(found["merges"])


# --- What holds in any case ----------------------------------------------------------------------


def test_nothing_of_another_workspace_changes(anna):
    there = testing.make_workspace("other")
    by = testing.dora(there)
    same = testing.make_person(there, "Anna Meier", notes="Anna Meier")
    address = anna.addresses.get().normalised
    same.addresses.update(normalised=address, raw=address)
    hook(there)
    item = testing.make_pending(same)
    services.reject(item.pk, by=testing.alice(there), at=LATER, reason="Anna Meier rang")
    hooked.put_down(at=LATER)
    with transaction.atomic():
        refusals.record(event_type="send", action_blocked="send", reason="Anna Meier", code="x",
                        by=by, at=LATER, workspace=there, draft=item.draft)  # fmt: skip
    provided("x", {"said": "Anna Meier", "recipient": address}, workspace=there)
    seen = LogEntry.objects.create(
        user_id=by.user.pk, content_type=ContentType.objects.get_for_model(type(by.user)),
        object_id="1", object_repr="Anna Meier", action_flag=CHANGE, change_message="Anna Meier",
    )  # fmt: skip
    before, found = _everything(there), told(anna)
    assert found["shared"] == found["provider_events"] == found["safety_events"] == []
    assert erased(anna).elsewhere == ()
    assert _everything(there) == before
    assert activity.verify().bad is None
    seen.refresh_from_db()
    assert (seen.object_repr, seen.change_message) == ("Anna Meier", "Anna Meier")
    assert not suppression.is_suppressed(there, "email", address)


def _everything(place) -> list:
    from outreach.edge.privacy.declared import RULES, model_of
    from outreach.edge.privacy.reading import BELONGS

    found = []
    for label in RULES:
        model = model_of(label)
        path = BELONGS.get(label) or "workspace"
        if label in BELONGS or "workspace" in {each.name for each in model._meta.fields}:
            rows = model._base_manager.filter(**{path: place})
            found.append((label, list(rows.order_by("pk").values())))
    return found
