"""A mailbox of Google's is one, wherever its owner puts dots, at gmail.com and googlemail.com."""

from __future__ import annotations

import hmac
from io import StringIO

import pytest
from django.core.management import call_command

from channels import events
from channels.incoming import Incoming
from channels.meta_events import Event
from channels.receiving import take_in
from outreach import testing
from outreach.core import mailboxes, opt_outs, suppression, suppression_lists
from outreach.core.models import Suppression
from outreach.core.people import add_address
from outreach.core.principal import Principal
from outreach.edge.privacy.erasing import erase
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
SYSTEM = Principal.system("test")
SPELLINGS = ["jdoe@gmail.com", "j.doe@gmail.com", "J.D.O.E+shop@GoogleMail.com"]
OTHERS = ["jdoes@gmail.com", "j-doe@gmail.com", "jdoe@gmail.com.example", "jdoe@example.com"]


def mail_from(sender: str) -> Incoming:
    return Incoming("email", sender, "<m@x.example>", WORKDAY, text="Please stop writing to me.")


def closed(place, address: str) -> bool:
    found = suppression.suppressed_among({(place.pk, "email", address)})
    assert bool(found) == suppression.is_suppressed(place, "email", address)
    return bool(found)


def by_program(place, told, since="stop_request"):
    suppression.suppress(place, "email", told, reason=since, by=SYSTEM, at=WORKDAY)


def by_command(place, told):
    call_command("suppression", "add", told, workspace=place.slug, as_user="alice",
                 stdout=StringIO())  # fmt: skip


def by_list(place, told):
    raw = f"channel,address\nemail,{told}\n".encode()
    assert suppression_lists.import_csv(raw, place, by=testing.alice(place), at=WORKDAY).new == 1


def by_mail(place, told):
    take_in(mail_from(told), at=WORKDAY)


def by_erasure(place, told):
    gone = testing.make_person(place)
    add_address(place, gone, "email", told)
    erase(gone, reason="They asked for it.", by=testing.dora(place), at=WORKDAY)


def as_before(place, told):
    """As a row that this program wrote when it knew tags alone."""
    form = told.lower().replace("+shop", "")
    text = f"{place.pk}\0email\0{form}".encode()
    digest = hmac.digest(suppression.key(), suppression.DOMAIN + text, "sha256").hex()
    return Suppression.objects.create(
        workspace=place, channel="email", digest=digest, key_id=suppression.key_id(),
        reason="stop_request", at=WORKDAY, **SYSTEM.fields(),
    )  # fmt: skip


@pytest.mark.parametrize("told", SPELLINGS)
@pytest.mark.parametrize("close", [by_program, by_command, by_list, by_mail, by_erasure])
def test_what_is_closed_in_one_spelling_is_closed_in_each_and_lifted_in_each(close, told):
    place, alice = testing.make_workspace(), testing.alice()
    close(place, told)
    assert all(closed(place, each) for each in SPELLINGS)
    assert not any(closed(place, each) for each in OTHERS)
    for row in suppression.holding(place, "email", SPELLINGS[1]):
        suppression.lift(row, reason="They called.", by=alice, at=WORKDAY)
    assert not any(closed(place, each) for each in SPELLINGS)


@pytest.mark.parametrize("told", [*SPELLINGS, "j.doe@googlemail.com"])
def test_what_was_closed_before_stays_closed_and_is_known_in_each_once_it_is_told_again(told):
    place = testing.make_workspace()
    row = as_before(place, told)
    assert closed(place, told)
    assert closed(place, told.lower().replace("googlemail", "gmail").replace("+shop", ""))
    by_program(place, told, "complaint")
    assert all(closed(place, each) for each in SPELLINGS)
    assert Suppression.objects.get().pk == row.pk
    row.refresh_from_db()
    suppression.lift(row, reason="They called.", by=testing.alice(), at=WORKDAY)
    assert not any(closed(place, each) for each in [*SPELLINGS, told])


def test_what_was_lifted_before_does_not_open_what_holds():
    place, alice = testing.make_workspace(), testing.alice()
    suppression.lift(as_before(place, "j.doe@gmail.com"), reason="x", by=alice, at=WORKDAY)
    as_before(place, "j.doe@googlemail.com")
    by_program(place, "j.doe@gmail.com")
    assert all(closed(place, each) for each in SPELLINGS)


def test_who_stops_from_another_spelling_is_known_and_so_are_their_other_addresses():
    ann = testing.make_person()
    for each in ("j.doe@gmail.com", "ann@example.org"):
        add_address(ann.workspace, ann, "email", each)
    take_in(mail_from("jdoe@googlemail.com"), at=WORKDAY)
    ann.refresh_from_db()
    assert ann.status == "desist"
    assert closed(ann.workspace, "ann@example.org")


def test_a_complaint_in_another_spelling_counts_and_stops_whoever_has_it():
    ann = testing.make_person()
    for each in ("j.doe+x@gmail.com", "ann@example.org"):
        add_address(ann.workspace, ann, "email", each)
    told = {"recipient": "jdoe@gmail.com", "channel": "email"}
    events.take([Event("anymail:x", "c1", "complained", WORKDAY, told)], at=WORKDAY)
    assert suppression.find(ann.workspace, "email", "j.doe@gmail.com").reason == "complaint"
    assert closed(ann.workspace, "ann@example.org")


def test_an_opt_out_follows_whoever_brings_another_spelling():
    place = testing.make_workspace()
    by_program(place, "jdoe@gmail.com")
    ann = testing.make_person(place)
    for each in ("j.doe@gmail.com", "ann@example.org"):
        add_address(place, ann, "email", each)
    assert closed(place, "ann@example.org")


def test_two_who_have_it_in_two_spellings_say_nothing_of_each_others():
    """As with the tags of one mailbox: who of the two asked us nobody knows."""
    place = testing.make_workspace()
    for name, each in (("Ann", "j.doe@gmail.com"), ("Bob", "jdoe@gmail.com")):
        person = testing.make_person(place, name)
        add_address(place, person, "email", each)
        add_address(place, person, "email", f"{name}@example.org")
    by_program(place, "jdoe@googlemail.com")
    opt_outs.follow_addresses(place, "email", ["jdoe@googlemail.com"], at=WORKDAY)
    assert not closed(place, "ann@example.org") and not closed(place, "bob@example.org")


def test_a_list_that_tells_again_what_was_closed_before_closes_each_spelling():
    place = testing.make_workspace()
    row = as_before(place, "j.doe@gmail.com")
    raw = b"channel,address\nemail,j.doe@gmail.com\n"
    taken = suppression_lists.import_csv(raw, place, by=testing.alice(place), at=WORKDAY)
    assert (taken.new, taken.known) == (0, 1)
    assert all(closed(place, each) for each in SPELLINGS)
    assert Suppression.objects.get().pk == row.pk


@pytest.mark.parametrize(
    ("known", "told"),
    [("j.doe@gmail.com", "jdoe@googlemail.com"), ("ann+shop@example.net", "ann@example.net")],
)
def test_what_another_list_says_of_one_spelling_closes_the_others_of_its_owner(known, told):
    ann = testing.make_person()
    for each in (known, "ann@example.org"):
        add_address(ann.workspace, ann, "email", each)
    opt_outs.spread(ann.workspace, {(ann.workspace.pk, "email", told)}, at=WORKDAY)
    assert closed(ann.workspace, "ann@example.org")
    assert not closed(ann.workspace, "bob@example.org")


def test_only_googles_own_have_more_than_one_form():
    assert mailboxes.forms("j.doe+x@example.com") == ["j.doe@example.com"]
    assert mailboxes.one("+x@gmail.com") == "+x@gmail.com"
    assert mailboxes.forms("jdoe@gmail.com") == ["jdoe@gmail.com", "jdoe@googlemail.com"]
    assert len(mailboxes.forms("j.d.oe+x@googlemail.com")) == 4
