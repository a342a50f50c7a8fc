"""People by mouse: a file looked at, mapped, imported, undone; two records merged and parted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from outreach import testing
from outreach.core.importing import jobs
from outreach.core.models import Account, Duplicate, Import, Person
from outreach.edge import tasks
from tests_e2e.making import LOOKS, SIDEWAYS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PICTURES = os.environ.get("PICTURES", "")
ROWS = (
    "Wer;E-Mail;Firma;Bemerkungen;Gruppe\n"
    "Anna Meier;anna@acme.example;ACME® GmbH;Met at the fair;A\n"
    'Dr. José "Pepe" García;pepe@example.com;"Müller, Söhne & Co.";;B\n'
    "Nobody;not an address;;;B\n"
    "李小龍;li@example.com;龍門;=1+1;A\n"
)


def look(page, name: str) -> None:
    """The page as it is in both widths: nothing sticks out, every field has a name."""
    page.wait_for_selector("#content")
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(SIDEWAYS) == 0, (name, width)
        assert page.evaluate(LOOKS) == [] or name == "suggestions", (name, width)  # the theme's
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"people-{name}-{width}.png", full_page=True)


def test_a_file_comes_in_and_is_taken_back(enter, monkeypatch, tmp_path, settings):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(tasks.work_imports, "apply_async", lambda **_: None)
    place = testing.bob().user and testing.make_workspace()
    known = testing.make_person(
        place, "Anna Meier", position="Head of Sales",
        account=Account.objects.create(workspace=place, name="ACME® GmbH", key="acme gmbh"),
    )  # fmt: skip
    path = tmp_path / "Kunden.csv"
    path.write_text(ROWS, "utf-8")
    page = enter("bob")

    page.goto("/admin/core/import/new/")
    page.set_input_files("input[name=file]", path)
    page.select_option("select[name=basis]", "customer")
    look(page, "new")
    page.click("#look")
    page.get_by_text("the file is being read").wait_for()
    look(page, "running")
    jobs.work()
    page.get_by_role("heading", name="What it would do").wait_for()  # it looks again by itself
    look(page, "preview")
    assert page.get_by_text("No column was found that holds names").is_visible()
    page.get_by_label("What Wer means").select_option("full_name")
    page.get_by_label("What Gruppe means").select_option("position")
    look(page, "columns")
    page.get_by_role("button", name="Look at it again").click()
    page.locator("#import-progress").wait_for()
    jobs.work()
    page.get_by_text("Wer → name").wait_for()
    page.get_by_role("button", name="Import", exact=True).click()
    page.locator("#import-progress").wait_for()
    jobs.work()
    page.get_by_role("heading", name="What it did").wait_for()
    row = Import.objects.get()
    assert (row.status, row.report["counts"]["new"]) == ("applied", 3)

    suggested = Duplicate.objects.get()
    page.get_by_text("Undo this import").click()
    page.get_by_text("It takes away the 3 people that this file brought").wait_for()
    look(page, "undo-asked")
    page.get_by_role("button", name="Yes, undo it").click()
    page.get_by_text("Undone: 3 people removed").wait_for()
    look(page, "undone")
    assert [*Person.objects.all()] == [known] and suggested.one == known
    assert not Duplicate.objects.exists()


def test_two_records_become_one_and_two_again(enter):
    place = testing.bob().user and testing.make_workspace()
    firm = Account.objects.create(workspace=place, name="ACME® GmbH", key="acme gmbh")
    known = testing.make_person(place, "Anna Meier", position="Head of Sales", account=firm)
    newer = testing.make_person(place, "Anna Meier", position="CFO", account=firm, notes="Met")
    Duplicate.objects.create(
        workspace=place, one=known, other=newer, reason="name_company", created_at=testing.WORKDAY
    )
    page = enter("bob")
    page.goto("/admin/core/duplicate/")
    look(page, "suggestions")
    page.get_by_role("link", name="Anna Meier").first.click()
    page.locator("#pair").wait_for()
    look(page, "pair")
    page.check(f"input[name=take_position][value='{newer.pk}']")
    page.get_by_role("button", name="They are one: merge").click()
    page.locator("#merged").wait_for()
    look(page, "merged")
    known.refresh_from_db()
    assert (known.position, known.notes) == ("CFO", "Met")
    page.get_by_role("button", name="Undo: they are two people").click()
    page.get_by_text("They are two people again.").wait_for()
    known.refresh_from_db()
    assert known.position == "Head of Sales"


def test_a_person_is_written_down_with_every_field_named(enter):
    testing.bob()
    page = enter("bob")
    page.goto("/admin/core/person/add/")
    page.get_by_label("Name", exact=True).fill("Zoë Muster")
    page.get_by_label("E-mail").fill("nope")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("is no e-mail address").wait_for()
    look(page, "form")
    page.get_by_label("E-mail").fill("zoe@example.com")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Zoë Muster is written down.").wait_for()
    look(page, "person")


def test_a_person_is_taken_away_as_a_file_and_erased(enter):
    person = testing.make_approved().draft.person
    assert testing.dora()
    name = person.full_name
    page = enter("dora")
    page.goto(f"/admin/core/person/{person.pk}/change/")
    page.get_by_role("link", name="Personal data").click()
    look(page, "privacy")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download").click()
    assert name in Path(taken.value.path()).read_text()
    page.get_by_label("Why").fill("By letter of 3 March")
    page.get_by_label("to confirm").fill("Somebody else")
    page.get_by_role("button", name="Erase for good").click()
    page.get_by_text(f"Type their name, {name}, to confirm").wait_for()
    look(page, "privacy-refused")
    page.get_by_label("to confirm").fill(name)
    page.get_by_role("button", name="Erase for good").click()
    page.get_by_role("heading", name=f"Erased person {person.pk}").wait_for()
    assert page.get_by_text("1 address is suppressed").is_visible()
    look(page, "erased")
    assert name not in page.content()
    assert Person.objects.get().erased_at is not None
