"""What each row of the law table tells, word for word, and where spans, places and codes end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib.resources import files

import phonenumbers
import pytest

from safety.contract.frequency import Contact
from safety.gate import HOLDS, Moment
from safety.law.law import GRAVITY, PART_OF, check_law, country_of
from safety.law.table import TABLE
from safety.tests.test_law import AD, CHAT, NOON, POSTAL, codes, judge, on_file, wrote
from safety.tests.test_law_hours import CALL, WED, at, hold
from safety.verdict import Finding, Level

ROWS = {row.id: row for row in TABLE.rows}
NIGHT = at(WED, "23:00")
DM = replace(
    AD, channel="instagram", address="@ann", purpose="informational", touch="reply", country=""
)
NONE_IN_CANADA = (
    ". None is on file for email: record what there is "
    "(opt in, soft opt in, customer, inquiry, contract), or do not write here"
)
NONE_IN_THE_UK = (
    ". None is on file for email: record what there is (opt in, soft opt in), or do not write here"
)
BACK = f"Put “{POSTAL}” back at the end of the "
# Facts, the row, code and status of what it says, and what it adds to the row's own sentence.
SAID = [
    (CALL, "us.tcpa_hours", "law_hours", "warn", ""),
    (replace(CALL, state="FL", contacts=tuple(
        Contact("phone", NIGHT - timedelta(hours=h), "out") for h in (20, 10, 5))),
     "us.three_a_day", "law_cap", "warn", ""),
    (replace(AD, country="CA", consents=(on_file("soft_opt_in", days=8),)),
     "ca.casl_consent", "consent", "pass", ". On file: soft opt in of 2026-11-03"),
    (replace(AD, country="CA", consents=(on_file("imported_claim"),)),
     "ca.casl_consent", "consent_doubtful", "warn",
     ". On file is only: imported claim. Is that enough here?"),
    (replace(AD, country="CA"), "ca.casl_consent", "consent_missing", "fail", NONE_IN_CANADA),
    (replace(AD, country="GB", company=True), "gb.pecr_consent", "consent_company", "warn",
     ". They work for a company: decide whether that changes anything here, and record why"),
    (replace(AD, country="GB", company_hearsay=True), "gb.pecr_consent", "consent_missing", "fail",
     f"{NONE_IN_THE_UK}. Only an agent told which company they work for, so it does not count: a "
     "colleague who knows it saves it on the person's page"),
    (replace(AD, country="CA", company_hearsay=True), "ca.casl_consent", "consent_missing", "fail",
     NONE_IN_CANADA),
    (replace(AD, country="GB", contacts=(wrote("email", 50),)),
     "gb.pecr_consent", "consent_conversation", "warn",
     ". They wrote to us lately: is this still an answer to it?"),
    (replace(CHAT, address="+12025550123"), "whatsapp.no_marketing_us", "law_refused", "fail", ""),
    (replace(AD, postal_address=""), "us.postal_address", "postal_address", "fail",
     ". Set the workspace's postal address, then write the message again"),
    (replace(AD, text="Here."), "us.postal_address", "postal_address", "fail", f". {BACK}text"),
    (replace(AD, text="Here.", country="BR"), "any.postal_address", "postal_address", "warn",
     f". {BACK}text"),
    (replace(AD, html="<p>Here.</p>"), "us.postal_address", "postal_address", "fail",
     f". {BACK}HTML part"),
    (replace(AD, subject="Re: x"), "any.honest_subject", "false_thread", "fail",
     ". Take it out of the subject: this is the first one"),
    (replace(AD, subject="Re: x", touch="follow_up"), "any.honest_subject", "false_thread", "warn",
     ". None by e-mail in the last 30 days: is this one real?"),
    (replace(DM, follows_us=True), "instagram.person_first", "person_first", "warn",
     ". This follower has not: only a person may, by hand"),
    (DM, "instagram.person_first", "person_first", "fail", ". They have not written in that time"),
    (CHAT, "whatsapp.template_window", "whatsapp.template_window", "info", ""),
    (AD, "us.name_the_ad", "us.name_the_ad", "info", ""),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "row", "code", "status", "more"), SAID)
def test_each_row_tells_what_it_asks_and_what_to_do(facts, row, code, status, more):
    doubt = ". No lawyer has confirmed this row" * (ROWS[row].needs_lawyer and status == "fail")
    told = Finding("LAW_CHECK", code, status, f"{ROWS[row].says}{more}{doubt}", "law", row)
    moment = Moment.SUBMISSION
    found = judge(facts, moment, NIGHT if facts.channel == "phone" else NOON).findings
    assert [f for f in found if (f.code, f.rule) == (code, row)] == [told]


@pytest.mark.parametrize("touch", ["initial", "follow_up"])
def test_a_postal_address_that_stands_in_both_parts_is_enough(touch):
    kept = replace(AD, touch=touch, html="<p>Here it is.<br>1 Sample&nbsp;STREET,\nSpringfield")
    assert codes(judge(kept)) == set()


# --- An unknown country --------------------------------------------------------------------------


def unknown(countries, **changes):
    """The one finding of an unknown country, for a consent that these countries ask for."""
    row = replace(ROWS["ca.casl_consent"], countries=frozenset(countries.split()))
    told = check_law(
        replace(AD, country="", **changes), Moment.SENDING, NOON, table=replace(TABLE, rows=(row,))
    )
    assert told.level is Level.REVIEW
    return told.findings


@pytest.mark.parametrize(
    ("countries", "named"),
    [
        ("CA", "CA"),
        ("GB CA", "CA, GB"),
        ("DE CA GB FR", "CA, DE, FR, GB"),
        ("DE CA GB FR US", "CA, DE, FR, GB and 1 more"),
        ("DE CA GB FR US AT", "AT, CA, DE, FR and 2 more"),
    ],
)
def test_an_unknown_country_names_where_it_would_be_refused(countries, named):
    words = (
        f"The country is unknown, and in {named} the law would refuse this as it stands. "
        "Add the person's country, or make sure yourself that you may write"
    )
    assert unknown(countries) == (
        Finding("LAW_CHECK", "country_unknown", "warn", words, family="law"),
    )


@pytest.mark.parametrize(("channel", "level"), [("phone", Level.ALLOW), ("whatsapp", Level.BLOCK)])
def test_an_unknown_country_keeps_every_hold_and_says_what_holds_it(channel, level):
    facts = replace(CALL, channel=channel, address="+442079460123")
    known, lost = (judge(replace(facts, country=place), at=NIGHT) for place in ("US", ""))
    assert lost.not_before == known.not_before == at(12, "08:00")
    words = (
        f"{ROWS['us.tcpa_hours'].says}. The country is unknown, so this holds here too: "
        "add the person's country if it is another"
    )
    told = Finding("LAW_CHECK", "law_hours", "warn", words, "law", "us.tcpa_hours")
    assert [finding for finding in lost.findings if finding.code in HOLDS] == [told]
    assert lost.level is level, "WhatsApp asks for its opt-in in every country"


# --- Where spans and dates end -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "held"),
    [
        ((20, 10, 5), True),
        ((24, 10, 5), False),  # the first has aged
        ((20, 10, 0), True),  # what leaves at this very moment counts
        ((20, 10), False),
        ((30, 20, 10, 5), True),
    ],
)
@pytest.mark.parametrize(
    "other",
    [None, ("phone", "in"), ("whatsapp", "out"), ("whatsapp", "in")],
)
def test_a_cap_counts_what_left_on_this_channel_in_its_hours(hours, held, other):
    now = at(WED, "15:00")
    past = [Contact("phone", now - timedelta(hours=h), "out") for h in hours]
    past += [Contact(other[0], now - timedelta(hours=1), other[1])] * 3 if other else []
    until = now + timedelta(hours=24 - hours[-3]) if held else None
    assert hold("FL", now, contacts=tuple(past)) == until


def test_what_they_wrote_at_this_moment_counts():
    assert judge(replace(DM, contacts=(wrote("instagram", 0),))).level is Level.ALLOW


def test_a_row_holds_from_its_first_day():
    rows = tuple(replace(row, valid_from=NOON.date()) for row in TABLE.rows)
    assert judge(replace(AD, country="CA"), table=replace(TABLE, rows=rows)).blockers
    later = tuple(replace(row, valid_from=NOON.date() + timedelta(days=1)) for row in rows)
    assert not judge(replace(AD, country="CA"), table=replace(TABLE, rows=later)).blockers


def test_a_row_without_doubtful_reasons_takes_none():
    row = replace(ROWS["ca.casl_consent"], asks={"accepts": ["opt_in"]})
    facts = replace(AD, country="CA", consents=(on_file("imported_claim"),))
    assert judge(facts, table=replace(TABLE, rows=(row,))).level is Level.BLOCK


def test_a_graver_status_is_told_in_place_of_a_lighter_one():
    assert sorted(GRAVITY, key=GRAVITY.get) == ["pass", "info", "warn", "fail"]
    assert len(set(GRAVITY.values())) == 4


# --- Codes of countries --------------------------------------------------------------------------

PARTS = {
    "GB": "GG IM JE UK", "FI": "AX", "NO": "SJ", "ES": "IC EA", "GR": "EL",
    "FR": "GF GP MF MQ RE YT BL PM", "US": "PR VI GU MP AS UM",
}  # fmt: skip


def test_every_country_that_iso_3166_names_is_one():
    lines = files("tzdata").joinpath("zoneinfo/iso3166.tab").read_text().splitlines()
    named = {line.partition("\t")[0] for line in lines if not line.startswith("#")}
    assert len(named) > 240
    parts = {code: whole for whole, held in PARTS.items() for code in held.split()}
    assert {code: country_of(code) for code in named | set(parts)} == {
        code: parts.get(code, code) for code in named | set(parts)
    }


def test_a_number_of_a_part_tells_the_whole():
    for part, whole in PART_OF.items():
        if number := phonenumbers.example_number(part):
            assert country_of("", phonenumbers.format_number(number, 0)) == whole


@pytest.mark.parametrize(("zone", "day"), [("", "2026-11-03"), ("Pacific/Auckland", "2026-11-04")])
def test_the_day_of_a_consent_is_told_by_the_workspaces_clock(zone, day):
    facts = replace(AD, country="CA", consents=(on_file("soft_opt_in", days=8),), our_zone=zone)
    [told] = [f for f in judge(facts).findings if f.rule == "ca.casl_consent"]
    assert told.message.endswith(f"On file: soft opt in of {day}")
