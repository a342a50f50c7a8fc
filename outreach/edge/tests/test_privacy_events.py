"""What a provider told and nobody has judged is not erased: it may be another's request to stop."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from channels import closing, events, receiving
from channels.incoming import Incoming
from channels.models import EventKind, ProviderEvent
from outreach import testing
from outreach.core import suppression
from outreach.core.models import Activity, InboundMessage, Suppression
from outreach.edge.privacy import erasing, telling
from outreach.edge.privacy.erasing import EraseRefused, erase
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
LATER = WORKDAY + timedelta(minutes=1)
WHY = "By letter of 3 March"
STOP = "STOP. Please never write to me again. Anna Meier told me that you would delete me."


@pytest.fixture
def anna():
    return testing.make_person(name="Anna Meier")


@pytest.fixture
def bob(anna):
    return testing.make_person(anna.workspace, "Bob Huber")


def address_of(person) -> str:
    return person.addresses.get(channel="email").normalised


def wrote(person, text=STOP, name="e1", **more) -> ProviderEvent:
    letter = Incoming("email", address_of(person), "<m1@example.org>", WORKDAY, text=text)
    return ProviderEvent.objects.create(
        provider="email", event_id=name, kind=EventKind.MESSAGE, at=WORKDAY,
        **{"payload": letter.as_dict(), **more},
    )  # fmt: skip


def complained(address: str) -> ProviderEvent:
    return ProviderEvent.objects.create(
        provider="ses", event_id="e2", kind=EventKind.COMPLAINED, at=WORKDAY,
        payload={"recipient": address, "channel": "email"},
    )  # fmt: skip


def erased(person) -> None:
    erase(person, reason=WHY, by=testing.dora(person.workspace), at=LATER)


def stored(row) -> dict[str, object]:
    return ProviderEvent.objects.filter(pk=row.pk).values().get()


def test_anothers_request_to_stop_that_names_them_is_judged_first(anna, bob):
    row = wrote(bob)
    before = stored(row)
    with pytest.raises(EraseRefused, match=f"Event {row.pk} of email names them and is not judged"):
        erased(anna)
    assert stored(row) == before
    anna.refresh_from_db()
    assert (anna.status, anna.full_name) == ("active", "Anna Meier"), "nothing has begun"
    assert not Activity.objects.filter(verb="people.erased").exists()
    events.sweep(at=LATER)
    erased(anna)
    bob.refresh_from_db()
    assert bob.status == "desist"
    assert InboundMessage.objects.get().person == bob
    anna.refresh_from_db()
    assert anna.erased_at == LATER


def test_what_is_set_aside_for_a_person_keeps_its_words(anna, bob):
    row = wrote(bob, tries=6, judged_at=WORKDAY, set_aside_at=WORKDAY)
    before = stored(row)
    with pytest.raises(EraseRefused, match='under Events set aside and press "Try it again"'):
        erased(anna)
    assert stored(row) == before


def test_what_was_read_and_closed_keeps_nobody_from_being_erased(anna, bob):
    """What can never be judged; of the other, whose message it is, only their part goes."""
    row = wrote(bob, "Hello.\nAnna Meier is right.\nBob", judged_at=WORKDAY, set_aside_at=WORKDAY)
    with pytest.raises(EraseRefused, match="or close it there"):
        erased(anna)
    closing.close(row.pk, reason="Anna Meier's colleague agrees", by=testing.olaf(), at=LATER)
    erased(anna)
    row.refresh_from_db()
    assert row.payload["text"] == "Hello.\nBob"
    assert row.payload["sender"] == address_of(bob)
    assert row.result == "Erased."
    erased(bob)
    row.refresh_from_db()
    assert row.payload == {}


@pytest.mark.parametrize("is_there", [True, False])
def test_what_nobody_could_take_in_is_told_where_it_would_have_been_heard(anna, bob, is_there):
    """The event itself belongs to no workspace; its words are for the eyes of one."""
    if is_there:
        bob.addresses.update(workspace=testing.make_workspace("other"))
    row = wrote(bob, "Hello.\nAnna Meier owes us 5000.", judged_at=WORKDAY, set_aside_at=WORKDAY)
    broken = wrote(bob, judged_at=WORKDAY, set_aside_at=WORKDAY, name="e3", payload={"text": STOP})
    for each in (row, broken):
        closing.close(each.pk, reason="read", by=testing.olaf(), at=LATER)
    said = "".join(telling.export(anna, by=testing.dora(), at=LATER))
    assert ("owes us 5000" in said) is not is_there
    assert "never write to me again" not in said


def test_another_workspaces_complaint_of_the_same_address_is_judged_first(anna):
    there = testing.make_workspace("other")
    same = testing.make_person(there, "Anna M")
    same.addresses.filter(channel="email").update(normalised=address_of(anna), raw=address_of(anna))
    row = complained(address_of(anna))
    before = stored(row)
    with pytest.raises(EraseRefused, match="of ses names them and is not judged yet"):
        erased(anna)
    assert stored(row) == before
    events.sweep(at=LATER)
    erased(anna)
    assert Suppression.objects.filter(workspace=there, lifted_at=None).exists()


@pytest.mark.parametrize("aside", [False, True])
def test_what_comes_while_they_are_being_erased_is_left_to_be_judged(anna, bob, aside, monkeypatch):
    """After the look under the locks as well: an event comes without a lock of anybody's."""
    close, made = erasing.ending.close, []

    def slow(who, **how):
        close(who, **how)
        more = {"judged_at": WORKDAY, "set_aside_at": WORKDAY, "tries": 6} if aside else {}
        made.append(wrote(bob, **more))
        made.append(stored(made[0]))

    monkeypatch.setattr(erasing.ending, "close", slow)
    erased(anna)
    assert stored(made[0]) == made[1]


def test_what_is_not_judged_and_names_another_keeps_nothing_back(anna, bob):
    row = wrote(bob, text="STOP. Please never write to me again.")
    before = stored(row)
    erased(anna)
    assert stored(row) == before


def test_what_was_judged_is_emptied_and_keeps_the_time_at_which_it_was(anna):
    row = complained(address_of(anna))
    events.sweep(at=WORKDAY)
    erased(anna)
    row.refresh_from_db()
    assert (row.payload, row.result, row.judged_at) == ({}, "", WORKDAY)
    assert row.set_aside_at is None


@pytest.mark.parametrize("text", ["Tuesday suits me.", "No, Wednesday.", "And one more."])
def test_no_words_of_the_erased_come_back_under_an_id_that_was_known(anna, text):
    """Nobody can tell any more which words came under it; nothing goes to that address anyway."""
    letter = Incoming("email", address_of(anna), "<m1@example.org>", WORKDAY, text=text)
    for words in ("Tuesday suits me.", "No, Wednesday."):
        receiving.take_in(replace(letter, text=words), at=LATER)
    erased(anna)
    receiving.take_in(letter, at=LATER)
    found = list(InboundMessage.objects.values_list("text", "sender"))
    assert found == [("", ""), ("", "")]
    assert suppression.is_suppressed(anna.workspace, "email", letter.sender)
