"""The numbers beside the menu: always of the workspaces that are this person's now."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from approvals import badges
from outreach import testing
from outreach.core.models import Membership, User

pytestmark = pytest.mark.django_db


def shown(user: User) -> tuple[int, str]:
    """(waiting, unread) as a new page of this user shows them."""
    request = RequestFactory().get("/admin/")
    request.user = User.objects.get(pk=user.pk)
    found = badges.of(request)
    return found.waiting.total, found.unread


def test_the_numbers_follow_what_comes_and_what_is_taken_away():
    other = testing.make_workspace("other")
    writer = testing.bob(other)
    testing.make_pending(testing.make_person(other), by=writer)
    testing.make_pending()
    alice = testing.alice().user
    assert shown(alice) == (1, "")
    testing.make_pending()
    testing.make_inbound()
    assert shown(alice) == (2, "1")
    joined = Membership.objects.create(user=alice, workspace=other, role="viewer")
    assert shown(alice) == (3, "1")
    assert shown(testing.make_user("nobody")) == (0, "")
    assert shown(testing.make_user("root", is_superuser=True)) == (3, "")
    joined.delete()
    assert shown(alice) == (2, "1")
    assert shown(testing.olaf().user) == (0, "")


def test_one_statement_tells_all_and_is_put_together_once():
    alice = testing.alice().user
    shown(alice)
    before = badges._statement.cache_info().misses
    with CaptureQueriesContext(connection) as asked:
        shown(alice)
    assert len([each for each in asked if "counted" in each["sql"]]) == 1
    assert badges._statement.cache_info().misses == before
