"""Exports by REST and on the page: what is answered, refused, and when it breaks off."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
from django.core.cache import cache
from django.urls import reverse

from outreach import testing
from outreach.core.models import Activity
from outreach.edge import exporting
from outreach.edge.api import exports
from outreach.edge.tests import api
from outreach.edge.tests.test_exporting import broken
from outreach.tests import source

pytestmark = pytest.mark.django_db
MEDIA = {"csv": "text/csv", "json": "application/json", "jsonl": "application/x-ndjson"}


@pytest.fixture(autouse=True)
def nobody_has_asked_yet():
    cache.clear()


@pytest.fixture
def reviewer():
    testing.make_person(name="Ann Muster")
    return api.colleague(testing.alice)


@pytest.mark.parametrize("form", MEDIA)
def test_each_format_is_streamed_as_a_download(form, reviewer):
    answer = reviewer.get(f"/api/exports/people?format={form}")
    assert (answer.status_code, answer.streaming) == (200, True)
    assert answer["Content-Type"].startswith(MEDIA[form])
    assert re.search(rf'attachment; filename="people-default-[\d-]+\.{form}"',
                     answer["Content-Disposition"])  # fmt: skip
    assert "no-store" in answer["Cache-Control"]
    assert "Ann Muster" in answer.getvalue().decode()
    begun, ended = Activity.objects.filter(verb__startswith="exports.").order_by("pk")
    assert begun.codes["door"] == "api" and ended.codes["complete"] is True
    assert begun.request_id == ended.request_id == answer["X-Request-ID"]


def test_json_is_what_is_answered_where_nothing_was_said(reviewer):
    told = json.loads(reviewer.get("/api/exports/people/").getvalue())
    assert told["complete"] and told["count"] == 1
    later = reviewer.get("/api/exports/people?since=2999-01-01T00:00:00Z")
    assert json.loads(later.getvalue())["count"] == 0


@pytest.mark.parametrize(
    ("query", "status", "attr"),
    [("format=xlsx", 400, "format"), ("since=soon", 400, "since"), ("until=soon", 400, "until"),
     ("since=2026-03-12&until=2026-03-11", 400, "until"), ("limit=5", 400, "limit"),
     ("since=", 400, "since"), ("format=csv&format=json", 400, "format"),
     ("since=2026-03-11T10:00:00%2B99:00", 400, "since"), ("workspace=other", 404, None)],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_name_and_no_trace(query, status, attr, reviewer):
    testing.make_workspace("other")
    before = Activity.objects.count()
    answer = reviewer.get(f"/api/exports/people?{query}", Accept="text/csv")
    assert answer.status_code == status and answer["Content-Type"] == "application/json"
    assert answer.json()["errors"][0]["attr"] == attr
    assert Activity.objects.count() == before


def test_who_asks_for_the_head_alone_takes_nothing_and_the_log_tells_of_nothing(reviewer):
    answer = reviewer.ask("HEAD", "/api/exports/people")
    assert answer.status_code == 405 and answer["Allow"] == "GET, OPTIONS"
    assert not Activity.objects.filter(verb__startswith="exports.").exists()


def test_an_unknown_kind_is_at_no_address(reviewer):
    assert api.code(reviewer.get("/api/exports/letters")) == (404, "not_found")


def test_who_may_not_is_told_who_could_change_that():
    agent = api.agent("people:read")
    answer = agent.get("/api/exports/people")
    assert api.code(answer) == (403, "permission_denied")
    assert "give its agent audit:read" in answer.json()["errors"][0]["detail"]
    answer = api.colleague(testing.bob).get("/api/exports/people")
    assert answer.status_code == 403 and "reviewer" in answer.json()["errors"][0]["detail"]
    assert not Activity.objects.filter(verb__startswith="exports.").exists()


def test_a_member_of_two_workspaces_says_which(client):
    other = testing.make_workspace("other")
    user = testing.alice().user
    testing.alice(other)
    testing.make_person(other, name="Otto Other")
    client.force_login(user)
    assert client.get("/api/exports/people").status_code == 400
    told = json.loads(client.get("/api/exports/people?workspace=other").getvalue())
    assert [row["full_name"] for row in told["rows"]] == ["Otto Other"]


def test_a_reviewer_here_who_only_looks_there_takes_nothing_there(client):
    other = testing.make_workspace("other")
    user = testing.alice().user
    testing.make_user("x")
    testing.Membership.objects.create(user=user, workspace=other, role="viewer")
    client.force_login(user)
    assert client.get("/api/exports/people?workspace=default").status_code == 200
    assert client.get("/api/exports/people?workspace=other").status_code == 403


def test_there_may_be_fewer_exports_than_other_requests(reviewer, monkeypatch):
    monkeypatch.setattr(exports.ExportsPerCaller, "get_rate", lambda self: "2/min")
    assert [reviewer.get("/api/exports/activity").status_code for _ in range(3)] == [200, 200, 429]
    assert reviewer.get("/api/people").status_code == 200


def test_one_that_breaks_off_is_not_ended_as_if_it_were_whole(rf):
    """The error goes up to the server, which then leaves out the end that HTTP asks for."""
    testing.make_person()
    key = api.key_of(testing.alice())
    view = exports.view_of(broken("people", RuntimeError("gone")))
    answer = view(rf.get("/", {"format": "csv"}, headers={"Authorization": f"Bearer {key}"}))
    with pytest.raises(RuntimeError):
        answer.getvalue()
    assert Activity.objects.get(verb="exports.ended").codes["complete"] is False


# --- The page ------------------------------------------------------------------------------------


def test_the_page_has_a_card_for_each_kind_and_each_button_downloads(client):
    client.force_login(testing.alice().user)
    place = testing.make_person(name="Ann Muster").workspace
    page = client.get(reverse("exports")).content.decode()
    for kind in exporting.KINDS:
        for form in MEDIA:
            assert f'value="{kind}:{form}"' in page
            answer = client.post(
                reverse("exports"), {"workspace": place.pk, "what": f"{kind}:{form}"}
            )
            assert answer["Content-Type"].startswith(MEDIA[form])
            assert answer.getvalue()
    assert Activity.objects.filter(verb="exports.ended", codes__door="admin").count() == 15


@pytest.mark.parametrize(
    ("form", "said"),
    [({"what": "people:xlsx"}, "one of the buttons"), ({}, "one of the buttons"),
     ({"what": "people:csv", "workspace": "0"}, "one of the buttons"),
     ({"what": "people:csv", "since": "soon"}, "is no time"),
     ({"what": "people:csv", "since": "2026-03-12", "until": "2026-03-11"}, "is not after")],
)  # fmt: skip
def test_the_page_says_what_is_wrong(form, said, client):
    client.force_login(testing.alice().user)
    given = {"workspace": testing.make_workspace().pk, **form}
    page = client.post(reverse("exports"), given, follow=True)
    assert said in page.content.decode()
    assert not Activity.objects.filter(verb__startswith="exports.").exists()


def test_the_page_is_in_the_menu_of_those_who_may(client):
    for who, shown in ((testing.alice, True), (testing.bob, False)):
        client.force_login(who().user)
        menu = client.get(reverse("admin:index")).content.decode()
        assert (f'href="{reverse("exports")}"' in menu) is shown
    assert client.get(reverse("exports")).status_code == 403


# --- The documentation ---------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_guides_lines_for_a_shell_run_as_printed(live_server, tmp_path):
    guide = (source.ROOT / "docs/exports.md").read_text()
    [script] = [text for text in re.findall(r"```sh\n(.*?)```", guide, re.S) if "curl" in text]
    testing.make_approved()
    key = api.key_of(testing.alice())
    lines = script.partition("\n")[2]  # BASE and KEY are set
    done = subprocess.run(
        ["sh", "-ec", lines], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        env={"BASE": live_server.url, "KEY": key, "PATH": "/usr/bin:/bin:/usr/local/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "activity.jsonl").read_text().splitlines()[-1])["complete"]
    assert "whole" in done.stdout
