"""Consent, suppression and emergencies in the admin: only by POST, only with the right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from outreach import testing
from outreach.core import consent, suppression
from outreach.core.models import Activity, Consent, Suppression
from outreach.testing import WORKDAY
from safety.models import EmergencyOverride, SystemControl

# What pages say and to whom; consent, suppression and emergencies are asked on both by safety.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
GRANT = {"channel": "email", "basis": "opt_in", "source": "form 12", "text_shown": "Yes, write."}
WHY = "The batch of tablets is poisoned; she has taken them since Monday."


def enter(client, who):
    client.force_login(who.user)
    return who


def test_consent_is_recorded_on_a_person_and_withdrawn(client):
    enter(client, testing.bob())
    person = testing.make_person()
    add = f"{reverse('admin:core_consent_add')}?person={person.pk}"
    assert add in client.get(reverse("admin:core_person_change", args=[person.pk])).content.decode()
    assert client.get(add).status_code == 200 and not Consent.objects.exists()
    made = client.post(add, {**GRANT, "given_on": "2025-03-01", "expires_on": "2027-03-01"})
    row = Consent.objects.get()
    one = reverse("admin:core_consent_change", args=[row.pk])
    assert made["Location"] == one
    assert (row.person, row.at.year, row.by_label) == (person, 2025, testing.bob().label)
    assert "Yes, write." in client.get(one).content.decode()
    assert client.post(one, {"reason": " "}).status_code == 409
    client.post(one, {"reason": "She wrote so on 3 May"})
    row.refresh_from_db()
    assert row.withdrawn_reason == "She wrote so on 3 May"
    listed = client.get(reverse("admin:core_consent_changelist")).content.decode()
    assert person.full_name in listed and "withdrawn" in listed


def test_who_withdrew_this_morning_may_agree_again_today_and_not_yesterday(client):
    enter(client, testing.bob())
    person = testing.make_person()
    today = datetime.now(UTC)
    consent.grant(
        person, "email", "customer", source="x", by=testing.bob(), at=today - timedelta(days=3)
    )
    consent.withdraw(person, reason="asked", by=testing.bob(), at=today - timedelta(seconds=1))
    add = f"{reverse('admin:core_consent_add')}?person={person.pk}"
    before = {**GRANT, "given_on": f"{today - timedelta(days=1):%Y-%m-%d}"}
    refused = client.post(add, before)
    assert refused.status_code == 409
    assert "They withdrew their consent on" in refused.content.decode()
    again = client.post(add, {**GRANT, "given_on": f"{datetime.now(UTC):%Y-%m-%d}"})
    assert again.status_code == 302 and Consent.objects.filter(withdrawn_at=None).count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"text_shown": ""}, {"source": " "}, {"channel": "pigeon"}, {"given_on": "31.3.2026"},
     {"given_on": "2031-02-30"}, {"given_on": "0001-01-01"}],
)  # fmt: skip
def test_a_consent_that_proves_nothing_is_refused_and_the_words_come_back(client, wrong):
    enter(client, testing.bob())
    add = f"{reverse('admin:core_consent_add')}?person={testing.make_person().pk}"
    answer = client.post(add, {**GRANT, **wrong})
    assert answer.status_code == 409 and not Consent.objects.exists()
    assert "form 12" in answer.content.decode() or "source" in wrong


def test_who_only_looks_records_no_consent_and_suppresses_nothing(client):
    person = testing.make_person()
    row = consent.grant(person, "email", "customer", source="x", by=testing.bob(), at=WORKDAY)
    enter(client, testing.carol())
    add = f"{reverse('admin:core_consent_add')}?person={person.pk}"
    assert client.post(add, GRANT).status_code == 403
    one = reverse("admin:core_consent_change", args=[row.pk])
    assert client.post(one, {"reason": "no"}).status_code == 403
    form = {"workspace": person.workspace_id, "channel": "email", "address": "a@example.org"}
    add = reverse("admin:core_suppression_add")
    client.post(add, {**form, "act": "suppress", "reason": "manual"})
    row.refresh_from_db()
    assert Consent.objects.count() == 1 and row.withdrawn_at is None
    assert not Suppression.objects.exists()


@pytest.mark.both
def test_an_address_is_suppressed_looked_up_and_lifted(client):
    enter(client, testing.alice())
    place = testing.make_workspace()
    add = reverse("admin:core_suppression_add")
    form = {"workspace": place.pk, "channel": "email", "address": "Ann+shop@example.org"}
    assert "Nothing stands against" in client.post(add, form).content.decode()
    assert client.post(add, {**form, "act": "suppress", "reason": "import"}).status_code == 409
    client.post(add, {**form, "act": "suppress", "reason": "stop_request"})
    assert suppression.is_suppressed(place, "email", "ann@example.org")
    listed = client.get(reverse("admin:core_suppression_changelist")).content.decode()
    assert "suppressed" in listed and "shop@example" not in listed
    one = reverse("admin:core_suppression_change", args=[Suppression.objects.get().pk])
    assert client.post(add, {**form, "act": "look"})["Location"] == one
    assert "shop@example" not in client.get(one).content.decode()
    assert client.post(one, {"reason": ""}).status_code == 409
    client.post(one, {"reason": "She signed up again at the fair"})
    assert not suppression.is_suppressed(place, "email", "ann@example.org")
    assert "at the fair" in client.get(one).content.decode()


@pytest.mark.parametrize(
    ("channel", "address", "words"),
    [
        ("email", "Ann Lee <ann@example.com>", "is no e-mail address"),
        ("email", "ann@example.com;", "is no e-mail address"),
        ("phone", "044 668 18 00", "Write it with + and the country code"),
        ("linkedin", "Ann Lee", "is no LinkedIn profile"),
    ],
)
def test_what_cannot_be_read_is_not_said_to_be_closed_or_free(client, channel, address, words):
    """Its hash is no address's: messages to the one that was meant would go on."""
    enter(client, testing.alice())
    add = reverse("admin:core_suppression_add")
    form = {"workspace": testing.make_workspace().pk, "channel": channel, "address": address}
    for more in ({"act": "suppress", "reason": "stop_request"}, {"act": "look"}):
        answer = client.post(add, {**form, **more})
        assert answer.status_code == 409 and words in answer.content.decode()
    assert not Suppression.objects.exists()


def test_nothing_of_another_workspace_is_shown_or_taken(client):
    place = testing.make_workspace("elsewhere")
    row = suppression.suppress(
        place, "email", "a@example.org", reason="manual", by=testing.dora(place), at=WORKDAY
    )
    enter(client, testing.alice())
    assert client.get(reverse("admin:core_suppression_change", args=[row.pk])).status_code == 404
    form = {"workspace": place.pk, "channel": "email", "address": "b@example.org"}
    add = reverse("admin:core_suppression_add")
    client.post(add, {**form, "act": "suppress", "reason": "manual"})
    assert Suppression.objects.count() == 1


def test_an_emergency_is_declared_by_a_reviewer_who_answers_for_it(client):
    enter(client, testing.alice())
    draft = testing.make_draft()
    one = reverse("admin:core_draft_change", args=[draft.pk])
    form = {"action": "declare", "digest": draft.current.digest, "category": "medical",
            "justification": WHY, "confirm": "yes"}  # fmt: skip
    assert "Declare the emergency" in client.get(one).content.decode()
    for wrong in ({"confirm": ""}, {"digest": "old"}, {"justification": "soon"}, {"category": ""}):
        answer = client.post(one, {**form, **wrong})
        assert answer.status_code in (400, 409) and not EmergencyOverride.objects.exists()
    assert client.post(one, form).status_code == 302
    draft.refresh_from_db()
    assert draft.current.text.startswith("EMERGENCY:")
    page = client.get(one).content.decode()
    assert WHY in page and "Declare the emergency" not in page


def test_an_emergency_is_no_business_of_a_creator(client):
    enter(client, testing.bob())
    draft = testing.make_draft()
    one = reverse("admin:core_draft_change", args=[draft.pk])
    assert "Declare the emergency" not in client.get(one).content.decode()
    form = {"action": "declare", "digest": draft.current.digest, "category": "medical",
            "justification": WHY, "confirm": "yes"}  # fmt: skip
    assert client.post(one, form).status_code == 403
    assert not EmergencyOverride.objects.exists()


def test_the_reviewer_reads_who_declared_the_emergency_and_why(client):
    from approvals import submission
    from safety import override

    draft = testing.make_draft()
    override.declare(draft, "medical", WHY, by=testing.alice(), at=WORKDAY)
    asked = submission.submit(draft.pk, by=testing.bob(), at=WORKDAY)
    enter(client, testing.alice())
    page = client.get(reverse("admin:approvals_approval_change", args=[asked.approval.pk]))
    assert WHY in page.content.decode()


def test_a_page_that_is_not_there_says_so_in_words(client):
    enter(client, testing.alice())
    for path in ("/nowhere", reverse("admin:core_consent_change", args=[999])):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "There is nothing here" in answer.content.decode()


def test_a_control_that_the_environment_brakes_does_not_look_free(client, settings):
    settings.ENVIRONMENT_BRAKES = {**settings.ENVIRONMENT_BRAKES, "DRY_RUN": True}
    SystemControl.objects.filter(control_key="DRY_RUN").update(enabled=False)
    enter(client, testing.olaf())
    page = client.get("/admin/controls/").content.decode()
    row = page.split("Dry run</strong>")[1].split("</li>")[0]
    assert "braking by the environment" in row and "here: off" in row
    assert "oc-badge--success" not in row


@pytest.mark.both
def test_a_list_is_brought_whole_or_not_at_all_and_taken_away_with_a_trace(client):
    enter(client, testing.alice())
    person = testing.make_person()
    lists = reverse("admin:core_suppression_lists")
    assert lists in client.get(reverse("admin:core_suppression_add")).content.decode()
    place = person.workspace_id

    def bring(text, **more):
        file = SimpleUploadedFile("list.csv", text)
        return client.post(lists, {"workspace": place, "act": "import", "file": file, **more})

    bad = bring(b"Email\nann@example.com\nnobody\n")
    assert (bad.status_code, Suppression.objects.exists()) == (400, False)
    assert "1 bad row<" in bad.content.decode() and "Line 3: " in bad.content.decode()
    for text, words in ((b"Foo\n1\n", "No column"), (b"", "is empty"), (b"\xff\xfe", "UTF-8")):
        answer = bring(text)
        assert (answer.status_code, words in answer.content.decode()) == (409, True), words
    assert bring(b"Email\na@example.com\n", workspace=0).status_code == 409
    kept = person.addresses.get().normalised
    assert bring(f"Email;Channel\n{kept};\nann@example.com;email\n".encode()).status_code == 302
    assert Suppression.objects.count() == 2
    told = client.post(lists, {"workspace": place, "act": "export"})
    text = told.getvalue().decode()
    assert (len(text.splitlines()), kept in text) == (3, True)
    assert "ann@example.com" not in text
    assert told["Content-Disposition"].startswith("attachment")
    assert Activity.objects.get(verb="exports.ended").codes["kind"] == "suppression"


def test_who_may_stop_nobody_neither_brings_nor_takes_a_list(client):
    enter(client, testing.bob())
    lists = reverse("admin:core_suppression_lists")
    form = {"workspace": testing.make_workspace().pk, "act": "export"}
    assert (client.get(lists).status_code, client.post(lists, form).status_code) == (403, 403)
    assert not Activity.objects.filter(verb__startswith="exports.").exists()
