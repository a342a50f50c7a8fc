"""Every workflow over a thousand imported people: it ends, and what it says is whole."""

from __future__ import annotations

import re
from datetime import date, datetime
from itertools import pairwise

import pytest

from outreach import testing
from outreach.core.models import Draft, Person, Workspace
from outreach.testing import WORKDAY
from safety.contract import content
from workflows import engine
from workflows.models import AgentRun, Artifact, ResearchSnapshot
from workflows.tests import crowd, making
from workflows.tests.making import ABOUT, Clock

pytestmark = [pytest.mark.django_db, pytest.mark.once]  # what is read here are the texts
HOLE = re.compile(r"\bNone\b|\{|\}|\[|\]|  |\.\.|https?:|🚀|\|")


@pytest.fixture(scope="module")
def brought(made_once, tmp_path_factory):
    def make():
        where = making.place()
        folder = tmp_path_factory.mktemp("crowd")
        assert crowd.bring(where, folder, 1000, by=testing.dora(where), at=WORKDAY) == 1000
        return where.pk

    return made_once(make)


@pytest.fixture
def place(brought, db):
    return Workspace.objects.get(pk=brought)


def walk(place, name, **options):
    run = engine.work(making.run(place, name, **options).pk, clock=Clock())
    assert run.status == "done", run.error
    return run


@pytest.mark.parametrize(
    ("name", "asked", "least"),
    [
        ("email_drafts", {"limit": 1000}, 550),
        ("linkedin_message_drafts", {"limit": 250}, 240),
        ("follow_up_sequence", {"limit": 80, "about": ABOUT}, 240),
    ],
)
def test_drafts_for_a_thousand_people_are_whole_and_pass_the_content_rules(
    place, name, asked, least
):
    run = walk(place, name, **asked)
    step = "write_touches" if name == "follow_up_sequence" else "write_drafts"
    assert run.result[step]["written"] >= least
    rows = Draft.objects.select_related("current", "person")
    assert rows.count() == run.result[step]["written"]
    for row in rows:
        words = row.current.text.partition("\n-- \n")[0]
        assert not HOLE.search(words), words
        assert words.startswith((f"Hello {row.person.greeting_name},", "Hello,"))
        assert "Mira Keller" in words.split("\n")[-1] or "Mira Keller" in words
        assert row.current.confidence >= 50
        assert row.current.address
    sample = rows.order_by("pk")[:: max(1, rows.count() // 60)]
    for row in sample:
        found = content.find(
            channel=row.channel, subject=row.current.subject, text=row.current.text
        )
        assert found == (), row.current.text
    assert sum(AgentRun.objects.values_list("texts", flat=True)) == rows.count()


def test_connection_notes_have_at_most_300_characters(place):
    """Guests of an event whose profile we know and with whom we are not connected."""
    for number, person in enumerate(Person.objects.filter(connected_on__isnull=True)):
        making.add_address(place, person, "linkedin", f"linkedin.com/in/guest-{number}")
    long = "We help small teams in every kind of company to keep their records in order, " * 3
    run = walk(place, "linkedin_message_drafts", template="connection_note", about=long.strip())
    notes = [row.current.text for row in Draft.objects.select_related("current")]
    assert len(notes) == run.result["write_drafts"]["written"] == 50
    assert max(map(len, notes)) <= 300
    assert all(note.endswith("Best regards, Mira Keller") for note in notes)
    assert not any("We help small teams" in note for note in notes), "what can be spared went"


def test_the_shortlist_explains_each_place_and_names_everybody_left_out(place):
    blocked = Person.objects.order_by("pk")[5]
    Person.objects.filter(pk=blocked.pk).update(
        status="blocked", status_reason="x", status_at=WORKDAY
    )
    walk(place, "prospect_shortlist", roles="data, operations", limit=50)
    data = Artifact.objects.get().data
    assert len(data["entries"]) == 50
    assert data["left_out"] == {"blocked": [blocked.pk]}
    assert data["scored"] == 999
    scores = [entry["score"] for entry in data["entries"]]
    assert scores == sorted(scores, reverse=True)
    for entry in data["entries"]:
        assert {part["name"] for part in entry["parts"]} == set(data["weights"])
        assert abs(sum(part["points"] for part in entry["parts"]) - entry["score"]) <= 0.5
        person = Person.objects.get(pk=entry["person"])
        assert person.position in entry["parts"][0]["why"]


def test_weights_change_the_order(place):
    walk(place, "prospect_shortlist", weights="role=0,seniority=0,account_fit=0,replies=0")
    first = Person.objects.get(pk=Artifact.objects.get().data["entries"][0]["person"])
    assert (WORKDAY.date() - first.connected_on).days < 100
    walk(place, "prospect_shortlist", weights={"seniority": 100, "recency": 0, "role": 0})
    latest = Artifact.objects.order_by("-pk")[0].data["entries"]
    assert all("leadership" in entry["parts"][0]["why"] for entry in latest)


def test_research_has_a_snapshot_of_every_company_with_sources_and_gaps(place):
    run = walk(place, "account_research", limit=1000)
    rows = list(ResearchSnapshot.objects.select_related("account"))
    assert len(rows) == run.result["write_snapshots"]["snapshots"] > 150
    assert sum(row.data["known"] for row in rows) > 900
    for row in rows:
        assert row.data["summary"][0].startswith(("We know", "Nobody"))
        assert row.data["gaps"], "there is always something not known"
        if row.data["known"]:
            assert row.data["sources"][0]["source"].startswith(("Connections.csv", "Guests.csv"))
            assert len(row.data["start_with"]) >= 1


def test_call_scripts_ask_first_for_those_with_a_number(place):
    run = walk(place, "call_prep", about=ABOUT, limit=40, goal="Ask for a second call")
    assert run.result["write_scripts"] == {"scripts": 40, "with_a_number": 40, "left_alone": 0}
    for row in Artifact.objects.select_related("person"):
        script = row.data
        said = "\n".join(line for part in script["sections"] for line in part["lines"])
        assert not HOLE.search(said), said
        assert "this is Mira Keller." in said
        assert ABOUT in said
        assert len(script["questions"]) == 4
        assert len(script["objections"]) >= 6
        assert script["not_to_say"][-4].startswith("Anything from our notes")
        notes = [line for line in row.person.notes.split("\n") if line]
        assert script["for_you_only"] == notes
        assert not any(note in said for note in notes)


def test_the_plan_fits_the_day_and_says_what_does_not(place):
    walk(place, "prospect_shortlist")
    walk(place, "call_prep", about=ABOUT, limit=30)
    walk(place, "daily_plan", capacity=120)
    plan = Artifact.objects.get(kind="daily_plan").data
    assert plan["minutes"] <= 120
    assert sum(task["minutes"] for task in plan["placed"]) == plan["minutes"]
    times = [task["at"] for task in plan["placed"]]
    assert times == sorted(times)
    assert all(task["reason"] for task in plan["left"])
    assert {task["kind"] for task in plan["placed"]} >= {"call"}


def test_sequences_keep_to_business_days_gaps_and_the_days_limit(place):
    walk(place, "follow_up_sequence", limit=60, about=ABOUT, per_day=5, gap=4)
    days: dict[date, int] = {}
    for row in Artifact.objects.filter(kind="sequence"):
        times = [datetime.fromisoformat(touch["at"]) for touch in row.data["touches"]]
        gaps = [(after.date() - before.date()).days for before, after in pairwise(times)]
        assert gaps[0] >= 4
        assert gaps[1] >= gaps[0], "each gap is at least as long as the one before"
        for when in times:
            assert when.weekday() < 5
            days[when.date()] = days.get(when.date(), 0) + 1
    assert max(days.values()) <= 5
    channels = {tuple(t["channel"] for t in row.data["touches"]) for row in Artifact.objects.all()}
    assert ("email", "linkedin", "email") in channels
