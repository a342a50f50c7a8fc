"""Several numbers in one cell, one number with a slash in it, and numbers without a country."""

from __future__ import annotations

import pytest

from outreach.core.importing.phones import lacks_country, parted
from outreach.core.importing.ways import Ways


def read(cell, region="DE"):
    found = Ways({"phone": (0,)}, ["Phone"]).read([cell], region)
    return [way.normalised for way in found.ways], found.problems


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("089 / 12 34 56-7", ["+49891234567"]),
        ("089/445566", ["+4989445566"]),
        ("0171/5551234 oder 089/445566", ["+491715551234", "+4989445566"]),
        ("0171 5551234 / 089 445566", ["+491715551234", "+4989445566"]),
        ("0171 5551234/089 445566", ["+491715551234", "+4989445566"]),
        ("089 / 44 55 66 bzw. 0171 / 555 12 34", ["+4989445566", "+491715551234"]),
        ("089 445566, 0171 5551234", ["+4989445566", "+491715551234"]),
        ("089 445566; 0171 5551234", ["+4989445566", "+491715551234"]),
        ("+41 44 668 18 00 or +41 79 123 45 67", ["+41446681800", "+41791234567"]),
        ("+41 44 668 18 00/+41 79 123 45 67", ["+41446681800", "+41791234567"]),
        ("+49 (0)89 / 445566", ["+4989445566"]),
        ("Büro 089/445566", ["+4989445566"]),
        ("0171/5551234 / 089/445566", ["+491715551234", "+4989445566"]),
        ("089 445566;", ["+4989445566"]),
        ("035204/123456", ["+4935204123456"]),  # an area code as long as a number
        ("019912/123456", ["+4919912123456"]),  # nobody's number by any plan, but one
        ("040 12345/040 12346", ["+494012345", "+494012346"]),  # short enough to be one
    ],
)
def test_each_number_of_a_cell_is_read(cell, numbers):
    assert read(cell) == (numbers, [])


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("0049 35204/123456", ["+4935204123456"]),
        ("0049 40 12345/0049 40 12346", ["+494012345", "+494012346"]),
        ("+49 40 12345/+49 40 12300", ["+494012345", "+494012300"]),
    ],
)
def test_the_sign_of_abroad_may_be_two_noughts(cell, numbers):
    assert read(cell, "") == (numbers, [])


@pytest.mark.parametrize(
    ("cell", "lacks"),
    [
        ("123456", True), ("12345", False), ("44 668 18 00", True), ("+41 44 668", False),
        ("tel: +41 44 668", False), ("(+41) 44 668", False), ("0041 44 668", False),
        ("tel. 0041 44 668", False), ("000 44 668", True),
    ],
)  # fmt: skip
def test_what_lacks_its_country_is_told_from_what_is_none(cell, lacks):
    assert lacks_country(cell, "") is lacks
    assert not lacks_country(cell, "CH")


@pytest.mark.parametrize("six", ["+41 44 668 18 00/123456", "+41 44 668 18 00/12345"])
def test_of_six_digits_a_piece_is_a_number_of_its_own(six):
    assert parted(six, "") == (six.split("/") if six.endswith("6") else [six])


def test_of_a_number_without_a_country_is_said_once_where_to_say_it():
    numbers, problems = read("089 / 12 34 56-7", "")
    assert numbers == []
    assert problems == [
        "'089 / 12 34 56-7' has no country code. Say where such numbers are from with --country, "
        "or under “Country of phone numbers without +” on the import's page; or write it with + "
        "and the country code."
    ]
    numbers, problems = read("0171/5551234 oder 089/445566", "")
    assert (numbers, len(problems)) == ([], 1)
    assert problems[0].startswith("'0171/5551234, 089/445566' has no country code.")
    numbers, problems = read("+41 44 668 18 00; 089 445566", "")
    assert (numbers, len(problems)) == (["+41446681800"], 1)


def test_what_is_no_number_is_called_that():
    assert read("ask Eva", "")[1] == [
        "'ask Eva' is no phone number. Write it with + and the country code."
    ]
    assert "too few or too many digits" in read("089 44 55 66 77 88 99 00")[1][0]
