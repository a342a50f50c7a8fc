"""A stop that comes while two records are made one, or come apart, holds for the human being."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from approvals.models import Approval
from approvals.tests.test_race import stand_still
from channels import merging, stop
from outreach import testing
from outreach.core import people
from outreach.core.models import Person

AT = testing.WORKDAY
LATER = AT + timedelta(hours=1)
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time"),
]


def block(person: Person) -> list[int]:
    return stop.stop_person(person, "blocked", reason="rude", by=testing.alice(), at=LATER)


def desist(person: Person) -> list[int]:
    return stop.stop_person(person, "desist", reason="asked", by=testing.alice(), at=LATER)


def no_automation(person: Person) -> list[int]:
    return stop.set_automation(person, False, reason="asked", by=testing.alice(), at=LATER)


def meanwhile(monkeypatch, slow, act):
    """`slow` stands still just before its commit until `act` is through or waits for it."""
    ready, done, result = threading.Event(), threading.Event(), []
    follow = merging.humans.follow

    def standing_still(*given):
        count = follow(*given)
        ready.set()
        stand_still(done)
        return count

    def run():
        try:
            ready.wait(5)
            result.append(act())
        except BaseException as problem:
            result.append(problem)
        finally:
            done.set()
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    with monkeypatch.context() as patch:
        patch.setattr(merging.humans, "follow", standing_still)
        slow()
    thread.join(30)
    return result[0]


@pytest.mark.parametrize("kept_first", [True, False])
@pytest.mark.parametrize("act", [block, desist, no_automation])
def test_a_stop_that_comes_during_a_merge_holds_for_the_human_being(monkeypatch, act, kept_first):
    records = [testing.make_person(), testing.make_person()]
    kept, merged = records if kept_first else reversed(records)
    approval = testing.make_pending(kept)
    bob = testing.bob()
    testing.alice()
    page = Person.objects.get(pk=merged.pk)
    ids = meanwhile(
        monkeypatch, lambda: merging.merge(kept, merged, by=bob, at=AT), lambda: act(page)
    )
    assert sorted(ids) == sorted([kept.pk, merged.pk])
    human = Person.objects.get(pk=kept.pk)
    if act is no_automation:
        assert not human.automation_enabled
    else:
        assert human.status != "active"
        assert Approval.objects.get(pk=approval.pk).status == "rejected"


def test_a_stop_that_comes_while_a_merge_is_undone_holds_for_the_record_it_is_about(monkeypatch):
    kept, merged = testing.make_person(), testing.make_person()
    bob = testing.bob()
    testing.alice()
    row = merging.merge(kept, merged, by=bob, at=AT)
    page = Person.objects.select_related("merged_into").get(pk=merged.pk)
    ids = meanwhile(monkeypatch, lambda: merging.undo(row, by=bob, at=AT), lambda: block(page))
    assert ids == [merged.pk]
    standing = dict(Person.objects.values_list("pk", "status"))
    assert standing == {kept.pk: "active", merged.pk: "blocked"}


@pytest.mark.parametrize("kept_first", [True, False])
def test_a_merge_undone_while_automation_is_switched_on_waits_for_it(monkeypatch, kept_first):
    """Records are held in one order, so that the two never wait for each other."""
    records = [testing.make_person(), testing.make_person()]
    kept, merged = records if kept_first else reversed(records)
    alice = testing.alice()
    stop.set_automation(merged, False, reason="away", by=alice, at=AT)
    row = merging.merge(kept, Person.objects.get(pk=merged.pk), by=alice, at=AT)
    page = Person.objects.get(pk=kept.pk)
    done, problems, refuse = threading.Event(), [], people.refuse_erased

    def undo():
        try:
            merging.undo(row, by=alice, at=LATER)
        except BaseException as problem:
            problems.append(problem)
        finally:
            done.set()
            connection.close()

    def slow(human):
        threading.Thread(target=undo).start()
        stand_still(done)
        refuse(human)

    with monkeypatch.context() as patch:
        patch.setattr(people, "refuse_erased", slow)
        stop.set_automation(page, True, reason="back", by=alice, at=LATER)
    assert done.wait(30) and problems == []
    assert Person.objects.filter(automation_enabled=True, merged_into=None).count() == 2
