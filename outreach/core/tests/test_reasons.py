"""What was said for a stop is kept whole beside the log, and found by what it was about."""

from __future__ import annotations

from datetime import timedelta

import pytest

from outreach import testing
from outreach.core import activity, reasons
from outreach.core.models.workspace import SettingChange
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
WHY = "They asked on Monday."


def kept(place, settings, *, reason=WHY, before=None):
    by = testing.alice()
    number = reasons.keep(
        place and place.pk, settings, reason=reason, before=before or {}, by=by, at=WORKDAY
    )
    row = SettingChange.objects.get(pk=number)
    assert (row.at, row.by_label) == (WORKDAY, by.label)
    return row


def test_a_reason_is_kept_with_what_it_takes_the_place_of():
    place = testing.make_workspace()
    row = kept(place, {"control": "dispatch"}, reason="a" * 1001, before={"reason": "b", "on": 0})
    assert (row.workspace, row.settings, row.reason) == (place, {"control": "dispatch"}, "a" * 1000)
    assert row.details == {"before": {"reason": "b", "on": 0}}
    assert kept(None, {"control": "all"}, before={"reason": ""}).details == {}
    person = testing.make_person(place)
    number = reasons.keep_of_person(
        person, {"status": "desist"}, reason=WHY, was="b", by=testing.alice(), at=WORKDAY
    )
    row = SettingChange.objects.get(pk=number)
    assert (row.workspace, row.reason, row.at) == (place, WHY, WORKDAY)
    assert row.settings == {"person": person.pk, "status": "desist"}
    assert (row.details, row.by_label) == ({"before": {"reason": "b"}}, testing.alice().label)


def test_the_changes_of_controls_are_those_of_the_places_asked_for():
    here, there = testing.make_workspace(), testing.make_workspace("there")
    first, second = kept(here, {"control": "dispatch"}), kept(here, {"control": "drafts"})
    other, whole = kept(there, {"control": "dispatch"}), kept(None, {"control": "all"})
    settings, _ = kept(here, {"hours": "9"}), kept(here, {"person": 1, "status": "desist"})
    assert list(reasons.of_controls([here.pk])) == [whole, second, first]
    assert list(reasons.of_controls([here.pk], system=False)) == [second, first]
    assert list(reasons.of_controls([there.pk], system=False)) == [other]
    assert list(reasons.of_controls([])) == [whole]
    assert list(SettingChange.objects.filter(reasons.OF_SETTINGS)) == [settings]


def test_of_a_person_the_newest_are_found_by_the_log():
    place, by = testing.make_workspace(), testing.alice()
    ann, bob = testing.make_person(place), testing.make_person(place)
    rows = []
    for number, (human, what) in enumerate(
        [(ann, "blocked"), (bob, "blocked"), (ann, "active"), (ann, "desist")]
    ):
        at = WORKDAY + timedelta(minutes=number)
        change = reasons.keep_of_person(human, {}, reason=what, was="", by=by, at=at)
        activity.record(activity.entry("people.blocked", human, change=change), by=by, at=at)
        rows.append(SettingChange.objects.get(pk=change))
    activity.record(activity.entry("people.edited", ann), by=by, at=WORKDAY)
    activity.record(activity.entry("people.blocked", place, change=1), by=by, at=WORKDAY)
    assert reasons.of_person([ann.pk], 9) == [rows[3], rows[2], rows[0]]
    assert reasons.of_person([ann.pk], 2) == [rows[3], rows[2]]
    assert reasons.of_person([ann.pk, bob.pk], 9) == rows[::-1]
