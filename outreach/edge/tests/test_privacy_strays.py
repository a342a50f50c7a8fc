"""What came in before anybody knew whose it is: theirs in any form, and another's left alone."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from channels import receiving
from channels.incoming import Incoming
from channels.mail.reports import Failure, Report
from outreach import testing
from outreach.core import suppression
from outreach.core.importing import jobs
from outreach.core.importing.choices import Choices
from outreach.core.models import InboundMessage
from outreach.core.people import add_address
from outreach.edge.privacy import subject
from outreach.edge.privacy.erasing import erase
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
LATER = WORKDAY + timedelta(minutes=1)
WHY = "By letter of 3 March"


@pytest.fixture
def anna():
    person = testing.make_person(name="Anna Meier")
    add_address(person.workspace, person, "email", "anna@else.example")
    add_address(person.workspace, person, "whatsapp", "+525512345678")
    return person


def erased(person):
    return erase(person, reason=WHY, by=testing.dora(), at=LATER)


def stray(place, sender, channel="email", **more) -> InboundMessage:
    """As it was stored before anybody here had that address."""
    return InboundMessage.objects.create(
        workspace=place, channel=channel, sender=sender, text="Tuesday suits me.", status="handled",
        received_at=LATER, **{"key": f"{channel} {sender}", "kind": "message", **more},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("channel", "sender"),
    [
        ("email", "Anna@Else.example"), ("email", "anna+news@else.example"),
        ("whatsapp", "+5215512345678"),
    ],
)  # fmt: skip
def test_what_they_wrote_as_a_stranger_goes_however_their_address_was_written(
    anna, channel, sender
):
    row = stray(anna.workspace, sender, channel)
    assert subject.of(anna).heard == (row.pk,)
    erased(anna)
    row.refresh_from_db()
    assert (row.text, row.sender) == ("", "")


def test_what_somebody_else_wrote_from_a_mailbox_like_theirs_stays(anna):
    bob = testing.make_person(anna.workspace, "Bob Huber")
    add_address(anna.workspace, bob, "email", "anna+bob@else.example")
    rows = [stray(anna.workspace, each) for each in ("Anna+Bob@else.example", "ann@else.example")]
    erased(anna)
    for row in rows:
        row.refresh_from_db()
        assert row.text == "Tuesday suits me."


def test_whoever_answered_for_them_and_is_known_by_now_may_be_written_to(anna):
    """Mail tells an address in letters of its writer's choice."""
    place = anna.workspace
    stray(place, "Bob@Firm.example", person=anna)
    bob = testing.make_person(place, "Bob Huber")
    add_address(place, bob, "email", "bob@firm.example")
    other = testing.make_person(place, "Cy Long", notes="Ask bob@firm.example.")
    done = erased(anna)
    assert not suppression.is_suppressed(place, "email", "bob@firm.example")
    assert done.elsewhere == ()
    other.refresh_from_db()
    assert other.notes == "Ask bob@firm.example."


def report(kind="bounce", **told) -> Incoming:
    return Incoming(
        channel="email", sender="mailer-daemon@mx.example", message_id="<b1@mx.example>", at=LATER,
        text="anna@else.example, bob@else.example: user unknown", report=Report(kind, **told),
    )  # fmt: skip


THEIRS = Failure("Anna@else.example", permanent=False, status="4.2.2")


@pytest.mark.parametrize(
    ("told", "goes"),
    [
        ({"failures": (THEIRS,)}, True),
        ({"kind": "complaint", "complainant": "anna@else.example"}, True),
        ({"failures": (THEIRS, Failure("bob@else.example", permanent=False))}, False),
        ({"kind": "complaint"}, False),
    ],
)
def test_a_report_that_names_no_message_goes_where_it_tells_of_nobody_else(anna, told, goes):
    (row,) = receiving.take_in(report(**told), at=LATER, workspace=anna.workspace)
    assert row.person is None
    done = erased(anna)
    row.refresh_from_db()
    assert (row.text, row.details) == ("", {}) if goes else row.text and row.details
    assert done.elsewhere == (() if goes else (("inbound_messages", row.pk),))


# --- Files that wait -----------------------------------------------------------------------------


CARD = (
    "BEGIN:VCARD\r\nVERSION:2.1\r\n"
    "FN;CHARSET=Windows-1250;ENCODING=QUOTED-PRINTABLE:=A3ukasz Wa=B3=EAsa\r\n"
    "TEL;CELL:+41446681899\r\nEND:VCARD\r\n"
)


@pytest.mark.parametrize(
    ("name", "text", "codec"),
    [
        ("Άννα Σταύρος", "Name,Phone\nΆννα Σταύρος,+41446681899\n", "utf-16"),
        ("Анна Иванова", "Имя,Телефон,Компания\nАнна Иванова,+41446681899,A\n", "cp1251"),
        ("Łukasz Wałęsa", "Name,Phone\nŁukasz Wałęsa,+41446681899\n", "cp1250"),
        ("Łukasz Wałęsa", CARD, "ascii"),
    ],
)
@pytest.mark.parametrize("is_theirs", [True, False])
def test_a_file_that_waits_is_dropped_in_whatever_letters_it_names_them(
    name, text, codec, is_theirs
):
    person, by = testing.make_person(name=name if is_theirs else "Bob Huber"), testing.dora()
    row = jobs.start(
        person.workspace, io.BytesIO(text.encode(codec)), "people", choices=Choices(), by=by,
        at=LATER, encoding="cp1250" if codec == "cp1250" else "",
    )  # fmt: skip
    jobs.work(clock=lambda: LATER)
    row.refresh_from_db()
    assert row.status == "ready", row.error
    erased(person)
    row.refresh_from_db()
    assert (row.status, row.parts.exists()) == (
        ("cancelled", False) if is_theirs else ("ready", True)
    )
