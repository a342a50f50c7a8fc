"""A request to stop waits for no record that somebody holds for ever: it is kept, and heard later.

As whoever stands still while merging records, or whose connection is gone unnoticed, does.
"""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, transaction
from django.test import Client

from channels import events, mailbox, receiving, unsubscribe
from channels.incoming import Incoming
from channels.meta_events import Event
from channels.models import ProviderEvent
from outreach import testing
from outreach.core import patience, suppression
from outreach.core.models import InboundMessage
from outreach.edge import insisting, unsubscribe_page
from outreach.testing import WORKDAY

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite's own time-out ends its wait"),
]
LATER = WORKDAY + timedelta(minutes=5)
LONGEST = 8  # seconds after which the record is let go, so that a test without the mend ends


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(receiving, "READING", "100ms")
    monkeypatch.setattr(events, "READING", "100ms")
    impatient = patience.impatient
    for module in (unsubscribe_page, mailbox):
        monkeypatch.setattr(module, "impatient", lambda: impatient("100ms"))


@contextlib.contextmanager
def held(row, **how):
    """Another connection holds the record and stands still; says how long this took in here."""
    began, go, took = threading.Event(), threading.Event(), []

    def hold() -> None:
        with transaction.atomic():
            list(type(row).objects.filter(pk=row.pk).select_for_update(**how))
            began.set()
            go.wait(LONGEST)
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        holder = pool.submit(hold)
        began.wait(5)
        start = time.monotonic()
        try:
            yield took
        finally:
            took.append(time.monotonic() - start)
            go.set()
            holder.result()
    assert took[0] < LONGEST / 2, "it waited until the record was let go"


def letter(person, text: str = "Please stop writing to me.", number: int = 1) -> Incoming:
    address = person.addresses.get().normalised
    return Incoming("email", address, f"<m{number}@example.com>", LATER, text=text)


def event(incoming: Incoming) -> Event:
    return Event("anymail:x", incoming.message_id, "message", LATER, incoming.as_dict())


def test_a_click_is_answered_and_heard_once_the_record_is_free():
    approval = testing.make_approved()
    person, address = approval.human, approval.revision.address
    path = f"/unsubscribe/{unsubscribe.token(approval.draft.uuid)}"
    with held(person):
        answer = Client().post(path, "List-Unsubscribe=One-Click", content_type="text/plain")
        assert (answer.status_code, answer["Retry-After"]) == (503, "60")
        assert "Your wish is kept" in answer.content.decode()
        events.sweep(at=LATER)
        person.refresh_from_db()
        assert person.status == "active"
    events.sweep(at=LATER + timedelta(minutes=2))
    receiving.sweep(at=LATER + timedelta(days=365 * 10))
    person.refresh_from_db()
    assert person.status == "desist"
    assert suppression.is_suppressed(person.workspace, "email", address)


def test_a_click_that_cannot_even_be_kept_says_so(monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise OperationalError("away")

    approval = testing.make_approved()
    monkeypatch.setattr(events.ProviderEvent.objects, "bulk_create", away)
    with held(approval.human):
        answer = Client().post(f"/unsubscribe/{unsubscribe.token(approval.draft.uuid)}")
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "answer the message with the word" in answer.content.decode()


@pytest.mark.parametrize("how", [{}, {"no_key": True}])
def test_what_a_provider_brings_of_one_holds_up_no_other(how):
    """A web's thread hung at each time the provider told it again, and a worker's at each sweep."""
    ann, bob = testing.make_person(), testing.make_person()
    with held(ann, **how):
        events.take([event(letter(ann)), event(letter(bob, number=2))], at=LATER)
        events.sweep(at=LATER + timedelta(minutes=1))
        bob.refresh_from_db()
        assert bob.status == "desist"
    for minutes in (5, 30):
        events.sweep(at=LATER + timedelta(minutes=minutes))
        receiving.sweep(at=LATER + timedelta(days=365 * 10))
    ann.refresh_from_db()
    assert ann.status == "desist"
    assert InboundMessage.objects.count() == 2
    assert not ProviderEvent.objects.filter(judged_at=None).exists()


def test_what_is_stored_and_not_judged_of_one_holds_up_no_other():
    ann, bob = testing.make_person(), testing.make_person()
    with held(ann, no_key=True):
        for number, person in enumerate((ann, bob)):
            receiving.storing.store(
                letter(person, number=number), receiving.matching.matches(letter(person))[0],
                at=LATER,
            )  # fmt: skip
        assert receiving.sweep(at=LATER + timedelta(days=365 * 10)) == 1
    bob.refresh_from_db()
    assert bob.status == "desist"


@pytest.mark.parametrize("how", [{}, {"no_key": True}])
def test_a_box_is_read_to_its_end(how, tmp_path):
    ann, bob = testing.make_person(), testing.make_person()
    for number, person in enumerate((ann, bob)):
        words = letter(person)
        (tmp_path / f"{number}.eml").write_text(
            f"From: {words.sender}\nMessage-ID: <m{number}@x.example>\n\n{words.text}"
        )
    with held(ann, **how):
        box = mailbox.open_box(tmp_path)
        report = mailbox.take_in(box, tmp_path, ann.workspace, at=LATER)
    bob.refresh_from_db()
    assert bob.status == "desist"
    assert len(report.bad) == (0 if how else 1), "said, so that the box is read again"
    mailbox.take_in(box, tmp_path, ann.workspace, at=LATER)
    receiving.sweep(at=LATER + timedelta(days=365 * 10))
    ann.refresh_from_db()
    assert ann.status == "desist"


@pytest.mark.parametrize("door", ["command", "page"])
def test_closing_an_address_whose_record_is_held_says_that_it_is_not_closed(
    door, monkeypatch, settings
):
    monkeypatch.setattr(insisting, "impatient", lambda: patience.impatient("100ms"))
    monkeypatch.setattr(insisting, "PAUSE_SECONDS", 0)
    alice, place = testing.alice(), testing.make_workspace()
    how = {"reason": "manual", "by": alice, "at": WORKDAY}
    row = suppression.suppress(place, "email", "eve@example.net", **how)
    suppression.lift(row, reason="By mistake.", by=alice, at=WORKDAY)
    form = {"workspace": place.pk, "channel": "email", "address": "eve@example.net",
            "reason": "manual", "act": "suppress"}  # fmt: skip
    client = Client()
    client.force_login(alice.user)
    settings.OUTREACH_USER = "alice"
    with held(row):
        if door == "command":
            with pytest.raises(CommandError, match="NOT STOPPED"):
                call_command("suppression", "add", "eve@example.net")
        else:
            answer = client.post("/admin/core/suppression/add/", form)
            assert answer.status_code == 409 and b"NOT STOPPED" in answer.content
    assert not suppression.is_suppressed(place, "email", "eve@example.net")


def test_what_waits_no_longer_waits_as_before_after_it():
    with patience.impatient("3s"), patience.impatient("1s"):
        pass
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)
