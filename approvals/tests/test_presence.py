"""Who has an item open, and more time for it: told to others, and never by a GET."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from approvals import expiry, extending, presence, services
from approvals.errors import Lost
from approvals.models import Approval, Opened
from outreach import testing
from outreach.core.models import Activity
from outreach.core.permissions import NotAllowed
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
LIST = "/admin/approvals/approval/"
NOW = WORKDAY + timedelta(minutes=5)


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def enter(who, **options) -> Client:
    client = Client(**options)
    client.force_login(who.user)
    return client


def door(item: Approval) -> str:
    return f"{LIST}{item.pk}/open/"


def test_an_opened_item_is_shown_to_others_and_not_to_oneself(noon):
    item = testing.make_pending()
    alice, dora = enter(testing.alice()), enter(testing.dora())
    assert alice.post(door(item)).json()["readers"] == []
    noon.shift(timedelta(seconds=20))
    assert dora.post(door(item)).json()["readers"] == ["Alice has just opened this"]
    noon.shift(timedelta(minutes=1, seconds=45))
    said = "Alice has this open since 2 min"
    assert dora.post(door(item)).json()["readers"] == [said]
    for address in (LIST, f"{LIST}{item.pk}/change/"):
        assert said in dora.get(address).content.decode()
        assert said not in alice.get(address).content.decode()


def test_it_blocks_nobody(noon):
    item = testing.make_pending()
    enter(testing.alice()).post(door(item))
    given = services.approve(item.pk, by=testing.dora(), at=NOW, digest=item.digest)
    assert given.status == "approved"


def test_it_ends_after_four_idle_minutes_and_begins_anew(noon):
    item = testing.make_pending()
    alice, dora = enter(testing.alice()), enter(testing.dora())
    alice.post(door(item))
    noon.shift(timedelta(minutes=3))
    alice.post(door(item))  # a sign of life: it began five minutes ago, and still holds
    noon.shift(timedelta(minutes=2))
    assert dora.post(door(item)).json()["readers"] == ["Alice has this open since 5 min"]
    noon.shift(timedelta(minutes=2))
    assert dora.post(door(item)).json()["readers"] == []
    assert Opened.objects.get().user == testing.dora().user


def test_leaving_ends_it_unless_the_page_was_opened_again(noon):
    item = testing.make_pending()
    alice = enter(testing.alice())
    first = alice.post(door(item)).json()["seen"]
    noon.shift(timedelta(seconds=1))
    second = alice.post(door(item)).json()["seen"]  # the same page, loaded anew
    alice.post(door(item), {"what": "left", "seen": first})  # its beacon came late
    assert Opened.objects.count() == 1
    alice.post(door(item), {"what": "left", "seen": second})
    assert not Opened.objects.exists()


@pytest.mark.parametrize("seen", ["", "x", "2026-99-99T00:00:00Z", "2026-03-11"])
def test_a_time_that_cannot_be_read_counts_as_now(seen):
    item = testing.make_pending()
    alice = enter(testing.alice())
    alice.post(door(item))
    assert alice.post(door(item), {"what": "left", "seen": seen}).status_code == 200
    assert not Opened.objects.exists()


def test_a_get_a_viewer_a_stranger_and_a_forged_post_write_nothing():
    item = testing.make_pending()
    alice = enter(testing.alice())
    alice.get(f"{LIST}{item.pk}/change/")
    assert alice.get(door(item)).status_code == 405
    assert enter(testing.carol()).post(door(item)).status_code == 403
    other = testing.make_workspace("other")
    stranger = testing.make_user("sam", "reviewer", other)
    client = Client()
    client.force_login(stranger)
    assert client.post(door(item)).status_code == 404
    assert enter(testing.alice(), enforce_csrf_checks=True).post(door(item)).status_code == 403
    assert not Opened.objects.exists()


def test_a_decided_item_is_not_noted():
    item = testing.make_approved(at=NOW)
    presence.opened(item, by=testing.alice(), at=NOW)
    assert not Opened.objects.exists()


# --- More time -----------------------------------------------------------------------------------


def test_extending_gives_one_full_span_from_now_and_is_written_down():
    item = testing.make_pending()
    later = WORKDAY + timedelta(hours=70)
    assert extending.extend(item.pk, by=testing.alice(), at=later).expires_at == (
        later + timedelta(hours=72)
    )
    assert expiry.expire_due(at=WORKDAY + timedelta(hours=73)) == 0
    assert expiry.expire_due(at=later + timedelta(hours=72)) == 1
    told = Activity.objects.get(verb="approvals.extended")
    assert told.object_id == str(item.pk) and told.codes["until"].startswith("2026-03-17T08:00")


def test_extending_never_takes_time_away():
    item = testing.make_pending()
    item.workspace.approval_expiry_hours = 1
    item.workspace.save()
    assert extending.extend(item.pk, by=testing.alice(), at=NOW).expires_at == item.expires_at


def test_only_reviewers_extend_and_only_what_still_waits():
    item = testing.make_pending()
    for who in (testing.bob(), testing.carol()):
        with pytest.raises(NotAllowed):
            extending.extend(item.pk, by=who, at=NOW)
    with pytest.raises(Lost, match="expired"):
        extending.extend(item.pk, by=testing.alice(), at=WORKDAY + timedelta(hours=72))
    services.reject(item.pk, by=testing.alice(), at=NOW, reason="No")
    with pytest.raises(Lost, match="rejected already"):
        extending.extend(item.pk, by=testing.alice(), at=NOW)


def test_the_button_extends_and_stays_on_the_page(noon):
    item = testing.make_pending()
    noon.move_to(WORKDAY + timedelta(hours=70))
    address = f"{LIST}{item.pk}/change/"
    alice = enter(testing.alice())
    assert "expires in 2 h" in alice.get(address).content.decode()
    answer = alice.post(address, {"action": "extend"}, follow=True)
    assert answer.redirect_chain[-1][0] == address
    assert "expires in 3 d" in answer.content.decode()
    assert 'id="extend"' not in enter(testing.carol()).get(address).content.decode()


def test_an_item_extended_a_moment_ago_expires_in_no_day_less_than_the_button_said(noon):
    item, alice = testing.make_pending(), enter(testing.alice())
    alice.post(f"{LIST}{item.pk}/change/", {"action": "extend"})
    noon.shift(timedelta(seconds=1))
    assert "expires in 2 d 23 h" in alice.get(f"{LIST}{item.pk}/change/").content.decode()
    assert "in\xa02\xa0d\xa023\xa0h" in alice.get(LIST).content.decode(), "on one line"


def test_the_page_tells_the_expiry_and_its_extension_in_one_unit():
    item = testing.make_pending()
    text = enter(testing.alice()).get(f"{LIST}{item.pk}/change/").content.decode()
    assert "Extend: expire 3 d from now" in text and "72 h" not in text
