"""A stop says how many approvals it took back to the queue: page, link, command and REST."""

from __future__ import annotations

import json
import re
from html import unescape
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from approvals import taking
from channels import stop, stop_link
from outreach import testing
from outreach.edge.tests import api
from outreach.edge.tests.test_admin_pages import enter

pytestmark = pytest.mark.django_db(transaction=True)

THREE = "3 approved messages went back to the queue."
NONE = "No approved message was waiting to leave."


def words(response):
    return " ".join(unescape(re.sub("<[^>]+>", "", response.content.decode())).split())


def shown(page):
    """What is not hidden of a page."""
    return re.sub(r"<(\w+)[^>]* hidden>.*?</\1>", "", page.content.decode(), flags=re.DOTALL)


@pytest.fixture
def three(live):
    return [testing.make_approved() for _ in range(3)]


def look(client, path):
    return client.post(path, HTTP_ACCEPT="application/json").json()


@pytest.mark.parametrize("door", ["stop", "controls"])
def test_the_page_of_a_stop_says_it_at_once_and_with_every_look(three, door):
    client, place = enter(testing.olaf()), str(testing.make_workspace().pk)
    form = {"scope": place, "reason": "wild", "act": "brake", "key": "EMERGENCY_STOP"}
    path = client.post(f"/admin/{door}/", form).url
    assert THREE in words(client.get(path))
    for _ in range(2):
        told = look(client, path)
        assert told["stopped"] and told["sentence"].endswith(f"Nothing more leaves. {THREE}")
        assert told["reopened"] == 3
    assert THREE in words(client.post(path))


def test_the_link_says_it_in_sentences(three):
    link = stop_link.make(
        by=testing.dora(), workspace=testing.make_workspace(), days=9, at=timezone.now()
    )
    client = Client()
    path = client.post(f"/stop/{link.token()}").url
    assert THREE in words(client.get(path)) and "None." not in shown(client.get(path))
    assert look(client, path)["sentence"].endswith(f"Nothing more leaves. {THREE}")
    page = shown(client.post(path))
    assert "No message was on its way out, so none can have left." in page
    assert "Still open" not in page and "Left meanwhile" not in page


def test_a_messaging_stop_takes_nothing_back_and_says_nothing_of_it(three):
    client, place = enter(testing.olaf()), str(testing.make_workspace().pk)
    form = {"scope": place, "reason": "wild", "act": "brake", "key": "MESSAGING_ENABLED"}
    path = client.post("/admin/controls/", form).url
    assert "queue" not in look(client, path)["sentence"]


def test_the_command_says_it(three):
    testing.olaf()
    out = StringIO()
    call_command("control", "--emergency-stop", "--as", "olaf", stdout=out)
    assert THREE in out.getvalue().splitlines()
    out = StringIO()
    call_command("control", "--emergency-stop", "--as", "olaf", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["reopened"], told["left_approved"], told["back"]) == (0, 0, NONE)


def test_rest_says_it(three):
    asked = {"control": "emergency-stop", "enabled": True, "reason": "wrong list"}
    alice = api.colleague(testing.alice)
    told = alice.post("/api/controls", asked).json()
    assert (told["reopened"], told["left_approved"], told["back"]) == (3, 0, THREE)
    again = alice.post("/api/controls", {**asked, "since": told["set_at"]}).json()
    assert again["reopened"] == 3


def test_what_could_not_be_returned_is_said(three, monkeypatch):
    testing.olaf()
    monkeypatch.setattr(stop.taking, "reopen_before_stop", _locked)
    out = StringIO()
    call_command("control", "--emergency-stop", "--as", "olaf", stdout=out)
    assert "3 approved messages could not be returned yet: nothing of that leaves" in out.getvalue()
    monkeypatch.undo()
    monkeypatch.setattr(taking, "went_back", _locked)
    out = StringIO()
    call_command("control", "--emergency-stop", "--as", "olaf", stdout=out)
    assert "could not be read" in out.getvalue() and "stopped" in out.getvalue().splitlines()[-1]


def _locked(*_, **__):
    raise OperationalError("database is locked")


def test_another_workspaces_approvals_are_not_counted(three):
    there = testing.make_workspace("there")
    client = enter(testing.dora(there))
    path = client.post("/admin/stop/", {"scope": str(there.pk), "reason": "wild"}).url
    assert NONE in words(client.get(path)) and look(client, path)["reopened"] == 0
