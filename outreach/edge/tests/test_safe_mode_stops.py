"""Safe Mode on is a stop: each door tries it again, and tells what is in flight all the same."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from approvals import auto_off, safemode
from approvals.models import Approval
from channels.liveness import SenderLock
from channels.models import Delivery
from outreach import testing
from outreach.core.models import Workspace
from outreach.edge import insisting
from outreach.edge.tests import api

pytestmark = pytest.mark.django_db(transaction=True)


def by_page(**form):
    client = Client(raise_request_exception=False)
    client.force_login(testing.dora().user)
    return client.post(reverse("safe_mode"), form or {"act": "on"}, follow=True)


def by_rest():
    place = testing.make_workspace()
    return api.colleague(testing.dora).patch(f"/api/workspaces/{place.pk}", {"safe_mode": True})


def by_command():
    testing.dora()
    call_command("safe_mode", "--on", "--as=dora")


DOORS = (by_page, by_rest, by_command)


@pytest.fixture
def fails(monkeypatch):
    """`fails(times)`: the settings of a workspace find the database locked so often."""
    monkeypatch.setattr(insisting, "PAUSE_SECONDS", 0)

    def of(times):
        left, change = [None] * times, safemode.change

        def locked(*args, **how):
            if left:
                left.pop()
                raise OperationalError("database is locked")
            return change(*args, **how)

        monkeypatch.setattr(safemode, "change", locked)
        monkeypatch.setattr(auto_off, "change", locked)

    return of


@pytest.mark.parametrize("door", DOORS)
def test_a_database_that_is_locked_for_a_moment_keeps_safe_mode_from_nobody(fails, door):
    testing.make_workspace(safe_mode=False)
    fails(2)
    answer = door()
    assert Workspace.objects.get().safe_mode
    assert answer is None or answer.status_code == 200


def test_where_it_is_never_taken_each_door_says_what_to_do(fails):
    testing.make_workspace(safe_mode=False)
    fails(99)
    page, rest = by_page(), by_rest()
    assert page.status_code == 503 and "NOT STOPPED: the database" in page.content.decode()
    assert api.code(rest) == (503, "not_stopped")
    with pytest.raises(insisting.NotStopped) as no:
        by_command()
    assert no.value.returncode == 3
    assert not Workspace.objects.get().safe_mode


def test_approval_by_rule_goes_off_on_the_page_all_the_same(fails):
    testing.make_workspace(safe_mode=False, auto_approve_enabled=True)
    fails(1)
    assert by_page(act="rules", threshold="90").status_code == 200
    assert not Workspace.objects.get().auto_approve_enabled


@pytest.mark.parametrize("by_rule", [True, False])
def test_rest_tells_what_rules_approved_and_a_sender_holds(by_rule):
    testing.make_workspace(safe_mode=False)
    item = testing.make_approved()
    if by_rule:
        Approval.objects.filter(pk=item.pk).update(status="auto_approved", taken_at=timezone.now())
    lock = SenderLock.acquire()
    Delivery.objects.create(
        workspace=item.workspace, approval=item, human=item.human, channel="email",
        status="sending", sender=lock.uuid, place=lock.place, boot_id=lock.boot_id,
        since=timezone.now(),
    )  # fmt: skip
    told = by_rest().json()
    assert told["safe_mode"] is True and told["returned"] == 0
    assert told["effective"] is not by_rule
    assert [row["approval"] for row in told["still_open"]] == ([item.pk] if by_rule else [])
    Delivery.objects.update(status="released")
    lock.release(all_ended=True)
    assert by_rest().json()["effective"] is True


def test_what_could_not_be_put_back_yet_is_not_told_as_none(monkeypatch, capsys):
    testing.make_workspace(safe_mode=False)

    def away(*_, **__):
        raise OperationalError("database is locked")

    monkeypatch.setattr(auto_off, "return_unsent", away)
    by_command()
    assert "it is put back in the queue shortly" in capsys.readouterr().out
