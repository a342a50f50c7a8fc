"""What a stop or the end of dry run took back looks like that: on its page, in the queue, after."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
import time_machine

from approvals import services, submission, taking
from approvals.models import Approval
from channels import stop
from outreach import testing
from outreach.core.drafts import Text
from outreach.core.principal import Principal
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)

NOW = WORKDAY + timedelta(minutes=5)
WORDS = Text(subject="Minutes of Monday", text="Other words about Monday's meeting.")
QUEUE = "/admin/approvals/approval/"


@pytest.fixture(autouse=True)
def soon():
    with time_machine.travel(NOW, tick=False):
        yield


def words(response):
    return " ".join(unescape(re.sub("<[^>]+>", "", response.content.decode())).split())


def waiting():
    return Approval.objects.get(status="pending")


def stopped(given):
    stop.emergency_stop(
        workspace=given.workspace, reason="wild", by=testing.dora(), clock=lambda: NOW
    )
    return waiting()


def page(client, item):
    client.force_login(testing.alice().user)
    return client.get(f"{QUEUE}{item.pk}/change/")


def test_the_page_says_near_its_top_who_approved_exactly_this(live, client):
    shown = page(client, stopped(testing.make_approved()))
    said = (
        "Alice approved exactly this text at 2026-03-11 10:00 UTC; the emergency stop took it "
        "back. Please decide again."
    )
    assert said in words(shown)
    html = shown.content.decode()
    assert html.index("came-back") < html.index('id="message"')


def test_a_text_that_was_changed_since_is_not_said_to_be_the_same(live, client):
    item = stopped(testing.make_approved())
    services.edit(item.pk, WORDS, by=testing.alice(), at=NOW, digest=item.digest)
    said = words(page(client, waiting()))
    assert "Alice approved this message before its text was changed, at 2026-03-11 10:00" in said
    assert "approved exactly this text" not in said


def test_what_came_back_from_dry_run_says_so(client):
    given = testing.make_approved()
    Approval.objects.filter(pk=given.pk).update(dry_run=True)
    taking.reopen_dry_run(by=Principal.system("x"), at=NOW, workspaces=[given.workspace_id])
    said = words(page(client, waiting()))
    assert "Alice approved exactly this text at 2026-03-11 10:00 UTC; it was in dry run" in said
    assert "approved in dry run" in words(client.get(QUEUE))
    assert "Taken back when dry run ended" in words(page(client, given))


def test_the_line_in_the_queue_has_a_mark_and_that_of_a_new_message_none(live, client):
    item, new = stopped(testing.make_approved()), testing.make_pending(at=NOW)
    client.force_login(testing.alice().user)
    said = words(client.get(QUEUE))
    assert said.count("approved before the emergency stop") == 1
    assert f"#{item.pk} · E-mail · " in said and f"#{new.pk} · " in said
    assert "came-back" not in page(client, new).content.decode()


def test_the_old_round_is_called_by_what_happened_to_it(live, client):
    given = testing.make_approved()
    item = stopped(given)
    said = f"#{given.pk} (message {given.draft_id}) Taken back by the emergency stop · "
    assert said in words(page(client, item))
    assert "Approved by Alice, then taken back by the emergency stop" in words(page(client, given))
    person = words(client.get(f"/admin/core/person/{given.human_id}/change/"))
    assert "Taken back by the emergency stop" in person and "Withdrawn" not in person
    draft = words(client.get(f"/admin/core/draft/{given.draft_id}/change/"))
    assert "Taken back by the emergency stop after it was approved by Alice" in draft


def test_a_no_that_came_after_the_stop_ends_it(live, client):
    item = stopped(testing.make_approved())
    by = testing.alice()
    services.return_(item.pk, by=by, at=NOW, feedback="Shorter.", digest=item.digest)
    submission.submit(item.draft_id, by=testing.bob(), at=NOW)
    assert "came-back" not in page(client, waiting()).content.decode()
