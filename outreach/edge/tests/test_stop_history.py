"""Why something was stopped and let go is found afterwards, whatever came since."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from channels import stop, stop_link
from outreach import testing
from outreach.core import reasons
from outreach.core.models import Activity
from outreach.core.models.workspace import SettingChange
from outreach.edge import control_table, stop_history
from outreach.edge.privacy import erasing
from outreach.edge.tests import api
from outreach.edge.tests.test_admin_pages import enter
from outreach.testing import WORKDAY
from safety.models import ControlKey

pytestmark = pytest.mark.django_db(transaction=True)

WHY = "their letter of Monday"


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(WORKDAY, tick=False):
        yield


def words(response):
    """What a page says, without its marks."""
    return " ".join(unescape(re.sub("<[^>]+>", "", response.content.decode())).split())


def run(*said):
    out = StringIO()
    call_command(*said, stdout=out)
    return out.getvalue()


def stop_all(reason, by, place=None):
    stop.emergency_stop(workspace=place, reason=reason, by=by, clock=timezone.now)


def test_what_a_stop_was_for_is_told_after_it_was_set_again_and_lifted(live):
    stop_all("agent gone wild", testing.olaf())
    stop_all("agent writes nonsense", testing.olaf())
    run("control", "--enable-all", "--reason", "was a test", "--as", "olaf")
    said = run("control", "--status")
    lately = [line for line in said.splitlines() if " in the whole system by Olaf: " in line]
    assert [line.partition(" by Olaf: ")[2].partition(" (")[0] for line in reversed(lately)] == [
        "agent gone wild",
        "agent writes nonsense",
        "was a test",
    ]
    assert "Emergency stop lifted" in lately[0] and "Emergency stop set" in lately[1]
    assert (
        "(before: emergency stop set, 2026-03-11 10:00:00 UTC, by Olaf: agent writes" in lately[0]
    )
    told = json.loads(run("control", "--status", "--json"))["lately"]
    assert told[0]["reason"] == "was a test" and told[2]["reason"] == "agent gone wild"


@pytest.mark.parametrize("act", ["page", "link", "rest", "itself", "duration"])
def test_every_way_of_stopping_keeps_its_reason(act, live):
    place, said, by = testing.make_workspace(), f"because of the {act}", testing.olaf()
    if act == "page":
        enter(by).post("/admin/stop/", {"scope": str(place.pk), "reason": said})
    elif act == "link":
        link = stop_link.make(by=by, workspace=place, days=9, at=WORKDAY)
        stop_link.use(link, reason=said, clock=timezone.now)
    elif act == "rest":
        asked = {"control": "messaging", "enabled": False, "reason": said}
        answer = api.colleague(testing.dora).post("/api/controls", asked)
        assert answer.status_code == 200, answer.content
    elif act == "itself":
        stop.stop_by_itself(reason=said, clock=timezone.now)
    else:
        key, until = ControlKey.MESSAGING_ENABLED, WORKDAY + timedelta(hours=1)
        stop.set_brake(key, workspace=place, reason=said, by=by, at=WORKDAY, auto_restore_at=until)
        assert stop.restore_due(at=until) == 1
        assert stop_history.of_controls([place.pk])[0].what == "Messaging switched on"
    assert said in [row.why for row in stop_history.of_controls([place.pk])]
    assert said not in str(list(Activity.objects.values_list("codes", flat=True)))


def test_the_page_of_controls_tells_it_to_those_who_see_these_controls(live):
    place, there = testing.make_workspace(), testing.make_workspace("there")
    stop_all("agent gone wild", testing.dora(), place)
    stop_all("their own affair", testing.dora(there), there)
    stop_all("all of it", testing.olaf())
    stop.enable_all(workspace=place, reason="was a test", by=testing.dora(), at=timezone.now())
    page = words(enter(testing.alice()).get("/admin/controls/"))
    assert "Emergency stop set in Default, 2026-03-11 10:00:00 UTC, by Dora: agent gone" in page
    assert "Emergency stop lifted in Default" in page and "by Dora: was a test" in page
    assert "by Olaf: all of it" in page and "their own affair" not in page
    hidden = SettingChange.objects.get(workspace=there)
    for number in (hidden.pk, "x", "9" * 40):
        page = words(enter(testing.alice()).get(f"/admin/controls/?change={number}"))
        assert "There is none of that number here." in page
    page = words(enter(testing.olaf()).get(f"/admin/controls/?change={hidden.pk}"))
    assert "by Dora: their own affair" in page and "all of it" not in page.split("The entry of")[1]


def test_the_log_tells_a_stop_from_its_lifting_and_leads_to_the_reason(live):
    stop_all("agent gone wild", testing.dora(), testing.make_workspace())
    stop.enable_all(
        workspace=testing.make_workspace(), reason="fine", by=testing.dora(), at=timezone.now()
    )
    page = enter(testing.dora()).get("/admin/core/activity/").content.decode()
    assert "Emergency stop set" in page and "Emergency stop lifted" in page
    row = Activity.objects.filter(verb="safety.control_set").order_by("pk").first()
    assert f'href="/admin/controls/?change={row.codes["change"]}#lately"' in page


def test_what_stopped_a_person_is_told_on_their_page_after_it_was_lifted():
    person, by = testing.make_person(), testing.dora()
    stop.stop_person(person, "blocked", reason="a competitor", by=by, at=WORKDAY)
    stop.lift_person(person, reason="no competitor", by=by, at=WORKDAY)
    stop.set_automation(person, False, reason="by hand only", by=by, at=WORKDAY)
    stop.set_automation(person, True, reason="they asked", by=by, at=WORKDAY)
    page = words(enter(by).get(f"/admin/core/person/{person.pk}/change/"))
    assert "Blocked, 2026-03-11 10:00 UTC, by Dora: a competitor" in page
    assert "Made reachable again, 2026-03-11 10:00 UTC, by Dora: no competitor" in page
    assert "by Dora: by hand only" in page and "by Dora: they asked" in page
    log = enter(by).get("/admin/core/activity/").content.decode()
    assert f'href="/admin/core/person/{person.pk}/change/#stops"' in log
    assert "competitor" not in log


def test_what_was_said_of_a_person_goes_with_them_and_no_other_reason_does():
    person, by = testing.make_person(), testing.dora()
    other = testing.make_person(name="Somebody Else")
    for one in (person, other):
        stop.stop_person(one, "blocked", reason="a competitor", by=by, at=WORKDAY)
    stop_all("agent gone wild", by, person.workspace)
    erasing.erase(person, reason=WHY, by=by, at=WORKDAY)
    left = {row.settings.get("person"): row.reason for row in SettingChange.objects.all()}
    assert left == {person.pk: "", other.pk: "a competitor", None: "agent gone wild"}


def test_the_changes_of_settings_are_not_those_of_controls():
    place = testing.make_workspace()
    stop_all("agent gone wild", testing.dora(), place)
    person = testing.make_person()
    stop.stop_person(person, "blocked", reason="a competitor", by=testing.dora(), at=WORKDAY)
    assert not SettingChange.objects.filter(reasons.OF_SETTINGS).exists()
    page = words(enter(testing.dora()).get("/admin/safe-mode/"))
    assert "gone wild" not in page.split("Last changes")[-1] or "Last changes" not in page


@pytest.mark.parametrize("slug", ["there", "a-rather-long-name-of-a-workspace-for-a-terminal"])
def test_no_name_is_cut_in_a_narrow_terminal(slug, monkeypatch):
    testing.make_workspace(slug)
    monkeypatch.setattr(control_table, "WIDE", 80)
    stop_all("a reason of many words, more than a line of a terminal takes", testing.olaf())
    said = run("control", "--status")
    assert "…" not in said and slug in said
    assert all(key in said for key in ControlKey.values)
    if slug == "there":
        assert max(len(line) for line in said.splitlines() if "│" in line) <= 80


def test_the_help_says_what_it_concerns_once_and_which_are_switched_on(capsys):
    with pytest.raises(SystemExit):
        run("control", "--help")
    said = " ".join(capsys.readouterr().out.split())
    assert "default: default" not in said and "the four" not in said
    assert "auto- reply, auto-approve, experiment on" in said.replace("auto-reply", "auto- reply")
