"""Upload, look, say yes, follow, undo: nothing is stored before somebody has said yes."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from channels import merging
from outreach import testing
from outreach.core import importing, suppression
from outreach.core.importing import jobs, judging, uploads, watching
from outreach.core.models import (
    Account,
    Activity,
    Consent,
    Duplicate,
    Import,
    ImportPart,
    Person,
)
from outreach.core.principal import Principal
from outreach.core.tests.test_importing_formats import sheets
from outreach.core.tests.test_importing_sheets import CUSTOMERS, LEADS
from outreach.edge import tasks
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
TEXT = b"Name,Email,Notes\nAnna Meier,anna@example.com,=1+1\nBob,nope,\n+cmd|x,c@example.com,\n"
NEW = "/admin/core/import/new/"
REPORT = (
    "First Name,Last Name,Account Name,Email,Phone,Title,Email Opt Out\n"
    'Rose,Gonzalez,Edge,rose@example.com,-,"SVP, Procurement",0\n'
    "Sean,Forbes,Edge,sean@example.com,+1 512 757 6000,CFO,1\n"
    "Jack,Rogers,Burlington,not an address,n/a,VP,0\n"
    "Total,3,,,,,\n"
    "Confidential Information - Do Not Distribute\n"
    '"Copyright (c) 2000-2024 salesforce.com, inc. All rights reserved."\n'
)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """The job runs when a test says so."""
    monkeypatch.setattr(tasks.work_imports, "apply_async", lambda **_: None)


@pytest.fixture
def bob(client):
    user = testing.bob().user
    client.force_login(user)
    return client


def upload(client, content=TEXT, **fields):
    place = testing.make_workspace()
    data = {"workspace": place.pk, **fields}
    if content is not None:
        data["file"] = SimpleUploadedFile("people.csv", content)
    return client.post(NEW, data)


def act(client, row, what):
    return client.post(reverse("admin:core_import_change", args=[row.pk]), {"what": what})


def page(client, row):
    return client.get(reverse("admin:core_import_change", args=[row.pk])).content.decode()


def test_the_whole_way_from_upload_to_undo(bob):
    upload(bob, basis="customer", time_zone="Europe/Zurich")
    row = Import.objects.get()
    assert 'http-equiv="refresh"' in page(bob, row)
    look = reverse("admin:core_import_progress", args=[row.pk])
    assert bob.get(look).json() == {
        "status": "preview", "done": 0, "total": 0,
        "sentence": "Being looked at, nothing is stored: the file is being read.",
    }  # fmt: skip
    jobs.work()
    assert not Person.objects.exists()
    shown = page(bob, row)
    assert "What it would do" in shown
    assert "greeted as Anna" in shown
    assert shown.count("Line 3") == shown.count("Line 3, left out: ") == 1
    assert "New people</dt><dd>2" in shown and "errors</dt>" not in shown
    assert 'http-equiv="refresh"' not in shown
    act(bob, row, "apply")
    assert not Person.objects.exists()
    jobs.work()
    row.refresh_from_db()
    assert (row.status, Person.objects.count(), Consent.objects.count()) == ("applied", 2, 2)
    assert not row.parts.filter(kind="file").exists()
    assert jobs.work() == 0
    act(bob, row, "undo")
    row.refresh_from_db()
    assert (row.status, Person.objects.count(), ImportPart.objects.count()) == ("undone", 0, 0)
    assert row.report["counts"]["new"] == 2 and "Anna" not in page(bob, row)
    assert re.search(r"Undone by Bob at [\d :-]{16} \w+: 2 people taken away\.", page(bob, row))


@pytest.mark.once  # undone after a merge: importing's own tests ask both databases
def test_an_import_is_undone_after_its_merge_was(bob):
    place = testing.make_workspace()
    firm = Account.objects.create(workspace=place, name="Edge", key="edge")
    known = testing.make_person(place, "Rose Gonzalez", position="SVP", account=firm)
    upload(bob, REPORT.encode())
    jobs.work()
    row = Import.objects.get()
    assert "What it would do" in page(bob, row)
    act(bob, row, "apply")
    jobs.work()
    assert "What it did" in (shown := page(bob, row)) and "Undo this import" in shown
    assert 'href="/admin/core/duplicate/">Decide who is the same person' in shown
    pair = Duplicate.objects.get()
    address = reverse("admin:core_duplicate_change", args=[pair.pk])
    assert "They are one: merge" in bob.get(address).content.decode()
    bob.post(address, {"what": "merge", "seen": merging.digest(pair.one, pair.other)})
    assert 'id="merged"' in (shown := bob.get(address).content.decode())
    assert "Undo: they are two people" in shown
    act(bob, row, "undo")
    assert "Undo each merge first" in page(bob, row)
    bob.post(address, {"what": "undo"})
    act(bob, row, "undo")
    assert "Undone: 2 people removed" in page(bob, row)
    assert [*Person.objects.all()] == [known]


@pytest.mark.once  # what the form says
def test_rows_of_a_workbook_are_shown_with_their_sheet(bob):
    upload(bob, sheets(Kunden=CUSTOMERS, Leads=LEADS))
    jobs.work()
    shown = page(bob, Import.objects.get())
    assert "Line 6 of Leads, left out: " in shown
    assert "e-mail stays “with Anna Meier (line 2 of Kunden), who shares it”" in shown
    assert "Line 4 of Leads, Carl Long: " in shown
    assert "Line 5 of Leads: Dora Day" in shown


@pytest.mark.once  # what the form says
def test_the_form_names_no_encoding_and_old_files_are_understood(bob):
    assert 'value="utf-8"' not in bob.get(NEW).content.decode()
    upload(bob, "Name,Email\nJosé Müller,jose@example.com\n".encode("cp1252"))
    jobs.work()
    row = Import.objects.get()
    assert (row.status, row.report["encoding"]) == ("ready", "Windows-1252")


@pytest.mark.once  # what the form says
def test_a_pasted_text_is_imported_like_a_file(bob):
    upload(bob, None, text="Anna Meier, CFO, anna@example.com")
    jobs.work()
    row = Import.objects.get()
    assert (row.status, row.format, row.report["counts"]["new"]) == ("ready", "text", 1)


@pytest.mark.once  # what the form says
def test_the_report_by_row_holds_no_formula(bob):
    upload(bob)
    jobs.work()
    answer = bob.post(reverse("admin:core_import_rows", args=[Import.objects.get().pk]))
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith("line,outcome,name")
    assert len(lines) == 4
    assert lines[3].startswith("4,new,'+cmd|x,")


@pytest.mark.once  # what the form says
@pytest.mark.parametrize(
    ("who", "may"),
    [("bob", True), ("another", False), ("carol", False), ("alice", True), ("dora", True)],
)
def test_the_report_by_row_is_for_who_brought_the_file_and_for_reviewers_and_is_told(bob, who, may):
    upload(bob)
    jobs.work()
    row, place = Import.objects.get(), testing.make_workspace()
    take = reverse("admin:core_import_rows", args=[row.pk])
    made = {"another": lambda: Principal.of_user(testing.make_user("another", "creator", place))}
    by = made.get(who, getattr(testing, who, None))()
    bob.force_login(by.user)
    assert ("Report by row" in page(bob, row)) is may
    assert bob.get(take).status_code == 405
    answer = bob.post(take)
    assert answer.status_code == (200 if may else 403)
    told = Activity.objects.filter(verb="imports.rows_taken")
    assert [(each.by_id, each.object_id) for each in told] == [(by.id, str(row.pk))] * may
    if not may:
        assert "for whoever brought the file and for reviewers" in answer.content.decode()


@pytest.mark.once  # what the form says
def test_a_refused_file_says_why_and_leaves_nothing(bob):
    upload(bob, b"Foo,Bar\n1,2\n")
    jobs.work()
    row = Import.objects.get()
    assert row.status == "failed"
    assert "no column that says who somebody is" in page(bob, row)
    assert not Person.objects.exists()


@pytest.mark.once  # what the form says
def test_columns_that_nobody_understands_are_given_a_meaning_on_the_page(bob):
    upload(bob, b"Foo,Bar,Foo\nAnna Meier,anna@example.com,x\n")
    jobs.work()
    row = Import.objects.get()
    assert row.status == "failed"
    shown = page(bob, row)
    assert "Say what the columns mean" in shown and 'name="column_2"' in shown
    ask = reverse("admin:core_import_change", args=[row.pk])
    bob.post(ask, {"what": "map", "column_1": "nonsense"})
    jobs.work()
    assert "is no field" in page(bob, row)
    bob.post(ask, {"what": "map", "column_0": "full_name", "column_1": "email", "column_2": "-"})
    jobs.work()
    row.refresh_from_db()
    assert (row.status, row.report["counts"]["new"]) == ("ready", 1)
    assert row.options["mapping"] == {"1": "full_name", "Bar": "email", "3": "-"}
    shown = page(bob, row)
    assert (
        "Anna Meier · anna@example.com" not in shown and '<option value="email" selected>' in shown
    )
    assert "No column was found that holds names" not in page(bob, row)
    bob.post(ask, {"what": "map", "column_0": "-", "column_1": "email"})
    jobs.work()
    assert "No column was found that holds names" in page(bob, row)
    bob.post(ask, {"what": "map", "column_0": "full_name"})
    act(bob, row, "apply")  # while it is looked at again nobody can say yes
    jobs.work()
    row.refresh_from_db()
    assert (row.status, row.report["columns_not_read"]) == ("ready", ["Bar", "Foo"])


FOUR_LEFT_OUT = (
    b"Name,Email,Deleted\nAnn Hill,ann@example.com,\nBob Hill,b@example.com,yes\n"
    b"Cyd Hill,c@example.com,yes\n,d at example,\n,e at example,\n"
)


@pytest.mark.once  # what the page says
def test_the_heads_of_rows_left_out_add_up_to_their_count(bob):
    upload(bob, FOUR_LEFT_OUT)
    jobs.work()
    shown = page(bob, Import.objects.get())
    assert "<dt>Left out</dt><dd>4</dd>" in shown
    assert "<h2>Left out: 2, and 2 more under Errors in rows</h2>" in shown
    assert "<h2>Errors in rows: 2 left out</h2>" in shown
    assert "<h2>New: 1</h2>" in shown


@pytest.mark.once  # what the form says
def test_an_opt_out_that_nobody_reads_is_asked_on_the_page(bob):
    upload(bob, b"Name,Email,Stand\nEva Frei,eva@haus.example,abgemeldet\n")
    jobs.work()
    row = Import.objects.get()
    shown = page(bob, row)
    assert "Line 2 of people.csv says &#x27;abgemeldet&#x27; in the column" in shown
    assert "Say on the import&#x27;s page" in shown and "As found: not read" in shown
    assert "As found: e-mail" in shown and '<br><span class="oc-soft">abgemeldet' in shown
    bob.post(reverse("admin:core_import_change", args=[row.pk]),
             {"what": "map", "column_2": "opted_out"})  # fmt: skip
    jobs.work()
    act(bob, row, "apply")
    jobs.work()
    assert suppression.is_suppressed(row.workspace, "email", "eva@haus.example")


def test_an_import_is_cancelled_in_its_middle_and_leaves_nothing(bob, monkeypatch):
    """The wish is heard between two batches; a job that begins anew hears it at once."""
    monkeypatch.setattr(judging, "BATCH", 1)
    monkeypatch.setattr(watching, "EVERY_SECONDS", 0)
    heard = []

    def asked(watch, done, total):
        heard.append((done, total, Person.objects.count()))
        return done == 2

    upload(bob)
    jobs.work()
    row = Import.objects.get()
    act(bob, row, "apply")
    monkeypatch.setattr(watching.Watch, "_tell", asked)
    jobs.work()
    row.refresh_from_db()
    assert heard == [(1, 3, 1), (2, 3, 1)]
    assert (row.status, Person.objects.count(), ImportPart.objects.count()) == ("cancelled", 0, 0)
    assert Activity.objects.filter(verb="imports.cancelled", by_kind="system").exists()


def test_one_who_cancels_while_it_is_imported_is_heard(bob):
    upload(bob)
    jobs.work()
    row = Import.objects.get()
    act(bob, row, "apply")
    act(bob, row, "cancel")
    assert "It ends as soon as" in page(bob, row)
    jobs.work()
    row.refresh_from_db()
    assert (row.status, Person.objects.count()) == ("cancelled", 0)


def test_what_nobody_said_yes_to_is_dropped_after_a_week(bob):
    upload(bob)
    jobs.work()
    row = Import.objects.get()
    assert tasks.clean_imports() == 0
    assert row.parts.count() == 2
    later = row.created_at + timedelta(days=8)
    assert uploads.clean(at=later) == 1
    row.refresh_from_db()
    assert (row.status, row.parts.count()) == ("cancelled", 0)
    assert "Nobody said yes" in page(bob, row)


def test_the_report_of_an_import_is_kept_for_a_season(bob):
    upload(bob)
    jobs.work()
    row = Import.objects.get()
    act(bob, row, "apply")
    jobs.work()
    assert uploads.clean(at=row.created_at + timedelta(days=80)) == 0
    assert row.parts.count() == 1
    assert "Anna" in page(bob, row)
    uploads.clean(at=row.created_at + timedelta(days=91))
    row.refresh_from_db()
    assert not row.parts.exists() and row.report["counts"]["new"] == 2
    assert "Anna" not in page(bob, row)
    assert "Report by row" not in page(bob, row)


@pytest.mark.once  # what the pages say; importing's own tests ask both databases
def test_country_and_zone_are_chosen_at_the_upload_and_again_when_it_was_looked_at(bob):
    upload(bob, b"Name,Phone\nAnna Meier,079 123 45 67\nBo Wu,079 123 45 68\n", basis="customer")
    jobs.work()
    row = Import.objects.get()
    assert 'name="country"' in (shown := page(bob, row)) and 'name="time_zone"' in shown
    assert shown.count("has no country code.") == 2 and "--country" not in shown
    assert shown.count("write them with + and the country code") == 1
    assert 'href="#again"' in shown and '<details class="oc-details" open>' in shown
    ask = reverse("admin:core_import_change", args=[row.pk])
    bob.post(ask, {"what": "map", "country": "Atlantis"})
    assert "is no country known here" in page(bob, row)
    bob.post(ask, {"what": "map", "country": "Switzerland", "time_zone": "Europe/Zurich"})
    jobs.work()
    row.refresh_from_db()
    chosen = {"country": "CH", "time_zone": "Europe/Zurich", "basis": "customer"}
    assert chosen.items() <= row.options["choices"].items()
    assert 'value="CH"' in page(bob, row)
    act(bob, row, "apply")
    jobs.work()
    assert "no country code" not in page(bob, row)
    person = Person.objects.get(full_name="Anna Meier")
    assert person.time_zone == "Europe/Zurich"
    assert person.addresses.filter(normalised="+41791234567").exists()


@pytest.mark.once  # what the page says
def test_vcards_have_no_columns_and_places_all_the_same(bob):
    card = b"BEGIN:VCARD\nVERSION:3.0\nFN:Anna Meier\nTEL:079 123 45 67\nEND:VCARD\n"
    upload(bob, card)
    jobs.work()
    row = Import.objects.get()
    assert 'name="country"' in (shown := page(bob, row)) and 'name="column_0"' not in shown
    bob.post(reverse("admin:core_import_change", args=[row.pk]), {"what": "map", "country": "CH"})
    jobs.work()
    act(bob, row, "apply")
    jobs.work()
    assert Person.objects.get().addresses.filter(normalised="+41791234567").exists()


@pytest.mark.once  # what the page says
def test_an_undo_says_first_how_much_it_takes_away(bob):
    known = testing.make_person(name="Anna Meier")
    mail = known.addresses.get().raw
    row_of_known = f"Anna Meier,{mail},Head of Sales\n"
    upload(bob, f"Name,E-mail,Position\n{row_of_known}Ben Doe,ben@example.com,CFO\n".encode())
    jobs.work()
    row = Import.objects.get()
    act(bob, row, "apply")
    assert "undo-import" not in page(bob, row)
    jobs.work()
    words = " ".join(page(bob, row).split())
    assert "It takes away the 1 person that this file brought" in words
    assert "empties again what it filled in of 1 other." in words
    assert "Yes, undo it" in words and "undo-import" in words
    assert "Undone by" not in page(bob, row)
    act(bob, row, "undo")
    words = page(bob, row)
    assert "undo-import" not in words
    assert ": 1 person taken away, and what it filled in of 1 more emptied again." in words


@pytest.mark.once  # what the form says
def test_a_wrong_choice_leaves_the_workspace_chosen(bob):
    other = testing.make_workspace("other")
    testing.bob(other)
    answer = upload(bob, workspace=other.pk, country="Atlantis").content.decode()
    assert f'<option value="{other.pk}" selected>' in answer


def test_dropping_an_import_leaves_nothing_and_it_cannot_be_applied_then(bob):
    upload(bob)
    jobs.work()
    row = Import.objects.get()
    assert "Anna" in str(row.report)
    act(bob, row, "cancel")
    act(bob, row, "apply")
    jobs.work()
    row.refresh_from_db()
    assert (row.status, ImportPart.objects.count(), Person.objects.count()) == ("cancelled", 0, 0)
    assert row.report == {}


@pytest.mark.once  # what the form says
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"basis": "opt_in"}, "needs the text"),
        ({"country": "Atlantis"}, "is no country"),
        ({"workspace": "999"}, "Choose the workspace"),
    ],
)
def test_a_wrong_choice_is_told_on_the_form(bob, fields, words):
    answer = upload(bob, **fields)
    assert (answer.status_code, words in answer.content.decode()) == (400, True)
    assert not Import.objects.exists()


@pytest.mark.once  # what the form says
def test_an_upload_that_is_too_large_is_refused_whole(bob, monkeypatch):
    monkeypatch.setattr(jobs.source, "MAX_BYTES", 10)
    assert b"larger than" in upload(bob).content
    assert not Import.objects.exists()


@pytest.mark.once  # what the form says
def test_who_may_only_look_imports_nothing(client):
    client.force_login(testing.carol().user)
    assert b"Import people" in client.get(NEW).content
    assert upload(client).status_code == 400
    row = jobs.start(
        testing.make_workspace(), io.BytesIO(TEXT), "people.csv", choices=jobs.Choices(),
        by=testing.bob(), at=testing.WORKDAY,
    )  # fmt: skip
    act(client, row, "cancel")
    jobs.work()
    act(client, row, "apply")
    row.refresh_from_db()
    assert row.status == "ready"


def test_somebody_who_lost_the_right_meanwhile_imports_nothing(bob):
    upload(bob)
    jobs.work()
    row = Import.objects.get()
    act(bob, row, "apply")
    Principal.of_user(testing.bob().user).user.memberships.all().delete()
    jobs.work()
    row.refresh_from_db()
    assert (row.status, Person.objects.count()) == ("failed", 0)


def test_a_file_that_kills_the_job_again_and_again_is_given_up(bob, monkeypatch):
    upload(bob)

    def killed(*args):
        raise MemoryError

    monkeypatch.setattr(jobs, "_go", killed)
    for _ in range(jobs.MOST_ATTEMPTS):
        with pytest.raises(MemoryError):
            jobs.work()
    jobs.work()
    assert "ended the job 3 times" in Import.objects.get().error


def test_another_job_at_the_same_import_leaves_it_alone(bob):
    upload(bob)
    with jobs._alone(Import.objects.get().pk):
        if jobs.connection.vendor == "sqlite":
            assert jobs.work() == 0


@pytest.mark.parametrize(("content", "said"), [
    (b"Shop,Sum\nA,1\n", "say what a column is on the import&#x27;s page"),
    ("Näme,Email\nJürg Ö,\xff@b.ch\n".encode() + b"\xff\n", "import it again with its encoding"),
    (b"\x80\x81\x01\x02\x03\x04\xff\xfe" * 99, "import it again with the encoding utf-16"),
])  # fmt: skip
def test_a_refused_file_is_told_in_words_of_the_page(bob, content, said):
    upload(bob, content)
    jobs.work()
    text = page(bob, Import.objects.get())
    told = text.partition('role="alert">')[2].partition("</p>")[0]
    assert said in told and "--" not in told


def test_what_was_not_read_is_told_above_the_button(bob):
    upload(bob, b"Name,Mailkontakt\nUrs Frei,urs@haus.example\n")
    tasks.work_imports()
    body = page(bob, Import.objects.get())
    assert body.index("holds e-mail addresses and is not read") < body.index('value="apply"')
    assert 'oc-banner--warning">The column ' in body


def test_its_page_leads_to_drafts_for_its_people_alone(client):
    client.force_login(testing.bob().user)
    place = testing.make_workspace()
    table = importing.read_file(b"Name,Email\nAnn Late,ann@example.com\n", name="late.csv")
    importing.apply(place, table, by=testing.bob(), at=WORKDAY)
    row = Import.objects.latest("pk")
    page = client.get(reverse("admin:core_import_change", args=[row.pk])).content.decode()
    start = reverse("admin:workflows_start_one", args=["email_drafts"])
    assert f'href="{start}?import={row.pk}&amp;workspace={place.pk}"' in page
    form = client.get(f"{start}?import={row.pk}&workspace={place.pk}").content.decode()
    assert re.search(rf'name="import"[^>]*value="{row.pk}"', form)
    importing.undo(row, by=testing.bob(), at=WORKDAY)
    page = client.get(reverse("admin:core_import_change", args=[row.pk])).content.decode()
    assert start not in page


def test_whose_note_refuses_is_shown_by_line_until_the_file_goes(bob):
    text = "Name;Email;Notiz\nAnna Meier;a@b.example;nett\nBjörn Ås;b@b.example;stop\n"
    upload(bob, text.encode())
    jobs.work()
    row = Import.objects.get()
    assert "Line 3, Björn Ås: “stop” (Notiz)" in page(bob, row)
    assert "Björn" not in row.error
    uploads.clean(at=row.created_at + timedelta(days=8))
    row.refresh_from_db()
    assert "header" in row.report and "Björn" not in str(row.report)
