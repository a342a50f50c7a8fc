"""The pages of runs: own workspaces only, nothing changed by a GET, services behind buttons."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from outreach import testing
from outreach.core.models import Draft, Workspace
from outreach.testing import WORKDAY
from workflows import engine, tasks
from workflows.models import Run, RunStatus
from workflows.tests import making
from workflows.tests.making import Clock

# What the pages say and to whom; runs go on and end on both in test_engine.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
LIST = reverse("admin:workflows_run_changelist")


@pytest.fixture
def run():
    place = making.place()
    making.people(place, 2)
    return making.run(place)


@pytest.fixture(autouse=True)
def woken(monkeypatch):
    found = []
    monkeypatch.setattr(tasks.current_app, "send_task", lambda *a, **k: found.append((a, k)))
    return found


def page(run):
    return reverse("admin:workflows_run_change", args=[run.pk])


def browser(principal):
    client = Client(enforce_csrf_checks=False)
    client.force_login(principal.user)
    return client


def force(run, status):
    claim = "x" if status == RunStatus.RUNNING else ""
    Run.objects.filter(pk=run.pk).update(status=status, claim=claim, seen_at=WORKDAY)


def test_the_list_shows_runs_with_status_and_progress(run):
    engine.work(run.pk, clock=Clock())
    text = browser(testing.carol()).get(LIST).content.decode()
    assert "E-mail drafts" in text
    assert "3 of 3 steps" in text
    assert "Drafting agent" in text


def test_the_page_shows_each_step_with_what_came_of_it(run):
    engine.work(run.pk, clock=Clock())
    response = browser(testing.carol()).get(page(run))
    text = response.content.decode()
    for words in ("1. Select people", "selected 2", "3. Write drafts", "written 2", "2 of 2",
                  "Nothing was sent"):  # fmt: skip
        assert words in text
    assert "Refresh" not in response.headers


def test_the_page_tells_times_on_the_clock_of_the_workspace(run):
    Workspace.objects.update(time_zone="Asia/Tokyo")
    text = browser(testing.carol()).get(page(run)).content.decode()
    there = run.created_at.astimezone(ZoneInfo("Asia/Tokyo"))
    assert f"{there:%Y-%m-%d %H:%M:%S} (Asia/Tokyo" in text
    assert "UTC" not in text.partition("What was asked")[2].partition("</section>")[0]


def test_the_page_looks_again_while_the_run_is_going(run):
    assert browser(testing.carol()).get(page(run)).headers["Refresh"] == "3"


def test_rows_of_other_workspaces_are_not_there(run):
    north = testing.make_workspace("north")
    client = browser(testing.bob(north))
    assert "Run 1" not in client.get(LIST).content.decode()
    assert client.get(page(run)).status_code == 404
    assert client.post(page(run), {"act": "cancel"}).status_code == 404
    assert Run.objects.get().status == "waiting"


def test_a_get_changes_nothing(run):
    force(run, RunStatus.FAILED)
    client = browser(testing.bob())
    for query in ("?act=resume", "?act=cancel"):
        assert client.get(page(run) + query).status_code == 200
    assert Run.objects.get().status == "failed"


def test_a_post_without_the_token_is_refused(run):
    client = Client(enforce_csrf_checks=True)
    client.force_login(testing.bob().user)
    assert client.post(page(run), {"act": "cancel"}).status_code == 403
    assert Run.objects.get().status == "waiting"


@pytest.mark.both
def test_resume_lets_it_wait_and_wakes_a_worker(run, woken):
    force(run, RunStatus.FAILED)
    response = browser(testing.bob()).post(page(run), {"act": "resume"}, follow=True)
    assert "goes on as soon as a worker is free" in response.content.decode()
    assert Run.objects.get().status == "waiting"
    assert woken[0][0] == ("workflows.tasks.run",)
    assert woken[0][1]["args"] == [run.pk]
    assert tasks.run(run.pk) == "done"
    assert Draft.objects.count() == 2


def test_cancel_ends_it(run):
    browser(testing.bob()).post(page(run), {"act": "cancel"})
    assert Run.objects.get().status == "cancelled"


@pytest.mark.parametrize(
    ("status", "act", "says"),
    [
        ("done", "cancel", "there is nothing to cancel"),
        ("cancelled", "resume", "cannot be resumed"),
        ("failed", "dance", "choose resume or cancel"),
    ],
)
def test_what_cannot_be_is_said(run, status, act, says):
    force(run, status)
    response = browser(testing.bob()).post(page(run), {"act": act}, follow=True)
    assert says in response.content.decode()
    assert Run.objects.get().status == status


def test_who_only_looks_sees_no_buttons_and_is_refused(run):
    client = browser(testing.carol())
    text = client.get(page(run)).content.decode()
    assert 'name="act"' not in text
    assert "need the role creator" in text
    assert (
        "may not run workflows"
        in client.post(page(run), {"act": "cancel"}, follow=True).content.decode()
    )
    assert Run.objects.get().status == "waiting"


def test_nothing_can_be_added_or_deleted(run):
    client = browser(testing.dora())
    assert client.get(reverse("admin:workflows_run_add")).status_code == 403
    assert client.post(reverse("admin:workflows_run_delete", args=[run.pk])).status_code == 403


def test_statements_of_the_list_do_not_grow(run, django_assert_max_num_queries):
    client = browser(testing.carol())
    for _ in range(10):
        making.run(run.workspace)
    with django_assert_max_num_queries(12):
        client.get(LIST)


def test_a_step_of_an_older_version_is_still_shown(run):
    run.steps.filter(no=1).update(name="former_step")
    Run.objects.update(name="email_drafts")
    text = browser(testing.carol()).get(page(run)).content.decode()
    assert "Not part of this version any more." in text
    Run.objects.update(name="former_workflow")
    assert "former_workflow" in browser(testing.carol()).get(LIST).content.decode()
