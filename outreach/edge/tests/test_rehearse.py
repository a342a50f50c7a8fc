"""`manage.py rehearse`: the answer first, what it does not know last, bad input in a sentence."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from approvals.models import Approval
from channels import manual, registry, simulate
from channels.adapters.memory import MemoryAdapter
from channels.models import Delivery
from outreach import testing
from outreach.core.models import Workspace
from outreach.edge import rehearsal_page, rehearsed

# What command and page say; the rehearsal itself is asked on both by channels.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
NOW = datetime(2026, 3, 11, 10, 0, tzinfo=UTC)  # a Wednesday


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("rehearse", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def week():
    """Today: one that would have left, one that waits, and one refused."""
    at = timezone.now() - timedelta(hours=1)
    with registry.override("email", MemoryAdapter("email")):
        testing.make_workspace(time_zone="UTC")
        person = testing.make_person(name="Anna Meier\x1b[2J")
        given = testing.make_approved(person, at=at)
        testing.make_pending(at=at)
        simulate.simulate_due(at=timezone.now())
        return given


def test_the_answer_comes_first_and_its_limits_last(week):
    text = run("--since", "2d")
    badge, answer, *rest = text.splitlines()
    assert badge.startswith("DRY RUN")
    assert answer.startswith("Had Default been live from ")
    counted = [0, 0]
    counted[0] = int(answer.split(": ")[1].split(" sent")[0])
    counted[1] = int(answer.split("sent, ")[1].split(" held")[0])
    assert sum(counted) == 1 and "0 blocked." in answer  # at night it is held
    assert f"#{week.pk} email to Anna Meier⟦U+001B⟧[2J" in text
    assert "not decided yet" in text and "2 a colleague's message is always reviewed" in text
    assert "never as sent" in rest[-4] and "All under the rules in force" in rest[-3]


def test_json_is_one_object_with_every_message(week):
    found = json.loads(run("--since", "2d", "--json"))
    assert len(found["items"]) == found["totals"]["messages"] == 2
    assert found["totals"]["waiting"] == 1 and found["workspace"] == "default"
    assert {item["approval"] for item in found["items"]} == set(
        Approval.objects.values_list("pk", flat=True)
    )
    empty = json.loads(run("--since", "30m", "--until", "20m", "--json"))
    fates = [item["fate"] for item in empty["items"]]
    assert fates[0] in ("waiting", "held") and fates[1] == "waiting"  # at night it is held


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--since", "yesterdayish"), "'yesterdayish' is no time that can be read. Write a day"),
        (("--since", "9999-01-01"), "'9999-01-01' is not in the past"),
        (("--since", "0001-01-01"), "longer than a year"),
        (("--since", "2026-13-01"), "is no time that can be read"),
        (("--since", "0d"), "is no time at all"),
        (("--since", "2d", "--until", "3d"), "is not after the start"),
        (("--since", "\x00"), "is no time that can be read"),
        (("--workspace", "nowhere"), "nowhere"),
    ],
)
def test_bad_input_is_told_in_one_sentence(words, sentence):
    with pytest.raises(CommandError) as told:
        run(*words)
    assert sentence in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("since", "start"),
    [
        ("", "2026-03-08T23:00"),
        ("Wednesday", "2026-03-10T23:00"),
        ("thursday", "2026-03-04T23:00"),
        ("today", "2026-03-10T23:00"),
        ("36h", "2026-03-09T22:00"),
        ("2026-03-01", "2026-02-28T23:00"),
        ("2026-03-01T12:00", "2026-03-01T11:00"),
        ("2026-03-01T12:00+00:00", "2026-03-01T12:00"),
    ],
)
def test_days_are_those_of_the_workspace(since, start):
    place = testing.make_workspace(time_zone="Europe/Berlin")
    found = rehearsed.span(place, since, "", now=NOW)
    assert f"{found.since.astimezone(UTC):%Y-%m-%dT%H:%M}" == start and found.until == NOW


# --- The page ------------------------------------------------------------------------------------


def enter(who) -> Client:
    client = Client()
    client.force_login(who.user)
    return client


def test_the_page_says_the_same_and_names_the_messages(week):
    client = enter(testing.carol())
    page = client.get(reverse("rehearsal"), {"since": "2d", "fate": "waiting"})
    text = page.content.decode()
    assert page.status_code == 200 and "Had Default been live from" in text
    waiting = Approval.objects.get(status="pending")
    assert f'href="{reverse("admin:approvals_approval_change", args=[waiting.pk])}"' in text
    assert "nobody decided" in text and "What this does not know" in text
    assert reverse("rehearsal_of", args=[week.workspace_id]) in (
        client.get(reverse("safe_mode")).content.decode()
    )


@pytest.mark.both
def test_the_page_streams_every_message_and_pages_through_the_rest(week, monkeypatch):
    client = enter(testing.carol())
    asked = {"since": "2d", "format": "json"}
    page = client.get(reverse("rehearsal_of", args=[week.workspace_id]), asked)
    assert page.streaming and len(json.loads(page.getvalue())["items"]) == 2
    monkeypatch.setattr(rehearsal_page, "PAGE", 1)
    testing.make_pending(at=timezone.now() - timedelta(minutes=1))
    seen = set()
    for number in ("1", "2"):
        found = client.get(reverse("rehearsal"), {"since": "2d", "fate": "waiting", "page": number})
        assert f"Page {number} of 2" in found.content.decode()
        seen |= {row["item"].approval for row in found.context["rows"]}
    assert len(seen) == 2


@pytest.mark.parametrize("form", [{"since": "soon"}, {"until": "2000-01-01"}])
def test_the_page_refuses_what_it_cannot_read(form):
    page = enter(testing.carol()).get(reverse("rehearsal"), form)
    assert page.status_code == 400 and 'role="alert"' in page.content.decode()
    assert "h-rows" not in page.content.decode()


def test_another_workspace_is_not_shown():
    there = testing.make_workspace("there")
    client = enter(testing.carol())
    assert client.get(reverse("rehearsal_of", args=[there.pk])).status_code == 404
    odd = {"fate": "none", "page": "-1"}
    assert client.get(reverse("rehearsal"), odd).status_code == 200


def test_what_a_person_sent_by_hand_does_not_make_the_time_a_live_one(week):
    manual.mark_sent(week.pk, by=testing.alice(), at=timezone.now())
    text = run("--since", "2d")
    assert "1 really left" in text and "a person sent it by hand" in text
    left = Delivery.objects.filter(status="manual").get().since.astimezone(ZoneInfo("Asia/Tokyo"))
    Workspace.objects.update(time_zone="Asia/Tokyo")
    told = run("--since", "2d")
    assert f", {left:%a %d %b %Y %H:%M} (a person sent it by hand)" in told
    assert "(Asia/Tokyo)" in told and "UTC" not in told
    assert "was live" not in text
    assert "1 left by the hand of a person, as dry run allows: counted apart." in text
    Delivery.objects.filter(status="manual").update(status="sent")
    assert "Part of this time was live: what really left is counted apart." in run("--since", "2d")
