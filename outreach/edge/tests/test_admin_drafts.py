"""Drafts in the admin: who may open, mend, submit and discard one, and that no word is lost."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.apps import apps
from django.test import Client
from django.urls import reverse

from approvals import expiry, services
from approvals.models import Approval
from channels import stop
from outreach import testing
from outreach.core import drafts
from outreach.core.models import Activity, Draft
from outreach.core.people import add_address
from outreach.core.principal import Principal
from outreach.testing import WORKDAY

# What pages say and to whom; drafts are written, submitted and decided on both by their services.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
LIST = "/admin/core/draft/"


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(WORKDAY + timedelta(minutes=5), tick=True):
        yield


def enter(who: Principal, **options) -> Client:
    client = Client(**options)
    client.force_login(who.user)
    return client


def page(draft: Draft) -> str:
    return f"{LIST}{draft.pk}/change/"


def post(client: Client, draft: Draft, action: str, **typed):
    revision = Draft.objects.get(pk=draft.pk).current
    form = {
        "digest": revision.digest, "subject": revision.subject, "text": revision.text, **typed,
    }  # fmt: skip
    return client.post(page(draft), {"action": action, **form})


def body(response) -> str:
    return response.content.decode()


def words(response) -> str:
    return " ".join(str(message) for message in response.wsgi_request._messages)


@pytest.mark.parametrize("who", [testing.bob, testing.carol])
def test_a_subject_that_mail_programs_cut_is_told(who):
    draft = testing.make_draft(subject="Minutes of Monday " * 9)
    told = "The subject has 161 characters. Mail programs show about the first 78"
    assert told in body(enter(who()).get(page(draft)))


def stored(draft: Draft) -> tuple[str, str]:
    fresh = Draft.objects.select_related("current").get(pk=draft.pk)
    return fresh.status, fresh.current.text


def everything() -> dict[str, list]:
    return {
        model._meta.label: list(model._base_manager.order_by("pk").values())
        for model in apps.get_models()
        if model._meta.app_label in ("core", "safety", "approvals", "channels", "workflows")
        and model._meta.label != "core.User"
    }


def test_the_list_shows_drafts_first_and_the_rest_when_asked():
    testing.make_draft(testing.make_person(name="Waiting Writer"))
    testing.make_pending(testing.make_person(name="Queued Quentin"))
    client = enter(testing.bob())
    first = body(client.get(LIST))
    assert "Waiting Writer" in first and "Queued Quentin" not in first
    every = body(client.get(LIST, {"status": "all"}))
    assert "Waiting Writer" in every and "Queued Quentin" in every
    found = body(client.get(LIST, {"q": "queued", "status": "all"}))
    assert "Waiting Writer" not in found and "Queued Quentin" in found


def test_a_draft_is_reached_from_the_menu_and_from_its_person():
    draft = testing.make_draft()
    client = enter(testing.bob())
    assert f'href="{LIST}"' in body(client.get("/admin/"))
    person = body(client.get(f"/admin/core/person/{draft.person_id}/change/"))
    assert page(draft) in person and reverse("admin:core_draft_new", args=[1])[:20] in person


def test_save_makes_a_revision_that_is_as_sure_as_nobody_said():
    draft = testing.make_draft()
    response = post(enter(testing.bob()), draft, "save", subject="New", text="One\r\ntwo")
    assert response.status_code == 302
    fresh = Draft.objects.select_related("current").get(pk=draft.pk)
    revision = fresh.current
    assert (revision.no, revision.subject, revision.text) == (2, "New", "One\ntwo")
    assert (draft.current.confidence, revision.confidence, revision.confidence_parts) == (
        85,
        None,
        [],
    )
    assert fresh.status == "draft"
    told = Activity.objects.get(verb="drafts.revised")
    assert told.codes["door"] == "admin" and told.by_kind == "user"


def test_saving_the_same_words_makes_no_revision():
    draft = testing.make_draft()
    assert "Nothing was changed" in words(post(enter(testing.bob()), draft, "save"))
    text = draft.current.text.rstrip().replace("\n", "\r\n")
    assert "Nothing was changed" in words(post(enter(testing.bob()), draft, "save", text=text))
    assert draft.revisions.count() == 1


def test_a_viewer_reads_and_changes_nothing():
    draft = testing.make_draft()
    client = enter(testing.carol())
    text = body(client.get(page(draft)))
    assert "as agreed" in text and 'id="draft-form"' not in text
    before = everything()
    for action in ("save", "submit", "discard"):
        response = post(client, draft, action, text="Mine", reason="no")
        assert response.status_code == 403
        assert "may not" in words(response)
    assert everything() == before
    person = f"/admin/core/draft/to/{draft.person_id}/"
    assert client.post(person, {"subject": "S", "text": "T"}).status_code == 403
    assert everything() == before


def test_another_workspaces_draft_is_not_there():
    other = testing.make_workspace("other")
    writer = Principal.of_user(testing.make_user("oscar", "creator", other))
    hidden = testing.make_draft(testing.make_person(other, "Secret Other"), by=writer)
    client = enter(testing.dora())
    assert client.get(page(hidden)).status_code == 404
    assert post(client, hidden, "discard", reason="x").status_code == 404
    new = reverse("admin:core_draft_new", args=[hidden.person_id])
    assert client.get(new).status_code == 404
    assert client.post(new, {"subject": "S", "text": "T"}).status_code == 404
    assert "Secret Other" not in body(client.get(LIST, {"status": "all"}))
    assert stored(hidden)[0] == "draft" and Draft.objects.count() == 1
    assert enter(testing.olaf()).get(LIST).status_code == 403


@pytest.mark.both
@pytest.mark.parametrize("action", ["save", "submit", "discard"])
def test_a_stale_text_is_not_overwritten_and_the_typed_one_is_kept(action):
    draft = testing.make_draft()
    old = draft.current.digest
    client = enter(testing.bob())
    post(client, draft, "save", text="From the other window")
    response = post(client, draft, action, digest=old, text="Typed here", reason="late")
    assert response.status_code == 409
    assert "changed the text since you opened it" in words(response)
    assert "Yours is kept below." in words(response)
    assert "Typed here" in body(response) and "From the other window" in body(response)
    assert stored(draft) == ("draft", "From the other window")


def test_no_digest_is_a_stale_one():
    draft = testing.make_draft()
    assert post(enter(testing.bob()), draft, "save", digest="", text="X").status_code == 409
    assert draft.revisions.count() == 1


@pytest.mark.both
def test_a_message_that_left_for_the_queue_meanwhile_gives_the_words_back():
    item = testing.make_pending()
    response = post(enter(testing.bob()), item.draft, "save", text="Too late")
    assert response.status_code == 409
    assert "pending approval by now" in words(response)
    assert "Too late" in body(response) and "were not saved" in body(response)
    assert stored(item.draft)[0] == "pending_approval"
    late = post(enter(testing.bob()), item.draft, "discard", reason="Too late")
    assert late.status_code == 409 and stored(item.draft)[0] == "pending_approval"


@pytest.mark.both
def test_submit_puts_the_new_words_into_the_queue():
    draft = testing.make_draft()
    client = enter(testing.bob())
    response = post(client, draft, "submit", text="Here are the minutes, mended.")
    item = Approval.objects.get(draft=draft)
    assert f"#{item.pk}" in words(response) and item.status == "pending"
    assert stored(draft) == ("pending_approval", "Here are the minutes, mended.")
    assert item.digest == Draft.objects.get(pk=draft.pk).current.digest
    shown = body(client.get(page(draft)))
    assert f"/admin/approvals/approval/{item.pk}/change/" in shown
    assert 'id="draft-form"' not in shown


def test_a_returned_message_says_why_and_goes_round_again():
    item = testing.make_pending()
    services.return_(item.pk, by=testing.alice(), at=WORKDAY, feedback="Shorter, please")
    client = enter(testing.bob())
    assert "Shorter, please" in body(client.get(page(item.draft)))
    post(client, item.draft, "submit", text="The minutes.")
    assert Approval.objects.filter(draft=item.draft, status="pending").count() == 1


@pytest.mark.parametrize(
    ("status", "said"),
    [("blocked", "Person is blocked."), ("desist", "They do not want to be written to.")],
)
def test_whoever_begins_to_write_to_who_was_stopped_is_told_at_the_top(status, said):
    kept = testing.make_person(status=status, status_reason="rude", status_at=WORKDAY)
    person = testing.make_person(merged_into=kept)
    client = enter(testing.bob())
    shown = body(client.get(reverse("admin:core_draft_new", args=[person.pk])))
    assert shown.index(said) < shown.index("<textarea") and "): rude" in shown
    free = client.get(reverse("admin:core_draft_new", args=[testing.make_person().pk]))
    assert "Nothing can be sent" not in body(free)


def test_what_the_rules_refuse_stays_a_draft_with_its_new_words():
    person = testing.make_person(status="blocked", status_reason="rude", status_at=WORKDAY)
    draft = testing.make_draft(person)
    client = enter(testing.bob())
    response = post(client, draft, "submit", text="Words to keep")
    assert "not submitted" in words(response) and "blocked: rude" in words(response)
    assert stored(draft) == ("draft", "Words to keep")
    shown = body(client.get(page(draft)))
    assert "Words to keep" in shown and shown.count("Person is blocked: rude") >= 2


def test_a_contradiction_of_the_settings_is_told_and_the_words_are_saved(monkeypatch):
    from approvals import routing

    def contradict(**known):
        raise routing.RoutingError("Autopilot meets Safe Mode.")

    monkeypatch.setattr(routing, "route", contradict)
    draft = testing.make_draft()
    response = post(enter(testing.bob()), draft, "submit", text="Words to keep")
    assert response.status_code == 400 and "Words to keep" in body(response)
    assert stored(draft) == ("draft", "Words to keep")
    assert Draft.objects.get(pk=draft.pk).status_reason == "Autopilot meets Safe Mode."


@pytest.mark.parametrize("action", ["save", "submit"])
def test_an_empty_text_is_refused_and_the_subject_kept(action):
    draft = testing.make_draft()
    response = post(enter(testing.bob()), draft, action, subject="Kept subject", text=" ")
    assert response.status_code == 400 and "Kept subject" in body(response)
    assert draft.revisions.count() == 1


def test_an_html_part_must_change_with_the_text():
    draft = drafts.write(
        testing.make_workspace(), testing.make_person(), "email",
        drafts.Text(subject="Hi", text="Old", html="<p>Old</p>"), by=testing.bob(), at=WORKDAY,
    )  # fmt: skip
    client = enter(testing.bob())
    response = post(client, draft, "save", text="New", html="<p>Old</p>")
    assert "HTML part with the old words" in words(response) and "New" in body(response)
    post(client, draft, "save", text="New", html="")
    assert stored(draft) == ("draft", "New")


def test_discard_needs_a_reason_and_tells_it():
    draft = testing.make_draft()
    client = enter(testing.bob())
    refused = post(client, draft, "discard", text="Still typed")
    assert refused.status_code == 400 and "Still typed" in body(refused)
    assert stored(draft)[0] == "draft"
    post(client, draft, "discard", reason="Left the company")
    fresh = Draft.objects.get(pk=draft.pk)
    assert (fresh.status, fresh.status_reason) == ("rejected", "Left the company")
    told = Activity.objects.get(verb="drafts.discarded")
    assert told.digest == fresh.current.digest and "company" not in str(told.codes)
    again = post(client, draft, "discard", reason="Once more")
    assert again.status_code == 409


def test_an_unknown_action_does_nothing():
    draft = testing.make_draft()
    assert post(enter(testing.bob()), draft, "send").status_code == 400
    assert stored(draft)[0] == "draft"


def test_a_post_without_the_token_is_refused():
    draft = testing.make_draft()
    client = enter(testing.bob(), enforce_csrf_checks=True)
    assert post(client, draft, "discard", reason="x").status_code == 403
    assert stored(draft)[0] == "draft"


def test_a_get_changes_nothing():
    draft = testing.make_draft()
    client = enter(testing.bob())
    before = everything()
    asked = {"digest": draft.current.digest, "text": "X", "subject": "X", "reason": "X"}
    for action in ("save", "submit", "discard"):
        assert client.get(page(draft), {"action": action, **asked}).status_code == 200
    new = reverse("admin:core_draft_new", args=[draft.person_id])
    assert client.get(new, asked).status_code == 200
    assert client.get(LIST).status_code == 200
    assert everything() == before


def test_what_is_typed_is_never_markup():
    evil = "</textarea><script>alert(1)</script>"
    person = testing.make_person(name="<script>alert(2)</script>")
    draft = testing.make_draft(person, subject='"><script>alert(3)</script>', text=evil)
    evil_reason = '"><img src=x onerror=alert(4)>'
    client = enter(testing.bob())
    for response in (
        client.get(page(draft)),
        enter(testing.carol()).get(page(draft)),
        client.get(LIST),
        client.get(f"/admin/core/person/{person.pk}/change/"),
        client.get(reverse("admin:core_draft_new", args=[person.pk])),
        post(client, draft, "save", digest="x", text=evil, reason=evil_reason),
    ):
        text = body(response)
        assert "<script>alert" not in text and "<img src=x" not in text


def test_a_new_message_becomes_a_draft_and_nothing_more():
    person = testing.make_person()
    client = enter(testing.bob())
    address = reverse("admin:core_draft_new", args=[person.pk])
    refused = client.post(address, {"subject": "", "text": "Kept words"})
    assert refused.status_code == 400 and "Kept words" in body(refused)
    made = client.post(
        address, {"subject": "Minutes", "text": "Here they are.", "purpose": "informational"}
    )
    draft = Draft.objects.get()
    assert made["Location"] == page(draft)
    assert (draft.status, draft.purpose, draft.by_label) == ("draft", "informational", "Bob")
    assert not Approval.objects.exists()


def test_nobody_without_an_address_is_written_to():
    person = testing.make_person()
    person.addresses.all().delete()
    client = enter(testing.bob())
    address = reverse("admin:core_draft_new", args=[person.pk])
    assert "No address of this person" in body(client.get(address))
    assert client.post(address, {"subject": "S", "text": "T"}).status_code == 400
    assert not Draft.objects.exists()


def test_a_new_message_goes_by_any_channel_they_have_an_address_on():
    person = testing.make_person()
    person.addresses.all().delete()
    for channel, value in (("whatsapp", "+442079460123"), ("phone", "+442079460124")):
        add_address(person.workspace, person, channel, value)
    client = enter(testing.bob())
    address = reverse("admin:core_draft_new", args=[person.pk])
    shown = body(client.get(address))
    assert "WhatsApp: +442079460123" in shown and "Subject" not in shown
    assert "+442079460124" not in shown  # nobody is written to by phone
    for other in ("email", "phone", "pigeon"):
        assert client.post(address, {"channel": other, "text": "T"}).status_code == 400
    client.post(address, {"channel": "whatsapp", "subject": "none", "text": "Here it is."})
    draft = Draft.objects.get()
    assert (draft.channel, draft.current.subject, draft.current.text) == (
        "whatsapp", "", "Here it is.",
    )  # fmt: skip


ENDS = [
    ("stop", "Approved by Alice, then rejected", "Rejected after it was approved by Alice"),
    ("reject", "Approved by Alice, then rejected", "Rejected after it was approved by Alice"),
    ("return", "Approved by Alice, then sent back", "Sent back after it was approved by Alice"),
    ("no", "Rejected by Dora", "Rejected by Dora"),
    ("expiry", "Approved by Alice, then expired", "Expired after it was approved by Alice"),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("end", "heading", "line"), ENDS, ids=[each[0] for each in ENDS])
def test_how_an_approval_ended_is_never_laid_on_whoever_gave_it(client, live, end, heading, line):
    at = WORKDAY + timedelta(minutes=5)
    dora = testing.dora()
    given = testing.make_pending() if end == "no" else testing.make_approved()
    if end == "stop":
        stop.stop_person(given.human, "desist", reason="asked", by=dora, at=at)
    elif end in ("reject", "no"):
        services.reject(given.pk, by=dora, at=at, reason="No")
    elif end == "return":
        services.return_(given.pk, by=dora, at=at, feedback="Shorter")
    else:
        expiry.expire_due(at=at + timedelta(days=30))
    client.force_login(dora.user)
    page = client.get(f"/admin/approvals/approval/{given.pk}/change/").content.decode()
    assert f'<h2 id="h-decided">{heading}</h2>' in page
    page = client.get(f"/admin/core/draft/{given.draft_id}/change/").content.decode()
    said = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert f"#{given.pk} {line}" in said


def test_each_reason_for_a_refusal_is_a_sentence_of_its_own():
    draft = testing.make_draft(text="Buy now! What is your date of birth?")
    person = draft.person
    type(person).objects.filter(pk=person.pk).update(
        status="desist", status_reason="asked by mail", status_at=WORKDAY
    )
    told = words(post(enter(testing.bob()), draft, "submit"))
    assert told.endswith("They do not want to be written to: asked by mail.")
