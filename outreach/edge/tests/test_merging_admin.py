"""Suggestions decided in the admin: conflicts shown and chosen, merged, taken apart."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from channels import merging
from outreach import testing
from outreach.core.models import Account, Duplicate, Merge, Person
from workflows import engine, sequences
from workflows.models import Artifact
from workflows.tests import making
from workflows.tests.making import ABOUT

# What the pages say and to whom; merging is asked on both by channels.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
LIST = "/admin/core/duplicate/"


@pytest.fixture
def bob(client):
    client.force_login(testing.bob().user)
    return client


@pytest.fixture
def pair():
    place = testing.make_workspace()
    firm = Account.objects.create(workspace=place, name="Acme", key="acme")
    one, other = (
        testing.make_person(name="Anna Meier", account=firm, **said)
        for said in ({"position": "CFO"}, {"position": "CEO", "country": "CH"})
    )
    return Duplicate.objects.create(
        workspace=place, one=one, other=other, reason="name_company", created_at=testing.WORKDAY
    )


def address(row: Duplicate) -> str:
    return reverse("admin:core_duplicate_change", args=[row.pk])


def merge(client, row, **form):
    seen = merging.digest(row.one, row.other)
    return client.post(address(row), {"what": "merge", "seen": seen, **form})


@pytest.mark.both
def test_a_conflict_is_shown_chosen_merged_and_undone(bob, pair):
    person = bob.get(reverse("admin:core_person_change", args=[pair.one_id])).content.decode()
    assert "may be the same person" in person and address(pair) in person
    assert "Anna Meier" in bob.get(LIST).content.decode()
    page = bob.get(address(pair)).content.decode()
    assert page.count(">differs<") == 1 and "CFO" in page and "CEO" in page
    take = {"keep": pair.other_id, "take_position": pair.one_id}
    assert merge(bob, pair, **take).status_code == 302
    one, kept = Person.objects.order_by("pk")
    assert (one.merged_into_id, kept.position, kept.country) == (kept.pk, "CFO", "CH")
    page = bob.get(address(pair)).content.decode()
    assert 'id="merged"' in page and 'value="merge"' not in page
    late = bob.post(address(pair), {"what": "different"})
    assert (late.status_code, Merge.objects.get().undone_at) == (409, None)
    page = bob.get(reverse("admin:core_person_change", args=[kept.pk])).content.decode()
    assert "may be the same" not in page and "take apart" in page
    assert bob.post(address(pair), {"what": "undo"}).status_code == 302
    one, kept = Person.objects.order_by("pk")
    assert (one.merged_into_id, kept.position) == (None, "CEO")
    pair.refresh_from_db()
    assert pair.decision == "different"


def test_two_people_are_told_apart_for_good(bob, pair):
    bob.post(address(pair), {"what": "different"})
    pair.refresh_from_db()
    assert pair.decision == "different"
    assert b"Two people" in bob.get(address(pair)).content
    assert not Merge.objects.exists()


def test_what_was_changed_since_it_was_shown_is_looked_at_again(bob, pair):
    seen = merging.digest(pair.one, pair.other)
    pair.other.save()
    for stale in (seen, ""):
        answer = bob.post(address(pair), {"what": "merge", "seen": stale})
        assert (answer.status_code, Merge.objects.exists()) == (409, False)
    assert "Look at both again" in answer.content.decode()


def test_a_record_that_nobody_suggested_is_named_by_its_address(bob, pair):
    start = reverse("admin:core_duplicate_of", args=[pair.one_id])
    assert b"Name, company, address or uuid" in bob.get(start).content
    unknown = bob.get(start, {"other": "nobody@example.com"})
    assert (unknown.status_code, b"no other record" in unknown.content) == (404, True)
    far = testing.make_person(testing.make_workspace("far"), name="Far Away")
    for named in (far.uuid, far.pk, pair.one_id):
        assert bob.get(start, {"other": named}).status_code == 404
    for named in (pair.other_id, pair.other.uuid, pair.other.addresses.get().raw.upper()):
        assert b"They are one: merge" in bob.get(start, {"other": named}).content


def test_a_record_is_found_by_its_name_and_of_several_the_reader_says_which(bob, pair):
    start = reverse("admin:core_duplicate_of", args=[pair.one_id])
    assert b"They are one: merge" in bob.get(start, {"other": "anna meier"}).content
    assert b"no other record" in bob.get(start, {"other": "Nobody Known"}).content
    like = bob.get(start, {"other": "meier"}).content.decode()  # a guess is shown, not taken
    assert f'href="?other={pair.other_id}"' in like and "They are one: merge" not in like
    assert f'href="?other={pair.one_id}"' not in like
    third = testing.make_person(pair.workspace, name="Anna Meier")
    page = bob.get(start, {"other": "Anna Meier"}).content.decode()
    assert all(f'href="?other={pk}"' in page for pk in (pair.other_id, third.pk))
    assert third.addresses.get().raw in page and "They are one: merge" not in page


def test_a_record_that_was_merged_is_found_to_be_taken_apart(bob, pair):
    merge(bob, pair)
    start = reverse("admin:core_duplicate_of", args=[pair.one_id])
    for named in (pair.other_id, pair.other.uuid, pair.other.addresses.get().raw):
        assert b"Undo: they are two people" in bob.get(start, {"other": named}).content


def test_who_may_only_look_decides_nothing(client, pair):
    client.force_login(testing.carol().user)
    page = client.get(address(pair)).content.decode()
    assert "needs the role creator" in page and 'value="merge"' not in page
    assert merge(client, pair).status_code == 403
    assert not Merge.objects.exists()


def test_a_sequence_that_ended_by_the_merge_stays_so_and_is_told(client):
    """Nothing of it is sent again by itself, and nobody was told that somebody gets no more."""
    place = making.place()
    one, other = making.people(place, 2)
    engine.work(making.run(place, "follow_up_sequence", about=ABOUT).pk, clock=making.Clock())
    merging.merge(one, other, by=testing.bob(place), at=timezone.now())
    assert sequences.advance(at=timezone.now())["ended"] == 1
    client.force_login(testing.bob(place).user)
    page = f"/admin/core/duplicate/of/{one.pk}/?other={other.uuid}"
    said = client.post(page, {"what": "undo"}, follow=True).content.decode()
    assert "They are two people again." in said
    row = Artifact.objects.get(closed_at__isnull=False)
    assert f"ended meanwhile: to {row.person.full_name} (They turned out to be somebody to" in said
    assert "None begins again by itself" in said
    assert sequences.advance(at=timezone.now()) == {"ended": 0, "submitted": 0}
