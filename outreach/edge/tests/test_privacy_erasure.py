"""Erased means erased: no mark of theirs anywhere, and everything else still holds."""

from __future__ import annotations

import io
import json
import unicodedata
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import Client
from django.urls import reverse

from approvals.models import Approval, Notice
from channels import manual, merging, stop, unsubscribe
from channels.models import Delivery
from outreach import testing
from outreach.core import activity, consent, drafts, person_editing, suppression
from outreach.core.consent import ConsentRefused
from outreach.core.importing import jobs
from outreach.core.merging import MergeRefused
from outreach.core.models import (
    Account,
    Activity,
    Address,
    Contact,
    Draft,
    Import,
    InboundMessage,
    Merge,
    Person,
    Revision,
    Suppression,
)
from outreach.core.models.workspace import SettingChange
from outreach.core.people import PersonRefused, add_address
from outreach.core.permissions import NotAllowed
from outreach.edge.models import KeptAnswer, WebhookEvent
from outreach.edge.privacy import erasing
from outreach.edge.privacy.erasing import EraseRefused, erase
from outreach.edge.tests import api, marked
from outreach.edge.tests.marked import LATER, OTHER
from outreach.testing import WORKDAY
from safety.models import SafetyEvent
from workflows.models import Artifact, ResearchSnapshot, Run, Schedule

pytestmark = pytest.mark.django_db(transaction=True)
WHY = "By letter of 3 March"


@pytest.fixture
def life(live):
    with time_machine.travel(WORKDAY + timedelta(minutes=1), tick=True):
        yield marked.everywhere(testing.dora())


def digests() -> dict[int, str]:
    return dict(Revision.objects.values_list("pk", "digest"))


def test_nothing_of_them_is_left_in_any_column_of_any_table(life):
    before, told = digests(), list(Activity.objects.order_by("pk").values())
    receipts = {row.pk: row.receipt for row in Approval.objects.exclude(receipt={})}
    assert marked.found_anywhere()
    done = erase(life.person, reason=f"{WHY}\n{marked.NAME} wrote", by=testing.dora(), at=LATER)
    assert marked.found_anywhere() == []
    assert done.elsewhere == ()
    assert digests() == before
    assert list(Activity.objects.order_by("pk").values())[: len(told)] == told
    assert activity.verify().bad is None
    assert {row.pk: row.receipt for row in Approval.objects.exclude(receipt={})} == receipts
    entry = Activity.objects.get(verb="people.erased")
    assert (entry.object_id, entry.codes["records"]) == (str(life.person.pk), 2)
    stub = Person.objects.get(pk=life.person.pk)
    assert (stub.full_name, stub.status) == (f"Erased person {stub.pk}", "blocked")
    assert (stub.status_reason, stub.erased_at) == (f"Erased. {WHY}", LATER)
    assert Person.objects.get(pk=life.second.pk).erased_at == LATER
    _others_are_whole(life)
    _what_waited_has_ended(life)


def _others_are_whole(life) -> None:
    """Of rows about several people only their part went."""
    other = Person.objects.get(pk=life.other.pk)
    assert (other.full_name, other.addresses.count()) == (OTHER, 2)
    assert Account.objects.filter(name="Acme Ltd").exists()
    assert not Account.objects.filter(pk__in=[life.second.account_id]).exists()
    report = Import.objects.order_by("pk").first()
    assert [row["name"] for row in report.report["rows"] if "name" in row] == [OTHER]
    assert report.report["counts"]["new"] == 2
    assert OTHER in b"".join(jobs.report_of(report)).decode("utf-8-sig")
    shortlist = Artifact.objects.get(kind="shortlist")
    assert [row["person"] for row in shortlist.data["entries"]] == [other.pk]
    snapshot = ResearchSnapshot.objects.get()
    assert [row["person"] for row in snapshot.data["people"]] == [other.pk]
    assert "has opened a new office" in json.dumps(snapshot.data["pasted"])
    assert SettingChange.objects.get(settings={"daily_quota": 5}).reason == f"and for {OTHER}"
    assert Notice.objects.get().body == f"{OTHER} is back."
    ranked = Run.objects.get(name="prospect_shortlist").steps.get(name="rank_people").output
    assert [row[1] for row in ranked["best"]] == [other.pk]


def _what_waited_has_ended(life) -> None:
    assert not Approval.objects.filter(status="pending", draft__person__in=life_ids(life)).exists()
    left = Draft.objects.filter(person__in=life_ids(life)).values_list("status", flat=True)
    assert set(left) == {"rejected", "sent"}
    assert not Schedule.objects.exists()
    assert not Artifact.objects.filter(person__isnull=False).exclude(person=life.other).exists()
    assert Import.objects.get(status="cancelled").parts.count() == 0
    assert not InboundMessage.objects.filter(status__in=["new", "needs_person", "wants_reply"])
    assert [row.due_at for row in WebhookEvent.objects.order_by("pk")] == [None, LATER]
    answer = KeptAnswer.objects.get()
    assert (answer.http_status, answer.body["errors"][0]["code"]) == (410, "erased")


def life_ids(life) -> list[int]:
    return [life.person.pk, life.second.pk]


def test_they_cannot_be_written_to_again_after_a_new_import(life, client):
    by = testing.dora()
    erase(life.person, reason=WHY, by=by, at=LATER)
    again = marked.upload(life.place, by, marked.FILE)
    jobs.ask_apply(again, by=by, at=LATER)
    jobs.work(clock=lambda: LATER)
    person = Person.objects.get(full_name=marked.NAME)
    assert person.pk not in life_ids(life)
    row = suppression.find(life.place, "email", "zqxanna+news@zqxmail.example")
    assert (row.reason, row.lifted_at) == ("erasure", None)
    assert suppression.is_suppressed(life.place, "linkedin", marked.URL)
    assert suppression.is_suppressed(life.place, "email", "zqxold@zqxmail.example")
    words = drafts.Text(subject="Hello", text="Here are the minutes, as agreed.")
    draft = drafts.write(
        life.place, person, "email", words, by=by, at=LATER, purpose="informational"
    )
    submitted = marked.submission.submit(draft.pk, by=by, at=LATER)
    assert submitted.approval is None
    assert "suppression list" in submitted.draft.status_reason


@pytest.mark.parametrize(("known", "other"), [("phone", "whatsapp"), ("whatsapp", "phone")])
def test_a_number_is_suppressed_for_calls_and_for_messages(known, other):
    """Whoever brings it anew may bring it as the other."""
    person = testing.make_person()
    add_address(person.workspace, person, known, "+41 44 668 18 77")
    client = Client()
    client.force_login(testing.dora().user)
    page = client.get(reverse("admin:core_person_privacy", args=[person.pk])).text
    done = erase(person, reason=WHY, by=testing.dora(), at=LATER)
    assert suppression.is_suppressed(person.workspace, other, "+41446681877")
    assert done.suppressed == 2, "the e-mail address and the number"
    assert Suppression.objects.count() == 3
    told = "2 addresses (3 lines: a number stands there for calls and for WhatsApp)"
    assert told in page and f"{told} are suppressed" in done.sentence()
    again = testing.make_person()
    add_address(again.workspace, again, other, "+41 44 668 18 77")
    draft = testing.make_draft(again, channel=other, subject="")
    assert marked.submission.submit(draft.pk, by=testing.dora(), at=LATER).approval is None


def test_a_number_that_is_anothers_for_calls_stays_theirs():
    person, other = testing.make_person(), testing.make_person()
    add_address(person.workspace, person, "whatsapp", "+41 44 668 18 77")
    add_address(person.workspace, other, "phone", "+41 44 668 18 77")
    erase(person, reason=WHY, by=testing.dora(), at=LATER)
    assert not suppression.is_suppressed(person.workspace, "phone", "+41446681877")
    assert suppression.is_suppressed(person.workspace, "whatsapp", "+41446681877")


def test_the_stub_takes_nothing_in_any_more(life):
    by = testing.dora()
    erase(life.person, reason=WHY, by=by, at=LATER)
    stub = Person.objects.get(pk=life.person.pk)
    how = {"by": by, "at": LATER + timedelta(days=9)}
    with pytest.raises(PersonRefused, match="was erased on 2026-03-11"):
        stop.lift_person(stub, reason="x", **how)
    with pytest.raises(PersonRefused, match="new person"):
        person_editing.change(stub, {"notes": "back"}, **how)
    with pytest.raises(PersonRefused, match="was erased"):
        stop.set_automation(stub, False, reason="x", **how)
    with pytest.raises(drafts.TextRefused, match="was erased"):
        testing.make_draft(stub)
    with pytest.raises(ConsentRefused, match="was erased"):
        consent.grant(stub, "email", "customer", source="x", **how)
    with pytest.raises(MergeRefused, match="was erased"):
        merging.merge(testing.make_person(), stub, **how)
    with pytest.raises(MergeRefused, match="was erased"):
        merging.undo(Merge.objects.get(), **how)


def test_doing_it_again_erases_what_came_since(life):
    by = testing.dora()
    erase(life.person, reason=WHY, by=by, at=LATER)
    Person.objects.filter(pk=life.person.pk).update(notes="zqxlate")
    testing.make_inbound(Person.objects.get(pk=life.person.pk), text="zqxlate words")
    erase(life.person, reason=WHY, by=by, at=LATER + timedelta(days=1))
    assert marked.found_anywhere() == []
    assert Person.objects.get(pk=life.person.pk).erased_at == LATER


# --- Refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", erasing.UNDER_WAY)
def test_refused_while_a_message_may_be_at_its_reader(status):
    item = testing.make_approved()
    person = item.draft.person
    Delivery.objects.create(
        workspace=item.workspace, approval=item, human=person, channel="email", status=status,
        since=WORKDAY, sender=person.uuid, place="here", boot_id="x",
    )  # fmt: skip
    with pytest.raises(EraseRefused, match=r"Nothing\s+was erased"):
        erase(person, reason=WHY, by=testing.dora(), at=LATER)
    person.refresh_from_db()
    assert (person.status, person.erased_at) == ("active", None)
    assert not Activity.objects.filter(verb="people.erased").exists()


def test_what_begins_between_the_stop_and_the_erasure_keeps_it_back(monkeypatch):
    """The first look is a courtesy; the one under the locks decides."""
    item = testing.make_approved()
    person = item.draft.person

    def begin(who, **_):
        Delivery.objects.create(
            workspace=item.workspace, approval=item, human=person, channel="email",
            status="unknown", since=WORKDAY,
        )  # fmt: skip

    monkeypatch.setattr(erasing.ending, "stop", begin)
    with pytest.raises(EraseRefused, match="settle it"):
        erase(person, reason=WHY, by=testing.dora(), at=LATER)
    assert Address.objects.filter(person=person).exists()


def test_what_the_database_does_not_take_is_a_sentence_and_erases_nothing(monkeypatch, client):
    """A settled delivery takes its locks in another order: PostgreSQL may end either of the two."""
    person, by = testing.make_person(name="Ann Meier"), testing.dora()

    def crossed(*_, **__):
        raise OperationalError("deadlock detected")

    monkeypatch.setattr(erasing.ending, "close", crossed)
    client.force_login(by.user)
    page = reverse("admin:core_person_privacy", args=[person.pk])
    words = {"what": "erase", "confirm": "Ann Meier", "reason": WHY}
    answer = client.post(page, words)
    assert answer.status_code == 409 and "The database did not take it" in answer.content.decode()
    person.refresh_from_db()
    assert (person.full_name, person.status, person.erased_at) == ("Ann Meier", "blocked", None)
    assert not suppression.is_suppressed(
        person.workspace, "email", person.addresses.get().normalised
    )
    monkeypatch.undo()
    client.post(page, words)
    person.refresh_from_db()
    assert person.erased_at is not None


def test_refused_while_a_run_or_an_import_may_be_reading_them():
    person, by = testing.make_person(), testing.dora()
    run = Run.objects.create(
        workspace=person.workspace, name="daily_plan", status="running", claim="x", **by.fields()
    )
    with pytest.raises(EraseRefused, match=f"Run {run.pk} of daily_plan is under way"):
        erase(person, reason=WHY, by=by, at=LATER)
    Run.objects.filter(pk=run.pk).update(status="done")
    row = Import.objects.create(
        workspace=person.workspace, status="preview", file="x", created_at=LATER, **by.fields()
    )
    with pytest.raises(EraseRefused, match=f"Import {row.pk} is being read"):
        erase(person, reason=WHY, by=by, at=LATER)


def test_an_admin_erases_with_a_reason_and_nobody_else_does():
    person = testing.make_person()
    with pytest.raises(NotAllowed, match="role admin"):
        erase(person, reason=WHY, by=testing.alice(), at=LATER)
    with pytest.raises(NotAllowed, match="admin"):
        erase(person, reason=WHY, by=stop.STOPPER, at=LATER)
    with pytest.raises(EraseRefused, match="Say why"):
        erase(person, reason=" ", by=testing.dora(), at=LATER)
    assert Person.objects.get(pk=person.pk).erased_at is None


def test_what_names_them_elsewhere_is_told_and_left_to_a_person():
    person = testing.make_person(name="Anna Meier")
    other = testing.make_person(name="Bob Muster", notes="Works with Anna  Meier? Anna Meier!")
    draft = testing.make_draft(other, text="Anna Meier said that you have the minutes.")
    done = erase(person, reason=WHY, by=testing.dora(), at=LATER)
    assert done.elsewhere == (("people", other.pk), ("message_revisions", draft.current_id))
    assert "2 texts about other people name them" in done.sentence()


@pytest.mark.parametrize(("name", "text"), [
    ("Anna Groß", "Ask Anna Groß."), ("Anna Groß", "Ask ANNA GROSS."),
    ("Élodie Örs", "Ask élodie örs, or ÉLODIE ÖRS."), ("Élodie Örs", "Ask Élodie\nÖrs."),
    ("Zoë Müller", "Zoë Müllers desk"), ("Άννα Σταύρος", "ΆΝΝΑ ΣΤΑΎΡΟΣ"),
])  # fmt: skip
def test_a_name_with_other_letters_than_ascii_is_found_elsewhere_however_it_is_written(name, text):
    person = testing.make_person(name=name)
    other = testing.make_person(name="Bob Muster", notes=text)
    testing.make_person(name="Eve Muster", notes="Ask Anna, Élodie, Zoë or Άννα.")
    done = erase(person, reason=WHY, by=testing.dora(), at=LATER)
    assert done.elsewhere == (("people", other.pk),)


def test_a_file_named_as_macos_does_keeps_no_name():
    person, by = testing.make_person(name="Zoë Müller"), testing.dora()
    row = marked.upload(person.workspace, by, "Name\nBob Muster\n")
    Import.objects.filter(pk=row.pk).update(file=unicodedata.normalize("NFD", "Zoë Müller.vcf"))
    erase(person, reason=WHY, by=by, at=LATER)
    row.refresh_from_db()
    assert row.file == "Erased."


def test_a_program_that_repeats_a_request_about_them_hears_that_they_were_erased():
    person, bot = testing.make_person(), api.agent()
    body = {"person": str(person.uuid), "channel": "email", "subject": "Minutes",
            "text": "Here are the minutes.", "purpose": "informational"}  # fmt: skip
    key = {"Idempotency_Key": "invite person@example.com"}
    assert bot.post("/api/drafts", body, **key).status_code == 201
    assert "person" not in KeptAnswer.objects.get().key, "no erasure need change it"
    erase(person, reason=WHY, by=testing.dora(), at=LATER)
    again = bot.post("/api/drafts", body, **key)
    assert (api.code(again), again["Idempotent-Replay"]) == ((410, "erased"), "true")
    assert "Do not write to them again" in again.json()["errors"][0]["detail"]
    assert bot.post("/api/drafts", body, Idempotency_Key="anew").status_code == 400


# --- The guards of the tables --------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "Another"}, {"reason": "Erased.", "code": "other"},
        {"reason": "Erased.", "metadata": {"x": 1}}, {"reason": "Erased.", "created_at": LATER},
    ],
)  # fmt: skip
def test_a_safety_event_takes_one_word_and_no_other_change(change):
    SafetyEvent.objects.create(
        event_type="send", action_blocked="send", reason="Anna", code="x", created_at=WORKDAY,
        **testing.dora().fields(),
    )  # fmt: skip
    with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
        SafetyEvent.objects.update(**change)
    assert SafetyEvent.objects.update(reason="Erased.") == 1


@pytest.mark.parametrize(
    "kept", ["reasoning", "context", "attachments", "confidence_parts", "voice_reasons", "text"]
)
def test_a_revision_is_emptied_whole_or_not_at_all(kept):
    draft = testing.make_draft()
    empty = {
        "address": "", "subject": "", "text": "", "html": "", "reasoning": "", "context": {},
        "attachments": [], "confidence_parts": [], "voice_reasons": [], "erased_at": LATER,
    }  # fmt: skip
    left = {"x": 1} if kept == "context" else "x" if isinstance(empty[kept], str) else ["x"]
    rows = Revision.objects.filter(pk=draft.current_id)
    with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
        rows.update(**{**empty, kept: left})
    with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
        rows.update(**{**empty, "digest": "v1:x"})
    assert rows.update(**empty) == 1
    with pytest.raises(DatabaseError, match="insert-only"), transaction.atomic():
        rows.update(**empty)


# --- Doors ---------------------------------------------------------------------------------------


def test_the_command_needs_a_reason_and_says_what_was_done():
    person = testing.make_person(name="Anna Meier")
    testing.dora()
    with pytest.raises(CommandError, match="Say why"):
        call_command("person", "--erase", str(person.uuid))
    with pytest.raises(CommandError, match="may not erase a person"):
        call_command("person", "--erase", str(person.uuid), "--as", testing.bob().user.username)
    out = io.StringIO()
    call_command(
        "person", "--uuid", str(person.uuid), "--erase", "--reason", WHY, "--json", stdout=out
    )
    told = json.loads(out.getvalue())
    assert (told["uuid"], told["suppressed"], told["elsewhere"]) == (str(person.uuid), 1, [])
    assert told["rows"]["people"] == told["rows"]["addresses"] == 1


def test_the_page_asks_for_the_name_and_a_reason(client):
    person = testing.make_person(name="Anna Meier")
    page = reverse("admin:core_person_privacy", args=[person.pk])
    client.force_login(testing.dora().user)
    assert b"Erase for good" in client.get(page).content
    form = {"what": "erase", "reason": WHY, "confirm": "Anna"}
    wrong = client.post(page, form)
    assert wrong.status_code == 409 and "Type their name, Anna Meier" in wrong.content.decode()
    assert WHY in wrong.content.decode()
    form["confirm"] = " anna  meier"
    answer = client.post(page, {**form, "reason": " "})
    assert answer.status_code == 409 and "Say why" in answer.content.decode()
    answer = client.post(page, form, follow=True)
    shown = answer.content.decode()
    assert f"Erased person {person.pk}" in shown and "This empty record stays" in shown
    assert "Anna" not in shown and "Make reachable again" not in shown
    client.force_login(testing.alice().user)
    assert client.post(page, form).status_code == 403


def test_the_database_is_asked_in_few_statements_however_much_there_is(
    django_assert_max_num_queries,
):
    person = testing.make_person()
    for _ in range(3):
        testing.make_inbound(person)
    assert connection.vendor
    with django_assert_max_num_queries(250):
        erase(person, reason=WHY, by=testing.dora(), at=LATER)


def test_what_was_sent_by_hand_and_is_taken_back_opens_no_round_of_erased_words(live):
    """Nobody could decide about it: whom and what it was about is gone."""
    item = testing.make_approved()
    manual.mark_sent(item.pk, by=testing.alice(), at=WORKDAY)
    erase(item.human, reason=WHY, by=testing.dora(), at=WORKDAY)
    row = Delivery.objects.get(status="manual")
    told = manual.mark_not_sent(row.pk, by=testing.alice(), at=WORKDAY)
    assert told == "Taken back. The message is not decided anew: its person was erased."
    assert Contact.objects.get().voided_at == WORKDAY
    assert not Approval.objects.filter(status="pending").exists()
    assert Draft.objects.get().status == "rejected"


def test_the_button_of_an_old_mail_says_that_nothing_more_comes(live):
    """It answered with an error, to a mail program as if nothing had been done."""
    draft, admin = testing.make_approved().draft, testing.dora()
    erase(draft.person, reason=WHY, by=admin, at=LATER)
    before = Person.objects.values().get(pk=draft.person_id)
    for method in (Client().post, Client().get):
        assert method(f"/unsubscribe/{unsubscribe.token(draft.uuid)}").status_code == 200
    assert Person.objects.values().get(pk=draft.person_id) == before
