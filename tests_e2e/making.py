"""Items to review and their pages, for the browser tests."""

from __future__ import annotations

from pathlib import Path

from django.utils import timezone

from approvals.models import Approval
from outreach import testing

LIST = "/admin/approvals/approval/"
# What makes a page stick out sideways, and what cannot be read or has no name on it.
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LOOKS = (Path(__file__).parent / "looks.js").read_text(encoding="utf-8").partition("\n")[2]


def make(name: str, confidence: int = 75, **fields) -> Approval:
    person = testing.make_person(name=name, time_zone=testing.noon_zone())
    return testing.make_pending(person, at=timezone.now(), confidence=confidence, **fields)


def address(item: Approval) -> str:
    return f"{LIST}{item.pk}/change/"


def at(page, item: Approval) -> None:
    page.wait_for_url(f"**{address(item)}*")
    page.wait_for_selector("#review")


def status(item: Approval) -> str:
    item.refresh_from_db()
    return item.status
