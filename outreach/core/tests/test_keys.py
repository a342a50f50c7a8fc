"""Keys: made by whom they may be, shown once, worth nothing when revoked, expired or changed."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps

from outreach import testing
from outreach.core import keys
from outreach.core.keys import KeyRefused
from outreach.core.models import Activity, ApiKey, Membership
from outreach.core.permissions import NotAllowed
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db
LATER = WORKDAY + timedelta(hours=1)


def made(**fields):
    agent = testing.make_agent().agent
    at = {"by": testing.dora(), "at": WORKDAY, "label": "bot", **fields}
    return keys.make(agent, agent.workspace, **at)


def test_a_key_lets_its_agent_in_and_nothing_but_its_hash_is_stored():
    key, secret = (fresh := made()).key, fresh.secret
    who, found = keys.holder(secret, at=LATER)
    assert (who.agent, who.door, found) == (key.agent, "api", key)
    stored = ApiKey.objects.values().get()
    assert secret not in str(stored)
    assert secret.split("_", 2)[2] not in str(stored)
    assert secret not in str(list(Activity.objects.values()))


@pytest.mark.parametrize("change", [
    lambda secret: secret[:-1] + ("A" if secret[-1] != "A" else "B"),
    lambda secret: secret.upper(), lambda secret: secret + " ", lambda secret: "",
    lambda secret: "occ_" + "x" * 12 + secret[16:], lambda secret: secret[:20],
    lambda secret: secret.replace("occ_", "occ_\0"),
])  # fmt: skip
def test_any_other_key_lets_nobody_in(change):
    assert keys.holder(change(made().secret), at=LATER) is None


def test_a_revoked_key_lets_nobody_in_from_that_moment_on():
    fresh = made()
    assert keys.revoke(fresh.key, by=testing.dora(), at=LATER)
    assert keys.holder(fresh.secret, at=LATER) is None
    assert not keys.revoke(fresh.key, by=testing.dora(), at=LATER), "a second time changes nothing"
    assert Activity.objects.filter(verb="workspaces.key_revoked").count() == 1


def test_an_expired_key_lets_nobody_in():
    fresh = made(expires_at=LATER)
    assert keys.holder(fresh.secret, at=LATER - timedelta(seconds=1)) is not None
    assert keys.holder(fresh.secret, at=LATER) is None


@pytest.mark.parametrize("owner", ["agent", "user"])
def test_who_is_switched_off_comes_in_no_more(owner):
    if owner == "agent":
        fresh = made()
        who = fresh.key.agent
    else:
        bob = testing.bob()
        fresh = keys.make(bob.user, testing.make_workspace(), label="cli", by=bob, at=WORKDAY)
        who = fresh.key.user
    assert keys.holder(fresh.secret, at=LATER)
    type(who).objects.filter(pk=who.pk).update(is_active=False)
    assert keys.holder(fresh.secret, at=LATER) is None


@pytest.mark.parametrize("who", [testing.alice, testing.bob, testing.carol, testing.make_agent])
def test_only_an_admin_makes_keys_of_agents(who):
    with pytest.raises(NotAllowed):
        made(by=who())
    assert not ApiKey.objects.exists()


def test_nobody_makes_a_key_of_a_colleague():
    with pytest.raises(NotAllowed):
        keys.make(
            testing.bob().user, testing.make_workspace(), label="x", by=testing.dora(), at=WORKDAY
        )


def test_nobody_makes_a_key_for_a_workspace_they_are_no_member_of():
    bob, other = testing.bob(), testing.make_workspace("other")
    with pytest.raises(NotAllowed):
        keys.make(bob.user, other, label="x", by=bob, at=WORKDAY)
    agent = testing.make_agent().agent
    with pytest.raises(KeyRefused):
        keys.make(agent, other, label="x", by=testing.dora(other), at=WORKDAY)


@pytest.mark.parametrize("fields", [{"label": "  "}, {"expires_at": WORKDAY}])
def test_what_makes_no_sense_is_refused(fields):
    with pytest.raises(KeyRefused):
        made(**fields)


def test_rotation_gives_a_new_key_and_lets_the_old_one_run_out():
    fresh = made(expires_at=WORKDAY + timedelta(days=30))
    newer = keys.rotate(fresh.key, by=testing.dora(), at=LATER, overlap=timedelta(hours=24))
    assert newer.key.expires_at == LATER + timedelta(days=30)
    day = LATER + timedelta(hours=24)
    assert keys.holder(fresh.secret, at=day - timedelta(minutes=1))
    assert keys.holder(fresh.secret, at=day) is None
    assert keys.holder(newer.secret, at=day)
    keys.rotate(newer.key, by=testing.dora(), at=day)
    assert keys.holder(newer.secret, at=day) is None


def test_last_use_is_written_once_a_minute():
    fresh = made()
    for seconds in (0, 30, 59, 61):
        keys.holder(fresh.secret, at=LATER + timedelta(seconds=seconds))
        fresh.key.refresh_from_db()
        assert fresh.key.last_used_at == LATER + timedelta(seconds=61 if seconds == 61 else 0)


def test_keys_of_members_who_were_removed_by_an_older_version_end_once():
    """As databases have it where removal left the keys behind: they would wake on return."""
    place, bob, dora = testing.make_workspace(), testing.bob(), testing.dora()
    theirs = keys.make(bob.user, place, label="laptop", by=bob, at=WORKDAY)
    ended = keys.make(bob.user, place, label="old one", by=bob, at=WORKDAY).key
    keys.revoke(ended, by=bob, at=LATER)
    others = [made().secret, keys.make(dora.user, place, label="x", by=dora, at=WORKDAY).secret]
    Membership.objects.get(user=bob.user, workspace=place).delete()
    migration = import_module("outreach.core.migrations.0020_keys_of_former_members").Migration
    for _ in range(2):
        migration.operations[0].code(apps, None)
    Membership.objects.create(user=bob.user, workspace=place, role="creator")
    assert keys.holder(theirs.secret, at=LATER) is None
    assert all(keys.holder(secret, at=LATER) for secret in others)
    ended.refresh_from_db()
    assert ended.revoked_at == LATER
    told = Activity.objects.get(verb="workspaces.key_revoked", by_kind="system")
    assert (told.object_type, told.object_id) == ("apikey", str(theirs.key.pk))
    assert told.workspace_id == place.pk


def test_one_statement_tells_all_about_a_key(django_assert_num_queries):
    """At every request of a program; what stands behind the agent is at hand with it."""
    agent = testing.make_agent()
    place = agent.agent.workspace
    secret = keys.make(agent.agent, place, label="x", by=testing.dora(place), at=WORKDAY).secret
    keys.holder(secret, at=WORKDAY)
    with django_assert_num_queries(1) as told:
        principal, key = keys.holder(secret, at=WORKDAY)
        assert principal.agent.workspace is key.workspace
    assert "ORDER BY" not in told[0]["sql"]
