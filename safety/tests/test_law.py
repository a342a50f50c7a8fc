"""The law table as cases: what each row says to whom, and that rows can only narrow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach import testing
from outreach.core import footers
from outreach.testing import WORKDAY
from safety.contract import content
from safety.contract.frequency import Contact
from safety.contract.localtime import LocalZones
from safety.contract.rewrite import DEFAULT_TEXT, rewrite
from safety.facts import gather
from safety.gate import Facts, Moment, holding
from safety.law import table
from safety.law.law import JUDGES, check_law, country_of, state_of
from safety.law.table import TABLE, BadTable
from safety.question import ConsentOnFile
from safety.verdict import Level

NOON = datetime(2026, 11, 11, 18, tzinfo=UTC)  # a Wednesday: 12:00 in Chicago, 13:00 in New York
POSTAL = "1 Sample Street, Springfield"
AD = Facts(
    channel="email",
    purpose="promotional",
    touch="initial",
    action="send_email",
    address="a@example.com",
    subject="Our new catalogue",
    text=f"Here it is.\n\n-- \nMira · {POSTAL}",
    html="",
    by_kind="user",
    person_status="active",
    status_reason="",
    automation_enabled=True,
    automation_reason="",
    zones=LocalZones(("America/Chicago",), "recipient"),
    country="US",
    postal_address=POSTAL,
)
CHAT = replace(
    AD, channel="whatsapp", action="send_whatsapp", address="+442079460123", country="GB",
    zones=LocalZones(("Europe/London",), "phone"),
)  # fmt: skip


def on_file(basis, channel="email", days=1, at=NOON, **fields):
    return ConsentOnFile(channel, basis, at - timedelta(days=days), **fields)


def wrote(channel, hours):
    return Contact(platform=channel, at=NOON - timedelta(hours=hours), direction="in")


def judge(facts, moment=Moment.SUBMISSION, at=NOON, **options):
    return check_law(facts, moment, at, **options)


def codes(verdict, *statuses):
    return {f.code for f in verdict.findings if f.status in (statuses or ("warn", "fail"))}


# --- Consent -------------------------------------------------------------------------------------

CONSENT = [
    # country, company, basis on file, level, code
    ("US", False, None, Level.ALLOW, None),
    ("CA", False, None, Level.BLOCK, "consent_missing"),
    ("CA", True, None, Level.BLOCK, "consent_missing"),
    ("CA", False, "opt_in", Level.ALLOW, None),
    ("CA", False, "customer", Level.ALLOW, None),
    ("CA", False, "inquiry", Level.ALLOW, None),
    ("CA", False, "imported_claim", Level.REVIEW, "consent_doubtful"),
    ("CA", False, "legitimate_interest", Level.BLOCK, "consent_missing"),
    ("FR", False, None, Level.BLOCK, "consent_missing"),
    ("FR", False, "soft_opt_in", Level.ALLOW, None),
    ("FR", False, "customer", Level.REVIEW, "consent_doubtful"),
    ("FR", False, "legitimate_interest", Level.BLOCK, "consent_missing"),
    ("FR", True, None, Level.REVIEW, "consent_company"),
    ("FR", True, "legitimate_interest", Level.ALLOW, None),
    ("GB", False, None, Level.BLOCK, "consent_missing"),
    ("GB", True, None, Level.REVIEW, "consent_company"),
    ("GB", True, "legitimate_interest", Level.ALLOW, None),
    ("DE", True, None, Level.REVIEW, "consent_company"),
    ("DE", True, "legitimate_interest", Level.REVIEW, "consent_doubtful"),
    ("NO", False, None, Level.BLOCK, "consent_missing"),
    ("", False, None, Level.REVIEW, "country_unknown"),
    ("", False, "opt_in", Level.ALLOW, None),
    ("BR", False, None, Level.ALLOW, None),
]


@pytest.mark.parametrize("channel", ["email", "linkedin"])
@pytest.mark.parametrize(("country", "company", "basis", "level", "code"), CONSENT)
def test_consent_by_country(channel, country, company, basis, level, code):
    records = (on_file(basis, channel),) if basis else ()
    facts = replace(AD, channel=channel, country=country, company=company, consents=records)
    verdict = judge(facts)
    assert verdict.level is level
    assert codes(verdict) == ({code} if code else set())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("country", "code"),
    [("ZZ", "country_unknown"), ("RE", "consent_missing"), ("AX", "consent_missing")],
)
def test_no_code_of_its_own_leads_out_of_a_law(country, code):
    person = testing.make_person(country=country)
    draft = testing.make_draft(person, channel="email", purpose="promotional")
    known = gather([draft], at=WORKDAY)[draft.pk]
    told = check_law(replace(known, touch="initial"), Moment.SUBMISSION, WORKDAY)
    assert code in told.codes


def test_a_linkedin_connection_without_a_country_is_for_a_person_and_not_refused():
    facts = replace(
        AD, channel="linkedin", action="send_linkedin_message", country="", company=True
    )
    for moment in Moment:
        [finding] = [f for f in judge(facts, moment).findings if f.status == "warn"]
        assert finding.code == "country_unknown"
        assert "Add the person's country" in finding.message


@pytest.mark.parametrize(
    ("basis", "days", "level"),
    [
        ("customer", 729, Level.ALLOW),
        ("customer", 730, Level.BLOCK),
        ("inquiry", 182, Level.ALLOW),
        ("inquiry", 183, Level.BLOCK),
        ("opt_in", 5000, Level.ALLOW),
        ("opt_in", -1, Level.BLOCK),  # given tomorrow
    ],
)
def test_what_consent_lasts_in_canada(basis, days, level):
    assert judge(replace(AD, country="CA", consents=(on_file(basis, days=days),))).level is level


def test_an_expired_consent_and_one_for_another_channel_count_for_nothing():
    expired = on_file("opt_in", expires_at=NOON)
    for records in ((expired,), (on_file("opt_in", "linkedin"),)):
        assert judge(replace(AD, country="CA", consents=records)).level is Level.BLOCK


def test_an_answer_needs_no_consent_and_a_follow_up_in_a_conversation_a_look():
    reply = replace(AD, country="CA", touch="reply")
    assert judge(reply).level is Level.ALLOW
    later = replace(reply, touch="follow_up", contacts=(wrote("email", 50),))
    assert codes(judge(later)) == {"consent_conversation"}
    silent = replace(reply, touch="follow_up")
    assert judge(silent).level is Level.BLOCK


@pytest.mark.parametrize("purpose", ["informational", "personal", "work_update", "transactional"])
def test_what_is_not_commercial_needs_no_consent_but_on_whatsapp(purpose):
    assert judge(replace(AD, country="CA", purpose=purpose)).level is Level.ALLOW
    assert codes(judge(replace(CHAT, purpose=purpose))) == {"consent_missing"}


def test_an_unknown_purpose_is_judged_as_promotional():
    assert judge(replace(AD, country="CA", purpose="mystery")).level is Level.BLOCK


def test_a_refusal_names_the_remedy_and_whether_a_lawyer_saw_it():
    [canada] = judge(replace(AD, country="CA")).blockers
    assert "record what there is (opt in," in canada.message
    assert canada.message.endswith("No lawyer has confirmed this row")
    assert canada.rule == "ca.casl_consent"


# --- WhatsApp and Instagram ----------------------------------------------------------------------


def test_whatsapp_needs_an_opt_in_even_for_an_answer():
    info = replace(CHAT, purpose="informational")
    assert judge(replace(info, touch="reply")).level is Level.BLOCK
    assert judge(replace(info, consents=(on_file("opt_in", "whatsapp"),))).level is Level.ALLOW
    claim = judge(replace(info, consents=(on_file("imported_claim", "whatsapp"),)))
    assert (claim.level, codes(claim)) == (Level.REVIEW, {"consent_doubtful"})


@pytest.mark.parametrize(("hours", "level"), [(23, Level.ALLOW), (24, Level.BLOCK)])
def test_an_inquiry_on_whatsapp_opens_a_day_to_answer(hours, level):
    facts = replace(
        CHAT, purpose="informational", touch="reply", contacts=(wrote("whatsapp", hours),),
        consents=(on_file("inquiry", "whatsapp"),),
    )  # fmt: skip
    verdict = judge(facts)
    assert verdict.level is level
    assert ("whatsapp.template_window" in codes(verdict, "info")) is (hours >= 24)


@pytest.mark.parametrize(
    ("address", "purpose", "refused"),
    [
        ("+12025550123", "promotional", True),
        ("+12025550123", "follow_up", True),
        ("+12025550123", "informational", False),
        ("+442079460123", "promotional", False),
    ],
)
def test_no_whatsapp_marketing_to_plus_one(address, purpose, refused):
    facts = replace(
        CHAT, address=address, purpose=purpose, consents=(on_file("opt_in", "whatsapp"),)
    )
    assert ("law_refused" in codes(judge(facts), "fail")) is refused


@pytest.mark.parametrize(
    ("contacts", "follows", "moment", "level"),
    [
        ((), False, Moment.SUBMISSION, Level.BLOCK),
        ((), True, Moment.SUBMISSION, Level.REVIEW),
        ((), True, Moment.SENDING, Level.BLOCK),
        ((wrote("instagram", 167),), False, Moment.SENDING, Level.ALLOW),
        ((wrote("instagram", 168),), False, Moment.SENDING, Level.BLOCK),
        ((wrote("email", 1),), False, Moment.SENDING, Level.BLOCK),
    ],
)
def test_on_instagram_the_person_writes_first(contacts, follows, moment, level):
    facts = replace(
        AD, channel="instagram", address="@ann", purpose="informational", touch="reply",
        contacts=contacts, follows_us=follows,
    )  # fmt: skip
    assert judge(facts, moment).level is level


# --- E-mail --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("country", "level"), [("US", Level.BLOCK), ("BR", Level.REVIEW), ("", Level.REVIEW)]
)
def test_an_advertisement_carries_the_postal_address(country, level):
    records = (on_file("opt_in"),)
    none = replace(AD, country=country, postal_address="", consents=records)
    cut = replace(AD, country=country, text="Here it is.", consents=records)
    assert judge(none).level is level
    assert judge(cut).level is level
    assert judge(replace(AD, country=country, consents=records)).level is Level.ALLOW
    assert any("Set the workspace's postal address" in f.message or country == ""
               for f in judge(none).findings)  # fmt: skip


def test_the_footer_may_be_wrapped_by_a_mail_program():
    wrapped = AD.text.replace("Sample Street, ", "Sample\n  STREET, ")
    assert judge(replace(AD, text=wrapped)).level is Level.ALLOW


def test_the_stronger_of_two_rows_that_say_the_same_is_told():
    verdict = judge(replace(AD, postal_address=""))
    assert [f.status for f in verdict.findings if f.code == "postal_address"] == ["fail"]


@pytest.mark.parametrize(
    "subject", ["Ref: 4711", "Résumé: x", "Rent: x", "A [new] re: x", "回复合同"]
)
def test_a_word_that_begins_alike_is_no_reply_mark(subject):
    assert codes(judge(replace(AD, subject=subject))) == set()


@pytest.mark.parametrize(
    "subject",
    ["Re: our call", "RE: x", "Fwd: x", "AW: x", "re[2]: x", "Antwort: x", "Res: x", "R: x",
     "Отв: x", "Yanıt: x", "Απ: x", "השב: x", "رد: x", "Trả lời: x", "回复：合同", "答覆: x",
     "転送: x", "회신: x",
     "ตอบ: x", "[EXT] Re: x"],
)  # fmt: skip
def test_a_reply_mark_belongs_to_a_conversation(subject):
    facts = replace(AD, subject=subject)
    mail = Contact(platform="email", at=NOON - timedelta(days=3), direction="out")
    assert codes(judge(facts)) == {"false_thread"}
    assert judge(facts).level is Level.BLOCK
    assert judge(replace(facts, touch="follow_up")).level is Level.REVIEW
    assert judge(replace(facts, touch="reply")).level is Level.ALLOW
    assert judge(replace(facts, touch="follow_up", contacts=(mail,))).level is Level.ALLOW


@pytest.mark.parametrize(
    "subject", ["Research: two ideas", "Regarding x", "", "Forward: x", "Rex:"]
)
def test_other_subjects_are_left_alone(subject):
    assert judge(replace(AD, subject=subject)).level is Level.ALLOW


def test_the_first_contact_notice_is_told_and_changes_nothing():
    facts = replace(AD, country="FR", consents=(on_file("opt_in"),))
    verdict = judge(facts)
    assert verdict.level is Level.ALLOW
    assert "eu.first_notice" in codes(verdict, "info")
    assert "eu.first_notice" not in codes(judge(replace(facts, touch="reply")), "info")


# --- The table itself ----------------------------------------------------------------------------

FACTS = st.builds(
    replace,
    st.just(AD),
    channel=st.sampled_from(sorted(table.CHANNELS)),
    purpose=st.sampled_from(["promotional", "follow_up", "informational", "odd"]),
    touch=st.sampled_from(["initial", "reply", "follow_up"]),
    country=st.sampled_from(["", "US", "CA", "DE", "FR", "GB", "BR"]),
    state=st.sampled_from(["", "FL", "TX", "RI", "AL"]),
    address=st.sampled_from(["a@example.com", "+12025550123", "+442079460123"]),
    subject=st.sampled_from(["Hello", "Re: hello"]),
    company=st.booleans(),
    follows_us=st.booleans(),
    postal_address=st.sampled_from(["", POSTAL]),
    override=st.sampled_from(["", "medical"]),
    contacts=st.sampled_from([(), (wrote("whatsapp", 1),), (wrote("email", 30),)]),
    consents=st.lists(
        st.builds(on_file, st.sampled_from(["opt_in", "customer", "imported_claim"]),
                  st.sampled_from(["email", "whatsapp", "linkedin"])), max_size=2
    ).map(tuple),
)  # fmt: skip
TIMES = st.integers(0, 24 * 14).map(lambda hours: NOON + timedelta(hours=hours))
EARLY = datetime.min.replace(tzinfo=UTC)


@given(FACTS, TIMES, st.sampled_from(list(Moment)), st.sampled_from(TABLE.rows))
def test_taking_a_row_away_never_tightens(facts, at, moment, row):
    without = replace(TABLE, rows=tuple(other for other in TABLE.rows if other is not row))
    full, less = judge(facts, moment, at), judge(facts, moment, at, table=without)
    assert less.level <= full.level
    assert (less.not_before or EARLY) <= (full.not_before or EARLY)


@given(FACTS, TIMES, st.sampled_from(list(Moment)))
def test_the_order_of_rows_does_not_matter(facts, at, moment):
    turned = replace(TABLE, rows=TABLE.rows[::-1])
    one, other = judge(facts, moment, at), judge(facts, moment, at, table=turned)
    assert (one.level, one.not_before) == (other.level, other.not_before)


@given(FACTS, TIMES)
def test_an_unknown_country_is_never_refused_for_a_law_of_one_country_nor_held_untold(facts, at):
    unknown = judge(replace(facts, country=""), at=at)
    somewhere = judge(replace(facts, country="ZZ"), at=at)
    assert unknown.level <= max(Level.REVIEW, somewhere.level)
    assert (unknown.not_before is None) is (not holding(unknown))


def test_every_row_has_a_source_dates_and_a_judge():
    assert {row.kind for row in TABLE.rows} == set(table.NEEDS) == set(JUDGES)
    for row in TABLE.rows:
        assert row.source and row.says and row.valid_from <= TABLE.valid_from <= row.review_by
    assert {row.id for row in TABLE.unconfirmed} >= {"us.ri_hours", "ca.casl_consent"}


def test_a_table_past_its_date_says_so():
    assert TABLE.overdue(TABLE.review_by) == ()
    late = TABLE.overdue(TABLE.review_by + timedelta(days=1))
    assert late[0] == "table"
    assert len(late) == len(TABLE.rows) + 1


def test_a_row_of_the_future_does_not_hold_yet():
    rows = tuple(replace(row, valid_from=date(2027, 1, 1)) for row in TABLE.rows)
    future = replace(TABLE, rows=rows)
    assert judge(replace(AD, country="CA"), table=future).level is Level.ALLOW
    assert judge(replace(AD, country="CA"), table=future, at=NOON + timedelta(days=60)).blockers


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('kind = "cap"', 'kind = "cup"', "'cup' is no kind"),
        ("most = 3\n", "", "most is missing"),
        ("most = 3", "most = 3\nleast = 1", "least is missing or not of its kind"),
        ('channels = ["instagram"]', 'channels = ["fax"]', "a channel is unknown"),
        ('id = "us.ct_hours"', 'id = "us.tx_hours"', "us.tx_hours twice"),
        ("version =", "vision =", "cannot be read"),
        ("[guard]", "[guard", "cannot be read"),
        ("least = 3", "last = 3", "cannot be read"),
    ],
)
def test_a_faulty_table_stops_the_start(old, new, words):
    text = table.FILE.read_text()
    assert old in text
    with pytest.raises(BadTable, match=words):
        table.read(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("country", "phone", "found"),
    [
        ("de", "", "DE"),
        ("UK", "", "GB"),
        (" fr ", "+12025550123", "FR"),
        ("", "+12025550123", "US"),
        ("", "+16135550123", "CA"),
        ("", "+442079460123", "GB"),
        ("", "+80012345678", ""),  # a number of no country
        ("", "+999", ""),
        ("", "+", ""),
        ("", "02079460123", ""),
        ("", "", ""),
        ("ZZ", "", ""),  # no country: as good as unknown
        ("RE", "", "FR"),
        ("", "+262692123456", "FR"),  # Réunion
        ("", "+3581812345", "FI"),  # Åland
        ("", "+441534123456", "GB"),  # Jersey
        ("", "+17872345678", "US"),  # Puerto Rico
        ("CH", "", "CH"),
    ],
)
def test_the_country_is_the_persons_else_their_numbers(country, phone, found):
    assert country_of(country, phone) == found


@pytest.mark.parametrize(
    ("country", "known", "found"),
    [("US", "tx", "TX"), ("US", "US-FL", "FL"), ("CA", "TX", ""), ("US", "Bavaria", ""),
     ("US", None, ""), ("US", 7, "")],
)  # fmt: skip
def test_the_state_is_one_of_the_united_states(country, known, found):
    assert state_of(country, known) == found


@pytest.mark.django_db
def test_the_footer_neither_hides_an_empty_text_nor_stands_in_for_one():
    foot = footers.of(testing.make_workspace(sender_name="Mira", postal_address="1 Way"), "email")
    for text in ("", "Hi there!", "..."):
        found = content.find(channel="email", text=text + foot)
        assert [hit.family for hit in found] == ["empty_text"]
    assert not content.find(channel="email", text="Yes, Tuesday is fine." + foot)
    softened = rewrite(channel="email", subject="News", text="Hi Ana,\n\nAct now!" + foot)
    assert softened.text == f"Hi Ana,\n\n{DEFAULT_TEXT['email']}{foot}"
    assert softened.caution
