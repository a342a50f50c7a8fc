"""What the server's log says about pages that did not come."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from outreach import testing
from outreach.edge import exports_page

pytestmark = [pytest.mark.django_db, pytest.mark.once]  # what a page tells the log


def told(caplog, path: str) -> str:
    """The lines of the log about this page, asked by Bob, each as a handler writes it."""
    client = Client(raise_request_exception=False)
    client.force_login(testing.bob().user)
    caplog.clear()
    client.get(path)
    return "\n".join(
        caplog.handler.format(each) for each in caplog.records if each.name == "django.request"
    )


@pytest.mark.parametrize("path", ["/admin/exports/", "/admin/core/person/987654/change/"])
def test_a_refusal_is_one_line(caplog, path):
    said = told(caplog, path)
    assert path in said and len(said.splitlines()) == 1


def test_a_fault_keeps_its_traceback(caplog, monkeypatch):
    monkeypatch.setattr(exports_page, "workspace_ids", lambda *_: 1 / 0)
    said = told(caplog, reverse("exports"))
    assert "ZeroDivisionError" in said and "Traceback" in said
