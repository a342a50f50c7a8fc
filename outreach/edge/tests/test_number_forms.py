"""A mobile number of Mexico, Argentina or Brazil is one, with its mobile digit or without."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from outreach import testing
from outreach.core import importing, opt_outs, suppression, suppression_lists
from outreach.core.addresses import normalise, other_form
from outreach.core.importing import read_file
from outreach.core.models import Suppression
from outreach.core.people import add_address
from outreach.core.principal import Principal
from outreach.edge.privacy import telling
from outreach.edge.privacy.erasing import erase
from outreach.testing import WORKDAY
from safety import facts, gate
from safety.gate import Moment

SYSTEM = Principal.system("test")
PAIRS = [
    ("+525512345678", "+5215512345678"),
    ("+541123456789", "+5491123456789"),
    ("+551187654321", "+5511987654321"),
]
EITHER = [*PAIRS, *[(right, left) for left, right in PAIRS]]
both_forms = pytest.mark.parametrize(("told", "ours"), EITHER)
numbers = st.one_of(
    st.from_regex(r"\+521?[2-9][0-9]{9}", fullmatch=True),
    st.from_regex(r"\+549?[1-3][0-9]{9}", fullmatch=True),
    st.from_regex(r"\+55[1-9][1-9]9?[6-9][0-9]{7}", fullmatch=True),
)


@given(numbers, st.sampled_from(["whatsapp", "phone"]))
def test_two_forms_have_the_same_hashes_whichever_is_asked(number, channel):
    other = other_form(channel, number)
    assert other_form(channel, other) == number != other
    forms = [suppression.forms_of(channel, each) for each in (number, other)]
    assert sorted(forms[0]) == sorted(forms[1]) == sorted([number, other])
    mine, theirs = (suppression.digests_of(1, channel, each) for each in (number, other))
    assert set(mine) == set(theirs)


@given(st.from_regex(r"\+(1|33|41|44|49|5[013678]|9)[0-9]{6,12}", fullmatch=True))
def test_numbers_of_other_countries_have_one_form(number):
    assert other_form("phone", number) == other_form("whatsapp", number) == ""
    assert len(suppression.digests_of(1, "phone", number)) == 1


def test_a_mailbox_that_looks_like_a_number_has_one_form():
    assert other_form("email", "+525512345678") == ""


def test_the_form_that_mexico_gave_up_is_written_as_the_one_in_force():
    assert normalise("phone", "+52 1 55 1234 5678") == "+525512345678"
    assert normalise("whatsapp", "1 55 1234 5678", region="MX") == "+525512345678"


# --- Closed under one form, closed under both ----------------------------------------------------


def by_program(place, told):
    suppression.suppress(place, "whatsapp", told, reason="manual", by=SYSTEM, at=WORKDAY)


def by_command(place, told):
    options = {"channel": "whatsapp", "workspace": place.slug, "as_user": "alice"}
    call_command("suppression", "add", told, **options, stdout=StringIO())


def by_page(place, told):
    client = Client()
    client.force_login(testing.alice(place).user)
    form = {"workspace": place.pk, "channel": "whatsapp", "address": told, "act": "suppress",
            "reason": "manual"}  # fmt: skip
    client.post(reverse("admin:core_suppression_add"), form)


def by_list(place, told):
    raw = f"channel,address\nwhatsapp,{told}\n".encode()
    taken = suppression_lists.import_csv(raw, place, by=testing.alice(place), at=WORKDAY)
    assert (taken.new, taken.errors) == (1, [])


def by_digest(place, told):
    """As a list of another installation with our key has it, or as we wrote it once."""
    forms = suppression.forms_of("whatsapp", told)
    digest = suppression.digests_of(place.pk, "whatsapp", told)[forms.index(told)]
    raw = f"channel,digest,key_id\nwhatsapp,{digest},{suppression.key_id()}\n".encode()
    suppression_lists.import_csv(raw, place, by=testing.alice(place), at=WORKDAY)


def by_erasure(place, told):
    gone = testing.make_person(place)
    add_address(place, gone, "whatsapp", told)
    erase(gone, reason="They asked for it.", by=testing.dora(place), at=WORKDAY)


WAYS = [by_program, by_command, by_page, by_list, by_digest, by_erasure]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("told", "ours", "close"),
    [(*EITHER[(turn + half) % 6], close) for turn, close in enumerate(WAYS) for half in (0, 3)],
)
def test_what_is_closed_under_one_form_is_refused_under_the_other(told, ours, close):
    """At the gate and at the door; and whoever lifts what they find opens both. Each way with one
    country, told its one form and its other; each country with two of the ways."""
    place, alice = testing.make_workspace(), testing.alice()
    close(place, told)
    person = testing.make_person(place)
    add_address(place, person, "whatsapp", ours)
    assert suppression.suppressed_among({(place.pk, "whatsapp", ours)})
    draft = testing.make_draft(person, channel="whatsapp", subject="")
    for moment in (Moment.SUBMISSION, Moment.APPROVAL, Moment.SENDING):
        assert "suppressed" in codes(draft, moment)
    row = suppression.find(place, "whatsapp", ours)
    assert row == suppression.find(place, "whatsapp", told)
    suppression.lift(row, reason="They called.", by=alice, at=WORKDAY)
    for each in (told, ours):
        assert not suppression.is_suppressed(place, "whatsapp", each)
    assert "suppressed" not in codes(draft, Moment.SENDING)


def codes(draft, moment) -> set[str]:
    known = facts.gather([draft], at=WORKDAY)[draft.pk]
    return {finding.code for finding in gate.judge_message(known, moment, WORKDAY).findings}


@pytest.mark.django_db
@both_forms
def test_an_opt_out_of_one_form_closes_their_other_addresses(told, ours):
    place = testing.make_workspace()
    person = testing.make_person(place)
    add_address(place, person, "whatsapp", ours)
    mail = person.addresses.get(channel="email").normalised
    suppression.suppress(place, "whatsapp", told, reason="unsubscribe", by=SYSTEM, at=WORKDAY)
    opt_outs.follow_addresses(place, "whatsapp", [told], at=WORKDAY)
    assert suppression.is_suppressed(place, "email", mail)
    late = testing.make_person(place)
    add_address(place, late, "phone", ours)
    assert not suppression.is_suppressed(place, "phone", ours), "told of WhatsApp, not of calls"


@pytest.mark.django_db
@both_forms
def test_an_opt_out_is_known_when_its_number_is_brought_in_another_form(told, ours):
    """And it is told once: following again asks for nothing."""
    place = testing.make_workspace()
    suppression.suppress(place, "whatsapp", told, reason="stop_request", by=SYSTEM, at=WORKDAY)
    person = testing.make_person(place)
    add_address(place, person, "whatsapp", ours)
    assert suppression.is_suppressed(place, "email", person.addresses.get(channel="email").raw)
    assert opt_outs.follow([person.pk], at=WORKDAY) == []
    assert Suppression.objects.count() == 2


# --- One number has one row ----------------------------------------------------------------------


@pytest.mark.django_db
@both_forms
def test_a_number_keeps_its_row_whatever_form_is_told_next(told, ours):
    place, alice = testing.make_workspace(), testing.alice()
    by_program(place, told)
    by_program(place, ours)
    by_list_again(place, [told, ours, told], new=0)
    row = Suppression.objects.get()
    suppression.lift(row, reason="They called.", by=alice, at=WORKDAY)
    by_list_again(place, [ours, told], new=1)
    row.refresh_from_db()
    assert (row.lifted_at, Suppression.objects.count()) == (None, 1)


def by_list_again(place, addresses, *, new):
    raw = "\n".join(["channel,address", *[f"whatsapp,{each}" for each in addresses]]).encode()
    taken = suppression_lists.import_csv(raw, place, by=testing.alice(place), at=WORKDAY)
    assert (taken.new, taken.known) == (new, len(addresses) - new)


@pytest.mark.django_db
@both_forms
def test_an_import_that_says_who_opted_out_knows_both_forms(told, ours):
    """Lifted under one form, closed again by the other; and twice in one file is once."""
    place, alice = testing.make_workspace(), testing.alice()
    suppression.suppress(place, "phone", told, reason="manual", by=SYSTEM, at=WORKDAY)
    suppression.lift(Suppression.objects.get(), reason="agreed", by=alice, at=WORKDAY)
    rows = f"Name,Phone,Unsubscribed\nAnn Ash,{ours},yes\nBen Ash,{told},yes\n"
    table = read_file(rows.encode(), name="people.csv")
    importing.apply(place, table, by=testing.bob(place), at=WORKDAY)
    assert Suppression.objects.get().lifted_at is None
    assert suppression.is_suppressed(place, "phone", ours)


@pytest.mark.django_db
def test_two_rows_of_one_number_are_both_shown_and_both_lifted():
    """As an older version wrote them, or a list of digests brings them."""
    place, alice = testing.make_workspace(), testing.alice()
    for told in PAIRS[1]:
        by_digest(place, told)
    assert len(suppression.holding(place, "whatsapp", PAIRS[1][0])) == 2
    client = Client()
    client.force_login(alice.user)
    form = {"workspace": place.pk, "channel": "whatsapp", "address": PAIRS[1][0], "act": "look"}
    page = client.post(reverse("admin:core_suppression_add"), form, follow=True)
    assert "look the number up again and lift the other" in page.content.decode()
    options = {
        "channel": "whatsapp",
        "workspace": place.slug,
        "as_user": "alice",
        "reason": "agreed",
    }
    call_command("suppression", "lift", PAIRS[1][1], **options, stdout=StringIO())
    assert not Suppression.objects.filter(lifted_at=None).exists()


@pytest.mark.django_db
def test_an_exported_list_names_the_number_as_its_owner_has_it():
    place = testing.make_workspace()
    told, ours = PAIRS[2]
    by_program(place, told)
    person = testing.make_person(place)
    add_address(place, person, "whatsapp", ours)
    assert [row["address"] for row in suppression_lists.rows_of(place)] == [ours]
    other = testing.make_person(place)
    add_address(place, other, "whatsapp", told)
    assert [row["address"] for row in suppression_lists.rows_of(place)] == [told]


@pytest.mark.django_db
def test_a_number_of_another_country_costs_no_statement_more(django_assert_num_queries):
    place = testing.make_workspace()
    by_program(place, "+442079460123")
    with django_assert_num_queries(3):  # a savepoint, the row, its release
        by_program(place, "+442079460123")


@pytest.mark.django_db
@both_forms
def test_another_list_that_names_one_form_closes_whoever_has_the_other(told, ours):
    place = testing.make_workspace()
    person = testing.make_person(place)
    add_address(place, person, "phone", ours)
    opt_outs.spread(place, {(place.pk, "phone", told)}, at=WORKDAY)
    assert suppression.is_suppressed(place, "email", person.addresses.get(channel="email").raw)


@pytest.mark.django_db
@pytest.mark.parametrize("lifted", [0, 1])
def test_of_two_rows_of_one_number_the_one_that_holds_is_known_to_a_list(lifted):
    place, alice = testing.make_workspace(), testing.alice()
    for told in PAIRS[2]:
        by_digest(place, told)
    row = list(Suppression.objects.order_by("pk"))[lifted]
    suppression.lift(row, reason="agreed", by=alice, at=WORKDAY)
    by_list_again(place, PAIRS[2], new=0)


@pytest.mark.django_db
@pytest.mark.parametrize("graver", [0, 1])
def test_of_two_rows_of_one_number_the_graver_one_tells(graver):
    place = testing.make_workspace()
    for told in PAIRS[2]:
        by_digest(place, told)
    rows = list(Suppression.objects.order_by("pk"))
    Suppression.objects.filter(pk=rows[graver].pk).update(reason="stop_request")
    person = testing.make_person(place)
    add_address(place, person, "whatsapp", PAIRS[2][0])
    assert suppression.is_suppressed(place, "email", person.addresses.get(channel="email").raw)


@pytest.mark.django_db
def test_what_is_told_of_somebody_names_what_stands_under_the_other_form():
    place = testing.make_workspace()
    told, ours = PAIRS[1]
    by_program(place, told)
    person = testing.make_person(place)
    add_address(place, person, "whatsapp", ours)
    told_of = json.loads("".join(telling.export(person, by=testing.dora(place), at=WORKDAY)))
    assert [row["reason"] for row in told_of["suppression"]] == ["manual"]
