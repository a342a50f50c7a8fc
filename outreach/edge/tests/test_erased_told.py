"""Pages and commands say of somebody erased that nothing is kept, and no more than that."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from approvals import submission
from outreach import testing
from outreach.core import drafts
from outreach.edge.privacy.erasing import erase
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
GONE = "Erased on 2026-03-11 UTC: nothing of it is kept here."


@pytest.fixture
def erased():
    """A message of two revisions and another to one person, all of it erased."""
    person = testing.make_person(name="Rose Hill")
    draft, bob = testing.make_draft(person), testing.bob()
    with transaction.atomic():
        drafts.revise(
            draft,
            drafts.Text(subject="Minutes", text="Here they are, shorter."),
            by=bob,
            at=WORKDAY,
        )
    one = submission.submit(draft.pk, by=bob, at=WORKDAY).approval
    other = testing.make_pending(person)
    erase(person, reason="By letter", by=testing.dora(), at=WORKDAY)
    person.refresh_from_db()
    return person, one, other


@pytest.fixture
def page():
    client = Client()
    client.force_login(testing.dora().user)
    return lambda name, pk: " ".join(client.get(reverse(f"admin:{name}", args=[pk])).text.split())


@pytest.mark.once  # what pages say
def test_a_message_s_page_says_that_it_is_erased(erased, page):
    _, one, other = erased
    shown = page("approvals_approval_change", one.pk)
    assert shown.count(GONE) == 2
    for untrue in ("No rule found anything", "The words are the same", "Why priority",
                   "Nothing has passed between us", "no address"):  # fmt: skip
        assert untrue not in shown
    told = f"#{other.pk} (message {other.draft_id})</a> Rejected"
    assert f'{told} · <span class="oc-soft">erased</span>' in shown
    assert GONE in page("core_draft_change", one.draft_id)


@pytest.mark.once  # what pages say
def test_a_person_s_page_says_so_and_speaks_of_no_automation(erased, page):
    person, *_ = erased
    shown = page("core_person_change", person.pk)
    assert GONE in shown and "automation on" not in shown and "Nothing yet" not in shown


@pytest.mark.once  # what commands print
def test_commands_say_so_too(erased):
    person, one, _ = erased
    out = io.StringIO()
    call_command("person", "--show", str(person.uuid), stdout=out)
    call_command("review", "--show", str(one.pk), stdout=out)
    assert "erased on 2026-03-11 (UTC). Nothing is sent" in out.getvalue()
    assert "Erased on 2026-03-11 (UTC): nothing of it is kept here." in out.getvalue()
    assert "automation" not in out.getvalue() and "Why this priority" not in out.getvalue()
