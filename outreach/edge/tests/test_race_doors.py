"""Two people at two doors at once (REST, bulk, command): like one after the other."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from approvals.errors import Refused
from approvals.models import Approval
from approvals.tests import test_race
from approvals.tests.test_race import assert_like_one_after_the_other, at_once
from outreach import testing
from outreach.edge.tests import api

pytestmark = pytest.mark.django_db(transaction=True)
two = test_race.two
WORDS = "Other words about Monday's meeting."
TOLD = ("already by", "is being sent now", "changed since you opened it", "There is no", "expired")


@pytest.fixture
def who(live):
    """Alice comes by REST, Dora by the pages and commands; each is logged in once."""
    found = {"alice": api.colleague(testing.alice), "dora": testing.dora()}
    page = Client()
    page.force_login(found["dora"].user)
    return {**found, "cookies": page.cookies}


def fresh() -> Approval:
    """Low, nothing found, nothing held: what may be approved in bulk, whatever the hour."""
    Approval.objects.filter(status__in=["pending", "approved"]).update(
        status="withdrawn", closed_reason="earlier turn"
    )
    person = testing.make_person(time_zone=testing.noon_zone())
    item = testing.make_pending(person, at=timezone.now())
    Approval.objects.filter(pk=item.pk).update(
        priority=0, not_before=None, decision={**item.decision, "findings": []}
    )
    item.refresh_from_db()
    return item


def lost(sentence: str) -> None:
    """Whoever comes too late reads what became of it."""
    assert any(words in sentence for words in TOLD), sentence
    raise Refused(sentence)


def rest(act, item, who, **body) -> None:
    answer = who["alice"].post(f"/api/approvals/{item.pk}/{act}", body)
    if answer.status_code != 200:
        assert answer.status_code == 409, answer.content
        lost(answer.json()["errors"][0]["detail"])


def rest_approve(item, who):
    rest("approve", item, who, digest=item.digest)


def rest_edit(item, who):
    rest("edit-and-approve", item, who, digest=item.digest, text=WORDS)


def rest_reject(item, who):
    rest("reject", item, who, digest=item.digest, reason="No")


def rest_return(item, who):
    rest("request-changes", item, who, digest=item.digest, feedback="Shorter")


def bulk(item, who):
    """The page after "Approve selected together"."""
    page = Client()
    page.cookies = who["cookies"]
    answer = page.post(
        "/admin/approvals/approval/bulk/", {"item": f"{item.pk}:{item.digest}"}
    ).content.decode()
    if "1 of 1 approved" not in answer:
        lost(answer)


def command(item, *words) -> str:
    out = io.StringIO()
    try:
        call_command("review", *words, "--as", "dora", stdout=out)
    except CommandError as error:
        lost(str(error))
    return out.getvalue()


def command_approve(item, who):
    command(item, "--approve", str(item.pk))


def command_reject(item, who):
    command(item, "--reject", str(item.pk), "--reason", "No")


def command_bulk(item, who):
    said = command(item, "--bulk-approve")
    if "approved 1 of 1" not in said:
        assert "approved 0 of 0" in said or any(words in said for words in TOLD), said
        raise Refused(said)


DOORS = (
    rest_approve, rest_edit, rest_reject, rest_return, bulk, command_approve, command_reject,
    command_bulk,
)  # fmt: skip
CASES = range(len(DOORS)) if connection.vendor == "postgresql" else [4]


@pytest.mark.parametrize("number", CASES)
def test_two_doors_at_once_end_as_one_after_the_other(number, who, two):
    for second in DOORS[number:]:
        assert_like_one_after_the_other(fresh, DOORS[number], second, who, two)


def test_of_all_who_approve_one_wins_and_the_other_is_told(who, two):
    """Without looking at what could have happened one after the other."""
    approvers = (rest_approve, bulk, command_approve, command_bulk)
    for first, second in zip(approvers, (*approvers[1:], approvers[0]), strict=True):
        results, states, draft = at_once(fresh, first, second, who, two)
        assert sorted(results) == ["no", "yes"], (first.__name__, second.__name__)
        assert (states, draft) == ([("approved", False, "")], "approved")
