"""Who must not be written to where a list comes from comes in suppressed, with the reason."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest

from outreach import testing
from outreach.core import importing, suppression
from outreach.core.importing import read_file
from outreach.core.importing.rows_csv import RowsCsv
from outreach.core.models import Activity, Address, Consent, Person, Suppression

pytestmark = pytest.mark.django_db
FIXTURES = Path(__file__).parent / "fixtures"
AT = testing.WORKDAY
ALL = ("email", "phone")


@pytest.fixture
def workspace():
    return testing.make_workspace()


@pytest.fixture
def bring(workspace):
    """Import a fixture or a text as Bob; the preview before says the same."""
    by = testing.bob(workspace)

    def go(content, **options):
        data = (FIXTURES / content).read_bytes() if content.endswith(".csv") else content.encode()
        table = read_file(data, name="people.csv", **options)
        seen = importing.preview(workspace, table).as_dict()
        report = importing.apply(workspace, table, by=by, at=AT)
        assert seen | {"applied": True} == report.as_dict()
        return report

    return go


def closed(workspace, person):
    """The channels on which nothing may go to this person."""
    ways = Address.objects.filter(person__full_name=person).values_list("channel", "normalised")
    assert ways
    return tuple(sorted(c for c, a in ways if suppression.is_suppressed(workspace, c, a)))


CASES = [
    ("hubspot_optouts.csv", "Bob Hill", ALL, "Unsubscribed from all email: true"),
    ("hubspot_optouts.csv", "Dan Wolf", ALL, "Opted out of email: One to One: Yes"),
    ("hubspot_optouts.csv", "Eva Lang", ("email",), "Email hard bounce reason: UNKNOWN_USER"),
    ("hubspot_optouts.csv", "Fay Moss", ("email",), "Email Address Quarantined: true"),
    ("hubspot_optouts.csv", "Anna Meier", (), ""),
    ("hubspot_optouts.csv", "Cleo Stone", (), ""),  # billed as no marketing contact
    ("salesforce_optouts.csv", "Anna Meier", (), ""),
    ("salesforce_optouts.csv", "Bob Hill", ALL, "Email Opt Out: 1"),
    ("salesforce_optouts.csv", "Cleo Stone", ("phone",), "Do Not Call: 1"),
    ("salesforce_optouts.csv", "Dan Wolf", ("email",), "Email Bounced Reason"),
    ("salesforce_optouts.csv", "Eva Lang", ("email",), "Email Bounced Date: 11/4/2024"),
    ("salesforce_optouts_dataloader.csv", "Anna Meier", (), ""),
    ("salesforce_optouts_dataloader.csv", "Bob Hill", ALL, "HASOPTEDOUTOFEMAIL: true"),
    ("salesforce_optouts_dataloader.csv", "Cleo Stone", ("phone",), "DONOTCALL: true"),
    ("salesforce_optouts_dataloader.csv", "Dan Wolf", ("email",),
     "EMAILBOUNCEDDATE: 2024-11-04T18:34:00.000Z"),
    ("pipedrive_marketing.csv", "Anna Meier", (), ""),
    ("pipedrive_marketing.csv", "Bob Hill", ALL, "Person - Marketing status: Unsubscribed"),
    ("pipedrive_marketing.csv", "Cleo Stone", ALL, "Person - Marketing status: No consent"),
    ("pipedrive_marketing.csv", "Dan Wolf", ("email",), "Person - Marketing status: Bounced"),
    ("pipedrive_marketing.csv", "Eva Lang", ("email",), "Person - Marketing status: Archived"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "person", "channels", "why"), CASES)
def test_who_refused_elsewhere_comes_in_suppressed_with_the_reason(
    bring, workspace, name, person, channels, why
):
    report = bring(name)
    row = next(each for each in report.rows() if each.name == person)
    assert (str(row.outcome), row.suppressed) == ("new", why)
    assert closed(workspace, person) == channels


@pytest.mark.parametrize("name", sorted({each[0] for each in CASES}))
def test_bringing_it_again_changes_nothing(bring, name):
    first = bring(name)

    def stored():
        return [list(m.objects.order_by("pk").values()) for m in (Person, Suppression, Activity)]

    before = stored()
    again = bring(name)
    assert not again.writes
    assert again.counts["suppressed"] >= first.counts["suppressed"]
    assert stored() == before


def test_a_bounce_and_an_opt_out_have_their_own_reason_on_the_list(bring, workspace):
    bring("salesforce_optouts.csv")
    reasons = {
        name: suppression.find(workspace, "email", f"{name}@example.com").reason
        for name in ("bob", "dan", "eva")
    }
    assert reasons == {"bob": "import", "dan": "bounce", "eva": "bounce"}


def test_a_row_that_is_left_out_still_closes_its_address(bring, workspace):
    """The second row of Fay is left out as a repetition; that she opted out is not."""
    report = bring("salesforce_optouts.csv")
    row = list(report.rows())[-1]
    assert (row.code, row.suppressed) == ("twice_in_file", "Email Opt Out: 1")
    assert suppression.is_suppressed(workspace, "email", "fay@example.com")
    report = bring("salesforce_optouts_dataloader.csv")
    row = list(report.rows())[-1]
    assert (row.code, row.suppressed) == ("deleted", "HASOPTEDOUTOFEMAIL: true")
    assert suppression.is_suppressed(workspace, "email", "eva@example.com")
    assert suppression.is_suppressed(workspace, "phone", "+447911123459")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("Gus,gus@example.com,Nowhere/Land,1", "unknown_time_zone"),
        ("G" * 201 + ",gus@example.com,,1", "too_long"),
    ],
)
def test_a_row_with_a_fault_closes_its_address(bring, workspace, row, code):
    report = bring(f"Name,Email,Time zone,Email Opt Out\n{row}\nHal,hal@example.com,,0\n")
    assert next(report.rows()).code == code
    assert suppression.is_suppressed(workspace, "email", "gus@example.com")
    assert not suppression.is_suppressed(workspace, "email", "hal@example.com")


@pytest.mark.parametrize(
    ("column", "value", "are_closed"),
    [("Email Opt Out", "yes", True), ("Do Not Call", "yes", False), ("Email Bounced", "yes", False),
     ("Email Opt Out", "no", False)],
)  # fmt: skip
def test_who_opted_out_elsewhere_is_closed_on_every_address_we_know(
    bring, workspace, column, value, are_closed
):
    anna = testing.make_person(workspace, name="Anna Meier")
    testing.add_address(workspace, anna, "email", "anna@example.com")
    testing.add_address(workspace, anna, "linkedin", "linkedin.com/in/anna")
    other = testing.make_person(workspace, name="Anna Meyer", merged_into=anna)
    testing.add_address(workspace, other, "phone", "+41446681800")
    bob = testing.make_person(workspace, name="Bob Hill")
    bring(f"Name,Email,{column}\nAnna Meier,anna@example.com,{value}\n")
    rows = Address.objects.filter(person__in=[anna, other]).exclude(normalised="anna@example.com")
    held = [suppression.is_suppressed(workspace, row.channel, row.normalised) for row in rows]
    assert held == [are_closed] * 4
    free = Address.objects.get(person=bob)
    assert not suppression.is_suppressed(workspace, free.channel, free.normalised)


def test_an_opt_out_of_a_shared_mailbox_closes_nobody_s_other_addresses(bring, workspace):
    for name in ("Ann Lee", "Bob Hill"):
        person = testing.make_person(workspace, name=name)
        testing.add_address(workspace, person, "email", f"team+{name[:3].lower()}@example.com")
    bring("Name,Email,Email Opt Out\nAnn Lee,team+ann@example.com,yes\n")
    held = [suppression.is_suppressed(workspace, row.channel, row.normalised)
            for row in Address.objects.filter(normalised__startswith="person")]  # fmt: skip
    assert held == [False, False]


def test_what_a_person_lifted_stays_lifted_on_their_other_addresses(bring, workspace):
    anna = testing.make_person(workspace, name="Anna Meier")
    testing.add_address(workspace, anna, "email", "anna@example.com")
    first = Address.objects.filter(person=anna).earliest("pk")
    reviewer, at = testing.dora(workspace), AT
    row = suppression.suppress(
        workspace, "email", first.normalised, reason="manual", by=reviewer, at=at
    )
    suppression.lift(row, reason="They wrote to us again.", by=reviewer, at=at)
    bring("Name,Email,Email Opt Out\nAnna Meier,anna@example.com,yes\n")
    assert not suppression.is_suppressed(workspace, "email", first.normalised)


def test_no_import_lifts_a_suppression(bring, workspace):
    by = testing.alice(workspace)
    for address in ("anna.meier@example.com", "bob@example.com"):
        suppression.suppress(workspace, "email", address, reason="complaint", by=by, at=AT)
    report = bring("salesforce_optouts.csv")
    anna, bob = list(report.rows())[:2]
    assert anna.suppressed == "on the suppression list here"
    assert bob.suppressed == "Email Opt Out: 1"
    for address in ("anna.meier@example.com", "bob@example.com"):
        assert suppression.find(workspace, "email", address).reason == "complaint"


def test_what_somebody_lifted_is_closed_again_by_a_file_that_says_so(bring, workspace):
    bring("Name,Email,Email Opt Out\nBob Hill,bob@example.com,1\n")
    held = suppression.find(workspace, "email", "bob@example.com")
    by = testing.alice(workspace)
    suppression.lift(held, reason="a mistake", by=by, at=AT + timedelta(minutes=1))
    report = bring("Name,Email,Email Opt Out\nBob Hill,bob@example.com,1\n")
    assert report.counts["opted_out"] == 1
    assert suppression.is_suppressed(workspace, "email", "bob@example.com")


def test_hubspot_s_billing_is_no_opt_out_unless_somebody_says_so(bring, workspace):
    report = bring("hubspot_optouts.csv")
    assert report.notices[0].startswith("Marketing contact status tells whom HubSpot bills for")
    assert closed(workspace, "Cleo Stone") == ()
    report = bring("hubspot_optouts.csv", mapping={"Marketing contact status": "opted_out"})
    assert not report.notices
    assert closed(workspace, "Cleo Stone") == ALL


@pytest.mark.parametrize(
    ("column", "value", "channels"),
    [
        ("Email Bounced", "soft", ()), ("Email Bounced", "0", ()), ("Email Bounced", "false", ()),
        ("Bounce reason", "550 no such user", ("email",)), ("Email Status", "Verified", ()),
        ("Email Status", "Hard bounced", ("email",)), ("Email Opt Out", "WAHR", ("email",)),
        ("Opt Out Date", "11/4/2024", ("email",)), ("Email Opt Out", "FALSCH", ()),
        ("Opted out of email: Marketing Information", "true", ("email",)),
    ],
)  # fmt: skip
def test_what_a_cell_says_against_writing(bring, workspace, column, value, channels):
    bring(f"Name,Email,{column}\nBob Hill,bob@example.com,{value}\n")
    assert closed(workspace, "Bob Hill") == channels


UNKNOWN = ("unsubscribe", "unsub", "stop", "✓", "Yes, please", "2", "Abgemeldet am 3.5.2024",
           "03 May 2024", "May 3, 2024", "45050", "1714730400", "Ja (telefonisch)")  # fmt: skip


@pytest.mark.parametrize("cell", UNKNOWN)
@pytest.mark.parametrize("column", ["Opted out", "Unsubscribed at", "Do not contact"])
def test_a_filled_cell_about_opting_out_refuses_unless_it_says_no(bring, workspace, column, cell):
    bring(f'Name,Email,{column}\nBob Hill,bob@example.com,"{cell}"\n')
    assert closed(workspace, "Bob Hill") == ("email",)


@pytest.mark.parametrize(
    "cell",
    ["", "no", "FALSE", "0", "Nein", "non", "não", "hayır", "нет", "いいえ", "Subscribed", "active",
     "Opted in", "opt-in", "n/a", "-", "☐"],
)  # fmt: skip
def test_a_listed_no_about_opting_out_closes_nothing(bring, workspace, cell):
    assert not bring(f"Name,Email,Opted out\nBob Hill,bob@example.com,{cell}\n").notices
    assert closed(workspace, "Bob Hill") == ()


@pytest.mark.parametrize(
    ("column", "cell", "channels"),
    [
        ("Subscribed", "yes", ()), ("Opt-in", "Ja", ()), ("Opt in", "✓", ()), ("Opted in", "", ()),
        ("Accepts Marketing", "2024-05-03", ()), ("Subscribed", "subscribed", ()),
        ("Subscribed", "no", ("email",)), ("Opt-in", "perhaps", ("email",)),
        ("Subscribed", "unsubscribed", ("email",)), ("Accepts Marketing", "0", ("email",)),
    ],
)  # fmt: skip
def test_a_column_about_agreeing_refuses_unless_it_says_yes(
    bring, workspace, column, cell, channels
):
    bring(f"Name,Email,{column}\nBob Hill,bob@example.com,{cell}\n")
    assert closed(workspace, "Bob Hill") == channels


def test_that_somebody_agreed_is_told_to_be_no_consent_on_record(bring, workspace):
    text = "Name,Email,Einwilligung\nAnn Hill,a@example.com,ja\nBob Hill,bob@example.com,nein\n"
    assert bring(text).notices == (
        "Einwilligung says who agreed. That closes nobody's address, and no consent is recorded of "
        "it: a list does not show what they read. To record why we may write to them, choose it "
        "when importing (--basis, or “Why we may write to them”).",
    )
    assert not Consent.objects.exists()
    table, chosen = read_file(text.encode()), importing.Choices(basis="imported_claim")
    assert importing.preview(workspace, table, choices=chosen).notices == ()
    assert not bring("Name,Email,Einwilligung\nCyd Hill,c@example.com,nein\n").notices


def test_words_not_known_are_named_once_with_their_rows(bring):
    # fmt: off
    rows = ["Ann,a@example.com,mañana", "Bea,b@example.com,mañana", "Cyd,c@example.com,yes",
            "Dan,d@example.com,d@example.com", "Eva,a@example.com,2", "Fay,,2024-05-03"]
    # fmt: on
    report = bring("Name,Email,Opted out\n" + "\n".join(rows) + "\n")
    assert report.notices == (
        "Opted out has words not known here: 'mañana' (2 rows), other text (1 row), '2' (1 row). "
        "They count as a refusal. Write yes or no, or say that the column means nothing.",
    )


def test_a_column_of_free_text_names_only_its_first_words(bring):
    rows = "".join(f"P {n},p{n}@example.com,word {n}\n" for n in range(30))
    (notice,) = bring("Name,Email,Opted out\n" + rows).notices
    assert notice.count("(1 row)") == 12
    assert "other text (18 rows)" in notice


def test_the_report_by_row_says_why(workspace):
    out = io.StringIO()
    table = read_file((FIXTURES / "salesforce_optouts.csv").read_bytes(), name="people.csv")
    importing.preview(workspace, table, on_row=RowsCsv(out))
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert [row["suppressed"] for row in rows][1:3] == ["Email Opt Out: 1", "Do Not Call: 1"]
    assert "dan@example.com" not in rows[3]["suppressed"]
