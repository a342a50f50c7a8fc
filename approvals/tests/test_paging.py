"""Pages of the queue by their edge: nothing twice, nothing lost, in both directions."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals import clocks, queue
from approvals.admin import ApprovalAdmin
from approvals.models import Approval
from outreach import testing
from outreach.core.models import Account
from outreach.core.people import add_address
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
LIST = "/admin/approvals/approval/"


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(WORKDAY + timedelta(minutes=5), tick=False):
        yield


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr(ApprovalAdmin, "list_per_page", 3)
    client = Client()
    client.force_login(testing.alice().user)
    return client


def shown(client: Client, query: str) -> list[int]:
    return [row.pk for row in client.get(LIST + query).context["cl"].result_list]


@pytest.mark.parametrize("status", ["", "&status=all"])
def test_the_pages_forth_and_back_are_the_list(client, status):
    for number in range(8):
        item = testing.make_pending(confidence=50 if number % 3 == 0 else 75)
        # Three moments only: the number decides between equals.
        moment = WORKDAY + timedelta(minutes=number % 3)
        Approval.objects.filter(pk=item.pk).update(created_at=moment)
    order = ("-pk",) if status else queue.ORDER
    whole = list(Approval.objects.order_by(*order).values_list("pk", flat=True))
    first = shown(client, f"?p=1{status}")
    second = shown(client, f"?p=2{status}&after={first[-1]}")
    third = shown(client, f"?p=3{status}&after={second[-1]}")
    assert first + second + third == whole
    assert shown(client, f"?p=2{status}&before={third[0]}") == second
    assert shown(client, f"?p=2{status}") == second  # a bookmark without the edge


def test_a_page_is_found_without_its_drafts(client):
    """What joins them takes a quarter of a second for page 500 of a million."""
    for _ in range(5):
        testing.make_pending()
    with CaptureQueriesContext(connection) as asked:
        shown(client, "?p=2")
    start = 'SELECT "message_approvals"."id" AS "pk"'
    [found] = [each["sql"] for each in asked if each["sql"].startswith(start)]
    assert "OFFSET 3" in found and "JOIN" not in found


@pytest.mark.parametrize("whose", ["own", "kept", "merged"])
def test_the_clock_is_that_of_the_human_beings_number(whose):
    person = testing.make_person(name="Rings From Tokyo")
    number = person
    if whose != "own":
        number = testing.make_person(name="Tokyo Once More")
        kept, merged = (number, person) if whose == "kept" else (person, number)
        merged.merged_into = kept
        merged.save()
    add_address(number.workspace, number, "phone", "+81 3 1234 5678")
    other = testing.make_person(name="Another")
    add_address(other.workspace, other, "phone", "+41 44 668 18 00")
    testing.make_pending(person)
    row = queue.readable(Approval.objects.all()).get()
    assert clocks.zones_of(row).zones[0] == "Asia/Tokyo"


def test_a_row_decided_meanwhile_shifts_no_page(client):
    rows = [testing.make_pending() for _ in range(7)]
    first = shown(client, "")
    Approval.objects.filter(pk__in=first[:2]).update(status="withdrawn")
    assert shown(client, f"?p=2&after={first[-1]}") == [row.pk for row in rows[3:6]]


@pytest.mark.parametrize("edge", ["after=x", "after=99999999", "before=²", "after=&before=0"])
def test_a_tampered_edge_falls_back_to_counting(client, edge):
    rows = [testing.make_pending() for _ in range(5)]
    assert shown(client, f"?p=2&{edge}") == [row.pk for row in rows[3:]]


def test_an_edge_in_another_workspace_tells_nothing(client):
    other = testing.make_workspace("other")
    strange = testing.make_pending(testing.make_person(other))
    rows = [testing.make_pending() for _ in range(5)]
    assert shown(client, f"?p=2&after={strange.pk}") == [row.pk for row in rows[3:]]


def test_the_links_carry_the_edge(client):
    rows = [testing.make_pending() for _ in range(7)]
    text = client.get(f"{LIST}?p=2&after={rows[2].pk}").content.decode()
    assert f"after={rows[5].pk}" in text and f"before={rows[3].pk}" in text


@pytest.mark.parametrize("few", [0, 500])
def test_search_is_the_same_by_numbers_and_by_a_join(client, monkeypatch, few):
    monkeypatch.setattr(queue, "FEW", few)
    account = Account.objects.create(
        workspace=testing.make_workspace(), name="Globex", key="globex"
    )
    mary = testing.make_pending(testing.make_person(name="Mary Johnson", account=account))
    merged = testing.make_person(name="M. Johnson", merged_into=mary.human)
    testing.make_pending(testing.make_person(name="John Smith"))
    for words in ("glob", "mary+globex", "JOHNSON", "m.+johnson"):
        assert shown(client, f"?q={words}") == [mary.pk], (words, merged)
    assert shown(client, "?q=mary+initech") == []
