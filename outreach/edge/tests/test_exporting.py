"""Exports: what is in them, who may take them, what the log tells, what became of broken ones."""

from __future__ import annotations

import csv
import dataclasses
import errno
import io
import json
import os
import re

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.utils import timezone

from channels import merging
from outreach import testing
from outreach.core import suppression
from outreach.core.models import Activity, Address, Channel, Person
from outreach.core.people import add_address
from outreach.core.permissions import NotAllowed
from outreach.core.principal import Principal
from outreach.edge import exporting
from outreach.edge.exporting import FORMATS, KINDS
from outreach.tests import source
from safety.models import SafetyEvent

pytestmark = pytest.mark.django_db
EVIL = '=HYPERLINK("http://x")'


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(testing.WORKDAY, tick=False):
        yield


@pytest.fixture(scope="module")
def place(made_once):
    with time_machine.travel(testing.WORKDAY, tick=False):
        return made_once(_furnish)


def _furnish():
    """One row of everything here, and everything of another workspace."""
    ours, other = testing.make_workspace(), testing.make_workspace("other")
    for where in (ours, other):
        person = testing.make_person(where, name=f"{EVIL} {where.slug}", notes="one\n+two;@three")
        add_address(where, person, Channel.WHATSAPP, "+442079460123")
        by = testing.bob(where)
        testing.make_approved(person, by=by, subject="Hi", text="Here are the minutes.")
        SafetyEvent.objects.create(
            workspace=where, event_type="send", action_blocked="send", reason=EVIL, code="x",
            metadata={"rule": EVIL, "no": [-1]}, created_at=timezone.now(), by_kind="system",
            by_id="", by_label="x",
        )  # fmt: skip
        for form in ("gone@example.org", Address.objects.filter(person=person).first().normalised):
            suppression.suppress(
                where, "email", form, reason="manual", by=testing.dora(where), at=timezone.now()
            )
    return ours


def take(kind: str, form: str, place, by=None, **more) -> str:
    asked = exporting.Asked(KINDS[kind], FORMATS[form], place, **more)
    begun = exporting.begin(asked, by=by or testing.alice(), now=timezone.now)
    return b"".join(begun.parts()).decode()


def rows_of(kind: str, place, **more) -> list[dict]:
    return json.loads(take(kind, "json", place, **more))["rows"]


# --- What is in them -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_three_formats_tell_the_same_rows_in_the_columns_that_are_promised(kind, place):
    testing.alice()
    told = json.loads(take(kind, "json", place))
    assert told["rows"] and told["complete"] is True and told["count"] == len(told["rows"])
    assert (told["export"], told["workspace"]) == (kind, "default")
    assert {frozenset(row) for row in told["rows"]} == {frozenset(told["columns"])}
    *rows, last = [json.loads(line) for line in take(kind, "jsonl", place).splitlines()]
    text = take(kind, "csv", place)
    assert text.startswith("\ufeff")
    cells = list(csv.DictReader(io.StringIO(text[1:], newline="")))
    if kind == "activity":  # each export is told there itself
        rows, cells = rows[: told["count"]], cells[: told["count"]]
    assert rows == told["rows"] and last["complete"] is True
    assert list(cells[0]) == told["columns"] == list(KINDS[kind].columns)
    for cell, row in zip(cells, told["rows"], strict=True):
        assert cell == {
            name: exporting.cell(tuple(value) if name in Channel.values else value)
            for name, value in row.items()
        }


def test_the_columns_are_those_of_the_documentation():
    guide = (source.ROOT / "docs/exports.md").read_text()
    for kind in KINDS.values():
        section = guide.partition(f"### {kind.name}\n")[2].partition("\n#")[0]
        assert re.findall(r"^\| `(\w+)`", section, re.M) == list(kind.columns), kind.name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMATS)
def test_an_export_stays_in_its_workspace(kind, form, place):
    text = take(kind, form, place)
    assert "other" not in text.replace('"workspace": "default"', "")
    assert kind != "people" or len(rows_of(kind, place)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_no_cell_of_any_kind_is_a_formula(kind, place):
    text = take(kind, "csv", place)
    for delimiter in ",;\t":
        for row in csv.reader(io.StringIO(text[1:], newline=""), delimiter=delimiter):
            for cell in row:
                assert not cell.lstrip(' "').startswith(("=", "+", "-", "@", "\t", "\r")), cell


def test_json_in_a_cell_is_what_it_was(place):
    [row] = csv.DictReader(io.StringIO(take("safety-events", "csv", place)[1:], newline=""))
    assert json.loads(row["metadata"]) == {"rule": EVIL, "no": [-1]}
    assert row["reason"] == f"'{EVIL}"
    assert rows_of("safety-events", place)[0]["reason"] == EVIL


def test_people_have_every_address_and_the_human_they_are(place):
    [person] = rows_of("people", place)
    address = Address.objects.get(person__uuid=person["uuid"], channel="email").normalised
    assert person["email"] == [address] and person["whatsapp"] == ["+442079460123"]
    assert person["linkedin"] == [] and person["human"] == person["uuid"]


def test_people_are_named_for_all_that_are_in_it(place):
    testing.make_person(place, name="Blocked Ben", status="blocked", status_reason="x",
                        status_at=testing.WORKDAY)  # fmt: skip
    assert "blocked" in [row["human_status"] for row in rows_of("people", place)]
    assert "whoever may not be written to as well" in KINDS["people"].about
    assert "may contact" not in KINDS["people"].about


def test_a_merged_record_says_how_the_human_being_stands(place):
    kept, merged = Person.objects.get(workspace=place), testing.make_person(place)
    merging.merge(kept, merged, by=testing.dora(place), at=testing.WORKDAY)
    Person.objects.filter(pk=kept.pk).update(
        status="desist", status_reason="asked", status_at=testing.WORKDAY
    )
    for person in rows_of("people", place):
        assert (person["human_status"], person["human_status_reason"]) == ("desist", "asked")
        assert person["human_automation_enabled"] is True
        assert person["status"] == ("desist" if person["uuid"] == str(kept.uuid) else "active")


def test_the_suppression_list_names_who_is_still_here(place):
    rows = rows_of("suppression", place)
    assert [bool(row["address"]) for row in rows] == [True, False]
    assert len(rows_of("suppression", place, channel="phone")) == 0


def test_times_narrow_it(place):
    later = testing.WORKDAY.replace(hour=11)
    with time_machine.travel(later, tick=False):
        fresh = testing.make_pending(testing.make_person(place), at=later)
    span = exporting.span
    assert len(rows_of("approvals", place)) == 2
    since = rows_of("approvals", place, span=span("2026-03-11T11:00:00Z", ""))
    assert [row["id"] for row in since] == [fresh.pk]
    until = rows_of("approvals", place, span=span("2026-03-11", "2026-03-11T12:00+01:00"))
    assert fresh.pk not in [row["id"] for row in until] and len(until) == 1


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [("yesterday", "", "since"), ("", "2026-13-01", "until"),
     ("0001-01-01T00:00+14:00", "", "since"), ("2026-03-12", "2026-03-11", "until"),
     ("2026-03-12", "2026-03-12", "until")],
)  # fmt: skip
def test_times_nobody_can_read_are_refused(since, until, field):
    with pytest.raises(exporting.BadAsk) as refused:
        exporting.span(since, until)
    assert refused.value.field == field


def test_text_that_ends_lines_or_is_half_a_character_breaks_no_line(place):
    odd = [{"notes": "a\u2028b\u2029c\x85d\ne\ud800"}]
    kind = dataclasses.replace(KINDS["people"], batches=lambda *_: iter([odd]), columns=("notes",))
    told = {}
    for form in FORMATS:
        asked = exporting.Asked(kind, FORMATS[form], place)
        begun = exporting.begin(asked, by=testing.alice(), now=timezone.now)
        told[form] = b"".join(begun.parts()).decode()
    assert json.loads(told["json"])["rows"] == odd
    first, last = told["jsonl"].splitlines()
    assert json.loads(first) == odd[0] and json.loads(last)["complete"]
    assert "e\\ud800" in told["csv"]


# --- Who, and what the log tells -----------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_reviewer_may_and_a_refusal_leaves_nothing(kind, place):
    stranger = testing.make_user("oscar", "admin", testing.make_workspace("third"))
    before = Activity.objects.count()
    for by in (testing.carol(), testing.bob(), testing.olaf(), Principal.of_user(stranger)):
        with pytest.raises(NotAllowed, match="role reviewer"):
            take(kind, "json", place, by)
    assert Activity.objects.count() == before
    assert take(kind, "json", place, testing.alice()) and take(kind, "json", place, testing.dora())


@pytest.mark.parametrize("scopes, may", [
    (("audit:read",), {"activity", "safety-events"}),
    (("audit:read", "people:read"), {"activity", "safety-events", "people"}),
    (("audit:read", "reviews:read"), {"activity", "safety-events", "approvals"}),
    (("people:read", "reviews:read", "drafts:write"), set()),
])  # fmt: skip
def test_an_agent_needs_two_rights_and_never_has_the_suppression_list(scopes, may, place):
    agent, found = testing.make_agent(place, *scopes), set()
    for kind in KINDS:
        try:
            take(kind, "jsonl", place, agent)
            found.add(kind)
        except NotAllowed as refused:
            assert "audit:read" in str(refused) or "reviewer" in str(refused)
    assert found == may


def test_each_export_is_told_twice_in_the_log_without_personal_data(place):
    take("people", "csv", place, span=exporting.span("2026-01-01", ""))
    begun, ended = Activity.objects.filter(verb__startswith="exports.").order_by("id")
    codes = {"kind": "people", "format": "csv", "since": "2026-01-01T00:00:00+00:00", "until": None}
    assert (begun.verb, begun.codes) == ("exports.begun", codes)
    assert (ended.verb, ended.codes) == ("exports.ended", {**codes, "rows": 1, "complete": True})
    assert begun.object_type == "workspace" and begun.by_id == testing.alice().id


# --- Broken in the middle ------------------------------------------------------------------------


def broken(kind: str, error: BaseException):
    """This kind, whose second batch fails."""
    whole = KINDS[kind]

    def batches(place, which):
        yield next(whole.batches(place, which))
        raise error

    return dataclasses.replace(whole, batches=batches)


@pytest.mark.parametrize("form", FORMATS)
def test_what_fails_in_its_middle_does_not_look_complete(form, place):
    asked = exporting.Asked(broken("people", RuntimeError("gone")), FORMATS[form], place)
    parts, told = exporting.begin(asked, by=testing.alice(), now=timezone.now).parts(), b""
    with pytest.raises(RuntimeError):
        for part in parts:
            told += part
    assert b"complete" not in told
    if form == "json":
        with pytest.raises(json.JSONDecodeError):
            json.loads(told)
    ended = Activity.objects.get(verb="exports.ended")
    assert ended.codes["complete"] is False and ended.codes["rows"] == 1


def test_a_reader_who_goes_away_is_told_as_incomplete(place):
    asked = exporting.Asked(KINDS["people"], FORMATS["jsonl"], place)
    parts = exporting.begin(asked, by=testing.alice(), now=timezone.now).parts()
    next(parts)
    parts.close()
    assert Activity.objects.get(verb="exports.ended").codes["complete"] is False


# --- The command ---------------------------------------------------------------------------------


def export(*words: str) -> str:
    out = io.StringIO()
    call_command("export", *words, "--as", "alice", stdout=out)
    return out.getvalue()


def test_the_command_writes_a_new_file_for_its_owner_only(place, tmp_path):
    testing.alice()
    file = tmp_path / "people.csv"
    assert export("people", "--to", str(file)) == f"1 row of people in {file}.\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(list(csv.DictReader(file.open(encoding="utf-8-sig", newline="")))) == 1
    assert json.loads(export("people", "--format", "json", "--to", "-"))["count"] == 1
    assert Activity.objects.filter(verb="exports.begun")[0].codes["door"] == "command"


def test_a_file_that_is_there_is_left_as_it_is(place, tmp_path):
    testing.alice()
    file = tmp_path / "people.csv"
    file.write_text("mine")
    with pytest.raises(CommandError, match=r"people\.csv is there already\. Name a new file\."):
        export("people", "--to", str(file))
    assert file.read_text() == "mine" and list(tmp_path.iterdir()) == [file]


def test_one_that_comes_meanwhile_is_left_as_it_is(place, tmp_path, monkeypatch):
    testing.alice()
    file = tmp_path / "people.csv"
    monkeypatch.setattr(os, "fsync", lambda _: file.write_text("mine"))
    with pytest.raises(CommandError, match="is there already"):
        export("people", "--to", str(file))
    assert file.read_text() == "mine" and list(tmp_path.iterdir()) == [file]


def test_a_full_disk_is_one_sentence_and_leaves_nothing(place, tmp_path, monkeypatch):
    testing.alice()

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CommandError, match=r"No space left on device\. Nothing was kept"):
        export("people", "--to", str(tmp_path / "people.csv"))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CommandError, match="No such file or directory"):
        export("people", "--to", str(tmp_path / "none" / "people.csv"))


def test_an_export_that_fails_leaves_no_file(place, tmp_path, monkeypatch):
    testing.alice()
    monkeypatch.setitem(KINDS, "people", broken("people", KeyboardInterrupt()))
    with pytest.raises(CommandError, match="Stopped before the end"):
        export("people", "--to", str(tmp_path / "people.csv"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(("people", "--to", "-", "--since", "soon"), "'soon' is no time"),
     (("letters", "--to", "-"), "invalid choice: 'letters'"),
     (("people",), "--to"),
     (("people", "--to", "-", "--format", "xlsx"), "invalid choice: 'xlsx'"),
     (("people", "--to", "-", "--workspace", "none"), "none")],
)  # fmt: skip
def test_bad_words_are_refused_in_a_sentence(words, sentence, place):
    testing.alice()
    before = Activity.objects.count()
    with pytest.raises(CommandError, match=sentence):
        export(*words)
    assert Activity.objects.count() == before


def test_the_command_refuses_whoever_may_not(place):
    testing.bob()
    with pytest.raises(CommandError, match="role reviewer"):
        call_command("export", "people", "--to", "-", "--as", "bob")
