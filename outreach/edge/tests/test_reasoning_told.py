"""Whoever decides by REST or by command reads what the page says of an item's author."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from approvals import services, submission
from outreach import testing
from outreach.core import drafts
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
