"""The command shows what it does, stores it once, and refuses in one sentence."""

from __future__ import annotations

import errno
import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from outreach import testing
from outreach.core.models import Activity, Consent, Import, Person, Role
from outreach.edge.management.commands import import_contacts
from safety.actions import SafetyCheck

pytestmark = pytest.mark.django_db
SAMPLE = "outreach/edge/samples/Connections.csv"
TEXT = "Name,Email,Company\nAnna [b]Meier,anna@example.com,ACME\nBob,nope,X\n"


@pytest.fixture(autouse=True)
def bob(settings):
    settings.OUTREACH_USER = ""
    return testing.make_user("bob", Role.CREATOR)


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "people.csv"
    found.write_text(TEXT)
    return found


def run(*words, **options):
    out = io.StringIO()
    call_command("import_contacts", *map(str, words), stdout=out, **options)
    return out.getvalue()


def test_the_shipped_sample_comes_in_whole():
    found = json.loads(run(SAMPLE, "--json"))
    counts = found["counts"]
    assert (found["format"], counts["new"], counts["errors"]) == ("linkedin", 60, 0)
    assert found["skipped_by_reason"] == {"deleted_member": 2}
    assert Person.objects.filter(addresses__channel="email").count() == 25
    assert all(
        each.endswith(("@example.com", "@example.org"))
        for each in Person.objects.filter(addresses__channel="email").values_list(
            "addresses__normalised", flat=True
        )
        if "@" in each
    )


def test_a_dry_run_shows_and_stores_nothing(path):
    shown = run(path, "--dry-run")
    assert "2 rows: 1 new, 0 changed, 0 unchanged, 1 skipped." in shown
    assert "Nothing was stored: this was a dry run." in shown
    assert "Anna [b]Meier" in shown
    assert (
        "Errors in 1 row: 1 left out\n" in shown and "line 3: 'nope' is no e-mail address" in shown
    )
    assert not Person.objects.exists()
    assert not Activity.objects.exists()


def test_what_is_shown_of_rows_left_out_adds_up(path):
    path.write_text("Name,Email,Deleted\nAnn,a@x.example,\nBob,b@x.example,yes\n,nope,\n")
    shown = run(path, "--dry-run")
    assert "Skipped: 2 (1 deleted, 1 bad address)" in shown
    assert "Shown: 1, and 1 more under Errors in rows" in shown.replace("\n", " ")
    path.write_text("Name,Email\n" + "".join(f"P{n} Q,p{n}@x.example\n" for n in range(20)))
    assert "Shown: the first 12 of 20" in run(path, "--dry-run")


def test_importing_twice_says_that_nothing_was_to_do(path):
    path.write_text("Name,Email\nAnna,anna@example.com\n")
    assert "1 new" in run(path)
    shown = run(path)
    assert "1 unchanged" in shown and "everything was here already" in shown
    assert Activity.objects.filter(verb="imports.applied").count() == 1


def test_rows_that_came_in_without_a_cell_are_told_apart_from_those_left_out(path):
    path.write_text(
        "Name,Email,Connected On\nAnna,anna@example.com,9999-01-01\nBob,bob@example.com,soon\n"
        "Carl,nope,\n"
    )
    shown = run(path)
    assert "Errors in 3 rows: 1 left out, 2 taken without what is wrong in them" in shown
    assert "line 3, taken without it: 'soon' is no date" in shown
    assert "line 4: 'nope' is no e-mail address" in shown and "2 new" in shown


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_a_file_of_which_every_row_is_refused_is_not_done(path, words):
    path.write_text("Name,Email\nAnn,nope\nBob,neither\n")
    out = io.StringIO()
    with pytest.raises(CommandError, match="Nothing was stored: every row was refused"):
        call_command("import_contacts", str(path), *words, stdout=out)
    assert "Errors in 2 rows: 2 left out\n" in out.getvalue() and "already" not in out.getvalue()
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("import_contacts", str(path), "--json", *words, stdout=out)
    assert json.loads(out.getvalue())["applied"] is False
    assert not Person.objects.exists() and not Import.objects.exists()


def test_a_file_with_faults_the_second_time_is_not_told_to_be_here_whole(path):
    run(path)
    path.write_text("Name,Email\nAnna,anna@example.com\nBob,nope\n")
    shown = run(path)
    assert "the rows that could be read were here already, 1 had faults" in shown
    path.write_text("First Name,Last Name,Connected On\n,,15 Nov 2023\n")
    assert "no row is somebody to be stored" in run(path)


def test_a_column_of_addresses_that_stands_twice_is_shown_twice(path):
    path.write_text("First Name,Email,Email\nAnn,a@example.com,b@example.com\n")
    assert "Email (column 2) → e-mail, Email (column 3) → e-mail" in run(path)
    assert Person.objects.get().addresses.count() == 2


def test_the_log_says_who_by_which_door(path, bob):
    run(path)
    entry = Activity.objects.get()
    assert (entry.by_id, entry.codes["door"]) == (str(bob.pk), "command")


def test_changes_conflicts_and_hints_are_shown(path):
    run(path)
    path.write_text(
        "Name,Email,Company,Title\nAnna M.,anna@example.com,ACME,CFO\n"
        "Anna [b]Meier,a2@example.com,Acme,\n"
    )
    shown = run(path)
    assert "position: CFO (known by e-mail)" in shown
    assert "line 2, Anna [b]Meier: name stays 'Anna [b]Meier', the file has 'Anna M.'" in shown
    assert "Perhaps the same as line 2: name and company are equal." in shown


def test_json_is_one_object_with_every_count(path):
    found = json.loads(run(path, "--json", "--dry-run"))
    assert found["counts"] == {
        "rows": 2, "new": 1, "changed": 0, "unchanged": 0, "skipped": 1, "rows_with_errors": 1,
        "rows_taken_in_part": 0, "errors": 1, "conflicts": 0, "suggestions": 0, "stopped": 0,
        "suppressed": 0, "opted_out": 0, "contacts": 0, "contacts_of_nobody": 0,
    }  # fmt: skip
    assert found["applied"] is False
    assert [row["line"] for row in found["rows"]] == [2, 3]


def test_standard_input_is_read(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TEXT.encode())))
    assert json.loads(run("-", "--json"))["file"] == "standard input"
    assert Person.objects.count() == 1


def test_a_named_encoding_is_used(path):
    path.write_bytes("Name;Email\nMichał Żak;m@example.com\n".encode("cp1250"))
    with pytest.raises(CommandError, match="--encoding"):
        run(path)
    run(path, "--encoding", "windows-1250")
    assert Person.objects.get().full_name == "Michał Żak"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"Foo,Bar\n1,2\n", "has no column"),
        (b"PK\x03\x04", "is cut off"),
        (b'Name,Email\n"A,b\n', "line 2"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(path, content, words):
    path.write_bytes(content)
    with pytest.raises(CommandError, match=words) as caught:
        run(path)
    assert "\n" not in str(caught.value)
    assert not Person.objects.exists()


def test_a_missing_file_is_refused():
    with pytest.raises(CommandError, match=r"There is no file nobody\.csv"):
        run("nobody.csv")


def test_a_linkedin_format_that_is_none_is_refused(path):
    with pytest.raises(CommandError, match="is no LinkedIn export"):
        run(path, "--format", "linkedin")


def test_an_unknown_workspace_is_refused(path):
    with pytest.raises(CommandError, match="no workspace 'north'"):
        run(path, "--workspace", "north")


def test_people_come_into_the_named_workspace(path):
    north = testing.make_workspace("north")
    testing.make_user("nora", Role.CREATOR, north)
    run(path, "--workspace", "north")
    assert Person.objects.get().workspace == north


def test_who_may_not_import_is_refused(path):
    testing.make_user("carol", Role.VIEWER)
    with pytest.raises(CommandError, match="Carol may not import"):
        run(path, "--as", "carol")


def test_the_safety_check_is_asked_before_the_file_is_read(path, monkeypatch):
    asked = []

    def refuse(action, **given):
        asked.append(action)
        return SafetyCheck(False, "imports rest today")

    monkeypatch.setattr(import_contacts, "check_safety", refuse)
    with pytest.raises(CommandError, match=r"Nothing was imported: imports rest today"):
        run(path)
    assert asked == ["import_contacts"]
    assert not Person.objects.exists()


def test_an_interrupt_says_that_nothing_was_stored(path, monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(import_contacts.importing, "apply", interrupted)
    with pytest.raises(CommandError, match="Stopped before the end: nothing was stored"):
        run(path)


def test_a_progress_bar_is_shown_on_a_terminal_only(path, monkeypatch):
    steps = []
    monkeypatch.setattr(
        import_contacts.Progress, "update", lambda self, task, **given: steps.append(given)
    )
    run(path, "--dry-run")
    assert steps == []
    monkeypatch.setenv("FORCE_COLOR", "1")
    run(path, "--dry-run")
    assert steps == [{"completed": 2, "total": 2}]


def test_columns_country_and_zone_are_chosen_on_the_command_line(path):
    path.write_text("Wer,Nummer\nAnna Meier,044 668 18 00\nBob Hill,\n")
    found = run(path, "--map", "Wer=full_name", "--map", "2=phone", "--country", "CH",
                "--time-zone", "Europe/Rome")  # fmt: skip
    assert "2 new" in found
    assert dict(Person.objects.values_list("full_name", "time_zone")) == {
        "Anna Meier": "Europe/Zurich", "Bob Hill": "Europe/Rome",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--map", "Name"], "is not COLUMN=FIELD"),
        (["--map", "Name=who"], "'who' is no field"),
        (["--country", "Atlantis"], "'Atlantis' is no country"),
        (["--time-zone", "Mars/Base"], "'Mars/Base' is no time zone"),
    ],
)
def test_a_choice_that_cannot_be_kept_is_refused(path, options, words):
    path.write_text("Name,Email\nA B,a@example.com\n")
    with pytest.raises(CommandError, match=words):
        run(path, *options)
    assert not Person.objects.exists()


def test_a_basis_a_report_by_row_and_undoing(path, tmp_path):
    path.write_text(TEXT + "+cmd|x,c@example.com,\n")
    rows = tmp_path / "rows.csv"
    shown = run(path, "--basis", "customer", "--report", rows)
    row = Import.objects.get()
    assert f"Stored as import {row.pk}; --undo {row.pk} takes it back." in shown
    assert {each.basis for each in Consent.objects.all()} == {"customer"}
    lines = rows.read_text("utf-8-sig").splitlines()
    assert (len(lines), lines[3].startswith("4,new,'+cmd|x,")) == (4, True)
    assert "Undone: 2 people of people.csv removed" in run("--undo", row.pk)
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Name a FILE to import"),
        (("--undo", 99), "There is no import 99 in Default. The last ones: none."),
        (("people.csv", "--undo", 99), "takes the number of an import and no FILE"),
        (("--undo", 99, "--dry-run"), "--dry-run goes with a FILE"),
        (("--undo", 99, "--report", "rows.csv"), "--report goes with a FILE"),
        (("PATH", "--basis", "opt_in"), "An opt-in needs the text"),
        (("PATH", "--report", "PATH"), "is there already"),
        (("PATH", "--report", "/nowhere/rows.csv"), "cannot be written: No such file"),
    ],
)
def test_what_cannot_be_done_is_told_and_nothing_stored(path, words, sentence):
    with pytest.raises(CommandError, match=sentence):
        run(*(path if word == "PATH" else word for word in words))
    assert not Person.objects.exists()
    assert path.read_text() == TEXT


def test_an_import_that_ends_early_leaves_no_report(path, tmp_path, monkeypatch):
    rows = tmp_path / "rows.csv"

    def interrupted(*_, **__):
        assert rows.exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(import_contacts.importing, "apply", interrupted)
    with pytest.raises(CommandError, match="nothing was stored"):
        run(path, "--report", rows)
    assert not rows.exists()


def test_undoing_is_not_rehearsed_and_is_not_done_either(path):
    run(path)
    with pytest.raises(CommandError, match="--dry-run goes with a FILE"):
        run("--undo", Import.objects.get().pk, "--dry-run")
    assert Person.objects.count() == 1


def test_a_fault_of_the_import_is_not_blamed_on_its_report(path, tmp_path, monkeypatch):
    rows = tmp_path / "rows.csv"

    def broken(*_, **__):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(import_contacts.importing, "apply", broken)
    with pytest.raises(CommandError, match=r"Nothing was stored: .*Input/output error") as caught:
        run(path, "--report", rows)
    assert "rows.csv" not in str(caught.value)
    assert not rows.exists()


class Full:
    """A report on a disk that is full from the row or the close on that is named."""

    def __init__(self, out, at):
        self.out, self.at, self.closed = out, at, False

    def write(self, text):
        if self.at == "row" and "anna@" in text:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.out.write(text)

    def close(self):
        self.out.close()
        if self.at == "close" and not self.closed:
            self.closed = True
            raise OSError(errno.ENOSPC, "No space left on device")


def full_disk(monkeypatch, at):
    opened = Path.open

    def open_(self, mode="r", *args, **options):
        found = opened(self, mode, *args, **options)
        return Full(found, at) if mode == "x" else found

    monkeypatch.setattr(Path, "open", open_)


def test_a_disk_full_on_closing_the_report_does_not_hide_the_import(path, tmp_path, monkeypatch):
    full_disk(monkeypatch, "close")
    rows = tmp_path / "rows.csv"
    with pytest.raises(CommandError, match="No space left on device") as caught:
        run(path, "--report", rows)
    row = Import.objects.get()
    assert str(caught.value).startswith(f"Imported as import {row.pk}; only its report is missing")
    assert Person.objects.exists() and not rows.exists()


def test_a_disk_full_in_the_middle_of_the_report_stores_nothing(path, tmp_path, monkeypatch):
    path.write_text("Name,Email\nanna@ACME,anna@example.com\n")
    full_disk(monkeypatch, "row")
    with pytest.raises(CommandError, match=r"Nothing was stored: .*rows\.csv cannot be written"):
        run(path, "--report", tmp_path / "rows.csv")
    assert not Person.objects.exists()


def test_an_interrupt_after_the_import_says_that_it_is_stored(path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(import_contacts, "show", interrupted)
    with pytest.raises(CommandError, match=r"Imported as import \d+; only its report is missing"):
        run(path)
    assert Person.objects.count() == 1


def test_whose_note_refuses_is_named_by_line(tmp_path):
    path = tmp_path / "k.csv"
    path.write_text("Name;Email;Notiz\nAnna Meier;a@b.example;nett\nBjörn Ås;b@b.example;stop\n")
    with pytest.raises(CommandError, match=r"\n  line 3, Björn Ås: “stop” \(Notiz\)$"):
        run(path)
