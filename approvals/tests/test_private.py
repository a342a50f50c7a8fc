"""Personal data in a message is masked until asked for, and no masked word is approved."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from approvals.models import Approval
from outreach import testing
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
LIST = "/admin/approvals/approval/"
TEXT = "As asked, here are the minutes. You can ring Peter at home: +44 20 7946 0958, any day."


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(WORKDAY + timedelta(minutes=5), tick=False):
        yield


@pytest.fixture
def client():
    client = Client()
    client.force_login(testing.alice().user)
    return client


def post(client: Client, item: Approval, action: str, **more):
    address = f"{LIST}{item.pk}/change/"
    return client.post(address, {"action": action, "digest": item.digest, **more})


def test_the_page_masks_it_in_the_text_and_repeats_it_nowhere_open(client):
    item = testing.make_pending(text=TEXT)
    html = client.get(f"{LIST}{item.pk}/change/").content.decode()
    assert html.count("+44 20 7946 0958") == 2  # once masked, once in the closed edit form
    assert '<span class="oc-private__text">+44 20 7946 0958</span>' in html
    assert 'id="seen-private" value=""' in html


def test_masked_words_are_not_approved_before_they_were_shown(client):
    item = testing.make_pending(text=TEXT)
    answer = post(client, item, "approve", seen_private="")
    assert answer.status_code == 400 and "still masked" in answer.content.decode()
    item.refresh_from_db()
    assert item.status == "pending"
    assert post(client, item, "approve", seen_private="1").status_code == 302
    item.refresh_from_db()
    assert item.status == "approved"


def test_the_unchanged_text_of_the_edit_form_counts_as_shown(client):
    item = testing.make_pending(text=TEXT)
    typed = {"subject": item.revision.subject, "text": TEXT, "seen_private": "1"}
    assert post(client, item, "edit_approve", **typed).status_code == 302


def test_a_message_without_personal_data_asks_for_nothing_more(client):
    item = testing.make_pending()
    html = client.get(f"{LIST}{item.pk}/change/").content.decode()
    assert 'id="seen-private" value="1"' in html and "oc-show" not in html.split("</noscript>")[1]
    assert post(client, item, "approve").status_code == 302
