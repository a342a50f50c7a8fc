"""The menu, and the words at the head of lists."""

from __future__ import annotations

import html

import pytest
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.test import Client

from outreach import testing
from outreach.edge.navigation import mark_nearest, names_of_lists, navigation

# What pages say of rows that other tests ask both databases for.
pytestmark = [pytest.mark.django_db, pytest.mark.once]


def marked(who, path: str) -> list[str]:
    """The entries of the menu that say: here you are."""
    client = Client()
    client.force_login(who.user)
    groups = navigation(client.get(path).wsgi_request)
    items = [item for group in groups for item in group["items"]]
    return [item["title"] for item in items if item["active"] and "permission" not in item]


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/admin/", "Overview"),
        ("/admin/core/import/", "Imports"),
        ("/admin/core/import/new/", "Import people"),
        ("/admin/core/suppression/", "Suppressed addresses"),
        ("/admin/core/suppression/lists/", "Suppression lists"),
        ("/admin/core/agent/", "Agents"),
    ],
)
def test_one_entry_of_the_menu_is_where_we_are(path, title):
    assert marked(testing.dora(), path) == [title]


def test_an_entry_that_is_not_shown_takes_no_mark_away():
    shown, hidden = {"link": "/list/", "active": True}, {"link": "/list/new/", "active": True}
    mark_nearest([shown, {**hidden, "permission": lambda _: False}])
    assert shown["active"]
    mark_nearest([shown, hidden])
    assert (shown["active"], hidden["active"]) == (False, True)


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda m: m.__name__)
def test_no_list_is_headed_by_the_name_of_a_column(model):
    shown = admin.site._registry[model]
    heads = {str(label_for_field(name, model, shown)) for name in shown.list_display}
    assert not heads & {"by label", "action blocked"}


def test_a_list_is_called_on_its_page_what_the_menu_calls_it(client):
    client.force_login(testing.make_user("root", is_superuser=True))
    for link, name in names_of_lists().items():
        text = " ".join(html.unescape(client.get(link).content.decode()).split())
        assert f"<title> {name} | " in text, link
        assert f'tracking-tight">{name}</' in text, link
        assert "Outreach: people and messages" not in text
