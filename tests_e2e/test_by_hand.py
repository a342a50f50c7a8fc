"""The LinkedIn page in a real browser: copy, open, mark; at both widths nothing sticks out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.utils import timezone

from channels.models import Delivery
from outreach import testing
from outreach.core.people import add_address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = "/admin/by-hand/linkedin/"
TEXT = "Hello Ana, we met at the fair in Bern. Shall we stay in touch?"
PICTURES = os.environ.get("PICTURES")


def make(name: str, text: str = TEXT):
    person = testing.make_person(name=name)
    add_address(
        person.workspace,
        person,
        "linkedin",
        f"https://linkedin.com/in/{name.lower().replace(' ', '-')}",
    )
    return testing.make_approved(
        person, channel="linkedin", subject="", text=text, at=timezone.now()
    )


@pytest.mark.parametrize("width", [1440, 390])
def test_copy_open_and_mark(enter, width):
    testing.make_workspace(time_zone=testing.noon_zone())  # at night the text is hidden
    item = make("Ana Bell")
    make("Boris Long", "We spoke about the new line of boxes. " * 12)
    page = enter("alice", width=width)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(PAGE)
    card = page.locator(f"#hand-{item.pk}")
    card.get_by_role("button", name="Copy the text").click()
    page.wait_for_function("document.querySelector('[data-copy]').textContent === 'Copied'")
    assert page.evaluate("navigator.clipboard.readText()") == TEXT
    link = card.get_by_role("link", name="Open the profile")
    assert link.get_attribute("href") == "https://www.linkedin.com/in/ana-bell"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"linkedin-{width}.png", full_page=True)
    card.get_by_role("button", name="Mark as sent").click()
    page.get_by_role("button", name="Mark as not sent").wait_for()
    assert Delivery.objects.get().status == "manual"
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"linkedin-after-{width}.png", full_page=True)
    page.get_by_role("button", name="Mark as not sent").click()
    page.get_by_text("Taken back").wait_for()
    assert Delivery.objects.get().status == "released"
