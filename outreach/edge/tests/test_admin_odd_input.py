"""What no browser sends by itself to the admin: refused in words, never a broken page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from channels import stop_link
from outreach import testing
from outreach.core.models import ApiKey, Person
from outreach.edge.models import Webhook
from outreach.edge.tests import api
from safety import controls
from safety.models import SystemControl

pytestmark = pytest.mark.django_db
# Both are digits to Python, and neither is a number that a database knows.
NO_NUMBERS = ["²", "9" * 5000]
BRAKE = {"act": "brake", "key": "MESSAGING_ENABLED", "reason": "x"}


def enter(who) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(who.user)
    return client


@pytest.mark.parametrize("number", NO_NUMBERS, ids=["square", "long"])
@pytest.mark.parametrize(
    ("page", "form"),
    [
        ("admin:core_apikey_add", {"owner": "agent:{}", "label": "x", "span": "30"}),
        ("admin:core_apikey_add", {"owner": "me:{}", "label": "x", "span": "30"}),
        ("admin:edge_webhook_add", {"whose": "all:{}", "url": "https://example.org"}),
        ("admin:core_suppression_add", {"workspace": "{}", "channel": "email", "address": "a@b.c"}),
        ("controls", {**BRAKE, "scope": "{}"}),
        ("controls", {"act": "stop_link", "scope": "{}", "days": "{}"}),
        ("safe_mode", {"act": "rules", "threshold": "{}"}),
        ("admin:approvals_approval_bulk", {"approve": "{}:x", "item": "{}:x"}),
    ],
)
def test_a_number_that_is_none_is_refused_in_words(page, form, number):
    sent = {name: value.format(number) for name, value in form.items()}
    answer = enter(testing.dora()).post(reverse(page), sent)
    assert answer.status_code in (200, 302, 409)
    assert not ApiKey.objects.exists() and not Webhook.objects.exists()
    assert not SystemControl.objects.filter(reason="x").exists()


@pytest.mark.parametrize(
    "address",
    ["/admin/core/person/²/change/", "/admin/core/draft/to/²/",
     "/admin/approvals/approval/?after=²",
     "/admin/approvals/approval/?q=%23²", "/admin/approvals/approval/?undo=²"],
)  # fmt: skip
def test_an_address_without_a_number_finds_nothing(address):
    assert enter(testing.dora()).get(address).status_code in (200, 404)


def test_a_nul_in_a_form_or_an_address_is_refused_before_anything_is_done():
    person, client = testing.make_person(), enter(testing.dora())
    place = testing.make_workspace()
    stop = client.post(f"/admin/core/person/{person.pk}/stop/", {"what": "block", "reason": "a\0b"})
    assert stop.status_code == 400 and "NUL" in stop.content.decode()
    assert Person.objects.get(pk=person.pk).status == "active"
    for page in (
        f"core/duplicate/of/{person.pk}/?other=%00",
        "core/person/?country=%00",
        "approvals/approval/?undo=%00",
        "approvals/approval/?before=%00",
    ):
        assert client.get(f"/admin/{page}").status_code == 400
    said = {"scope": place.pk, "reason": "a\0b"}
    assert client.post(reverse("emergency_stop"), said).status_code == 400


def test_a_nul_is_a_page_of_ours_that_gives_back_the_words_that_held_it():
    sent = {"reason": "Words typed\0 for <long>", "password": "sec\0ret"}
    said = enter(testing.dora()).post(reverse("controls"), sent).content.decode()
    assert "That could not be kept" in said and "Nothing was changed" in said
    assert "Words typed for &lt;long&gt;</textarea>" in said and "outreach.css" in said
    assert "\0" not in said and "secret" not in said
    asked = enter(testing.bob()).get("/admin/core/person/?q=a%00b").content.decode()
    assert "That could not be kept" in asked and "<textarea" not in asked


@pytest.mark.parametrize("form", [
    {"action": "save", "subject": "New", "text": "Words typed\0 for long"},
    {"action": "edit_approve", "subject": "N\0ew", "text": "Words typed for long"},
    {"action": "reject", "reason": "Words typed for\0 long"},
    {"action": "approve", "digest": "\0"},
])  # fmt: skip
def test_a_nul_in_a_review_is_refused_on_its_page_with_what_was_typed(form):
    item, client = testing.make_pending(), enter(testing.dora())
    page = reverse("admin:approvals_approval_change", args=[item.pk])
    answer = client.post(page, {"digest": item.digest, **form})
    said = answer.content.decode()
    assert answer.status_code == 400 and "A NUL character came with this." in said
    assert "\0" not in said and 'id="decide"' in said
    assert ("Words typed for long" in said) == (form["action"] != "approve")
    item.refresh_from_db()
    assert (item.status, item.revision.no) == ("pending", 1)


FORM = "application/x-www-form-urlencoded"
MANY = "a=1&" * 1001


@pytest.mark.parametrize(
    ("sent", "kind", "told"),
    [
        (f"reason={'x' * 2_000_000}", FORM, "A form may hold 1 MB of text, files aside"),
        (MANY, FORM, "A form may have 1000 fields, and this one had more"),
        (
            '--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n1\r\n' * 101
            + "--x--",
            "multipart/form-data; boundary=x",
            "A form may carry 100 files, and this one carried more",
        ),
    ],
    ids=["large", "fields", "files"],
)
def test_a_form_that_is_too_large_is_a_page_and_one_line_of_the_log(caplog, sent, kind, told):
    client, page = enter(testing.dora()), reverse("controls")
    caplog.clear()
    answer = client.post(page, sent, content_type=kind)
    said = answer.content.decode()
    assert answer.status_code == 413 and told in said
    assert "That was too much at once" in said and "Nothing was changed" in said
    lines = [caplog.handler.format(each) for each in caplog.records]
    assert len(lines) == 1 and "\n" not in lines[0]


@pytest.mark.parametrize("size", [2_000_000, 10_000_000])
def test_what_is_too_large_is_read_to_its_end_so_that_the_connection_can_stay(size):
    """What nobody reads makes the server hang up, while the client still sends."""
    page = enter(testing.dora()).post(reverse("controls"), "x" * size, content_type=FORM)
    assert (page.status_code, page.wsgi_request.read()) == (413, b"")
    told = api.agent().post("/api/drafts", b"x" * size, Idempotency_Key="large")
    assert (told.status_code, told.wsgi_request.read()) == (413, b"")


def test_a_body_without_end_is_not_read_to_its_end():
    page = enter(testing.dora()).post(reverse("controls"), "x" * 17_000_000, content_type=FORM)
    assert page.status_code == 413 and page.wsgi_request.read(1) == b"x"


def test_what_cannot_be_read_at_all_is_a_page_of_ours(caplog):
    answer = enter(testing.dora()).get("/admin/", headers={"host": "elsewhere.example"})
    said = answer.content.decode()
    assert answer.status_code == 400 and "What your browser sent could not be read" in said
    logged = [caplog.handler.format(each) for each in caplog.records]
    assert any("ALLOWED_HOSTS" in line for line in logged)
    assert not any("Traceback" in line for line in logged)
    assert api.code(api.Caller().get("/api/me", host="no.example")) == (400, "invalid")


def test_no_words_hold_a_stop_by_link_up():
    place = testing.make_workspace()
    by = testing.alice()
    link = stop_link.make(by=by, workspace=place, days=1, at=timezone.now())
    address = reverse("stop_by_link", args=[link.token()])
    assert Client().post(address, {"reason": "a\0b"}).status_code == 302
    assert controls.badge(place.pk).text == "STOPPED"


@pytest.mark.parametrize("form", [BRAKE, {"act": "stop_link", "days": "3"}])
def test_a_foreign_workspace_is_refused_like_one_that_does_not_exist(form):
    other = testing.make_workspace("other")
    client = enter(testing.alice())
    told = []
    for number in (other.pk, other.pk + 1000):
        page = client.post(reverse("controls"), {**form, "scope": number}, follow=True)
        told.append(page.content.decode())
    assert all("there is no such workspace" in each for each in told)
    assert not any("in Other" in each for each in told)
