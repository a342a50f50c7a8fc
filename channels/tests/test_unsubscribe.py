"""One click ends it: signed, without login, only by POST, effective when it answers."""

from __future__ import annotations

import threading
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
import time_machine
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone

from approvals.models import Approval
from channels import envelopes, events, headers, merging, registry, sending, stop, unsubscribe
from channels.adapters.memory import MemoryAdapter
from channels.adapters.mime import compose
from channels.base import Outcome, Receipt
from channels.models import Delivery
from outreach import testing
from outreach.core import drafts, suppression
from outreach.core.models import (
    Activity,
    Consent,
    CoolingOff,
    Draft,
    InboundMessage,
    Person,
    Suppression,
)
from outreach.core.people import PersonRefused, set_status
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
LATER = WORKDAY + timedelta(minutes=5)
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def https(settings):
    settings.BASE_URL = "https://outreach.example.org"
    with time_machine.travel(LATER, tick=True):
        yield settings


def make_approved(**more) -> Approval:
    approval = testing.make_approved(**more)
    return Approval.objects.select_related("draft", "revision", "workspace").get(pk=approval.pk)


def mail_of(approval: Approval):
    envelope = envelopes.envelope_of(approval, token="t", at=LATER)
    return message_from_bytes(compose(envelope).data, policy=policy.default)


def path_of(approval: Approval) -> str:
    """What a mail program finds in the header of the mail itself."""
    url = mail_of(approval)["List-Unsubscribe"].partition(">")[0].lstrip("<")
    assert url.startswith("https://outreach.example.org/")
    return url.removeprefix("https://outreach.example.org")


def click(path: str, client: Client | None = None):
    strict = client or Client(enforce_csrf_checks=True)
    return strict.post(path, ONE_CLICK, content_type=FORM)


def test_the_mail_says_where_to_post_and_where_to_write():
    mail = mail_of(make_approved())
    web, _, mailto = mail["List-Unsubscribe"].partition(", ")
    assert web.startswith("<https://outreach.example.org/unsubscribe/")
    assert mailto.startswith("<mailto:outreach@localhost?subject=unsubscribe%20")
    assert mail["List-Unsubscribe-Post"] == ONE_CLICK


def test_in_clear_text_there_is_no_one_click(https):
    https.BASE_URL = "http://localhost:8000"
    mail = mail_of(make_approved())
    assert mail["List-Unsubscribe"].startswith("<mailto:")
    assert mail["List-Unsubscribe-Post"] is None


def test_a_click_stops_the_person_at_once_and_for_good(live):
    person = testing.make_person()
    first = make_approved(person=person)
    second = testing.make_pending(person)
    response = click(path_of(first))
    assert response.status_code == 200
    assert response.cookies == {}
    person.refresh_from_db()
    assert (person.status, person.status_reason) == ("desist", "unsubscribed with one click")
    address = first.revision.address
    assert suppression.find(first.workspace, "email", address).reason == "unsubscribe"
    for item in (first, second):
        item.refresh_from_db()
        assert item.status == "rejected"
    assert Activity.objects.filter(verb="people.desist").count() == 1
    MemoryAdapter.reset()
    with registry.override("email", MemoryAdapter("email")):
        assert sending.process(clock=lambda: LATER).sent == 0


def test_looking_changes_nothing_and_shows_no_address():
    approval = make_approved()
    before = Activity.objects.count()
    client = Client()
    page = client.get(path_of(approval))
    assert client.head(path_of(approval)).status_code == 200
    assert page.status_code == 200
    text = page.content.decode()
    assert "Stop messages from" in text and approval.revision.address not in text
    assert page["Referrer-Policy"] == "no-referrer"
    assert "no-store" in page["Cache-Control"]
    assert Person.objects.get().status == "active"
    assert Activity.objects.count() == before


def test_a_second_click_is_as_good_as_the_first():
    path = path_of(make_approved())
    click(path)
    since = Person.objects.get().status_at
    assert click(path).status_code == 200
    assert Person.objects.get().status_at == since, "the 72 hours are not prolonged"
    assert Suppression.objects.count() == 1


def test_a_click_says_that_one_may_be_on_its_way_as_long_as_that_is_so(live):
    """A sender is past its last look when they click: that message cannot be called back."""
    approval = make_approved()
    path, looked, go = path_of(approval), threading.Event(), threading.Event()

    def stuck(envelope):
        looked.set()
        go.wait(20)
        return Receipt(Outcome.SENT, "memory")

    def send():
        sending.process(clock=lambda: LATER)
        connection.close()

    MemoryAdapter.reset()
    MemoryAdapter.answers.append(stuck)
    with registry.override("email", MemoryAdapter("email")):
        sender = threading.Thread(target=send)
        sender.start()
        try:
            assert looked.wait(20)
            first, again = click(path), click(path)
        finally:
            go.set()
            sender.join(20)
    for response in (first, again):
        assert response.status_code == 200
        assert "Done" in response.content.decode()
        assert "One message may be on its way already" in response.content.decode()
    assert Delivery.objects.get().status == "sent"
    assert "on its way" not in click(path).content.decode()
    assert "on its way" not in Client().get(path).content.decode()


def test_who_was_blocked_asks_us_to_stop_all_the_same():
    approval = make_approved()
    since = WORKDAY - timedelta(days=1)
    Person.objects.update(status="blocked", status_reason="rude", status_at=since)
    assert click(path_of(approval)).status_code == 200
    person = Person.objects.get()
    assert person.status == "desist" and person.desisted_at is not None
    assert CoolingOff.objects.get().cause == "stop_request"
    assert Suppression.objects.count() == 1
    with transaction.atomic(), pytest.raises(PersonRefused, match="can be lifted from"):
        set_status(
            person, "active", reason="again", by=testing.alice(),
            at=person.desisted_at + timedelta(hours=1),
        )  # fmt: skip


def test_who_was_stopped_by_another_record_keeps_their_own_click_when_taken_apart():
    approval = make_approved()
    clicked, other = approval.draft.person, testing.make_person()
    stop.stop_person(other, "desist", reason="by mail", by=testing.alice(), at=WORKDAY)
    merge = merging.merge(clicked, other, by=testing.alice(), at=WORKDAY)
    click(path_of(approval))
    merging.undo(merge, by=testing.alice(), at=LATER)
    clicked.refresh_from_db()
    assert clicked.status == "desist"


def test_the_human_being_is_stopped_by_a_duplicates_message():
    human, double = testing.make_person(), testing.make_person()
    approval = make_approved(person=double)
    Person.objects.filter(pk=double.pk).update(merged_into=human)
    click(path_of(approval))
    human.refresh_from_db()
    assert human.status == "desist"
    assert Suppression.objects.count() == 2


def test_who_reads_at_the_address_is_stopped_also_after_a_merge_was_undone():
    """The letter was to one record, at an address of the other; then they were two people."""
    kept, other = testing.make_person(), testing.make_person()
    merge = merging.merge(kept, other, by=testing.alice(), at=WORKDAY)
    address = other.addresses.get().normalised
    approval = make_approved(person=kept, address=address)
    merging.undo(merge, by=testing.alice(), at=LATER)
    click(path_of(approval))
    for person in (kept, other):
        person.refresh_from_db()
        assert (person.status, person.status_reason) == ("desist", "unsubscribed with one click")
    assert suppression.find(approval.workspace, "email", address).reason == "unsubscribe"


def test_every_consent_ends():
    person = testing.make_person()
    Consent.objects.create(
        workspace=person.workspace, person=person, channel="email", basis="customer",
        source="shop", at=WORKDAY, by_kind="user", by_id="1", by_label="Bob",
    )  # fmt: skip
    click(path_of(make_approved(person=person)))
    assert Consent.objects.get().withdrawn_at is not None


def test_a_click_that_the_database_does_not_take_is_kept_and_heard_by_the_sweep(monkeypatch):
    """Twice as well, and once more after a reviewer lifted the first."""

    def away(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    approval = make_approved()
    path, person = path_of(approval), approval.draft.person
    for days in (0, 30):
        with time_machine.travel(LATER + timedelta(days=days), tick=False):
            with monkeypatch.context() as locked:
                locked.setattr(stop, "stop_person", away)
                answers = [click(path), click(path)]
            assert [(each.status_code, each["Retry-After"]) for each in answers] == [
                (503, "60")
            ] * 2
            events.sweep(at=timezone.now())
            person.refresh_from_db()
            assert person.status == "desist"
            assert suppression.is_suppressed(person.workspace, "email", approval.revision.address)
            assert click(path).status_code == 200
        Person.objects.update(status="active", status_reason="")


@pytest.mark.parametrize("body", ["y" * 2_000_000, "&".join(f"f{n}=1" for n in range(5000)), ""])
def test_a_click_stops_whatever_comes_with_it(body):
    client = Client(enforce_csrf_checks=True)
    assert client.post(path_of(make_approved()), body, content_type=FORM).status_code == 200
    assert Person.objects.get().status == "desist"


@pytest.mark.parametrize("change", ["x", "cut", "swapped", "empty"])
def test_a_link_that_is_not_ours_does_nothing(change):
    one, other = make_approved(), make_approved()
    token = unsubscribe.token(one.draft.uuid)
    forged = {
        "x": token + "x",
        "cut": token[:-1],
        "swapped": other.draft.uuid.hex + token[32:],
        "empty": ".",
    }[change]
    for response in (click(f"/unsubscribe/{forged}"), Client().get(f"/unsubscribe/{forged}")):
        assert response.status_code == 404
        assert "stop" in response.content.decode()
    assert not Person.objects.exclude(status="active").exists()


def test_an_erased_message_is_said_to_be_unknown():
    draft = Draft(pk=0)
    assert click(f"/unsubscribe/{unsubscribe.token(draft.uuid)}").status_code == 404


def test_other_methods_are_refused():
    path = path_of(make_approved())
    assert Client().put(path).status_code == 405
    assert Client().delete(path).status_code == 405


def test_the_link_outlives_the_secret_key(https):
    path = path_of(make_approved())
    https.SECRET_KEY = "another-" + "y" * 50
    assert click(path).status_code == 200
    assert Person.objects.get().status == "desist"


# -- Other headers, and the footer ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "touch", "value"),
    [
        ("approved", "initial", None),
        ("auto_approved", "follow_up", "auto-generated"),
        ("auto_approved", "reply", "auto-replied"),
    ],
)
def test_only_what_no_person_looked_at_says_that_it_is_automatic(status, touch, value):
    approval = make_approved()
    approval.status, approval.touch = status, touch
    assert dict(headers.of(approval)).get("Auto-Submitted") == value


def test_the_footer_stands_in_both_parts_and_is_approved_with_them():
    place = testing.make_workspace(sender_name="Ada & Co", postal_address="1 Main St, Bern")
    person = testing.make_person(place)
    words = drafts.Text(subject="Hi", text="Hello.", html="<html><body><p>Hello.</p></body></html>")
    draft = drafts.write(place, person, "email", words, by=testing.bob(), at=WORKDAY)
    revision = draft.current
    assert "\n-- \nAda & Co · 1 Main St, Bern\n" in revision.text
    assert revision.html.endswith("we will not write again.</p></body></html>")
    assert "Ada &amp; Co · 1 Main St, Bern<br>" in revision.html
    assert revision.digest == drafts.digest_of(draft, revision)


def test_without_a_postal_address_nothing_is_added():
    words = drafts.Text(subject="Hi", text="Hello.", html="<p>Hello.</p>")
    person = testing.make_person()
    draft = drafts.write(person.workspace, person, "email", words, by=testing.bob(), at=WORKDAY)
    assert (draft.current.text, draft.current.html) == ("Hello.", "<p>Hello.</p>")


# -- Threads --------------------------------------------------------------------------------------


def they_wrote(person, message_id="<their.1@example.net>", **more) -> InboundMessage:
    return InboundMessage.objects.create(
        workspace=person.workspace, person=person, channel="email", sender="ana@example.net",
        key=message_id, message_id=message_id, received_at=WORKDAY - timedelta(hours=1), **more,
    )  # fmt: skip


def threading_of(approval) -> dict[str, str]:
    return {k: v for k, v in headers.thread(approval) if k in ("In-Reply-To", "References")}


def test_a_reply_stands_below_what_it_answers():
    person = testing.make_person()
    ours = make_approved(person=person)
    Delivery.objects.create(
        workspace=person.workspace, approval=ours, human=person, channel="email",
        status="sent", since=WORKDAY,
    )  # fmt: skip
    they_wrote(person, in_reply_to=ours.draft)
    answer = make_approved(person=person, text="Gladly, on Tuesday.")
    answer.touch = "reply"
    assert threading_of(answer) == {
        "In-Reply-To": "<their.1@example.net>",
        "References": f"{headers.message_id(ours, ours.workspace)} <their.1@example.net>",
    }
    assert mail_of(answer)["In-Reply-To"] == "<their.1@example.net>"
    answer.touch = "follow_up"
    assert threading_of(answer) == {}


def test_a_draft_made_for_one_message_answers_that_one():
    person = testing.make_person()
    answer = make_approved(person=person)
    answer.touch = "reply"
    they_wrote(person, reply=answer.draft)
    they_wrote(person, "<newer@example.net>")
    assert threading_of(answer)["In-Reply-To"] == "<their.1@example.net>"


@pytest.mark.parametrize("name", ["", "no brackets@x", "<a\r\nBcc: b@c>", "<a b@c>", "<ä@c>"])
def test_a_message_id_that_is_none_is_never_repeated(name):
    answer = make_approved()
    answer.touch = "reply"
    they_wrote(answer.draft.person, name)
    assert threading_of(answer) == {}
