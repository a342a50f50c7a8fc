"""Who an e-mail comes from is part of what a yes is about: at every door that has shown it."""

from __future__ import annotations

import html
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from approvals import services
from approvals.errors import Stale
from approvals.models import Approval
from outreach import testing
from outreach.core.models import Workspace
from outreach.edge.tests import api

# What is refused and how each door tells it: no row is read or written in a new way.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
SEEN = "Mira Keller <mira@example.org>"
CHANGED = "who it comes from"


@pytest.fixture
def item() -> Approval:
    testing.make_workspace(sender_name="Mira Keller", sender_address="mira@example.org")
    return testing.make_pending(at=timezone.now(), confidence=95)


def is_changed() -> None:
    Workspace.objects.update(sender_name="Somebody Else")


def state() -> str:
    return Approval.objects.get().status


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.parametrize(("seen", "becomes"), [(SEEN, "pending"), (None, "approved")])
def test_the_service_asks_where_somebody_says_what_was_seen(item, edited, seen, becomes):
    is_changed()
    how = {"by": testing.alice(), "at": timezone.now(), "digest": item.digest, "seen_sender": seen}
    words = services.drafts.edited(
        item.draft, item.revision, text=f"Dear Sam. {item.revision.text}"
    )
    try:
        if edited:
            services.edit_and_approve(item.pk, words, **how)
        else:
            services.approve(item.pk, **how)
    except Stale as no:
        assert CHANGED in str(no) and "Somebody Else <mira@example.org>" in str(no)
    assert state() == becomes
    assert seen is None or Approval.objects.get().digest == item.digest


def fields(page: str, form: str) -> dict[str, str]:
    inside = page.partition(f'id="{form}"')[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="(\w+)"[^>]*? value="([^"]*)"', inside)
    return {name: html.unescape(value) for name, value in found}


@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize("form", ["approve-form", "edit-form"])
def test_the_review_page_posts_what_it_showed(item, form, changed):
    client = Client()
    client.force_login(testing.alice().user)
    address = f"/admin/approvals/approval/{item.pk}/change/"
    posted = fields(client.get(address).text, form)
    if form == "edit-form":
        posted |= {"text": f"Dear Sam. {item.revision.text}", "action": "edit_approve"}
        posted["subject"] = item.revision.subject
    if changed:
        is_changed()
    page = client.post(address, posted, follow=True)
    assert (state() == "pending") == changed
    assert (CHANGED in page.text) == changed


@pytest.mark.parametrize("changed", [False, True])
def test_so_does_the_page_that_approves_several(time_machine, changed):
    time_machine.move_to(testing.WORKDAY)  # at night each needs a look of its own
    place = testing.make_workspace(sender_name="Mira Keller", bulk_approves_normal=True)
    item = testing.make_pending(at=timezone.now(), confidence=85)
    client = Client()
    client.force_login(testing.alice(place).user)
    chosen = {"action": "bulk_approve", "_selected_action": [item.pk]}
    shown = client.post("/admin/approvals/approval/", chosen).text
    assert "Mira Keller" in shown
    value = html.unescape(re.search(r'name="item" value="([^"]*)"', shown)[1])
    if changed:
        is_changed()
    page = client.post("/admin/approvals/approval/bulk/", {"item": [value]})
    assert (state() == "pending") == changed, page.text


def test_rest_tells_it_and_takes_it(item):
    alice = api.colleague(testing.alice)
    told = alice.get(f"/api/approvals/{item.pk}").json()
    assert told["sender"] == SEEN
    path, yes = f"/api/approvals/{item.pk}/approve", {"digest": item.digest, "seen_sender": SEEN}
    is_changed()
    assert api.code(alice.post(path, yes)) == (409, "stale")
    edit = {**yes, "text": f"Dear Sam. {item.revision.text}"}
    assert api.code(alice.post(f"/api/approvals/{item.pk}/edit-and-approve", edit))[0] == 409
    assert state() == "pending"
    again = {**yes, "seen_sender": "Somebody Else <mira@example.org>"}
    assert alice.post(path, again).status_code == 200


def test_the_command_tells_it_and_takes_it(item):
    out, act = StringIO(), ["review", "--as", testing.alice().user.username]
    call_command(*act, "--show", str(item.pk), stdout=out)
    assert f"From: {SEEN}" in out.getvalue()
    is_changed()
    with pytest.raises(CommandError, match=CHANGED):
        call_command(*act, "--approve", str(item.pk), "--seen-sender", SEEN)
    assert state() == "pending"


def test_at_the_terminal_it_is_the_one_that_was_shown(item, monkeypatch):
    class Typing:
        """Somebody changes it while the item is read."""

        answers = iter([f"v {item.pk}\n", "a\n", "q\n"])

        def readline(self) -> str:
            answer = next(self.answers)
            if answer == "a\n":
                is_changed()
            return answer

    monkeypatch.setattr("sys.stdin", Typing())
    out = StringIO()
    call_command("review", "--as", testing.alice().user.username, stdout=out)
    assert CHANGED in out.getvalue() and state() == "pending"
