"""What a person's page shows of their addresses and their rests."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from outreach import testing
from outreach.core.models import Address, CoolingOff

pytestmark = [pytest.mark.django_db, pytest.mark.once]  # what a page says


@pytest.fixture
def shown(client):
    client.force_login(testing.dora().user)

    def page(person):
        text = client.get(reverse("admin:core_person_change", args=[person.pk])).text
        return " ".join(text.split())

    return page


def test_a_number_that_came_without_its_plus_is_shown_with_it(shown):
    person = testing.make_person()
    Address.objects.create(
        workspace=person.workspace, person=person, channel="phone",
        normalised="+491701234567", raw="491701234567",
    )  # fmt: skip
    assert "<li>Phone: +49 170 1234567</li>" in shown(person)


def test_a_rest_that_is_over_is_told_as_over(shown):
    person, now = testing.make_person(), timezone.now()
    for cause, until in (
        ("daily_limit", now - timedelta(37)),
        ("stop_request", now + timedelta(2)),
    ):
        CoolingOff.objects.create(
            workspace=person.workspace,
            human=person,
            cause=cause,
            until=until,
            at=until - timedelta(3),
        )
    page = shown(person)
    assert page.count(": until ") == 1
    assert page.count("over since ") == 1
