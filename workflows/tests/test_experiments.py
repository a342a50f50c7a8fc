"""Experiments: stable draws, honest intervals, and no claim before its time."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import merging
from outreach import testing
from outreach.core import people as standing
from outreach.core.models import Contact, Draft, Person
from outreach.core.permissions import NotAllowed
from outreach.core.rates import wilson
from outreach.testing import WORKDAY
from workflows import engine, experiments
from workflows.experiments import ExperimentRefused
from workflows.models import Assignment, Experiment
from workflows.tests import making
from workflows.tests.making import ABOUT, Clock


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        (0, 10, 0.0, 27.8), (10, 10, 72.2, 100.0), (5, 10, 23.7, 76.3),
        (81, 263, 25.5, 36.6),  # Newcombe 1998, table I
        (15, 148, 6.2, 16.0),
        (0, 0, 0.0, 100.0),
    ],
)  # fmt: skip
def test_intervals_are_those_of_the_literature(count, of, low, high):
    rate = wilson(count, of)
    assert (round(rate.low, 1), round(rate.high, 1)) == (low, high)


def test_the_difference_is_that_of_the_literature():
    """Newcombe 1998 (Stat Med 17, 873-890), table II, method 10: 56/70 and 48/80."""
    low, high = experiments.difference(wilson(56, 70), wilson(48, 80))
    assert (round(low, 2), round(high, 2)) == (5.24, 33.39)


@given(st.integers(0, 500), st.integers(1, 500))
def test_an_interval_holds_its_rate_and_stays_within_bounds(count, more):
    rate = wilson(count, count + more)
    assert 0 <= rate.low <= rate.percent <= rate.high <= 100


pytestmark = pytest.mark.django_db


@pytest.fixture
def place():
    return making.place()


def begin(place, variants=("introduction", "introduction_short"), planned=20, **more):
    return experiments.begin(
        place, "Short or long", "email", variants, planned,
        by=more.get("by") or testing.dora(place), at=WORKDAY,
    )  # fmt: skip


def test_a_draw_is_even_and_the_same_for_ever(place):
    test = begin(place)
    drawn = {human: experiments.variant_for(test, human) for human in range(2000)}
    assert drawn == {human: experiments.variant_for(test, human) for human in range(2000)}
    assert all(900 < count < 1100 for count in Counter(drawn.values()).values())


def walk(place):
    run = making.run(place, template="introduction", about=ABOUT)
    return engine.work(run.pk, clock=Clock())


def test_a_run_gives_each_person_their_variant_and_keeps_it(place):
    test = begin(place)
    people = making.people(place, 8)
    walk(place)
    for person in people:
        draft = Draft.objects.get(person=person)
        assert draft.template == experiments.variant_for(test, person.pk)
        assert Assignment.objects.get(human=person).draft == draft


def test_a_sequence_begins_with_the_variant_of_each_person(place):
    test = begin(place)
    people = making.people(place, 8)
    run = making.run(place, "follow_up_sequence", about=ABOUT, per_day=50)
    engine.work(run.pk, clock=Clock())
    for person in people:
        first = Draft.objects.filter(person=person).earliest("pk")
        assert first.template == experiments.variant_for(test, person.pk)
        assert Assignment.objects.get(human=person).draft == first


def test_while_experiments_are_off_everybody_gets_the_first(place, settings):
    settings.ENVIRONMENT_BRAKES = {**settings.ENVIRONMENT_BRAKES, "EXPERIMENT_ENABLED": True}
    begin(place)
    making.people(place, 8)
    walk(place)
    assert set(Draft.objects.values_list("template", flat=True)) == {"introduction"}
    assert not Assignment.objects.exists()


def test_an_ended_experiment_draws_no_more(place):
    experiments.end(begin(place), by=testing.dora(place), at=WORKDAY)
    making.people(place, 8)
    walk(place)
    assert not Assignment.objects.exists()
    with pytest.raises(ExperimentRefused, match="ended already"):
        experiments.end(Experiment.objects.get(), by=testing.dora(place), at=WORKDAY)


def outcome(test, variant, *, replied=False, stopped=False, days=30, sent=True):
    at = WORKDAY - timedelta(days=days)
    person = testing.make_person(test.workspace)
    draft = testing.make_draft(person)
    Assignment.objects.create(experiment=test, human=person, variant=variant, draft=draft, at=at)
    common = {"workspace": test.workspace, "human": person, "channel": "email"}
    if sent:
        Contact.objects.create(**common, direction="out", at=at, draft=draft, key=f"o{draft.pk}")
    if replied:
        when = at + timedelta(days=3)
        Contact.objects.create(**common, direction="in", at=when, key=f"i{draft.pk}")
    if stopped:
        person.desisted_at = at + timedelta(days=1)
        person.save()


def test_outcomes_are_counted_by_variant(place):
    test = begin(place)
    first, second = test.variants
    outcome(test, first, replied=True)
    outcome(test, first, stopped=True)
    outcome(test, first, sent=False)
    outcome(test, second, days=3, replied=False)
    one, other = experiments.report(test, at=WORKDAY).lines
    assert (one.written, one.sent, one.replied.count, one.replied.of, one.stopped.count) == (
        3, 2, 1, 2, 1,
    )  # fmt: skip
    assert (other.sent, other.replied.of) == (1, 0), "its answer has not had its time"


def test_who_answers_with_a_stop_has_not_answered(place):
    test = begin(place)
    outcome(test, test.variants[0], replied=True, stopped=True)
    line = experiments.report(test, at=WORKDAY).lines[0]
    assert (line.replied.count, line.stopped.count) == (0, 1)


@pytest.mark.once  # arithmetic about counts; these are asked on both above
def test_what_is_sent_beyond_the_plan_changes_no_verdict(place):
    """Else whoever looks again with every message finds a difference some day."""
    test = begin(place, planned=20)
    for variant in test.variants:
        for _ in range(20):
            outcome(test, variant, days=60)
    before = experiments.report(test, at=WORKDAY)
    for _ in range(20):
        outcome(test, test.variants[1], replied=True)
    after = experiments.report(test, at=WORKDAY)
    assert after.lines[1].replied.count == 20, "the table tells all"
    assert after.verdict == before.verdict
    assert after.verdict.endswith("Judged by the first 20 each.")


@pytest.mark.once  # arithmetic about counts; these are asked on both above
def test_nothing_is_claimed_before_the_planned_number(place):
    test = begin(place, planned=20)
    for _ in range(19):
        outcome(test, test.variants[0])
    for _ in range(20):
        outcome(test, test.variants[1], replied=True)
    found = experiments.report(test, at=WORKDAY)
    assert not found.is_complete
    assert found.verdict.startswith("No claim yet: 20 messages of each variant were planned")
    outcome(test, test.variants[0])
    found = experiments.report(test, at=WORKDAY)
    assert found.is_complete
    assert "introduction_short gets more replies than introduction" in found.verdict


@pytest.mark.once  # arithmetic about counts; these are asked on both above
def test_no_difference_is_said_to_be_none(place):
    test = begin(place)
    for variant in test.variants:
        for number in range(20):
            outcome(test, variant, replied=number < 5)
    assert "no difference in replies shows" in experiments.report(test, at=WORKDAY).verdict


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"variants": ["introduction"]}, "two to five different"),
        ({"variants": ["introduction", "introduction"]}, "two to five different"),
        ({"variants": ["introduction", "nope"]}, "There is no template 'nope'"),
        ({"variants": ["introduction", "reconnect"]}, "same purpose"),
        ({"planned": 19}, "Plan 20 to"),
    ],
)
def test_what_cannot_be_compared_is_refused(place, change, says):
    with pytest.raises(ExperimentRefused, match=says):
        begin(place, **change)


def test_one_at_a_time_and_only_by_an_admin(place):
    with pytest.raises(NotAllowed):
        begin(place, by=testing.alice(place))
    begin(place)
    with pytest.raises(ExperimentRefused, match="running already"):
        begin(place)


def test_who_turns_out_to_be_somebody_else_keeps_the_variant_they_got(place):
    test = begin(place)
    made = making.people(place, 12)
    other = next(each for each in made if variant(test, each) != variant(test, made[0]))
    told = {"reason": "x", "by": testing.dora(place), "at": WORKDAY}
    for person in made:
        standing.set_automation(person, person == other, **told)
    walk(place)
    Draft.objects.update(status="rejected", updated_at=WORKDAY - timedelta(days=100))
    standing.set_automation(made[0], True, **told)
    merging.merge(made[0], other, by=testing.dora(place), at=WORKDAY)
    walk(place)
    got = Assignment.objects.order_by("pk").values_list("human", "variant")
    assert list(got) == [(pk, variant(test, other)) for pk in (other.pk, made[0].pk)]


def variant(test, person):
    return experiments.variant_for(test, person.pk)


@pytest.mark.parametrize("what", ["replied", "stopped"])
def test_what_comes_from_somebody_after_a_merge_counts_for_what_they_got(place, what):
    test, kept = begin(place), testing.make_person(place)
    outcome(test, test.control, replied=what == "replied")
    merging.merge(kept, Assignment.objects.get().human, by=testing.dora(place), at=WORKDAY)
    if what == "stopped":
        Person.objects.filter(pk=kept.pk).update(desisted_at=WORKDAY - timedelta(days=20))
    line = experiments.report(test, at=WORKDAY + timedelta(days=1)).lines[0]
    assert (line.replied.count, line.stopped.count) == (what == "replied", what == "stopped")
