"""A link that stops: who may make one, and everything that makes it void."""

from __future__ import annotations

from datetime import timedelta

import pytest

from channels import stop, stop_link
from outreach import testing
from outreach.core.models import Activity, Membership, User
from outreach.core.permissions import NotAllowed
from outreach.core.principal import Principal
from outreach.testing import WORKDAY
from safety.models import SystemControl

pytestmark = pytest.mark.django_db
LATER = WORKDAY + timedelta(days=89)


def token_of(by, place=None, days=90):
    return stop_link.make(by=by, workspace=place, days=days, at=WORKDAY).token()


def is_void(token, at=LATER):
    with pytest.raises(stop_link.NotALink) as refused:
        stop_link.read(token, at=at)
    return not isinstance(refused.value, stop_link.Ended)


def test_a_link_stops_its_scope_in_the_name_of_its_maker():
    place, other = testing.make_workspace(), testing.make_workspace("other")
    link = stop_link.read(token_of(testing.alice(), place), at=LATER)
    stop_link.use(link, reason="  odd\0 mails ", clock=lambda: LATER)
    row = SystemControl.objects.get(workspace=place, control_key="EMERGENCY_STOP")
    assert (row.enabled, row.reason, row.by_label) == (True, "odd mails", "Alice")
    told = Activity.objects.filter(verb="safety.control_set").last()
    assert (told.by_id, told.codes["door"]) == (row.by_id, "link")
    assert stop_link.is_stopped(place.pk)
    assert not stop_link.is_stopped(other.pk) and not stop_link.is_stopped(None)


def test_without_a_reason_it_says_so_and_keeps_that_of_a_stop_which_stands():
    link = stop_link.read(token_of(testing.olaf()), at=LATER)
    stop_link.use(link, reason="", clock=lambda: LATER)
    row = SystemControl.objects.get(workspace=None, control_key="EMERGENCY_STOP")
    assert row.reason == stop_link.NO_REASON
    stop_link.use(link, reason="wrong list", clock=lambda: LATER)
    stop_link.use(link, reason=" ", clock=lambda: LATER)
    row.refresh_from_db()
    assert row.reason == "wrong list"
    stop.enable_all(workspace=None, reason="put right", by=testing.olaf(), at=LATER)
    stop_link.use(link, reason="", clock=lambda: LATER)
    row.refresh_from_db()
    assert row.reason == stop_link.NO_REASON


def test_making_one_is_told_without_the_link():
    token = token_of(testing.olaf(), days=7)
    told = Activity.objects.get(verb="safety.stop_link_made")
    assert (told.object_id, told.codes) == (str(testing.olaf().user.pk), {"days": 7})
    assert token not in str(vars(told))


@pytest.mark.parametrize("whole", [True, False])
def test_agents_lesser_roles_and_the_program_make_none(whole):
    place = testing.make_workspace()
    for by in (
        testing.make_agent(place, "messages:schedule"), testing.bob(), testing.carol(),
        Principal.of_user(testing.make_user("nobody")), Principal.system("expiry"),
        Principal.of_user(testing.make_user("oscar", "admin", testing.make_workspace("other"))),
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            token_of(by, None if whole else place)
    with pytest.raises(NotAllowed):
        token_of(testing.dora(), None)
    assert not Activity.objects.filter(verb="safety.stop_link_made").exists()


@pytest.mark.parametrize("days", [0, -1, 366, 10**9])
def test_it_lasts_a_year_at_most(days):
    with pytest.raises(stop.ControlRefused, match="from 1 to 365 days"):
        token_of(testing.olaf(), days=days)


def test_it_ends():
    token = token_of(testing.olaf(), days=365)
    stop_link.read(token, at=WORKDAY + timedelta(days=365, seconds=-1))
    assert not is_void(token, at=WORKDAY + timedelta(days=365))


def test_a_new_password_makes_it_void():
    by = testing.olaf()
    token = token_of(by)
    by.user.set_password("another horse 77")
    by.user.save()
    assert is_void(token)


def test_a_new_secret_key_makes_it_void_even_where_the_old_one_still_counts(settings):
    token = token_of(testing.olaf())
    old, settings.SECRET_KEY = settings.SECRET_KEY, "y" * 50
    settings.SECRET_KEY_FALLBACKS = [old]
    assert is_void(token)


def test_a_user_who_is_switched_off_or_has_lost_the_right_stops_nothing():
    place, olaf, alice = testing.make_workspace(), testing.olaf(), testing.alice()
    whole, one = token_of(olaf), token_of(alice, place)
    own = token_of(olaf, place)
    User.objects.filter(pk=olaf.user.pk).update(is_active=False)
    assert is_void(whole) and is_void(own)
    User.objects.filter(pk=olaf.user.pk).update(is_active=True, is_operator=False)
    assert is_void(whole) and is_void(own)
    Membership.objects.filter(user=alice.user).update(role="creator")
    assert is_void(one)
    Membership.objects.filter(user=alice.user).update(role="reviewer")
    stop_link.read(one, at=LATER)
    User.objects.filter(pk=alice.user.pk).update(is_active=False)
    assert is_void(one)


def test_what_was_changed_or_comes_from_elsewhere_is_no_link():
    token = token_of(testing.olaf())
    body, mark = token.split(".")
    for other in ("", "x", "\0", "é.é", body, f".{mark}", f"{body}A.{mark}", token[:-1]):
        assert is_void(other)
