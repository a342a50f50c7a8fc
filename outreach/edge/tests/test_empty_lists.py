"""What a list says that has nothing to show, and what to do then."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from outreach import testing

# What a list says when it is empty; it asks as lists that are not do.
pytestmark = [pytest.mark.django_db, pytest.mark.once]


def said(address):
    client = Client()
    client.force_login(testing.dora().user)
    return client.get(address).content.decode()


@pytest.mark.parametrize("address", [
    "/admin/core/person/?q=nobody", "/admin/channels/delivery/?q=nobody",
    "/admin/safety/safetyevent/?code=none",
])  # fmt: skip
def test_where_nothing_matches_it_says_so_and_how_to_see_everything(address):
    text = said(address)
    assert "Nothing here matches." in text and 'href="?">show everything</a>' in text
    assert "yielded" not in text


def test_an_empty_list_says_so_and_how_to_add_where_one_may():
    text = said("/admin/core/consent/")
    assert "Nothing is here yet." in text and "yielded" not in text
    assert "Add consent" in text
    assert "Nothing is here yet." in said("/admin/channels/delivery/")


def test_a_list_that_leaves_out_what_is_done_does_not_say_that_nothing_came():
    assert "Nothing is here yet." in said("/admin/core/inboundmessage/")
    testing.make_inbound(status="handled")
    testing.make_pending()
    for name in ("inboundmessage", "draft"):
        text = said(f"/admin/core/{name}/")
        assert "Nothing waits here." in text and 'href="?status=all">Show all</a>' in text, name
        assert "Nothing is here yet." not in text, name


@pytest.mark.parametrize("address", [
    "core/person/", "core/activity/", "core/person/?q=Nobody", "approvals/approval/?status=all",
])  # fmt: skip
def test_a_page_past_the_end_says_so_and_leads_to_the_first(address):
    testing.make_pending()
    asked = f"/admin/{address}{'&' if '?' in address else '?'}p=999"
    text = said(asked)
    assert "This page is past the end of the" in text
    assert "Nothing is here yet." not in text and "Nothing matches" not in text
    first = html.unescape(re.search(r'href="([^"]*)">the first page', text)[1])
    kept = asked.partition("?")[2].replace("p=999", "p=1")
    assert sorted(first.lstrip("?").split("&")) == sorted(kept.split("&"))
