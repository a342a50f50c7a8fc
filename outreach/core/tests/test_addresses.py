"""One written form for each address."""

from __future__ import annotations

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from outreach.core.addresses import PLAIN_EMAIL, BadAddress, normalise, too_long

WRITTEN = [
    ("email", " Anna.Meier@Example.COM ", "anna.meier@example.com"),
    ("email", "jürg@example.org", "jürg@example.org"),
    ("email", "info@Bücher.example", "info@xn--bcher-kva.example"),
    ("email", "a+b@sub.example.co.uk", "a+b@sub.example.co.uk"),
    ("linkedin", "https://www.linkedin.com/in/Anna-Meier/", "linkedin.com/in/anna-meier"),
    ("linkedin", "http://de.linkedin.com/in/anna-meier?trk=x", "linkedin.com/in/anna-meier"),
    ("linkedin", "linkedin.com/in/anna-meier/de", "linkedin.com/in/anna-meier"),
    ("linkedin", "www.linkedin.com/in/j%C3%BCrg", "linkedin.com/in/jürg"),
    ("linkedin", "https://www.linkedin.com/in/ju%CC%88rg/", "linkedin.com/in/jürg"),
    ("linkedin", "https://www.linkedin.com/pub/anna/1/2b/3c", "linkedin.com/pub/anna/1/2b/3c"),
    ("linkedin", "https://m.linkedin.com/in/%E6%9D%8E", "linkedin.com/in/李"),
    ("phone", "+41 44 668 18 00", "+41446681800"),
    ("whatsapp", "+1 (650) 253-0000", "+16502530000"),
    ("instagram", "@Anna.Meier", "@anna.meier"),
]
REFUSED = [
    ("email", ""),
    ("email", "anna"),
    ("email", "anna@@example.com"),
    ("email", "anna@example.com, bob@example.com"),
    ("email", "anna@localhost"),
    ("email", "anna@printer.local"),
    ("email", ".anna@example.com"),
    ("linkedin", "https://www.linkedin.com/company/acme"),
    ("linkedin", "https://www.linkedin.com/in/"),
    ("linkedin", "https://notlinkedin.com/in/anna"),
    ("linkedin", "https://example.com/in/anna"),
    ("linkedin", "https://[linkedin.com/in/anna"),
    ("linkedin", "https://www.linkedin.com/in/%FF%FE"),
    ("linkedin", "https://www.linkedin.com/in/a%00b"),
    ("phone", "hello"),
    ("phone", "044 668 18 00"),
    ("instagram", "anna meier"),
    ("fax", "1"),
]


@pytest.mark.parametrize(("channel", "raw", "form"), WRITTEN)
def test_an_address_has_one_form(channel, raw, form):
    assert normalise(channel, raw) == form
    assert normalise(channel, form) == form


@pytest.mark.parametrize(("channel", "raw"), REFUSED)
def test_what_is_no_address_is_refused(channel, raw):
    with pytest.raises(BadAddress):
        normalise(channel, raw)


@pytest.mark.parametrize(
    ("channel", "form", "said"),
    [
        ("email", "a" * 64 + "@example.com", ""),
        ("email", "a" * 65 + "@example.com", "65 bytes before the @"),
        ("email", "ü" * 33 + "@example.com", "66 bytes before the @"),
        ("linkedin", "linkedin.com/in/" + "x" * 100, ""),
        ("linkedin", "linkedin.com/in/" + "x" * 310, "too long for an address"),
    ],
)
def test_an_address_that_no_server_takes_is_told(channel, form, said):
    told = too_long(channel, form)
    assert said in told and bool(said) is bool(told)
    assert normalise(channel, form) == form, "whoever stands on the list with it stays there"


def test_a_phone_number_is_read_by_its_country():
    assert normalise("phone", "044 668 18 00", region="CH") == "+41446681800"


LABEL = st.text("abz09-", min_size=1, max_size=64)
LOCAL = st.text("abz09.-_+'", min_size=1, max_size=66)
DOMAIN = st.lists(LABEL, min_size=1, max_size=5).map(".".join)
TOP = st.sampled_from(["com", "org", "test", "local", "onion", "c", "xn--p1ai", "c1", "museum"])


@given(LOCAL, DOMAIN, TOP)
def test_the_short_way_takes_only_what_the_long_way_leaves_as_it_is(local, domain, top):
    address = f"{local}@{domain}.{top}"
    if PLAIN_EMAIL.fullmatch(address):
        try:
            found = validate_email(
                address, check_deliverability=False, allow_smtputf8=True, test_environment=True
            )
        except EmailNotValidError as error:
            pytest.fail(f"{address}: {error}")
        assert f"{found.local_part}@{found.ascii_domain}".lower() == address


@given(st.sampled_from(["email", "linkedin", "phone", "instagram"]), st.text(max_size=80))
def test_any_text_is_normalised_or_refused_and_stays_so(channel, raw):
    try:
        form = normalise(channel, raw)
    except BadAddress:
        return
    assert normalise(channel, form) == form
