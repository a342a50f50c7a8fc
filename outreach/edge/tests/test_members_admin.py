"""Inviting colleagues, making users, and what an operator cannot do to get in."""

from __future__ import annotations

import getpass
import re
from contextlib import nullcontext
from io import StringIO

import pytest
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.test import Client, RequestFactory

from outreach import testing
from outreach.core import members
from outreach.core.models import Activity, Membership, User
from outreach.edge.tests import api

# What the pages say and to whom.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
ADD = "/admin/core/membership/add/"
PASSWORD = "a horse that nobody guesses 7"


def enter(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def invite(client: Client, **changes):
    place = testing.make_workspace()
    form = {"username": "nora", "email": "nora@example.org", "workspace": place.pk,
            "role": "reviewer"}  # fmt: skip
    return client.post(ADD, {**form, **changes}, follow=True)


def test_an_invited_colleague_chooses_a_password_once_and_enters():
    answer = invite(enter(testing.dora().user))
    link = re.search(r"https?://testserver(/welcome/\S+/)", answer.content.decode())
    assert link
    nora = User.objects.get(username="nora")
    assert not nora.has_usable_password() and not nora.is_operator and not nora.is_superuser
    assert Membership.objects.get(user=nora).role == "reviewer"
    client = Client()
    form = client.get(link[1], follow=True)
    assert "Choose a password" in form.content.decode()
    weak = client.post(form.request["PATH_INFO"], {"new_password1": "x", "new_password2": "x"})
    assert "too short" in weak.content.decode()
    both = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    assert client.post(form.request["PATH_INFO"], both, follow=True).status_code == 200
    assert "_auth_user_id" in client.session
    again = Client().get(link[1], follow=True)
    assert "does not work any more" in again.content.decode()
    told = Activity.objects.get(verb="workspaces.member_invited")
    assert told.codes["role"] == "reviewer" and "nora" not in str(told.codes)
    assert passwords_told() == [(str(nora.pk), str(nora.pk))]


def passwords_told() -> list[tuple[str, str]]:
    """(by whom, whose) of each password that was set; nothing else of anybody stands there."""
    rows = Activity.objects.filter(verb="workspaces.password_set").order_by("pk")
    assert all(each.codes == {"door": "admin"} and not each.digest for each in rows)
    return [(each.by_id, each.object_id) for each in rows]


def test_what_the_host_does_to_users_is_told(monkeypatch):
    """As by every page; whoever has the host needs no login, so nobody is named."""

    def told():
        rows = Activity.objects.filter(by_id="host").order_by("pk")
        return [(row.by_kind, row.verb, row.object_id, row.codes) for row in rows]

    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    words = ("createsuperuser", "--noinput", "--email", "root@example.org", "--username")
    call_command(*words, "root", stdout=StringIO())
    root, by = User.objects.get(username="root"), {"door": "command"}
    made = {"changed": ["is_superuser"], "added": True, **by}
    assert told() == [("system", "workspaces.user_set", str(root.pk), made)]
    with pytest.raises(CommandError):
        call_command(*words, "root", stdout=StringIO())
    for answer, fails in (("weak", pytest.raises(CommandError)), (PASSWORD + "9", nullcontext())):
        typed = iter([answer] * 6)
        monkeypatch.setattr(getpass, "getpass", lambda prompt="", typed=typed: next(typed))
        with fails:
            call_command("changepassword", "root", stdout=StringIO(), stderr=StringIO())
    assert told()[1:] == [("system", "workspaces.password_set", str(root.pk), by)]
    root.refresh_from_db()
    assert root.check_password(PASSWORD + "9")
    root.save()
    assert len(told()) == 2, "only what such a command does"


@pytest.mark.both
def test_a_superuser_whose_entry_cannot_be_written_is_not_made(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)

    def full(*_, **__):
        raise OperationalError("disk full")

    monkeypatch.setattr("outreach.edge.passwords.activity.record", full)
    with pytest.raises(OperationalError):
        call_command("createsuperuser", "--noinput", "--email", "a@example.org", "--username", "x")
    assert not User.objects.filter(username="x").exists()


def test_a_password_that_was_set_is_told_and_one_that_was_refused_is_not():
    root, dora = testing.make_user("root", is_superuser=True), testing.dora().user
    client, both = enter(dora), {"new_password1": PASSWORD, "new_password2": PASSWORD}
    page = "/admin/password_change/"
    client.post(page, {**both, "old_password": "a wrong one"})
    assert passwords_told() == []
    assert client.post(page, {**both, "old_password": "correct horse battery"}).status_code == 302
    mine = (str(dora.pk), str(dora.pk))
    assert passwords_told() == [mine]
    both = {"password1": PASSWORD + "8", "password2": PASSWORD + "8", "usable_password": "true"}
    theirs = f"/admin/core/user/{dora.pk}/password/"
    enter(testing.olaf().user).post(theirs, both)
    enter(root).post(theirs, {**both, "password2": "another"})
    assert passwords_told() == [mine]
    assert enter(root).post(theirs, both).status_code == 302
    assert passwords_told() == [mine, (str(root.pk), str(dora.pk))]
    assert enter(root).post("/admin/core/user/987654/password/", both).status_code == 404


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"email": ""}, "Nobody has this login name"),
        ({"username": "dora"}, "Is a member already"),
        ({"username": "olaf"}, "This login exists"),
        ({"username": "no spaces please"}, "Enter a valid username"),
    ],
)
def test_a_mistyped_invitation_makes_nobody(changes, sentence):
    client = enter(testing.dora().user)
    testing.olaf()  # an operator
    before = User.objects.count()
    assert sentence in invite(client, **changes).content.decode()
    assert User.objects.count() == before


def test_a_login_made_without_an_e_mail_is_given_one_under_members():
    client = enter(testing.dora().user)
    plain = User.objects.create_user("plain", password=PASSWORD)
    invite(client, username="plain", email="plain@example.org")
    plain.refresh_from_db()
    assert plain.email == "plain@example.org"
    User.objects.filter(pk=plain.pk).update(email="")
    page = f"/admin/core/membership/{Membership.objects.get(user=plain).pk}/change/"
    assert 'name="email"' in client.get(page).content.decode()
    client.post(page, {"role": "viewer", "email": "later@example.org"})
    plain.refresh_from_db()
    assert plain.email == "later@example.org"
    assert 'name="email"' not in client.get(page).content.decode()
    told = Activity.objects.filter(verb="workspaces.member_email_given")
    assert told.count() == 2 and "example.org" not in str([row.codes for row in told])


def test_nobody_gets_the_notices_of_another_workspace_by_an_e_mail_of_theirs():
    client, other = enter(testing.dora().user), testing.make_workspace("other")
    carl = testing.make_user("carl", "admin", other)
    User.objects.filter(pk=carl.pk).update(email="")
    told = invite(client, username="carl", email="me@example.org").content.decode()
    assert "reaches beyond the workspace" in told
    carl.refresh_from_db()
    assert carl.email == "" and not Membership.objects.filter(user=carl, role="reviewer").exists()


@pytest.mark.both
def test_a_workspace_keeps_its_last_admin():
    client = enter(testing.dora().user)
    mine = Membership.objects.get(user__username="dora")
    answer = client.post(f"/admin/core/membership/{mine.pk}/change/", {"role": "viewer"})
    assert "only admin" in answer.content.decode()
    assert client.post(f"/admin/core/membership/{mine.pk}/delete/").status_code == 403
    invite(client, role="admin")
    client.post(f"/admin/core/membership/{mine.pk}/change/", {"role": "viewer"})
    mine.refresh_from_db()
    assert mine.role == "viewer"


def test_no_page_speaks_of_a_way_to_log_in_that_is_not_here():
    client = enter(testing.make_user("root", is_superuser=True))
    dora = testing.dora().user
    for page in ("add", f"{dora.pk}/password", f"{dora.pk}/change"):
        text = client.get(f"/admin/core/user/{page}/").content.decode()
        assert "LDAP" not in text and "Sign-On" not in text
        assert ("There is no other way to log in here" in text) is (page == "add")


def test_an_operator_makes_users_and_opens_nobodys_door():
    root = testing.make_user("root", is_superuser=True)
    dora, client = testing.dora().user, enter(testing.olaf().user)
    client.post("/admin/core/user/add/", {"username": "fresh", "usable_password": "false"})
    assert User.objects.filter(username="fresh").exists()
    passwords = {"password1": PASSWORD, "password2": PASSWORD}
    for user in (dora, root):
        answer = client.post(f"/admin/core/user/{user.pk}/password/", passwords)
        assert answer.status_code == 403
    form = {"username": "dora", "is_active": "on", "is_superuser": "on", "is_staff": "on"}
    client.post(f"/admin/core/user/{dora.pk}/change/", form)
    dora.refresh_from_db()
    assert not dora.is_superuser and dora.check_password("correct horse battery")
    assert (
        client.post(f"/admin/core/user/{root.pk}/change/", {"username": "root"}).status_code == 403
    )
    testing.make_user("another", "admin", testing.make_workspace())
    client.post(f"/admin/core/user/{dora.pk}/change/", {"username": "dora"})
    dora.refresh_from_db()
    assert not dora.is_active


@pytest.mark.both
def test_an_operator_does_not_switch_off_the_last_admin_of_a_workspace():
    dora, client = testing.dora().user, enter(testing.olaf().user)
    north = testing.make_workspace("north")
    Membership.objects.create(user=dora, workspace=north, role="admin")
    testing.make_user("another", "admin", testing.make_workspace())
    page = f"/admin/core/user/{dora.pk}/change/"
    answer = client.post(page, {"username": "dora", "is_staff": "on"})
    assert f"Only this login is an admin of {north.name}." in answer.content.decode()
    off = User(pk=dora.pk, username="dora", is_active=False)  # as the slower of two, asked before
    with pytest.raises(PermissionDenied, match="is an admin of"):
        admin.site._registry[User].save_model(RequestFactory().post("/"), off, None, change=True)
    dora.refresh_from_db()
    assert dora.is_active
    testing.make_user("northerner", "admin", north)
    assert client.post(page, {"username": "dora", "is_staff": "on"}).status_code == 302
    dora.refresh_from_db()
    assert not dora.is_active
    assert client.post(page, {"username": "dora"}).status_code == 302, "it is off already"


def test_members_are_removed_one_by_one_so_that_an_admin_is_left():
    client = enter(testing.dora().user)
    ids = list(Membership.objects.values_list("pk", flat=True))
    form = {"action": "delete_selected", "_selected_action": ids, "post": "yes"}
    client.post("/admin/core/membership/", form)
    assert list(Membership.objects.values_list("pk", flat=True)) == ids


@pytest.mark.both
def test_the_keys_of_a_member_end_with_the_membership_for_good():
    bob, dora = api.colleague(testing.bob), api.colleague(testing.dora)
    place, other = testing.make_workspace(), testing.make_workspace("other")
    elsewhere = api.colleague(testing.bob, other)
    member = Membership.objects.get(user__username="bob", workspace=place)
    enter(testing.dora().user).post(f"/admin/core/membership/{member.pk}/delete/", {"post": "yes"})
    assert not Membership.objects.filter(pk=member.pk).exists()
    Membership.objects.create(user=member.user, workspace=place, role="creator")
    for path in ("/api/people", "/api/system/status"):
        assert bob.get(path).status_code == 401, path
        assert [each.get(path).status_code for each in (elsewhere, dora)] == [200, 200]
    told = Activity.objects.get(verb="workspaces.key_revoked")
    assert told.by_id == str(testing.dora().user.pk)


@pytest.mark.both
def test_two_admins_who_remove_each_other_at_once_leave_one():
    """The second has asked for the right before the first was done; it is asked again."""
    testing.dora()
    last = Membership.objects.get(user__username="dora")
    site = admin.site._registry[Membership]
    with pytest.raises(PermissionDenied, match="only admin"):
        site.delete_model(RequestFactory().post("/"), last)
    last.role = "viewer"
    with pytest.raises(PermissionDenied, match="only admin"):
        site.save_model(RequestFactory().post("/"), last, None, change=True)
    assert Membership.objects.get(pk=last.pk).role == "admin"


def test_an_email_that_was_given_meanwhile_is_kept_and_told(monkeypatch):
    client = enter(testing.dora().user)
    User.objects.create_user("plain", password=PASSWORD)
    invite(client, username="plain", email="plain@example.org")
    User.objects.filter(username="plain").update(email="")
    give = members.give_email

    def meanwhile(*given, **how):
        User.objects.filter(username="plain").update(email="first@example.org")
        return give(*given, **how)

    monkeypatch.setattr(members, "give_email", meanwhile)
    page = f"/admin/core/membership/{Membership.objects.get(user__username='plain').pk}/change/"
    form = {"role": "viewer", "email": "later@example.org"}
    told = client.post(page, form, follow=True).content.decode()
    assert "The e-mail was not set, all else is saved. This login has an e-mail already." in told
    found = Membership.objects.get(user__username="plain")
    assert (found.role, found.user.email) == ("viewer", "first@example.org")
