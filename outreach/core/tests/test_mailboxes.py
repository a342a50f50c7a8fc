"""Which spellings of an e-mail address are one mailbox."""

from __future__ import annotations

import pytest

from outreach import testing
from outreach.core.mailboxes import forms, is_googles, one, same
from outreach.core.models import Address

AT_BOTH = ["jdoe@gmail.com", "jdoe@googlemail.com"]


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("jdoe@example.com", ["jdoe@example.com"]),
        ("j.doe+shop+x@example.com", ["j.doe@example.com"]),
        ("+shop@example.com", ["+shop@example.com"]),
        ('"a@b"@example.com', ['"a@b"@example.com']),
        ("jdoe@gmail.com", AT_BOTH),
        ("jdoe+a@googlemail.com", AT_BOTH),
        (
            "j.d+a@googlemail.com",
            ["jd@gmail.com", "j.d@gmail.com", "j.d@googlemail.com", "jd@googlemail.com"],
        ),
        ("+a.b@gmail.com", ["+ab@gmail.com", "+a.b@gmail.com", "+a.b@googlemail.com",
                            "+ab@googlemail.com"]),
        ("jdoe+a+b@gmail.com", AT_BOTH),
        ('"a@b"@gmail.com', ['"a@b"@gmail.com', '"a@b"@googlemail.com']),
        ("..@gmail.com", ["..@gmail.com", "..@googlemail.com"]),
        ("gmail.com", ["gmail.com"]),
        ("+41446681800", ["+41446681800"]),
    ],
)  # fmt: skip
def test_the_one_form_comes_first_and_then_those_from_before(address, known):
    assert forms(address) == known
    assert one(address) == known[0] == one(known[0])


@pytest.mark.parametrize(
    ("address", "googles"),
    [
        ("jdoe@gmail.com", True), ("jdoe@GoogleMail.com ", True), ('"a@b"@gmail.com', True),
        ("jdoe@gmail.com.example", False), ("gmail.com@example.com", False), ("", False),
    ],
)  # fmt: skip
def test_whose_address_it_is(address, googles):
    assert is_googles(address) is googles


STORED = [
    "jdoe@gmail.com",
    "j.doe@gmail.com",
    "jd.oe+shop@googlemail.com",
    "j.d.o.e@googlemail.com",
    "jdoe+a.b@gmail.com",
    "jdoe+shop@gmail.example",
    "jdoe@gmail.example",
    "xjdoe@gmail.com",
    "jdoes@gmail.com",
    "jdoes+a@gmail.com",
    "jdoe@mail.example",
    "jdoe+a@mail.example",
    "jdoe+b+c@mail.example",
    "j.doe@mail.example",
    "jdoe@mail.example.org",
    "jdoe+a@other.example",
]


@pytest.mark.django_db
def test_the_stored_spellings_of_one_mailbox_are_found():
    person = testing.make_person()
    Address.objects.bulk_create(
        Address(workspace=person.workspace, person=person, channel="email", normalised=each)
        for each in STORED
    )

    def found(mailbox):
        rows = Address.objects.filter(same(mailbox), normalised__in=STORED)
        return set(rows.values_list("normalised", flat=True))

    assert found("jdoe@gmail.com") == set(STORED[:5])
    assert found("jdoe@mail.example") == set(STORED[10:13])
    assert found("j.doe@mail.example") == {"j.doe@mail.example"}
