"""Whoever decides by REST or by command reads what the page says of an item's author."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from django.utils import timezone

from approvals import services, submission
from channels import inbound, windows
from outreach import testing
from outreach.core import drafts
from outreach.core.people import add_address
from outreach.edge.tests import api
from outreach.testing import WORKDAY

# How it is told; what is told is tested on both (approvals/tests/test_services.py).
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def told_of(item, by):
    """By REST and by command."""
    out = io.StringIO()
    call_command("review", "--show", str(item.pk), "--json", "--as", "alice", stdout=out)
    return by.get(f"/api/approvals/{item.pk}").json(), json.loads(out.getvalue())


def test_the_authors_reasons_and_template_are_told_of_an_item_alone_also_after_an_edit():
    person, bob, alice = testing.make_person(), testing.bob(), testing.alice()
    words = drafts.Text("Minutes", "As agreed.", confidence=85, reasoning="All facts are known.")
    draft = drafts.write(
        person.workspace, person, "email", words, by=bob, at=WORKDAY, template="introduction"
    )
    item = submission.submit(draft.pk, by=bob, at=WORKDAY).approval
    reader = api.agent("reviews:read")
    for answer in told_of(item, reader):
        assert (answer["template"], answer["reasoning"]) == (
            "introduction", "All facts are known.",
        )  # fmt: skip
    other = drafts.Text("Minutes", "As agreed on Monday.")
    services.edit(item.pk, other, by=alice, at=WORKDAY, digest=item.digest)
    for answer in told_of(item, reader):
        assert answer["reasoning"] == "All facts are known."
    [row] = reader.get("/api/approvals").json()["results"]
    assert "reasoning" not in row


@pytest.mark.parametrize(("channel", "address", "most"), [
    ("linkedin", "https://www.linkedin.com/in/ana", 8000),
    ("whatsapp", "+491511234567", 4096),
    ("instagram", "@17841400000000000", 1000),
])  # fmt: skip
def test_how_it_would_travel_is_told_in_the_words_of_the_page(channel, address, most):
    """Who approved a text that is too long by REST or by command learnt so when it failed."""
    testing.alice()
    person = testing.make_person(name="Ana Bell")
    add_address(person.workspace, person, channel, address)
    inbound.hear(person, channel, "And where?", at=WORKDAY, key="id.7")
    item = testing.make_pending(person, channel=channel, subject="", text="a" * (most + 1))
    said = windows.way_of(item, at=timezone.now()).sentence
    assert f"{most:,}" in said
    for answer in told_of(item, api.agent("reviews:read")):
        assert answer["way"] == said
    out = io.StringIO()
    call_command("review", "--show", str(item.pk), "--as", "alice", stdout=out)
    assert said in " ".join(out.getvalue().replace("│", " ").split())


def test_of_what_is_decided_no_way_is_told():
    testing.alice()
    person = testing.make_person()
    add_address(person.workspace, person, "linkedin", "https://www.linkedin.com/in/ana")
    item = testing.make_approved(person, channel="linkedin", subject="", text="a" * 400)
    assert windows.way_of(item, at=timezone.now())
    for answer in told_of(item, api.agent("reviews:read")):
        assert answer["way"] == ""
