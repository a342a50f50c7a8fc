"""Odd letters on the review page: nothing out of the page."""

from __future__ import annotations

import pytest

from outreach import testing
from outreach.core.models import Account
from tests_e2e.making import SIDEWAYS, address, make

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [390, 1440])
def test_a_name_without_a_blank_stays_in_its_page(enter, width):
    testing.alice()
    item = make("X" * 150, subject="W" * 300)
    item.draft.person.account = Account.objects.create(
        workspace=item.workspace, name="Y" * 150, key="y"
    )
    item.draft.person.save()
    page = enter("alice", width=width)
    page.goto(address(item))
    assert page.evaluate(SIDEWAYS) <= 0
