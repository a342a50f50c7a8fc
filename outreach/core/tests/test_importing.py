"""People come in once: new, changed, unchanged or skipped, and nothing is overwritten silently."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from outreach import testing
from outreach.core import importing, merging, people
from outreach.core.importing import ImportClash, Outcome, read_file
from outreach.core.models import Account, Activity, Address, Channel, Merge, Person
from outreach.core.models.people import PersonStatus
from outreach.core.permissions import NotAllowed

pytestmark = pytest.mark.django_db
FIXTURES = Path(__file__).parent / "fixtures"
HEAD = "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
ANNA = "Anna,Meier,https://www.linkedin.com/in/anna,anna@example.com,Meier KG,CFO,15 Nov 2023\n"


@pytest.fixture
def workspace():
    return testing.make_workspace()


@pytest.fixture
def bring(workspace):
    """Import a text as Bob; the preview before it says the same."""
    by = testing.bob(workspace)

    def go(text, **options):
        table = read_file(text.encode() if isinstance(text, str) else text, **options)
        before = stored()
        seen = importing.preview(workspace, table)
        assert stored() == before
        report = importing.apply(workspace, table, by=by, at=testing.WORKDAY)
        assert [row.as_dict() for row in seen.rows()] == [row.as_dict() for row in report.rows()]
        assert seen.tally() == report.tally()
        return report

    return go


def stored():
    """Every row an import could write."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (Person, Address, Account, Activity)
    ]


def only(report, outcome):
    (row,) = report.kept[outcome]
    return row


def test_a_linkedin_export_brings_its_people(bring):
    report = bring((FIXTURES / "linkedin_2024.csv").read_bytes(), name="Connections.csv")
    assert (report.counts["rows"], report.new, report.skipped) == (5, 4, 1)
    anna = Person.objects.get(first_name="Anna")
    assert anna.account.name == "Meier, Söhne & Co. KG™"
    assert anna.profile_url == "https://www.linkedin.com/in/anna-meier"
    assert (anna.position, anna.connected_on) == ("Head of Finance", date(2023, 11, 15))
    assert anna.source == "Connections.csv, 2026-03-11"
    assert sorted(anna.addresses.values_list("channel", "normalised")) == [
        ("email", "anna.meier@example.com"),
        ("linkedin", "linkedin.com/in/anna-meier"),
    ]


def test_names_stay_as_written_and_greetings_are_plain(bring):
    bring((FIXTURES / "linkedin_2024.csv").read_bytes())
    found = dict(Person.objects.values_list("full_name", "greeting_name"))
    assert found == {
        "Anna Meier": "Anna",
        "José María Ibáñez Larrañaga": "José María",
        "🌱 Zoë (Zo) van den Berg, PhD": "Zoë",
        "Ольга Мирошниченко": "Ольга",
    }


@pytest.mark.parametrize("name", sorted(path.name for path in FIXTURES.glob("linkedin_*.csv")))
def test_importing_twice_writes_nothing(bring, name):
    content = (FIXTURES / name).read_bytes()
    first = bring(content)
    before = stored()
    second = bring(content)
    assert stored() == before
    assert (second.new, second.changed, second.unchanged) == (0, 0, first.new)


def test_deleted_members_and_empty_rows_are_left_out_and_counted(bring):
    report = bring(HEAD + ANNA + ",,,,,,13 Nov 2023\n,,,,,,\n,,,,ACME,,\n")
    assert report.reasons == {"deleted_member": 1, "empty": 1, "nobody": 1}
    assert (report.new, report.skipped, report.errors) == (
        1, 3, [(5, "Neither a name nor an address.", False)],
    )  # fmt: skip


def test_a_page_without_a_name_in_linkedin_s_list_is_a_deleted_member(bring):
    gone = ",,https://www.linkedin.com/in/gone,,ACME,CEO,13 Nov 2023\n"
    report = bring(HEAD + ANNA + gone + ",,,left@example.com,,,13 Nov 2023\n")
    assert (report.reasons, report.new) == ({"deleted_member": 1}, 2)
    assert not Person.objects.filter(full_name__contains="linkedin.com").exists()
    assert bring("Name,LinkedIn,Company\n,https://www.linkedin.com/in/gone,ACME\n").new == 1


@pytest.mark.parametrize("far", ["01 Jan 9999", "2099-01-01", "9999-12-31"])
def test_a_date_to_come_is_told_and_not_stored(bring, far):
    report = bring(HEAD + f"Anna,Meier,,anna@example.com,,,{far}\n" + "Bob,B,,nope,,,\n")
    assert Person.objects.get().connected_on is None
    assert (report.counts["rows_with_errors"], report.counts["rows_taken_in_part"]) == (2, 1)
    (line, text, is_taken), (_, _, is_bob_taken) = report.errors
    assert (line, is_taken, is_bob_taken) == (2, True, False)
    assert text == f"{far!r} is a date to come. Write the day it was."


def test_a_date_of_today_is_stored_wherever_today_it_was(bring):
    tomorrow = timezone.now().date() + timedelta(days=1)
    bring(HEAD + f"Anna,Meier,,anna@example.com,,,{tomorrow.isoformat()}\n")
    assert Person.objects.get().connected_on == tomorrow


def test_empty_fields_are_filled_and_told_field_by_field(bring):
    bring(HEAD + "Anna,Meier,,anna@example.com,,,\n")
    report = bring(HEAD + ANNA)
    row = only(report, Outcome.CHANGED)
    assert [(each.field, each.before, each.after) for each in row.changes] == [
        ("position", "", "CFO"),
        ("connected on", "", "2023-11-15"),
        ("company", "", "Meier KG"),
        ("LinkedIn", "", "https://www.linkedin.com/in/anna"),
    ]
    assert row.matched_by == "e-mail"
    anna = Person.objects.get()
    assert (anna.position, anna.account.name) == ("CFO", "Meier KG")
    assert anna.profile_url == "https://www.linkedin.com/in/anna"
    assert anna.addresses.count() == 2


def test_a_filled_field_that_differs_is_a_conflict_and_kept(bring):
    bring(HEAD + ANNA)
    before = stored()
    other = "Ann,Meyer,https://www.linkedin.com/in/anna,ann@example.org,Other,CEO,16 Nov 2023\n"
    row = only(bring(HEAD + other), Outcome.UNCHANGED)
    assert stored() == before
    assert {each.field: (each.before, each.after) for each in row.conflicts} == {
        "name": ("Anna Meier", "Ann Meyer"),
        "position": ("CFO", "CEO"),
        "connected on": ("2023-11-15", "2023-11-16"),
        "company": ("Meier KG", "Other"),
        "e-mail": ("anna@example.com", "ann@example.org"),
    }


def test_a_greeting_somebody_emptied_stays_empty(bring):
    bring(HEAD + ANNA)
    Person.objects.update(greeting_name="")
    assert bring(HEAD + ANNA).unchanged == 1
    assert Person.objects.get().greeting_name == ""


def test_a_name_fills_what_an_address_stood_for(bring):
    bring("Email\nanna@example.com\n")
    assert Person.objects.get().full_name == "anna@example.com"
    report = bring("Name,Email\nAnna Meier,ANNA@example.com\n")
    assert [each.field for each in only(report, Outcome.CHANGED).changes] == ["name"]
    anna = Person.objects.get()
    assert (anna.first_name, anna.greeting_name) == ("Anna", "Anna")


def test_a_profile_recognises_whoever_has_no_address_row(bring, workspace):
    url = "https://www.linkedin.com/in/anna"
    Person.objects.create(workspace=workspace, full_name="Anna Meier", profile_url=url)
    report = bring(HEAD + "Anna,Meier,http://de.linkedin.com/in/Anna/,,,,\n")
    assert only(report, Outcome.UNCHANGED).matched_by == "profile"


def test_name_and_company_alone_are_a_suggestion_only(bring):
    bring(HEAD + ANNA)
    report = bring("Name,Email,Company\nAnna Meier,other@example.com,meier kg.\n")
    assert only(report, Outcome.NEW).suggestion == (
        "Perhaps the same as Anna Meier at Meier KG, already here."
    )
    assert Person.objects.count() == 2


def test_namesakes_within_a_file_are_suggested_too(bring):
    report = bring("Name,Email,Company\nA B,a@example.com,X\nA B,b@example.com,X\n")
    assert [row.suggestion for row in report.rows()] == [
        "",
        "Perhaps the same as line 2: name and company are equal.",
    ]


def test_an_older_export_is_completed_by_a_newer_one(bring):
    bring("First Name,Last Name,Email Address,Company,Position,Connected On\n"
          'Anna,Meier,,Meier KG,,"11/15/23, 6:34 PM"\n')  # fmt: skip
    row = only(bring(HEAD + ANNA), Outcome.CHANGED)
    assert row.matched_by == "name, company and date"
    assert Person.objects.count() == 1


def test_two_connections_of_one_name_and_company_stay_two(bring):
    bring(HEAD + "Anna,Meier,,,Meier KG,,15 Nov 2023\nAnna,Meier,,,Meier KG,,16 Nov 2023\n")
    assert Person.objects.count() == 2


def test_addresses_of_two_people_in_one_row_are_left_to_a_person(bring):
    bring(HEAD + ANNA + "Bob,B,https://www.linkedin.com/in/bob,,,,\n")
    row = only(bring(HEAD + "X,Y,https://www.linkedin.com/in/bob,anna@example.com,,,\n"),
               Outcome.SKIPPED)  # fmt: skip
    assert row.code == "two_people"


@pytest.mark.parametrize(
    "second",
    ["B,B,,ANNA@Example.com,,,\n", "B,B,https://linkedin.com/in/ANNA/,,,,\n", ANNA],
)
def test_an_address_twice_in_a_file_names_both_lines(bring, second):
    report = bring(HEAD + ANNA + second)
    ((line, text, _),) = report.errors
    assert (line, report.new, report.skipped) == (3, 1, 1)
    assert "is in line 2 and in line 3" in text


def test_the_same_idn_domain_is_the_same_address(bring):
    report = bring("Name,Email\nA,a@bücher.example\nB,a@xn--bcher-kva.example\n")
    assert report.reasons == {"twice_in_file": 1}


def test_one_known_person_on_two_lines_is_told(bring):
    bring(HEAD + ANNA)
    report = bring(HEAD + "A,M,,anna@example.com,,,\nA,M,https://www.linkedin.com/in/anna,,,,\n")
    assert "Line 2 and line 3 are the same person" in report.errors[0][1]


def test_a_shared_phone_goes_to_the_first_and_joins_nobody(bring):
    text = "Name,Email,Phone\nA B,a@example.com,+41 44 668 18 00\nC D,c@example.com,+41446681800\n"
    report = bring(text)
    assert [each.before for row in report.rows() for each in row.conflicts] == ["belongs to line 2"]
    assert Address.objects.filter(channel=Channel.PHONE).count() == 1
    again = bring(text)
    assert (again.unchanged, again.counts["conflicts"]) == (2, 1)


def test_a_phone_recognises_only_with_the_name(bring):
    bring("Name,Phone\nA B,+41 44 668 18 00\n")
    assert bring("Name,Phone\na b,+41 44 668 18 00\n").unchanged == 1
    assert bring("Name,Phone\nC D,+41 44 668 18 00\n").new == 1


def test_a_phone_brought_by_a_new_and_a_known_row_is_stored_once(bring):
    bring("Name,Email\nA B,a@example.com\n")
    text = "Name,Email,Phone\nC D,c@example.com,{0}\nA B,a@example.com,{0}\n"
    report = bring(text.format("+41446681800"))
    assert (report.new, report.changed, report.unchanged, report.counts["conflicts"]) == (
        1,
        1,  # the number told their time zone
        0,
        1,
    )


def test_a_person_left_without_their_shared_phone_is_known_again(bring):
    bring("Name,Phone\nReception,+41 44 668 18 00\n")
    assert bring("Name,Phone\nAnna,+41 44 668 18 00\n").new == 1
    assert bring("Name,Phone\nAnna,+41 44 668 18 00\n").unchanged == 1
    assert Person.objects.count() == 2


def test_two_records_of_one_name_and_phone_stay_two(bring):
    text = "Name,Phone,Company\nAnna,+41446681800,ACME\nAnna,+41446681800,Other\n"
    assert bring(text).new == 2
    assert bring(text).unchanged == 2


def test_row_errors_are_listed_and_the_row_kept_if_it_is_somebody(bring):
    report = bring(HEAD + "A,B,https://www.linkedin.com/in/a,a@@b,,,someday\nC,D,,nope,,,\n")
    assert (report.new, report.skipped, report.counts["errors"]) == (1, 1, 3)
    assert [line for line, *_ in report.errors] == [2, 2, 3]
    assert "is no e-mail address" in report.errors[0][1]
    assert "'someday' is no date" in report.errors[1][1]
    assert "Nothing else in the row says who it is." in report.errors[2][1]


def test_ragged_rows_are_errors_with_their_line(bring):
    report = bring("Name,Email\nA\nB,b@example.com,X\nC,c@example.com,\nD,d@example.com\n")
    assert (report.new, report.reasons) == (2, {"ragged": 2})
    assert [line for line, *_ in report.errors] == [2, 3]
    assert "1 cell and the header 2" in report.errors[0][1]


def test_an_unknown_time_zone_is_an_error_and_never_utc(bring):
    report = bring(
        "Name,Email,Time zone\nA,a@example.com,Mars/Base\nB,b@example.com,europe/zurich\n"
        "C,c@example.com,\n"
    )
    assert report.reasons == {"unknown_time_zone": 1}
    assert "'Mars/Base' is no time zone" in report.errors[0][1]
    assert list(Person.objects.order_by("pk").values_list("time_zone", flat=True)) == [
        "Europe/Zurich", "",
    ]  # fmt: skip


def test_countries_are_known_by_name_and_help_to_read_phones(bring):
    report = bring("Name,Phone,Country\nA,044 668 18 00,Schweiz\nB,+4930123456,Narnia\n")
    assert Person.objects.get(full_name="A").country == "CH"
    assert Address.objects.filter(normalised="+41446681800").exists()
    said = "'Narnia' is no country known here. Write its two-letter code."
    assert report.errors == [(3, said, True)]


def test_what_a_spreadsheet_might_reckon_with_is_stored_as_it_is(bring):
    bring('Name,Email,Company,Title\n+1+1,a@example.com,+ACME,"@SUM(A1)"\n-B,b@example.com,,\n')
    found = Person.objects.order_by("pk").first()
    assert (found.full_name, found.account.name, found.position) == ("+1+1", "+ACME", "@SUM(A1)")


def test_nothing_that_steers_a_terminal_or_the_direction_comes_in(bring):
    bring("Name,Email\nA\u202e\x1b[31m B\u200b,a@example.com\n")
    assert Person.objects.get().full_name == "A [31m B"


def test_cells_longer_than_the_database_takes_are_row_errors(bring):
    report = bring(f"Name,Email,Company\nA,a@example.com,{'x' * 301}\n{'y' * 201},b@example.com,\n")
    assert (report.new, report.reasons) == (1, {"too_long": 1})
    assert "The company has 301 characters; at most 300." in report.errors[0][1]


def test_an_address_that_no_mail_server_takes_is_told_and_left_out(bring):
    report = bring(f"Name,Email,LinkedIn\nA,{'x' * 65}@example.com,linkedin.com/in/a\n")
    assert [each.channel for each in Person.objects.get().addresses.all()] == ["linkedin"]
    assert "has 65 bytes before the @" in report.errors[0][1]


@pytest.mark.parametrize("row", [
    f"{'x' * 200},{'y' * 200},,a@example.com",  # 401 letters with the space
    f",,\"{'x' * 200}, {'y' * 200}, z\",a@example.com",
])  # fmt: skip
def test_a_whole_name_longer_than_the_database_takes_is_a_row_error(bring, row):
    report = bring(f"First Name,Last Name,Full Name,Email\n{row}\n")
    assert (report.new, report.reasons) == (0, {"too_long": 1})
    assert "more than 400 letters" in report.errors[0][1]


def test_those_who_asked_us_to_stop_stay_so(bring, workspace):
    bring(HEAD + "Anna,Meier,,anna@example.com,,,\n")
    anna = Person.objects.get()
    people.set_status(anna, PersonStatus.DESIST, reason="asked", by=testing.alice(workspace),
                      at=testing.WORKDAY)  # fmt: skip
    people.set_automation(anna, False, reason="asked", by=testing.alice(workspace),
                          at=testing.WORKDAY)  # fmt: skip
    report = bring(HEAD + ANNA)
    anna.refresh_from_db()
    assert (report.changed, report.counts["stopped"]) == (1, 1)
    assert (anna.status, anna.automation_enabled) == (PersonStatus.DESIST, False)
    assert anna.position == "CFO"


def test_a_merged_duplicate_is_recognised_as_its_human(bring, workspace):
    human, double = testing.make_person(workspace), testing.make_person(workspace)
    double.merged_into = human
    double.save()
    address = double.addresses.get().normalised
    report = bring(f"Name,Email,Title\n{human.full_name},{address},CFO\n")
    human.refresh_from_db()
    assert (report.changed, human.position) == (1, "CFO")
    assert human.addresses.count() == 1


def test_a_merged_record_without_an_address_is_known_again(bring, workspace):
    text = (
        "First Name,Last Name,Company,Position,Connected On\n"
        "Dan,Dull,ACME,CEO,01 Jan 2020\nDaniel,Dull,Zeta,CTO,02 Feb 2021\n"
    )
    bring(text)
    kept, merged = Person.objects.get(first_name="Daniel"), Person.objects.get(first_name="Dan")
    merging.merge(kept, merged, take=(), by=testing.bob(workspace), at=testing.WORKDAY)
    report = bring(text)
    assert (report.new, report.counts["unchanged"], report.writes) == (0, 2, False)
    merging.undo(Merge.objects.get(), by=testing.bob(workspace), at=testing.WORKDAY)
    assert not bring(text).writes


def test_people_of_another_workspace_are_not_seen(bring):
    north = testing.make_workspace("north")
    testing.make_person(north, "Anna Meier").addresses.update(normalised="anna@example.com")
    assert bring(HEAD + ANNA).new == 1


def test_companies_are_one_row_each(bring):
    bring("Name,Email,Company\nA,a@example.com,ACME® Inc.\nB,b@example.com,acme  inc\n")
    bring("Name,Email,Company\nC,c@example.com,Acme Inc\n")
    assert Account.objects.get().people.count() == 3


def test_the_log_tells_counts_and_ids_and_no_personal_data(bring):
    bring(HEAD + "Anna,Meier,,anna@example.com,,,\n")
    bring(HEAD + ANNA)
    anna = Person.objects.get()
    rows = list(Activity.objects.order_by("pk"))
    assert [row.verb for row in rows] == ["imports.applied", "people.changed", "imports.applied"]
    assert rows[0].codes["people"] == [anna.pk, anna.pk]
    assert rows[1].object_id == str(anna.pk)
    assert str(rows[1].codes["import"]) == rows[2].object_id
    assert len(rows[2].digest) == 64
    assert "nna" not in str([(row.codes, row.object_id) for row in rows])


def test_who_may_not_import_is_refused(workspace):
    table = read_file((HEAD + ANNA).encode())
    for by in (testing.carol(workspace), testing.make_agent(workspace, "people:read")):
        with pytest.raises(NotAllowed):
            importing.apply(workspace, table, by=by, at=testing.WORKDAY)
    assert not Person.objects.exists()
    agent = testing.make_agent(workspace, "people:write")
    assert importing.apply(workspace, table, by=agent, at=testing.WORKDAY).new == 1


def test_an_address_stored_by_somebody_else_meanwhile_undoes_the_import(workspace, monkeypatch):
    from outreach.core.importing import match

    testing.make_person(workspace).addresses.update(normalised="anna@example.com")
    monkeypatch.setattr(match.Matcher, "_owners", lambda self, rows: {})
    before = stored()
    with pytest.raises(ImportClash, match="Nothing of it was stored"):
        importing.apply(workspace, read_file((HEAD + ANNA).encode()), by=testing.bob(workspace),
                        at=testing.WORKDAY)  # fmt: skip
    assert stored()[:3] == before[:3]


def test_a_field_filled_between_look_and_lock_is_kept(workspace, monkeypatch):
    from outreach.core.importing import applying

    by = testing.bob(workspace)
    importing.apply(workspace, read_file(b"Name,Email\nAnna Meier,anna@example.com\n"), by=by,
                    at=testing.WORKDAY)  # fmt: skip
    lock = applying.Applying.lock

    def late(self, matched):
        Person.objects.update(position="Typed by hand")
        lock(self, matched)

    monkeypatch.setattr(applying.Applying, "lock", late)
    report = importing.apply(workspace, read_file((HEAD + ANNA).encode()), by=by,
                             at=testing.WORKDAY)  # fmt: skip
    assert Person.objects.get().position == "Typed by hand"
    assert "position" in {each.field for each in only(report, Outcome.CHANGED).conflicts}


def people_csv(first, count):
    rows = (f"P{i} Q{i},p{i}@example.com,C{i % 7}" for i in range(first, first + count))
    return "Name,Email,Company\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("again", [False, True])
def test_the_number_of_statements_does_not_grow_with_the_rows(workspace, again):
    if again and connection.vendor == "sqlite":
        pytest.skip("Django splits statements at SQLite's 999 parameters.")
    by = testing.bob(workspace)
    counts = []
    for first, count in ((0, 50), (1_000, 500)):
        table = read_file(people_csv(first, count).encode())
        if again:
            importing.apply(workspace, table, by=by, at=testing.WORKDAY)
            table = read_file(people_csv(first, count).replace("Company", "Notes").encode())
        with CaptureQueriesContext(connection) as queries:
            importing.apply(workspace, table, by=by, at=testing.WORKDAY)
        counts.append(len([q for q in queries if 'INSERT INTO "accounts"' not in q["sql"]]))
    assert counts[0] >= counts[1] - 2


def test_batches_do_not_change_the_outcome(workspace, monkeypatch):
    from outreach.core.importing import judging

    text = (FIXTURES / "linkedin_2024.csv").read_text() + ANNA + ANNA
    whole = importing.preview(workspace, read_file(text.encode())).as_dict()
    monkeypatch.setattr(judging, "BATCH", 1)
    table = read_file(text.encode())
    report = importing.apply(workspace, table, by=testing.bob(workspace), at=testing.WORKDAY)
    assert report.as_dict() == {**whole, "applied": True}


def test_progress_and_every_row_are_handed_on(workspace, monkeypatch):
    from outreach.core.importing import judging

    monkeypatch.setattr(judging, "BATCH", 2)
    steps, rows = [], []
    importing.preview(
        workspace,
        read_file(people_csv(0, 5).encode()),
        progress=lambda done, total: steps.append((done, total)),
        on_row=rows.append,
    )
    assert steps == [(2, 5), (4, 5), (5, 5)]
    assert [row.line for row in rows] == [2, 3, 4, 5, 6]


def test_a_report_keeps_a_thousand_rows_of_a_kind_and_a_hundred_errors(workspace):
    text = "Name,Email\n" + "".join(f"N{i},n{i}@\n" for i in range(1_200))
    found = importing.preview(workspace, read_file(text.encode())).as_dict()
    assert (len(found["rows"]), found["rows_not_shown"]) == (1_000, 200)
    assert (len(found["errors"]), found["errors_not_shown"]) == (100, 1_100)
