"""The REST face: proposals once, decisions by people about the text they read, one error shape."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from unittest.mock import patch
from urllib.parse import quote
from uuid import uuid4

import pytest
import time_machine
from django.apps import apps
from django.core.cache.backends.locmem import LocMemCache
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from approvals import bulk, services, submission
from approvals.models import Approval
from channels import merging, stop
from channels.models import Delivery
from outreach import testing
from outreach.core import keys
from outreach.core.models import Activity, Agent, ApiKey, Draft, Membership, Person
from outreach.core.people import add_address
from outreach.edge.api.throttling import PerCaller
from outreach.edge.models import KeptAnswer
from outreach.edge.tests import api
from safety.models import ControlKey, SafetyEvent, SystemControl
from workflows.models import Run

pytestmark = pytest.mark.django_db
TEXT = "Here are the minutes of Monday's meeting, as agreed."


def proposal(to, **more):
    return {
        "person": str(to.uuid), "channel": "email", "subject": "Minutes of Monday",
        "text": TEXT, "purpose": "informational", "confidence": 85, **more,
    }  # fmt: skip


@pytest.fixture
def bot():
    return api.agent()


@pytest.fixture
def person():
    return testing.make_person()


# --- Proposing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status"), [("ZZ", 400), ("XX", 400), ("CH", 200), ("RE", 200), ("XK", 200), ("", 200)]
)
def test_a_country_is_one(person, code, status):
    answer = api.colleague(testing.bob).patch(f"/api/people/{person.uuid}", {"country": code})
    assert answer.status_code == status
    person.refresh_from_db()
    assert person.country == (code if status == 200 else "")
    if status == 400:
        assert f"'{code}' is no country" in answer.json()["errors"][0]["detail"]


def test_a_proposal_is_judged_routed_and_queued(bot, person):
    answer = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1")
    body = answer.json()
    assert answer.status_code == 201, body
    assert (body["status"], body["outcome"]["result"]) == ("pending_approval", "pending_approval")
    assert body["rounds"][0]["routing"]["safe_mode_enforced"] is True
    assert body["rounds"][0]["routing"]["requested_status"] == "scheduled"
    approval = Approval.objects.get()
    assert (approval.by_kind, approval.digest) == ("agent", body["digest"])


def test_the_same_request_is_done_once_and_answered_the_same(bot, person):
    first = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1")
    again = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotent-Replay"] == "true"
    assert Draft.objects.count() == 1
    other = bot.post("/api/drafts", proposal(person, text="Other words."), Idempotency_Key="a1")
    assert api.code(other) == (422, "idempotency_key_reused")
    elsewhere = api.agent().post("/api/drafts", proposal(person), Idempotency_Key="a1")
    assert elsewhere.status_code == 201, "another caller's key is another key"


@pytest.mark.parametrize(("key", "said"), [("", "required"), ("x" * 256, "invalid")])
def test_a_proposal_needs_a_key_that_can_be_kept(bot, person, key, said):
    answer = bot.post("/api/drafts", proposal(person), **({"Idempotency_Key": key} if key else {}))
    assert api.code(answer) == (400, said)
    assert not Draft.objects.exists()


def test_a_blocked_text_stays_a_draft_with_its_findings(bot, person):
    words = proposal(person, text="You will regret it if you do not pay. I know where you live.")
    body = bot.post("/api/drafts", words, Idempotency_Key="a1").json()
    assert (body["status"], body["outcome"]["result"]) == ("draft", "blocked")
    assert body["outcome"]["reason"] == body["status_reason"]
    assert body["outcome"]["findings"]
    assert not Approval.objects.exists()
    assert SafetyEvent.objects.exists()


def test_without_the_scope_direct_is_refused_and_the_draft_kept(person):
    testing.make_workspace(safe_mode=False)
    bot = api.agent("drafts:write")
    answer = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1")
    assert answer.status_code == 403
    assert Draft.objects.get(uuid=answer.json()["draft"]).status == "draft"
    again = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1")
    assert (again.status_code, again.json()) == (403, answer.json())
    assert "Idempotent-Replay" not in again, "it was asked anew, and refused anew"
    assert Draft.objects.count() == 1


def refused_first(person):
    """A proposal refused with the key a1, whose cause is gone by now: its answer, and who asks."""
    testing.make_workspace(safe_mode=False)
    bot = api.agent("drafts:write")
    refused = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1")
    assert (refused.status_code, refused.json()["digest"]) == (
        403,
        Draft.objects.get().current.digest,
    )
    Agent.objects.filter(pk=bot.principal.agent.pk).update(
        scopes=["drafts:write", "messages:schedule"]
    )
    return bot, refused.json()


def test_a_refusal_is_not_answered_again_when_its_cause_is_gone(person):
    bot, refused = refused_first(person)
    again = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1")
    assert (again.status_code, again.json()["uuid"]) == (201, refused["draft"]), again.content
    assert again.json()["rounds"] and "Idempotent-Replay" not in again
    third = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1")
    assert (third.status_code, third.json()) == (201, again.json())
    assert third["Idempotent-Replay"] == "true"
    assert Draft.objects.count() == Approval.objects.count() == 1


def test_a_refused_proposal_asked_again_passes_by_no_reviewers_words(person):
    bot, refused = refused_first(person)
    draft = Draft.objects.get()
    item = submission.submit(draft.pk, by=testing.bob(), at=timezone.now()).approval
    services.return_(item.pk, by=testing.alice(), at=timezone.now(), feedback="Say less.")
    again = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1")
    assert api.code(again) == (409, "lost") and "returned" in again.json()["errors"][0]["detail"]
    assert again.json()["draft"] == refused["draft"]
    assert Draft.objects.get().status == "draft" and Approval.objects.count() == 1


def test_a_refused_proposal_asked_again_never_hands_in_other_words(person):
    bot, refused = refused_first(person)
    path = f"/api/drafts/{refused['draft']}"
    assert bot.patch(path, {"text": "Other words."}, If_Match=refused["digest"]).status_code == 200
    again = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1")
    assert api.code(again) == (409, "stale")
    assert again.json()["draft"] == refused["draft"]
    digest = bot.get(path).json()["digest"]
    assert bot.post(f"{path}/submit", {}, If_Match=digest).status_code == 200
    decided = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1")
    assert api.code(decided) == (409, "lost")
    assert Draft.objects.count() == Approval.objects.count() == 1


def test_a_refused_proposal_whose_time_has_passed_says_so(person):
    testing.make_workspace(safe_mode=False)
    when = testing.WORKDAY + timedelta(minutes=5)
    bot, words = api.agent("drafts:write"), proposal(person, scheduled_for=when.isoformat())
    with time_machine.travel(testing.WORKDAY) as clock:
        assert bot.post("/api/drafts", words, Idempotency_Key="a1").status_code == 403
        clock.move_to(when + timedelta(minutes=1))
        again = bot.post("/api/drafts", words, Idempotency_Key="a1")
    assert again.status_code == 400
    assert "between now and a year" in again.json()["errors"][0]["detail"]
    assert Draft.objects.count() == 1


def test_asking_for_a_draft_gives_a_draft(bot, person):
    words = proposal(person, requested_status="draft")
    body = bot.post("/api/drafts", words, Idempotency_Key="a1").json()
    assert (body["status"], body["rounds"]) == ("draft", [])


@pytest.mark.parametrize(("field", "value"), [
    ("status", "approved"), ("approved_by", 1), ("workspace", "other"), ("surprise", 1),
    ("text", "   "), ("text", "a\0b"), ("subject", "a\nb"), ("subject", "x" * 999),
    ("channel", "fax"), ("confidence", 101), ("confidence", "high"), ("person", "nobody"),
    ("scheduled_for", "2099-01-01T10:00:00Z"), ("scheduled_for", "2026-03-11T10:00:00"),
    ("scheduled_for", "2001-01-01T10:00:00Z"), ("scheduled_for", 5), ("text", ["x"]),
    ("person", "00000000-0000-0000-0000-000000000000"), ("requested_status", "sent"),
])  # fmt: skip
def test_what_cannot_be_proposed_is_400_and_stores_nothing(bot, person, field, value):
    answer = bot.post("/api/drafts", proposal(person, **{field: value}), Idempotency_Key="a1")
    assert answer.status_code == 400, answer.content
    first = answer.json()["errors"][0]
    assert first["detail"]
    assert not Draft.objects.exists()
    assert not KeptAnswer.objects.exists()


@pytest.mark.first  # refused before a database is asked
@pytest.mark.parametrize(("raw", "said"), [
    (b"{", "byte 1"), (b'{"a": 1, "a": 2}', "twice"), (b'{"a": NaN}', "NaN"),
    (b'{"a": 1e999}', "too large a number"), (b"\xff", "UTF-8 at byte 0"),
    (b'{"a": "\\ud800"}', "surrogate"), (b"[" * 40 + b"]" * 40, "levels deep"),
    (b"[" * 100_000, ""), (b'{"text": "\\u0000"}', "NUL"),
])  # fmt: skip
def test_a_body_that_cannot_be_read_says_where(bot, raw, said):
    answer = bot.post("/api/drafts", raw, Idempotency_Key="a1")
    assert answer.status_code == 400
    assert said in answer.json()["errors"][0]["detail"]


def test_a_body_too_large_or_of_another_type_is_refused(bot, settings):
    big = b'{"text": "' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'
    assert bot.post("/api/drafts", big, Idempotency_Key="a1").status_code == 413
    answer = bot._client.post(
        "/api/drafts", "a=1", content_type="application/x-www-form-urlencoded",
        headers=bot._headers,
    )  # fmt: skip
    assert answer.status_code == 415


# --- Changing, submitting, withdrawing, waiting --------------------------------------------------


def test_a_draft_is_revised_against_the_text_that_was_read(bot, person):
    words = proposal(person, requested_status="draft")
    body = bot.post("/api/drafts", words, Idempotency_Key="a1").json()
    path, new = f"/api/drafts/{body['uuid']}", {"subject": "Minutes", "text": "Better words."}
    assert api.code(bot.patch(path, new)) == (400, "required")
    changed = bot.patch(path, new, If_Match=f'"{body["digest"]}"')
    assert (changed.status_code, changed.json()["text"]) == (200, "Better words.")
    assert changed["ETag"] == f'"{changed.json()["digest"]}"'
    assert api.code(bot.patch(path, new, If_Match=body["digest"])) == (409, "stale")
    stale = bot.post(f"{path}/submit", {}, If_Match=body["digest"])
    assert api.code(stale) == (409, "stale")
    said = stale.json()["errors"][0]["detail"]
    assert "compare it with yours" in said and "below" not in said
    done = bot.post(f"{path}/submit", {}, If_Match=changed.json()["digest"])
    assert done.json()["status"] == "pending_approval"


HTML = f"<p>{TEXT}</p>"
KEEPS = 'give `html`, too, or "" to leave it out'


def test_a_revision_keeps_what_it_does_not_mention_and_loses_no_html_part(bot, person):
    words = proposal(person, requested_status="draft", html=HTML)
    made = bot.post("/api/drafts", words, Idempotency_Key="a1").json()
    path, text = f"/api/drafts/{made['uuid']}", "Better words."
    for new in ({"text": text}, {"text": text, "subject": "Minutes"}):
        refused = bot.patch(path, new, If_Match=made["digest"])
        assert api.code(refused) == (400, "invalid")
        assert KEEPS in refused.json()["errors"][0]["detail"]
    assert bot.get(path).json()["digest"] == made["digest"]
    titled = bot.patch(path, {"text": TEXT, "subject": "Notes"}, If_Match=made["digest"]).json()
    assert (titled["subject"], titled["html"]) == ("Notes", made["html"])
    both = bot.patch(path, {"text": text, "html": "<p>Better</p>"}, If_Match=titled["digest"])
    assert (both.json()["subject"], both.json()["html"]) == ("Notes", "<p>Better</p>")
    plain = bot.patch(path, {"text": text, "html": ""}, If_Match=both.json()["digest"])
    assert (plain.json()["html"], plain.json()["text"]) == ("", text)
    assert bot.patch(path, {"text": TEXT}, If_Match=plain.json()["digest"]).status_code == 200


@pytest.mark.parametrize("act", ["edit", "edit-and-approve"])
def test_a_reviewers_edit_leaves_no_old_words_in_the_html_part(act, bot, person):
    made = bot.post("/api/drafts", proposal(person, html=HTML), Idempotency_Key="a1").json()
    alice, path = api.colleague(testing.alice), f"/api/approvals/{made['rounds'][0]['id']}"
    words = {"digest": made["digest"], "text": "Here they are, as agreed."}
    refused = alice.post(f"{path}/{act}", words)
    assert api.code(refused) == (400, "invalid"), refused.content
    assert KEEPS in refused.json()["errors"][0]["detail"]
    assert alice.get(path).json()["digest"] == made["digest"]
    done = alice.post(f"{path}/{act}", {**words, "html": "<p>Here they are, as agreed.</p>"})
    assert done.status_code == 200 and "as agreed" in done.json()["html"], done.content


def test_an_author_takes_a_message_back_until_it_is_decided(bot, person):
    body = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1").json()
    path = f"/api/drafts/{body['uuid']}/withdraw"
    assert bot.post(path, {"reason": "a mistake"}).json()["status"] == "draft"
    assert api.code(bot.post(path, {"reason": "again"})) == (409, "lost")


def test_who_would_change_what_waits_is_told_to_withdraw_it(bot, person):
    body = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1").json()
    path = f"/api/drafts/{body['uuid']}"
    answer = bot.patch(path, {"text": "New words."}, If_Match=body["digest"])
    assert api.code(answer) == (409, "lost")
    assert answer.json()["errors"][0]["detail"] == (
        "This message is pending approval by now; only a draft can be changed. Withdraw it first: "
        "that makes it a draft again."
    )
    bot.post(f"{path}/withdraw", {"reason": "a mistake"})
    assert bot.patch(path, {"text": "New words."}, If_Match=body["digest"]).status_code == 200


def test_a_decision_that_was_given_is_not_the_authors_to_take_back(bot, person):
    body = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1").json()
    number, alice = body["rounds"][0]["id"], api.colleague(testing.alice)
    alice.post(f"/api/approvals/{number}/approve", {"digest": body["digest"]})
    answer = bot.post(f"/api/drafts/{body['uuid']}/withdraw", {"reason": "a mistake"})
    assert api.code(answer) == (409, "lost")
    assert Approval.objects.get(pk=number).status == "approved"


def test_agents_change_only_what_they_wrote(person):
    mine, other = api.agent(), api.agent()
    body = mine.post("/api/drafts", proposal(person), Idempotency_Key="a1").json()
    path = f"/api/drafts/{body['uuid']}"
    assert other.get(path).status_code == 200, "reviews:read shows it"
    assert other.post(f"{path}/withdraw", {"reason": "x"}).status_code == 409
    narrow = api.agent("drafts:write")
    assert narrow.get(path).status_code == 404
    assert narrow.get("/api/drafts").json()["results"] == []


def test_a_decision_is_told_with_the_reviewers_words(bot, person):
    body = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1").json()
    path = f"/api/drafts/{body['uuid']}/decision"
    assert bot.get(path).json()["decided"] is False
    assert bot.get(f"{path}?wait=1").json()["decided"] is False
    alice, number = api.colleague(testing.alice), body["rounds"][0]["id"]
    words = {"feedback": "Name the date.", "digest": body["digest"]}
    alice.post(f"/api/approvals/{number}/request-changes", words)
    told = bot.get(f"{path}?wait=30").json()
    assert (told["decided"], told["status"]) == (True, "draft")
    assert told["rounds"][0]["feedback"] == "Name the date."
    for bad in ("31", "-1", "x", "1.5", ""):
        assert bot.get(f"{path}?wait={bad}").status_code == 400


def test_each_round_keeps_its_own_feedback_whole(bot, person):
    """Neither the rules' answer to a submission nor a later decision takes its place."""
    made = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1").json()
    path, alice = f"/api/drafts/{made['uuid']}", api.colleague(testing.alice)
    asked = " ".join(f"Point {number} wants a source." for number in range(75))
    number = made["rounds"][0]["id"]
    told = alice.post(
        f"/api/approvals/{number}/request-changes", {"feedback": asked, "digest": made["digest"]}
    )
    assert len(asked) > 1500 and told.json()["feedback"] == asked

    def feedback():
        return [each["feedback"] for each in bot.get(path).json()["rounds"]]

    Person.objects.update(status="blocked", status_reason="rude", status_at=timezone.now())
    held = bot.post(f"{path}/submit", {}, If_Match=made["digest"]).json()
    assert held["outcome"]["result"] == "blocked"
    assert "rude" in held["status_reason"] and feedback() == [asked]
    Person.objects.update(status="active", status_reason="", status_at=None)
    again = bot.post(f"{path}/submit", {}, If_Match=made["digest"]).json()
    assert again["status"] == "pending_approval" and feedback() == ["", asked]
    second = again["rounds"][0]["id"]
    alice.post(
        f"/api/approvals/{second}/reject", {"reason": "Not any more.", "digest": made["digest"]}
    )
    assert feedback() == ["Not any more.", asked]
    page = Client()
    page.force_login(testing.alice().user)
    shown = page.get(f"/admin/approvals/approval/{number}/change/").content.decode()
    assert asked in shown and "Not any more." not in shown


def test_a_round_returned_by_an_older_version_has_its_drafts_reason(bot, person):
    """Until today the words were kept with the draft only."""
    made = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1").json()
    path, alice = f"/api/drafts/{made['uuid']}", api.colleague(testing.alice)
    number = made["rounds"][0]["id"]
    alice.post(
        f"/api/approvals/{number}/request-changes",
        {"feedback": "Name the date.", "digest": made["digest"]},
    )
    Approval.objects.update(rejection_reason="")
    assert bot.get(path).json()["rounds"][0]["feedback"] == "Name the date."
    assert bot.get(f"/api/approvals/{number}").json()["feedback"] == "Name the date."
    again = bot.post(f"{path}/submit", {}, If_Match=made["digest"]).json()
    assert [each["feedback"] for each in again["rounds"]] == ["", ""]
    second = again["rounds"][0]["id"]
    alice.post(
        f"/api/approvals/{second}/request-changes",
        {"feedback": "Shorter.", "digest": made["digest"]},
    )
    assert [each["feedback"] for each in bot.get(path).json()["rounds"]] == ["Shorter.", ""]


def test_rolling_back_the_digests_of_keys_leaves_none_that_nobody_finds(bot, person):
    bot.post("/api/drafts", proposal(person), Idempotency_Key="a1")
    assert KeptAnswer.objects.count() == 1
    digests = import_module("outreach.edge.migrations.0004_digests_of_keys").Migration
    digests.operations[0].reverse_code(apps, None)
    assert not KeptAnswer.objects.exists()


# --- Deciding ------------------------------------------------------------------------------------


def test_a_reviewer_decides_about_the_text_they_read():
    approval = testing.make_pending(at=timezone.now())
    alice, path = api.colleague(testing.alice), f"/api/approvals/{approval.pk}"
    assert alice.get(path).json()["text"] == TEXT
    assert api.code(alice.post(f"{path}/approve", {"digest": "v1:other"})) == (409, "stale")
    assert alice.post(f"{path}/approve", {}).status_code == 400
    done = alice.post(f"{path}/approve", {"digest": approval.digest})
    assert (done.status_code, done.json()["status"]) == (200, "approved")
    assert done.json()["receipt"]["message"] == approval.digest
    assert api.code(alice.post(f"{path}/approve", {"digest": approval.digest}))[0] == 409
    assert alice.post(f"{path}/undo").json()["status"] == "pending"


@pytest.mark.parametrize("act", ["approve", "edit-and-approve"])
def test_who_wrote_since_it_was_asked_for_is_read_before_a_yes(act):
    person, now = testing.make_person(), timezone.now()
    asked = testing.make_pending(person, at=now - timedelta(hours=1))
    new = testing.make_inbound(person, text="Sorry, we bought it elsewhere.", received_at=now)
    alice = api.colleague(testing.alice)
    path, words = f"/api/approvals/{asked.pk}/{act}", {"digest": asked.digest}
    if act != "approve":
        words["text"] = asked.revision.text.replace("minutes", "notes")
    told = alice.post(path, words)
    assert (api.code(told), asked.pk) == ((409, "stale"), Approval.objects.get().pk)
    assert "heard" in str(told.json())
    assert api.code(alice.post(path, {**words, "heard": new.pk - 1})) == (409, "stale")
    assert Approval.objects.get().status == "pending"
    assert alice.post(path, {**words, "heard": new.pk}).status_code == 200
    assert Approval.objects.get().status == "approved"


def test_a_message_between_the_look_and_the_yes_is_not_read(monkeypatch):
    person, now = testing.make_person(), timezone.now()
    asked = testing.make_pending(person, at=now - timedelta(hours=1))
    real = bulk.wrote_since

    def and_then_they_write(item):
        found = real(item)
        testing.make_inbound(person, received_at=now)
        return found

    monkeypatch.setattr(bulk, "wrote_since", and_then_they_write)
    alice = api.colleague(testing.alice)
    told = alice.post(f"/api/approvals/{asked.pk}/approve", {"digest": asked.digest})
    assert api.code(told) == (409, "stale")


@pytest.mark.parametrize("act", ["approve", "edit", "edit-and-approve"])
def test_no_time_is_no_answer_to_when_a_message_may_leave(act):
    """Whoever sent null to remove the time read a 200 and kept it."""
    asked = testing.make_pending(
        at=timezone.now(), scheduled_for=timezone.now() + timedelta(days=2)
    )
    alice, words = api.colleague(testing.alice), {"digest": asked.digest}
    if act != "approve":
        words["text"] = "Here are the notes of Tuesday, as agreed."
    path = f"/api/approvals/{asked.pk}/{act}"
    told = alice.post(path, {**words, "scheduled_for": None})
    assert told.status_code == 400 and "Leave scheduled_for out" in str(told.json())
    row = Approval.objects.get()
    assert (row.status, row.edited, row.scheduled_for) == ("pending", False, asked.scheduled_for)
    assert alice.post(path, words).status_code == 200
    assert Approval.objects.get().scheduled_for == asked.scheduled_for


def test_an_edit_is_a_new_text_with_a_new_digest():
    place = testing.make_workspace(sender_name="Mira", postal_address="1 Sample Street")
    approval = testing.make_pending(person=testing.make_person(place), at=timezone.now())
    alice, path = api.colleague(testing.alice), f"/api/approvals/{approval.pk}"
    words = {"digest": approval.digest, "text": "Here are the minutes, as agreed."}
    saved = alice.post(f"{path}/edit", words).json()
    assert (saved["status"], saved["edited"]) == ("pending", True)
    assert saved["digest"] != approval.digest
    words["digest"] = saved["digest"]
    for blank in ("", " \n", "\u200b"):
        assert alice.post(f"{path}/edit-and-approve", {**words, "text": blank}).status_code == 400
    assert alice.post(f"{path}/edit-and-approve", words).json()["status"] == "approved"


@pytest.mark.parametrize(
    ("act", "words"), [("reject", {"reason": "No"}), ("request-changes", {"feedback": "Shorter"})]
)
def test_a_no_is_about_the_text_that_was_read_as_well(act, words):
    """Nobody ends what a colleague has just edited."""
    approval = testing.make_pending(at=timezone.now())
    alice, path = api.colleague(testing.alice), f"/api/approvals/{approval.pk}"
    edit = {"digest": approval.digest, "text": "Here are the minutes of Tuesday, as agreed."}
    edited = alice.post(f"{path}/edit", edit).json()
    assert api.code(alice.post(f"{path}/{act}", words)) == (400, "required")
    stale = alice.post(f"{path}/{act}", {**words, "digest": approval.digest})
    assert api.code(stale) == (409, "stale")
    assert Approval.objects.get(pk=approval.pk).status == "pending"
    done = alice.post(f"{path}/{act}", {**words, "digest": edited["digest"]})
    assert done.json()["status"] == {"reject": "rejected"}.get(act, "withdrawn"), done.content


ACTS = [
    ("approve", {"digest": "x"}), ("edit", {"digest": "x", "text": "y"}),
    ("edit-and-approve", {"digest": "x", "text": "y"}),
    ("reject", {"digest": "x", "reason": "y"}),
    ("request-changes", {"digest": "x", "feedback": "y"}), ("undo", {}), ("extend", {}),
]  # fmt: skip


@pytest.mark.first  # refused before anything is written
@pytest.mark.parametrize(("act", "body"), ACTS)
def test_no_agent_and_no_lesser_role_decides(act, body):
    approval = testing.make_pending(at=timezone.now())
    body = {**body, "digest": approval.digest} if "digest" in body else body
    callers = {
        "agent": api.agent(), "bob": api.colleague(testing.bob),
        "carol": api.colleague(testing.carol),
    }  # fmt: skip
    for name, caller in callers.items():
        answer = caller.post(f"/api/approvals/{approval.pk}/{act}", body)
        assert answer.status_code == 403, name
    foreign = api.colleague(testing.alice, testing.make_workspace("other"))
    assert foreign.post(f"/api/approvals/{approval.pk}/{act}", body).status_code == 404
    approval.refresh_from_db()
    assert (approval.status, approval.edited) == ("pending", False)


def test_a_merged_record_tells_how_the_human_being_stands(bot):
    kept, merged = testing.make_person(name="Ada Kept"), testing.make_person(name="Ada Merged")
    testing.make_person(name="Max Other")
    add_address(merged.workspace, merged, "email", "ada.second@example.org")
    merging.merge(kept, merged, by=testing.alice(), at=timezone.now())
    asked = {"reason": "asked us to stop"}
    api.colleague(testing.alice).post(f"/api/people/{kept.uuid}/desist", asked)
    [told] = bot.get("/api/people?address=ada.second@example.org").json()["results"]
    assert (told["uuid"], told["human"]) == (str(merged.uuid), str(kept.uuid))
    assert (told["status"], told["status_reason"]) == ("desist", "asked us to stop")
    assert told["status_at"] is not None
    Person.objects.filter(pk=kept.pk).update(
        automation_enabled=False,
        automation_disabled_reason="x",
        automation_disabled_at=timezone.now(),
    )
    both, other = {"Ada Kept", "Ada Merged"}, {"Max Other"}
    for query, due in (
        ("status=desist", both), ("status=active", other), ("automation_enabled=false", both),
        ("automation_enabled=true", other), ("status=desist&address=ada.second@example.org",
        {"Ada Merged"}),
    ):  # fmt: skip
        for few in (500, 0):
            with patch("outreach.edge.api.people.FEW", few):
                found = bot.get(f"/api/people?{query}").json()["results"]
            assert {row["full_name"] for row in found} == due, query
            standing = {(row["status"], row["automation_enabled"]) for row in found}
            assert standing == {("active", True) if due == other else ("desist", False)}


def test_a_change_whose_answer_is_lost_is_not_called_undone(bot, person):
    """The database goes away after the stop is committed: only a new look tells."""
    alice, path = api.colleague(testing.alice), f"/api/people/{person.uuid}"
    away = patch("outreach.edge.api.people.quiet.in_flight", side_effect=OperationalError("gone"))
    with away:
        answer = alice.post(f"{path}/desist", {"reason": "asked"})
    said = answer.json()["errors"][0]["detail"]
    assert api.code(answer) == (503, "database_unavailable")
    assert "not known" in said and "read it again" in said and "Nothing was changed" not in said
    assert bot.get(path).json()["status"] == "desist"
    with patch("outreach.edge.api.people.people.canonical", side_effect=OperationalError("gone")):
        answer = bot.get(path)
    assert api.code(answer) == (503, "database_unavailable")
    assert "Nothing was changed; try again" in answer.json()["errors"][0]["detail"]


def test_workspaces_and_their_reviews_pass_over_no_filter(bot):
    place = testing.make_workspace()
    testing.make_pending(at=timezone.now())
    for query in ("", f"?workspace={place.slug}"):
        assert len(bot.get(f"/api/workspaces{query}").json()["results"]) == 1, query
    assert bot.get("/api/workspaces?workspace=nowhere").status_code == 404
    path = f"/api/workspaces/{place.pk}/reviews"
    assert len(bot.get(f"{path}?page_size=5").json()["results"]) == 1
    for query in ("status=approved", "foo=1", "page_size="):
        assert bot.get(f"{path}?{query}").status_code == 400, query
    assert bot.get(f"{path}?workspace=nowhere").status_code == 404


def test_a_final_slash_does_not_make_a_repeated_request_another(bot, person):
    first = bot.post("/api/drafts", proposal(person), Idempotency_Key="a1")
    again = bot.post("/api/drafts/", proposal(person), Idempotency_Key="a1")
    assert (again.status_code, again.json()) == (201, first.json())


# --- Controls and Safe Mode ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("control", "enabled"),
    [("emergency-stop", True), ("emergency-stop", False), ("messaging", True)],
)
def test_hours_that_would_mean_nothing_are_refused(control, enabled):
    before = list(SystemControl.objects.order_by("pk").values())
    body = {"control": control, "enabled": enabled, "reason": "x", "hours": 2}
    answer = api.colleague(testing.dora).post("/api/controls", body)
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "hours")
    assert list(SystemControl.objects.order_by("pk").values()) == before


def test_who_is_no_member_any_more_sees_nothing_of_the_workspace():
    who = testing.alice()
    alice = api.Caller(api.key_of(who))
    assert [row["slug"] for row in alice.get("/api/system/status").json()["workspaces"]] == [
        "default"
    ]
    Membership.objects.filter(user=who.user).delete()
    assert alice.get("/api/system/status").json()["workspaces"] == []
    assert (
        "default" not in alice.post("/api/workflow-runs", {"name": "daily_plan"}).content.decode()
    )
    assert alice.get("/api/controls").status_code == 403


@pytest.mark.first  # refused before anything is written
@pytest.mark.parametrize("control", ["messaging", "auto-reply", "dry-run", "emergency-stop"])
@pytest.mark.parametrize("enabled", [True, False])
def test_no_agent_switches_a_control(bot, control, enabled):
    before = list(SystemControl.objects.order_by("pk").values())
    body = {"control": control, "enabled": enabled, "reason": "x"}
    assert bot.post("/api/controls", body).status_code == 403
    assert list(SystemControl.objects.order_by("pk").values()) == before


def test_a_reviewer_stops_their_workspace_and_only_an_admin_lifts_it():
    alice, dora = api.colleague(testing.alice), api.colleague(testing.dora)
    stopped = {"control": "emergency-stop", "enabled": True, "reason": "wrong list"}
    answer = alice.post("/api/controls", stopped)
    assert (answer.status_code, answer.json()["effective"]) == (200, True)
    assert alice.get("/api/system/dry-run").json()["badge"] == "STOPPED"
    lifted = {**stopped, "enabled": False, "reason": "over"}
    assert alice.post("/api/controls", lifted).status_code == 403
    assert dora.post("/api/controls", {**stopped, "everywhere": True}).status_code == 403
    assert dora.post("/api/controls", lifted).status_code == 200
    assert dora.get("/api/system/dry-run").json()["badge"] != "STOPPED"


def test_lifting_a_stop_tells_what_else_it_switches_on_and_what_still_brakes(live):
    dora, olaf = api.colleague(testing.dora), testing.olaf()
    approval = testing.make_approved()
    off = {"control": "auto-reply", "enabled": False, "reason": "odd answers", "hours": 2}
    told = dora.post("/api/controls", off).json()
    assert told["restores_at"] and told["was_off_for_longer"] is False
    told = dora.post("/api/controls", {**off, "hours": 1}).json()
    assert told["was_off_for_longer"] is True
    stop.set_brake("MESSAGING_ENABLED", workspace=None, reason="429s", by=olaf, at=timezone.now())
    stopped = {"control": "emergency-stop", "enabled": True, "reason": "wrong list"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stop.taking, "reopen_before_stop", lambda **_: 0)  # killed after its flag
        dora.post("/api/controls", stopped)
    told = dora.post("/api/controls", {**stopped, "enabled": False, "reason": "over"}).json()
    assert told["leaving"] == 0
    assert "odd answers" in " ".join(told["were_off"]) and len(told["were_off"]) == 2
    assert [line for line in told["still_braking"] if "429s" in line] == told["still_braking"]
    assert (told["reopened"], told["effective"]) == (1, True)
    assert Approval.objects.get(pk=approval.pk).status == "withdrawn"


def test_what_is_switched_on_is_so_at_once_whatever_is_in_flight(live):
    """`effective` is whether it took hold: nothing has to end for that."""
    given = testing.make_approved()
    Delivery.objects.create(
        workspace=given.workspace, approval=given, human_id=given.human_id, channel="email",
        status="sending", sender=uuid4(), place="here", boot_id="b", since=timezone.now(),
    )  # fmt: skip
    on = {"control": "messaging", "enabled": True, "reason": "over"}
    assert api.colleague(testing.dora).post("/api/controls", on).json()["effective"] is True


def test_dry_run_is_never_lifted_from_here(live):
    dora = api.colleague(testing.dora)
    on = {"control": "dry-run", "enabled": True, "reason": "check"}
    assert dora.post("/api/controls", on).status_code == 200
    told = dora.get("/api/system/dry-run").json()
    assert told == {"dry_run": True, "source": "control", "badge": "DRY RUN"}
    answer = dora.post("/api/controls", {**on, "enabled": False})
    assert api.code(answer) == (409, "control_refused")


def test_dry_run_says_where_it_comes_from(bot):
    told = bot.get("/api/system/dry-run").json()
    assert told == {"dry_run": True, "source": "environment", "badge": "DRY RUN"}


@pytest.mark.parametrize("prefix", ["/api", "/v1"])
def test_safe_mode_goes_off_only_behind_its_preflight(prefix):
    place = testing.make_workspace()
    path = f"{prefix}/workspaces/{place.pk}"
    dora, alice, bot = api.colleague(testing.dora), api.colleague(testing.alice), api.agent()
    for value in (True, False):
        assert bot.patch(path, {"safe_mode": value}).status_code == 403
    off = {"safe_mode": False, "confirm": "Disable Safe Mode"}
    assert dora.patch(path, {"safe_mode": False}).status_code == 400
    assert alice.patch(path, off).status_code == 403
    unmet = dora.patch(path, off)
    assert api.code(unmet) == (409, "preflight_unmet")
    assert {"key", "met", "sentence"} <= set(unmet.json()["preflight"][0])
    done = dora.patch(path, {**off, "reason": "a trial week"})
    assert (done.status_code, done.json()["safe_mode"]) == (200, False)
    assert alice.patch(path, {"safe_mode": True}).json()["safe_mode"] is True
    assert dora.patch(path, {"autonomy_mode": "autopilot"}).status_code == 400


# --- Reading, and who may ------------------------------------------------------------------------

LISTS = {
    "people": "people:read", "accounts": "people:read", "drafts": "drafts:write",
    "approvals": "reviews:read", "deliveries": "reviews:read", "inbound": "reviews:read",
    "templates": "drafts:write", "workflow-runs": "workflows:run", "safety-events": "audit:read",
    "activity": "audit:read",
}  # fmt: skip


@pytest.mark.parametrize(("name", "scope"), LISTS.items())
def test_a_list_is_for_those_with_its_scope_or_role(name, scope):
    path = f"/api/{name}"
    assert api.agent(scope).get(path).status_code == 200
    others = set(api.EVERY_SCOPE) - {scope, "people:write", "reviews:read"}
    refused = api.agent(*others).get(path)
    assert refused.status_code == 403 and scope in refused.json()["errors"][0]["detail"]
    assert api.Caller().get(path).status_code == 401
    assert api.Caller("occ_" + "x" * 12 + "_" + "y" * 43).get(path).status_code == 401
    carol = api.colleague(testing.carol).get(path).status_code
    assert carol == (403 if name == "activity" else 200)


@pytest.mark.parametrize("scopes", [("workflows:run",), ("workflows:run", "reviews:read")])
def test_an_agent_follows_its_own_runs_and_reads_and_changes_others_by_right_only(scopes):
    bot, place = api.agent(*scopes), testing.make_workspace()
    kept = {"workspace": place, "name": "daily_plan", "agent": bot.principal.agent, "options": {}}
    makers = (bot.principal, testing.bob(), testing.make_agent(place))
    runs = [Run.objects.create(**kept, **by.fields()).pk for by in makers]
    seen = [row["id"] for row in bot.get("/api/workflow-runs?order=oldest").json()["results"]]
    assert seen == (runs if "reviews:read" in scopes else runs[:1])
    for pk in runs:
        for path in (f"/api/workflow-runs/{pk}", f"/api/workflow-runs/{pk}/steps"):
            assert bot.get(path).status_code == (200 if pk in seen else 404)
    for pk in runs[1:]:
        for act in ("cancel", "resume"):
            refused = bot.post(f"/api/workflow-runs/{pk}/{act}")
            assert refused.status_code == (403 if pk in seen else 404)
            if pk in seen:
                assert f"Run {pk} is not agent" in refused.json()["errors"][0]["detail"]
    assert bot.post(f"/api/workflow-runs/{runs[0]}/cancel").status_code == 200
    assert set(Run.objects.filter(pk__in=runs[1:]).values_list("status", flat=True)) == {"waiting"}


@pytest.mark.parametrize(("path", "said"), [
    ("workflow-runs", "This key may not change workflow runs. An admin can give its agent "
     "workflows:run."),
    ("approvals/1/approve", "This key may not change approvals. A colleague can."),
])  # fmt: skip
def test_a_change_that_is_refused_names_no_scope_that_only_reads(path, said):
    refused = api.agent("people:read").post(f"/api/{path}", {})
    assert refused.status_code == 403 and refused.json()["errors"][0]["detail"] == said


def test_a_list_of_a_workspace_that_one_may_not_read_is_refused_and_not_empty():
    user, page = testing.alice().user, Client()
    Membership.objects.create(user=user, workspace=testing.make_workspace("other"), role="viewer")
    page.force_login(user)
    assert page.get("/api/activity?workspace=default").status_code == 200
    assert page.get("/api/approvals?workspace=other").status_code == 200
    refused = page.get("/api/activity?workspace=other")
    assert api.code(refused) == (403, "permission_denied")
    assert refused.json()["errors"][0]["detail"] == "Your role may not read activity in other."
    assert api.code(page.get("/api/activity?workspace=nowhere")) == (404, "not_found")


def test_controls_are_told_of_one_workspace_where_it_is_named():
    user, page = testing.alice().user, Client()
    Membership.objects.create(user=user, workspace=testing.make_workspace("other"), role="viewer")
    page.force_login(user)
    assert set(page.get("/api/controls").json()) == {"default", "other"}
    assert set(page.get("/api/controls?workspace=other").json()) == {"other"}


def test_status_and_dry_run_are_told_of_one_workspace_where_it_is_named(live):
    user, page = testing.alice().user, Client()
    other, foreign = testing.make_workspace("other"), testing.make_workspace("foreign")
    Membership.objects.create(user=user, workspace=other, role="viewer")
    page.force_login(user)
    by, at = testing.olaf(), timezone.now()
    stop.set_brake(ControlKey.DRY_RUN, workspace=other, reason="r", by=by, at=at)

    def slugs(query=""):
        told = page.get(f"/api/system/status{query}").json()
        return [row["slug"] for row in told["workspaces"]]

    assert (slugs(), slugs("?workspace=other")) == (["default", "other"], ["other"])
    badges = [
        page.get(f"/api/system/dry-run{query}").json()["dry_run"]
        for query in ("", "?workspace=other", "?workspace=default")
    ]
    assert badges == [True, True, False]
    for path in ("/api/system/status", "/api/system/dry-run"):
        for slug in (foreign.slug, "nowhere"):
            assert api.code(page.get(f"{path}?workspace={slug}")) == (404, "not_found")
        assert api.code(page.get(f"{path}?place=other")) == (400, "invalid")


@pytest.mark.first  # each list is asked on both by the test of its scopes
@pytest.mark.parametrize("name", LISTS)
def test_nothing_of_another_workspace_is_shown(name, bot):
    other = testing.make_workspace("other")
    approval = testing.make_pending(testing.make_person(other), at=timezone.now())
    assert api.code(bot.get(f"/api/{name}?workspace=other")) == (404, "not_found")
    assert str(approval.draft.uuid) not in bot.get(f"/api/{name}").content.decode()
    for number in (approval.pk, approval.draft.uuid, approval.draft.person.uuid, "9" * 30, "x"):
        answer = bot.get(f"/api/{name}/{number}")
        assert answer.status_code in (404, 405)
        assert answer.json()["errors"][0]["code"] in ("not_found", "method_not_allowed")


def test_pages_go_by_cursor_and_cost_the_same(bot, django_assert_max_num_queries):
    for _ in range(7):
        testing.make_person()
    first = bot.get("/api/people?page_size=3").json()
    assert (len(first["results"]), first["previous"]) == (3, None)
    seen = [row["uuid"] for row in first["results"]]
    answer = first
    while answer["next"]:
        with django_assert_max_num_queries(8):
            answer = bot.get(answer["next"].removeprefix("http://testserver")).json()
        seen += [row["uuid"] for row in answer["results"]]
    assert sorted(seen) == sorted(str(row.uuid) for row in Person.objects.all())
    for bad in ("0", "201", "-1", "x", "1e9"):
        assert bot.get(f"/api/people?page_size={bad}").status_code == 400
    assert bot.get("/api/people?cursor=nonsense").status_code == 404


def test_filters_that_make_no_sense_are_refused(bot):
    assert bot.get("/api/drafts?status=flying").status_code == 400
    assert bot.get("/api/activity?since=yesterday").status_code == 400


def test_with_a_final_slash_the_answer_is_the_same(bot):
    assert bot.get("/api/people/").json() == bot.get("/api/people").json()
    assert bot.get("/api/nowhere").json()["errors"][0]["code"] == "not_found"


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("zoe@example.com", True),
        ("Zoe@Example.COM", True),
        ("+41 44 668 18 00", True),
        ("+41446681800", True),
        ("https://www.linkedin.com/in/Zoe-M/?trk=x", True),
        ("@ZOE", True),
        ("zoe@example.co", False),
        ("example.com", False),
        ("%", False),
    ],
)
def test_people_are_found_by_an_address_however_it_is_written(bot, written, found):
    zoe = testing.make_person()
    testing.make_person()
    for channel, address in (
        ("email", "zoe@example.com"), ("whatsapp", "+41446681800"),
        ("linkedin", "linkedin.com/in/zoe-m"), ("instagram", "zoe"),
    ):  # fmt: skip
        add_address(zoe.workspace, zoe, channel, address)
    answer = bot.get(f"/api/people?address={quote(written)}").json()["results"]
    assert [row["uuid"] for row in answer] == [str(zoe.uuid)] * found


def test_people_are_written_and_stopped(bot):
    made = bot.post(
        "/api/people",
        {"full_name": "Zoë Muster", "account": "Acme", "time_zone": "Europe/Zurich",
         "addresses": [{"channel": "email", "address": "Zoe@Example.com"}]},
    )  # fmt: skip
    assert made.status_code == 201, made.content
    person = made.json()
    assert person["addresses"][0]["normalised"] == "zoe@example.com"
    path = f"/api/people/{person['uuid']}"
    assert bot.patch(path, {"position": "CTO"}).json()["position"] == "CTO"
    assert bot.patch(path, {"status": "active"}).status_code == 400
    assert bot.post("/api/people", {"full_name": "X", "time_zone": "Mars"}).status_code == 400
    for act in ("desist", "block", "lift"):
        assert bot.post(f"{path}/{act}", {"reason": "x"}).status_code == 403
    assert bot.post(f"{path}/automation", {"enabled": False}).status_code == 403
    alice = api.colleague(testing.alice)
    stopped = alice.post(f"{path}/desist", {"reason": "asked by phone"}).json()
    assert (stopped["status"], stopped["effective"]) == ("desist", True)
    assert api.code(alice.post(f"{path}/lift", {"reason": "x"})) == (409, "person_refused")


def test_one_request_brings_no_thousand_addresses(bot, person):
    """Each is looked up and told in one transaction, for which a stop would have to wait."""
    many = [{"channel": "email", "address": f"a{number}@example.org"} for number in range(51)]
    for answer in (
        bot.post("/api/people", {"full_name": "Zoë", "addresses": many}),
        bot.patch(f"/api/people/{person.uuid}", {"addresses": many}),
    ):
        assert api.code(answer) == (400, "max_length")
        assert "50" in answer.json()["errors"][0]["detail"]
    done = bot.patch(f"/api/people/{person.uuid}", {"addresses": many[:50]})
    assert (done.status_code, len(done.json()["addresses"])) == (200, 51)


def test_lifting_a_block_tells_of_the_request_to_stop_beneath_it():
    person = testing.make_person()
    alice = api.colleague(testing.alice)
    long_ago = timezone.now() - timedelta(days=9)
    for status in ("desist", "blocked"):
        stop.stop_person(person, status, reason="x", by=testing.alice(), at=long_ago)
    lifted = alice.post(f"/api/people/{person.uuid}/lift", {"reason": "by mistake"}).json()
    assert lifted["status"] == "desist"
    assert "still stands" in lifted["note"]
    lifted = alice.post(f"/api/people/{person.uuid}/lift", {"reason": "agreed"}).json()
    assert (lifted["status"], lifted["note"]) == ("active", "")


def test_lifting_a_request_to_stop_tells_of_the_block_beneath_it():
    person = testing.make_person()
    alice = api.colleague(testing.alice)
    long_ago = timezone.now() - timedelta(days=9)
    for status in ("blocked", "desist"):
        stop.stop_person(person, status, reason="x", by=testing.alice(), at=long_ago)
    lifted = alice.post(f"/api/people/{person.uuid}/lift", {"reason": "wrote again"}).json()
    assert lifted["status"] == "blocked"
    assert "still blocked" in lifted["note"]
    lifted = alice.post(f"/api/people/{person.uuid}/lift", {"reason": "agreed"}).json()
    assert (lifted["status"], lifted["note"]) == ("active", "")


def test_a_payload_is_validated_and_nothing_stored(bot):
    payload = {"platform": "email", "recipient": "a@example.com", "subject": "Hi", "content": "Hi!"}
    body = bot.post("/api/actions/validate", {"payload": payload, "at": "2026-03-11T10:00:00Z"})
    assert body.json()["outcome"] in ("ALLOW", "REWRITE", "BLOCK")
    assert bot.post("/api/actions/validate", payload).status_code == 200
    assert bot.post("/api/actions/validate", {"platform": "fax"}).status_code == 400
    assert bot.post("/api/actions/validate", [1]).status_code == 400
    assert api.agent("people:read").post("/api/actions/validate", payload).status_code == 403
    assert not Draft.objects.exists()


JUDGED = {
    "platform": "email", "recipient": "a@example.org", "subject": "Re: minutes",
    "content": "Hi Anna, here are the minutes of our call that you asked for.",
    "message_type": "work_update",
}  # fmt: skip


def test_a_payload_is_judged_by_the_zone_and_words_of_the_workspace(db):
    place = testing.make_workspace()
    place.time_zone, place.own_words = "America/Los_Angeles", "kumquat"
    place.save()
    bot = api.agent(workspace=place)

    def judged(at, **more):
        payload = {**JUDGED, **more.pop("payload", {})}
        return bot.post("/api/actions/validate", {"payload": payload, "at": at, **more}).json()

    night = judged("2026-03-11T05:30:00Z")
    assert (night["outcome"], night["local_zone"]) == ("REWRITE", "America/Los_Angeles")
    assert judged("2026-03-11T23:30:00Z")["outcome"] == "ALLOW"
    named = judged("2026-03-11T23:30:00Z", payload={"content": "Here is the kumquat you wanted."})
    assert "kumquat" in str(named["checks"])


def test_only_a_history_that_was_given_is_judged(bot):
    asked = {"payload": JUDGED, "at": "2026-03-11T12:00:00Z"}
    assert "Re:" not in str(bot.post("/api/actions/validate", asked).json()["checks"])
    told = bot.post("/api/actions/validate", {**asked, "history": []}).json()
    assert told["checks"] != bot.post("/api/actions/validate", asked).json()["checks"]


@pytest.mark.parametrize(("entries", "status"), [(1000, 200), (1001, 400)])
def test_a_history_from_afar_is_not_endless(bot, entries, status):
    """Each text of theirs is read as a request to stop: thousands would hold a process for long."""
    entry = {"platform": "email", "at": "2026-03-01T12:00:00Z", "direction": "in"}
    asked = {"payload": JUDGED, "at": "2026-03-11T12:00:00Z", "history": [entry] * entries}
    told = bot.post("/api/actions/validate", asked)
    assert told.status_code == status
    assert ("more than 1000 entries. Send the newest." in str(told.json())) is (status == 400)


def test_a_person_and_no_agent_may_ask_about_an_emergency(bot):
    declared = {"category": "medical", "justification": "A recall", "declared_by": "Anna"}
    asked = {"payload": {**JUDGED, "emergency": declared}, "at": "2026-03-11T03:30:00Z"}
    refused = bot.post("/api/actions/validate", asked)
    assert refused.status_code == 403
    assert "A person has to do this" in refused.content.decode()
    assert bot.post("/api/actions/validate", asked["payload"]).status_code == 403
    alice = api.colleague(testing.alice)
    assert alice.post("/api/actions/validate", asked).status_code == 200


DRAFTS = {"name": "email_drafts", "options": {"template": "reconnect"}}


def test_a_workflow_is_started_and_read(bot):
    testing.make_workspace(sender_name="Ann Muster")
    testing.make_person()
    run = bot.post("/api/workflow-runs", DRAFTS)
    assert run.status_code == 201, run.content
    steps = bot.get(f"/api/workflow-runs/{run.json()['id']}/steps").json()
    assert steps[0]["no"] == 1
    assert bot.post("/api/workflow-runs", {"name": "nonsense"}).status_code == 400
    bad = bot.post("/api/workflow-runs", {"name": "email_drafts", "options": {"bogus": 1}})
    assert bad.status_code == 400
    cancelled = bot.post(f"/api/workflow-runs/{run.json()['id']}/cancel")
    assert cancelled.json()["status"] == "cancelled"


def test_a_workflow_asked_for_twice_with_one_key_runs_once(bot):
    testing.make_workspace(sender_name="Ann Muster")
    testing.make_person()
    words = DRAFTS
    first = bot.post("/api/workflow-runs", words, Idempotency_Key="r1")
    again = bot.post("/api/workflow-runs", words, Idempotency_Key="r1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json() and again["Idempotent-Replay"] == "true"
    other = bot.post("/api/workflow-runs", {"name": "daily_plan"}, Idempotency_Key="r1")
    assert api.code(other) == (422, "idempotency_key_reused")
    assert api.code(bot.post("/api/workflow-runs", words, Idempotency_Key="")) == (400, "required")
    assert Run.objects.count() == 1
    bot.post("/api/workflow-runs", words)
    bot.post("/api/workflow-runs", words, Idempotency_Key="r2")
    assert Run.objects.count() == 3


def test_who_may_run_workflows_no_more_is_not_told_of_a_run_again(bot):
    testing.make_workspace(sender_name="Ann Muster")
    bot.post("/api/workflow-runs", DRAFTS, Idempotency_Key="r1")
    agent = bot.principal.agent
    agent.scopes = ["people:read"]
    agent.save()
    again = bot.post("/api/workflow-runs", DRAFTS, Idempotency_Key="r1")
    assert again.status_code == 403


def test_a_run_started_or_resumed_here_wakes_a_worker(
    bot, monkeypatch, django_capture_on_commit_callbacks
):
    testing.make_workspace(sender_name="Ann Muster")
    testing.make_person()
    woken = []
    monkeypatch.setattr("workflows.tasks.wake", lambda run: woken.append(run.pk))
    with django_capture_on_commit_callbacks(execute=True):
        number = bot.post("/api/workflow-runs", DRAFTS).json()["id"]
    Run.objects.update(status="failed")
    with django_capture_on_commit_callbacks(execute=True):
        assert bot.post(f"/api/workflow-runs/{number}/resume").json()["status"] == "waiting"
    assert woken == [number, number]


def test_a_revoked_key_is_out_at_once(bot):
    assert bot.get("/api/people").status_code == 200
    key = ApiKey.objects.get(agent=bot.principal.agent)
    keys.revoke(key, by=testing.dora(), at=timezone.now())
    assert bot.get("/api/people").status_code == 401


def test_who_asks_too_often_is_told_when_to_come_back(monkeypatch):
    monkeypatch.setattr(PerCaller, "get_rate", lambda self: "2/min")
    monkeypatch.setattr(PerCaller, "cache", LocMemCache("throttled", {}))
    busy, other = api.agent(), api.agent()
    answers = [busy.get("/api/people") for _ in range(3)]
    assert [row.status_code for row in answers] == [200, 200, 429]
    assert int(answers[2]["Retry-After"]) > 0
    assert other.get("/api/people").status_code == 200


def test_the_log_names_the_door(bot, person):
    bot.post("/api/drafts", proposal(person), Idempotency_Key="a1")
    told = Activity.objects.filter(verb="drafts.written").get()
    assert (told.by_kind, told.codes["door"]) == ("agent", "api")


def test_who_revises_writes_only_the_letter(bot):
    """As in a proposal: the footer comes by itself, and the reviewer's edit keeps it, too."""
    place = testing.make_workspace(sender_name="Mira", postal_address="1 Sample Street")
    made = bot.post(
        "/api/drafts", proposal(testing.make_person(place)), Idempotency_Key="a1"
    ).json()
    end = made["text"].removeprefix(TEXT)
    assert "1 Sample Street" in end
    alice, number = api.colleague(testing.alice), made["rounds"][0]["id"]
    edit = {"digest": made["digest"], "text": "Here they are, as agreed.", "subject": "Minutes"}
    edited = alice.post(f"/api/approvals/{number}/edit", edit)
    assert edited.status_code == 200 and edited.json()["text"].endswith(end), edited.content
    alice.post(
        f"/api/approvals/{number}/request-changes",
        {"feedback": "Say who took part", "digest": edited.json()["digest"]},
    )
    now = bot.get(f"/api/drafts/{made['uuid']}").json()
    words = {"subject": "Minutes", "text": f"{TEXT} Bob took part."}
    revised = bot.patch(f"/api/drafts/{made['uuid']}", words, If_Match=now["digest"])
    assert revised.json()["text"] == f"{TEXT} Bob took part.{end}"
    again = bot.post(f"/api/drafts/{made['uuid']}/submit", {}, If_Match=revised.json()["digest"])
    assert again.json()["status"] == "pending_approval", again.content


def test_a_repeated_request_is_answered_though_its_time_has_come(bot, person):
    """Whoever lost the first answer must not have to propose the message a second time."""
    when = testing.WORKDAY + timedelta(minutes=5)
    words = proposal(person, scheduled_for=when.isoformat())
    with time_machine.travel(testing.WORKDAY) as clock:
        first = bot.post("/api/drafts", words, Idempotency_Key="a1")
        clock.move_to(when + timedelta(minutes=1))
        again = bot.post("/api/drafts", words, Idempotency_Key="a1")
        assert (first.status_code, again.status_code) == (201, 201), again.content
        assert again.json() == first.json() and again["Idempotent-Replay"] == "true"
        new = bot.post("/api/drafts", words, Idempotency_Key="a2")
    assert "between now and a year" in new.json()["errors"][0]["detail"]
    assert Draft.objects.count() == KeptAnswer.objects.count() == 1


def test_a_time_that_was_chosen_is_kept(bot, person):
    when = (timezone.now() + timedelta(days=2)).replace(microsecond=0)
    words = proposal(person, scheduled_for=when.isoformat())
    body = bot.post("/api/drafts", words, Idempotency_Key="a1").json()
    assert Draft.objects.get(uuid=body["uuid"]).scheduled_for == when


@pytest.mark.once  # it asks no database
def test_the_page_of_the_schema_is_read_and_nothing_else():
    """The library has no page for OPTIONS and broke."""
    for caller in (api.agent(), api.Caller()):
        assert caller.ask("OPTIONS", "/api/docs").status_code in (401, 403, 405)
        assert caller.ask("OPTIONS", "/api/schema").status_code < 500


@pytest.mark.once  # it asks no database
def test_the_page_of_the_schema_works_without_a_network(client):
    client.force_login(testing.alice().user)
    page = client.get("/api/docs").content.decode()
    assert "https://" not in page.replace("https://json-schema.org", "")
    assert client.get("/api/schema").status_code == 200
