"""The inbox in the admin: who sees what, and each button does one thing."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels import inbound, stop
from outreach import testing
from outreach.core import inbox, people, suppression
from outreach.core.models import Address, Draft, InboundMessage, Person
from outreach.testing import WORKDAY

# What the pages say and to whom; messages are judged on both by test_receiving.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
LIST = "/admin/core/inboundmessage/"


def page(message) -> str:
    return f"{LIST}{message.pk}/change/"


@pytest.fixture
def bob(client):
    client.force_login(testing.bob().user)
    return client


def stranger(text: str = "Could you call me?") -> InboundMessage:
    return InboundMessage.objects.create(
        workspace=testing.make_workspace(), channel="email", key="k1", sender="eve@example.net",
        sender_name="Eve", text=text, status="needs_person", received_at=WORKDAY,
    )  # fmt: skip


def test_the_list_shows_what_is_open_and_the_badge_counts_it(bob):
    shown = testing.make_inbound(testing.make_person(name="Ann Open"))
    testing.make_inbound(testing.make_person(name="Ann Done"), status="handled")
    testing.make_inbound(testing.make_person(testing.make_workspace("other"), name="Ann Elsewhere"))
    told = bob.get(LIST).content.decode()
    assert "Ann Open" in told
    assert "Ann Done" not in told
    assert "Ann Elsewhere" not in told
    assert "Ann Done" in bob.get(f"{LIST}?status=all").content.decode()
    assert bob.get(page(shown)).status_code == 200


@pytest.mark.both
@pytest.mark.parametrize("address", ["eve@example.net", "eve+news@example.net"])
def test_the_list_names_who_has_the_address_by_now(bob, address):
    stranger()
    assert "nobody we know" in bob.get(LIST).content.decode()
    for name, where in (("Eve Late", address), ("Ann Other", "ann@example.net")):
        people.add_address(
            testing.make_workspace(), testing.make_person(name=name), "email", where, at=WORKDAY
        )
    far = testing.make_workspace("other")
    elsewhere = testing.make_person(far, name="Eve Elsewhere")
    people.add_address(far, elsewhere, "email", "eve@example.net", at=WORKDAY)
    told = bob.get(LIST).content.decode()
    assert "not matched yet; this address is Eve Late’s now" in told
    assert "nobody we know" not in told and "Elsewhere" not in told


def test_the_list_asks_once_whose_the_addresses_are(bob):
    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            bob.get(LIST)
        return len(found)

    stranger()
    asked()
    alone = asked()
    for number in range(5):
        InboundMessage.objects.create(
            workspace=testing.make_workspace(), channel="email", key=f"more {number}",
            sender=f"e{number}@example.net", text="Hello", status="needs_person",
            received_at=WORKDAY,
        )  # fmt: skip
    assert asked() == alone


def test_words_and_quotes_are_shown_as_text(bob):
    message = testing.make_inbound(
        text="<script>alert(1)</script>", quoted="> <img src=x onerror=y>", subject="<b>Hi</b>"
    )
    told = bob.get(page(message)).content.decode()
    assert "<script>alert(1)" not in told
    assert "<img src=x" not in told
    assert "&lt;script&gt;" in told
    assert told.index("What they quote") < told.index("&lt;img src=x")


def test_another_workspaces_message_looks_like_none(bob):
    other = testing.make_inbound(testing.make_person(testing.make_workspace("other")))
    assert bob.get(page(other)).status_code == 404
    assert bob.post(page(other), {"action": "handle"}).status_code == 404


def test_who_has_the_address_by_now_is_named_and_offered(bob):
    message = stranger()
    InboundMessage.objects.update(reason="nobody here has this address")
    told = bob.get(page(message)).content.decode()
    assert "Nobody here had this address when it came." in told and "Write them down" in told
    ann = testing.make_person(name="Ann Late")
    Address.objects.filter(person=ann).update(normalised="eve@example.net")
    told = bob.get(page(message)).content.decode()
    assert "Nobody here had this address when it came; Ann Late has it now." in told
    assert "It was Ann Late" in told and "Write them down" not in told
    InboundMessage.objects.update(reason="the program could not judge it")
    assert "The program could not judge it." in bob.get(page(message)).content.decode()
    assert bob.post(page(message), {"action": "assign", "person": ann.pk}).status_code == 302
    message.refresh_from_db()
    assert message.person == ann


@pytest.mark.both
def test_it_is_marked_as_handled_once(bob):
    message = testing.make_inbound()
    assert bob.post(page(message), {"action": "handle", "reason": "called"}).status_code == 302
    message.refresh_from_db()
    assert (message.status, message.reason, message.handled_by_label) == (
        "handled", "called", "Bob",
    )  # fmt: skip
    assert bob.post(page(message), {"action": "handle"}).status_code == 409


def test_who_may_only_look_changes_nothing(client):
    message = testing.make_inbound()
    client.force_login(testing.carol().user)
    assert "Mark as handled" not in client.get(page(message)).content.decode()
    assert client.post(page(message), {"action": "handle"}).status_code == 409
    assert client.post(page(message), {"action": "answer", "text": "x"}).status_code == 409
    message.refresh_from_db()
    assert message.status == "wants_reply"
    assert not Draft.objects.exists()


def test_an_answer_becomes_a_draft_tied_to_the_message(bob):
    person = testing.make_person()
    address = person.addresses.get().normalised
    message = testing.make_inbound(person, sender=address, subject="Minutes")
    assert 'value="Re: Minutes"' in bob.get(page(message)).content.decode()
    form = {"action": "answer", "subject": "Re: Minutes", "text": "The agenda is attached."}
    assert bob.post(page(message), form).status_code == 302
    message.refresh_from_db()
    draft = Draft.objects.get()
    assert (message.status, message.reply, draft.status) == ("answered", draft, "draft")
    assert (draft.current.address, draft.touch) == (address, "initial")
    assert bob.post(page(message), form).status_code == 409
    assert Draft.objects.count() == 1


def test_an_answer_that_came_second_is_given_back_with_its_words(bob):
    """The program drafted one, or a colleague dealt with it, while this one was typed."""
    person = testing.make_person()
    typed = {"action": "answer", "subject": "Re: Minutes", "text": "What I thought of for long."}
    for meanwhile in ("answer", "handle"):
        row = testing.make_inbound(person)
        bob.post(page(row), {"action": meanwhile, "subject": "Re", "text": "The first answer."})
        answer = bob.post(page(row), typed)
        text = answer.content.decode()
        assert answer.status_code == 409 and "What I thought of for long." in text
        assert ("another answer was drafted" in text) == (meanwhile == "answer")
        assert 'id="unsaved"' not in bob.get(page(row)).content.decode()


def test_an_answer_without_words_gives_the_form_back(bob):
    message = testing.make_inbound()
    answer = bob.post(page(message), {"action": "answer", "subject": "Mine", "text": " "})
    assert answer.status_code == 409
    assert 'value="Mine"' in answer.content.decode()


@pytest.mark.both
def test_a_message_of_nobody_is_matched_by_hand_and_judged_as_theirs(bob):
    message = stranger("Please remove me from your list.")
    person = testing.make_person(name="Eve Adams")
    waiting = testing.make_pending(person)
    assert "It was Eve Adams" in bob.get(page(message), {"who": "adams"}).content.decode()
    answer = bob.post(page(message), {"action": "assign", "person": person.pk})
    assert answer.status_code == 302
    message.refresh_from_db()
    person.refresh_from_db()
    waiting.refresh_from_db()
    assert (message.person, message.verdict, message.status) == (person, "stop", "handled")
    assert (person.status, waiting.status) == ("desist", "rejected")
    assert suppression.is_suppressed(person.workspace, "email", "eve@example.net")
    assert person.addresses.filter(normalised="eve@example.net").exists()


def test_somebody_new_is_written_down_with_the_address_that_wrote(bob):
    shown = bob.get(page(stranger())).content.decode()
    link = html.unescape(re.search(r'href="(/admin/core/person/add/[^"]+)"', shown)[1])
    form = bob.get(link).content.decode()
    assert 'value="eve@example.net"' in form


@pytest.mark.parametrize("number", ["", "x", "999999", "²", "9" * 30])
def test_matching_with_nobody_changes_nothing(bob, number):
    message = stranger()
    answer = bob.post(page(message), {"action": "assign", "person": number})
    assert answer.status_code == 409
    message.refresh_from_db()
    assert message.person is None


def test_matching_with_somebody_of_another_workspace_is_refused(bob):
    elsewhere = testing.make_person(testing.make_workspace("other"))
    answer = bob.post(page(stranger()), {"action": "assign", "person": elsewhere.pk})
    assert answer.status_code == 409


@pytest.mark.both
def test_an_address_that_is_another_persons_is_not_taken_away(bob):
    owner, other = testing.make_person(), testing.make_person()
    from outreach.core.people import add_address

    add_address(owner.workspace, owner, "email", "eve@example.net")
    message = stranger()
    answer = bob.post(page(message), {"action": "assign", "person": other.pk})
    assert answer.status_code == 409
    message.refresh_from_db()
    assert (message.person, message.status) == (None, "needs_person")


def unclear(person, **fields) -> InboundMessage:
    known = {"verdict": "unclear", "alert": "unclear_stop", "status": "needs_person"}
    return testing.make_inbound(person, text="Enough for now.", **{**known, **fields})


def automation(person) -> tuple[bool, str]:
    person.refresh_from_db()
    return person.automation_enabled, person.automation_disabled_reason


@pytest.mark.both
def test_a_message_that_may_ask_us_to_stop_is_answered_yes_or_no_where_it_stands(client, bob):
    person = testing.make_person()
    first, second = unclear(person), unclear(person)
    stop.set_automation(person, False, reason="On leave.", by=testing.alice(), at=WORKDAY)
    inbound.hold(person, inbound.UNCLEAR, at=WORKDAY)
    assert "needs the role reviewer" in bob.get(page(first)).content.decode()
    assert bob.post(page(first), {"action": "go_on"}).status_code == 409
    client.force_login(testing.alice().user)
    told = client.post(page(first), {"action": "go_on"}, follow=True).content.decode()
    assert "another message of theirs may ask us to stop" in told
    assert automation(person) == (
        False,
        "unclear reply: a person must look; off already: On leave.",
    )
    told = client.post(page(second), {"action": "go_on"}, follow=True).content.decode()
    assert automation(person) == (False, "On leave."), "another hold stands"
    assert "is still held: On leave." in told and "go on writing" not in told
    third = unclear(person)
    inbound.hold(person, inbound.UNCLEAR, at=WORKDAY)
    item = testing.make_pending(person)
    told = client.post(page(third), {"action": "stop"}, follow=True).content.decode()
    assert "is marked as having asked us to stop. Stopped at" in told
    person.refresh_from_db()
    item.refresh_from_db()
    third.refresh_from_db()
    assert (person.status, item.status, third.status) == ("desist", "rejected", "handled")
    address = person.addresses.get().normalised
    assert suppression.is_suppressed(person.workspace, "email", address)  # as if it was heard
    text = client.get(page(third)).content.decode()
    assert "Nothing is sent to them any more" in text and "Held:" not in text


@pytest.mark.both
def test_the_last_hold_that_ends_lets_them_go_on_and_a_merged_records_own_does_not_end(client):
    person = testing.make_person()
    message = unclear(person, status="handled")  # before anybody said what it asks for
    inbound.hold(person, inbound.UNCLEAR, at=WORKDAY)
    merged = testing.make_person(merged_into=person)
    off = {"automation_enabled": False, "automation_disabled_at": WORKDAY}
    Person.objects.filter(pk=merged.pk).update(automation_disabled_reason="Ill.", **off)
    client.force_login(testing.alice().user)
    client.post(page(message), {"action": "go_on"})
    assert automation(person) == (False, "Ill.") and automation(merged) == (False, "Ill.")
    stop.set_automation(person, True, reason="", by=testing.alice(), at=WORKDAY)
    inbound.hold(person, inbound.UNCLEAR, at=WORKDAY)
    told = client.post(page(message), {"action": "go_on"}, follow=True).content.decode()
    assert automation(person) == (True, "") and "holds nothing to" in told


def test_the_persons_page_shows_the_conversation_in_order(bob):
    person = testing.make_person()
    testing.make_inbound(person, text="The first word")
    testing.make_inbound(person, text="The last word", received_at=WORKDAY + timedelta(hours=1))
    told = bob.get(f"/admin/core/person/{person.pk}/change/").content.decode()
    assert told.index("The last word") < told.index("The first word")


def test_the_review_page_shows_the_message_that_is_answered(client):
    person = testing.make_person()
    message = testing.make_inbound(person, text="Which <day> suits you?")
    approval = testing.make_pending(person)
    inbox_draft = approval.draft
    client.force_login(testing.alice().user)
    address = f"/admin/approvals/approval/{approval.pk}/change/"
    told = client.get(address).content.decode()
    assert "Their last message" in told
    assert "Which &lt;day&gt; suits you?" in told
    inbox.answered(message, inbox_draft, by=testing.bob(), at=WORKDAY)
    assert "It answers" in client.get(address).content.decode()
