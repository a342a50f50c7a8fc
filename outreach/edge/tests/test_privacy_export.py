"""Everything stored about one human being, as one file; and no column nobody has thought of."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse

from outreach import testing
from outreach.core.models import Activity
from outreach.core.permissions import NotAllowed
from outreach.edge.privacy import cutting, declared, telling
from outreach.edge.tests import marked
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def life(live):
    with time_machine.travel(WORKDAY + timedelta(minutes=1), tick=True):
        yield marked.everywhere(testing.dora())


def test_the_document_names_every_key_of_the_file(life):
    """Who reads the file has docs/privacy.md to say what stands in it."""
    out = io.StringIO()
    call_command("person", "--uuid", str(life.person.uuid), "--export", "-", stdout=out)
    text = (settings.BASE_DIR / "docs" / "privacy.md").read_text("utf-8")
    told = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", " ".join(told))) == sorted(json.loads(out.getvalue()))


EMPTY_HERE = {"experiments", "rests", "suggested_duplicates"}


def columns_that_may_tell() -> set[str]:
    return {
        f"{declared.model_of(label)._meta.db_table}.{name}"
        for label, rule in declared.RULES.items()
        for name in (*rule.own, *rule.cut)
    } - {"people.country"}  # two letters hold no mark


def marks_in(text: str) -> set[str]:
    return set(re.findall(r"zqx[a-z@.]*", text.casefold()))


def test_every_mark_in_the_database_is_in_the_export(life):
    places = set(marked.found_anywhere())
    assert sorted(columns_that_may_tell() - places) == []
    assert sorted(places - columns_that_may_tell()) == []
    out = io.StringIO()
    call_command("person", "--uuid", str(life.person.uuid), "--export", "-", stdout=out)
    found = json.loads(out.getvalue())
    assert (found["format"], found["person"]) == (telling.FORMAT, str(life.person.uuid))
    assert not marked.every_mark() - marks_in(out.getvalue())
    assert {row["id"] for row in found["records"]} == {life.person.pk, life.second.pk}
    sections = {rule.section for rule in declared.RULES.values() if rule.section}
    assert {name for name in sections if not found[name]} <= EMPTY_HERE
    assert found["approvals"][-1]["decision"] and found["suppression"] and found["import_lines"]
    others = {row["full_name"] for row in found["records"]}
    assert marked.OTHER not in others
    verbs = {row["verb"] for row in found["activity"]}
    assert {"channels.sent", "people.merged", "people.consent_given"} <= verbs
    assert all(set(row) <= {"id", "at", "verb", "object_type", "object_id", "by_kind", "by_id"}
               for row in found["activity"])  # fmt: skip
    told = Activity.objects.get(verb="exports.person")
    assert (told.object_id, told.codes) == (str(life.person.pk), {"records": 2, "door": "command"})


def test_an_admin_takes_it_from_the_page_and_others_do_not(client):
    person = testing.make_person(name="Anna Meier")
    page = reverse("admin:core_person_privacy", args=[person.pk])
    client.force_login(testing.alice().user)
    assert client.get(page).status_code == 403
    assert client.post(page, {"what": "export"}).status_code == 403
    with pytest.raises(NotAllowed, match="role admin"):
        telling.export(person, by=testing.alice(), at=WORKDAY)
    assert not Activity.objects.filter(verb="exports.person").exists()
    client.force_login(testing.dora().user)
    home = reverse("admin:core_person_change", args=[person.pk])
    assert page in client.get(home).content.decode()
    assert b"Download" in client.get(page).content
    assert not Activity.objects.filter(verb="exports.person").exists()
    answer = client.post(page, {"what": "export"})
    found = json.loads(b"".join(answer.streaming_content))
    assert found["records"][0]["full_name"] == "Anna Meier"
    assert answer["Content-Disposition"].endswith(f'"person-{person.uuid}.json"')
    assert Activity.objects.filter(verb="exports.person").count() == 1


def test_the_command_writes_a_file_for_its_owner_only(tmp_path):
    person = testing.make_person()
    testing.dora()
    path, words = tmp_path / "all.json", ["person", "--uuid", str(person.uuid), "--export"]
    call_command(*words, str(path), stdout=io.StringIO())
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_text())["addresses"][0]["person_id"] == person.pk
    with pytest.raises(CommandError, match="No such file"):
        call_command(*words, str(tmp_path / "no" / "all.json"))
    with pytest.raises(CommandError, match="not allowed with"):
        call_command(*words, str(path), "--block")


def test_the_command_takes_no_other_files_place(tmp_path):
    """One that is there may be open to others, and would stay so."""
    person, path = testing.make_person(), tmp_path / "all.json"
    testing.dora()
    path.write_text("kept")
    path.chmod(0o644)
    with pytest.raises(CommandError, match="there already"):
        call_command("person", "--uuid", str(person.uuid), "--export", str(path))
    assert path.read_text() == "kept"


# --- Finding somebody in what tells of several ---------------------------------------------------

ANNA = cutting.words(
    people=[7], uuids=["u-7"], names=["Anna Meier", "May"], addresses=["anna@example.org", "+4144"]
)


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("Call anna  MEIER\ntoday\nBob too", "today\nBob too"),
        ("In May we meet Joanna Meiers", "In May we meet Joanna Meiers"),
        ("may", ""),
        ("joanna@example.org, anna@example.organic", "joanna@example.org, anna@example.organic"),
        ("h.anna@example.org, h+anna@example.org", "h.anna@example.org, h+anna@example.org"),
        ("anna@example.org.uk\nHans-Anna Meier", "anna@example.org.uk\nHans-Anna Meier"),
        ("<anna@example.org>.\n...anna@example.org\nTel.+4144\n- Anna Meier.\nBob", "Bob"),
        ("Anna\nMeier", ""),
        ([{"person": 7, "x": "y"}, {"person": 8}], [{"person": 8}]),
        ([{"who": "u-7"}, {"who": "u-77"}], [{"who": "u-77"}]),
        ([{"a": "Bob", "was": [{"old": "Anna Meier"}]}], [{"a": "Bob", "was": []}]),
        (
            [{"text": "Anna Meier left.\nThey grow.", "on": "x"}],
            [{"text": "They grow.", "on": "x"}],
        ),
        ([["Anna", "Meier", "x"], ["Bob", "x"]], [["Bob", "x"]]),
        ([{"name": "May Huber", "greeting": "May"}], [{"name": "May Huber", "greeting": "May"}]),
        ([{"name": "May", "greeting": "May"}, ["May", "Huber"]], [["May", "Huber"]]),
        ([["May", ""], "May", "Bob"], ["Bob"]),
        ({"best": [[50, 7, ["x"]], [7, 8, ["y"]]]}, {"best": [[7, 8, ["y"]]]}),
        ({"people": [7, 8], "n": 7}, {"people": [7, 8], "n": 7}),
        ({"person": 7, "goal": "x"}, {}),
    ],
)
def test_only_what_is_about_them_is_cut(value, left):
    before = json.dumps(value)
    kept, found = cutting.cut(value, ANNA)
    assert kept == left
    assert bool(found) is (kept != value)
    assert json.dumps(value) == before


@pytest.mark.parametrize(("stored", "written"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_letters_put_together_of_two_are_the_same_letters(stored, written):
    """As macOS writes names of files."""
    name, text = (unicodedata.normalize(form, "Zoë Müller") for form in (stored, written))
    zoe = cutting.words(names=[name])
    assert zoe.in_text(f"{text}.vcf") and zoe.in_text(text)
    assert zoe.within(f"{text}s desk")
    assert zoe.in_bytes(f"FN:{text}".encode()) and zoe.in_bytes(f"{text[4:]};{text[:4]}".encode())
    assert cutting.cut(f"Ask {text}.\nBob too", zoe)[0] == "Bob too"


@pytest.mark.parametrize(
    ("data", "may"),
    [
        (b"Name\nMeier;Anna\n", True), ("Anna Meier".encode("utf-16"), True),
        (b"PK\x03\x04", True), (b"Name\nAnna Muster\n", False), (b"x,ANNA@example.org", True),
    ],
)  # fmt: skip
def test_a_file_that_may_name_them_is_told(data, may):
    assert ANNA.in_bytes(data) is may
