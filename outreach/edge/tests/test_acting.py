"""A command acts as one entitled person, or says in one sentence what to do."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError, CommandParser

from outreach import testing
from outreach.core.models import Role, User
from outreach.core.permissions import Verb
from outreach.edge import acting
from safety import controls
from safety.models import ControlKey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_preset(settings):
    settings.OUTREACH_USER = ""


def test_options_are_added_to_a_parser():
    parser = CommandParser(prog="manage.py test")
    acting.add_arguments(parser)
    given = vars(parser.parse_args(["--as", "bob", "--workspace", "north"]))
    assert (given["as_user"], given["workspace"]) == ("bob", "north")


def test_workspace_is_the_default_one_when_none_is_named():
    assert acting.workspace({}).slug == "default"


def test_workspace_is_found_by_its_slug():
    north = testing.make_workspace("north")
    assert acting.workspace({"workspace": "north"}) == north


def test_unknown_workspace_is_refused_with_near_names():
    testing.make_workspace("north")
    with pytest.raises(CommandError, match=r"no workspace 'nort'.*north"):
        acting.workspace({"workspace": "nort"})


def test_the_named_user_acts_by_command():
    testing.make_user("bob", Role.CREATOR)
    found = acting.principal({"as_user": "bob"}, verb=Verb.IMPORT)
    assert (found.label, found.door, found.is_user) == ("Bob", "command", True)


def test_the_preset_user_acts_when_none_is_named(settings):
    testing.make_user("bob", Role.CREATOR)
    testing.make_user("alice", Role.REVIEWER)
    settings.OUTREACH_USER = "alice"
    assert acting.principal({}, verb=Verb.IMPORT).label == "Alice"


def test_the_named_user_wins_over_the_preset_one(settings):
    testing.make_user("bob", Role.CREATOR)
    testing.make_user("alice", Role.REVIEWER)
    settings.OUTREACH_USER = "alice"
    assert acting.principal({"as_user": "bob"}, verb=Verb.IMPORT).label == "Bob"


def test_the_only_user_with_the_right_acts():
    testing.make_user("alice", Role.REVIEWER)
    testing.make_user("bob", Role.CREATOR)
    assert acting.principal({}, verb=Verb.DECIDE).label == "Alice"


def test_nobody_with_the_right_is_refused():
    testing.make_user("carol", Role.VIEWER)
    with pytest.raises(CommandError, match="No active user has the role creator or above"):
        acting.principal({}, verb=Verb.IMPORT)


def test_a_refusal_says_where_a_role_is_given_and_that_a_superuser_can():
    """After `createsuperuser` nobody is there to be asked."""
    testing.make_user("boss", is_superuser=True)
    for options in ({}, {"as_user": "boss"}):
        with pytest.raises(CommandError, match="Members → Add, and so does a superuser, to thems"):
            acting.principal(options, verb=Verb.IMPORT)


def test_without_an_operator_the_command_that_makes_one_is_told():
    with pytest.raises(CommandError, match=r"right\. Make a superuser with `manage"):
        acting.principal({}, operator=True)


def test_several_with_the_right_are_named_with_the_remedy():
    testing.make_user("alice", Role.REVIEWER)
    testing.make_user("bob", Role.CREATOR)
    with pytest.raises(CommandError, match=r"alice, bob\. Say who acts with --as USER"):
        acting.principal({}, verb=Verb.IMPORT)


def test_an_inactive_user_is_not_the_only_one_with_the_right():
    testing.make_user("bob", Role.CREATOR)
    testing.make_user("eve", Role.ADMIN, is_active=False)
    assert acting.principal({}, verb=Verb.IMPORT).label == "Bob"


def test_an_inactive_user_is_refused():
    testing.make_user("bob", Role.CREATOR, is_active=False)
    with pytest.raises(CommandError, match="bob is switched off"):
        acting.principal({"as_user": "bob"}, verb=Verb.IMPORT)


def test_an_unknown_user_is_refused_with_near_names():
    testing.make_user("bob", Role.CREATOR)
    with pytest.raises(CommandError, match=r"no user 'Bobb'\. Near names: bob"):
        acting.principal({"as_user": "Bobb"}, verb=Verb.IMPORT)


def test_an_unknown_user_where_nobody_exists_is_told_how_to_make_one():
    with pytest.raises(CommandError, match="createsuperuser"):
        acting.principal({"as_user": "bob"})


def test_a_user_without_the_right_is_refused():
    testing.make_user("carol", Role.VIEWER)
    with pytest.raises(CommandError, match="Carol may not import in Default"):
        acting.principal({"as_user": "carol"}, verb=Verb.IMPORT)


def test_a_member_of_another_workspace_is_refused():
    north = testing.make_workspace("north")
    testing.make_user("bob", Role.CREATOR, north)
    with pytest.raises(CommandError, match="Bob may not import in Default"):
        acting.principal({"as_user": "bob"}, verb=Verb.IMPORT)
    assert acting.principal({"as_user": "bob", "workspace": "north"}, verb=Verb.IMPORT)
    assert acting.principal({"as_user": "bob"}, verb=Verb.IMPORT, workspace=north)


def test_a_superuser_is_an_operator_and_no_member():
    testing.make_user("root", is_superuser=True)
    assert acting.principal({}, operator=True).label == "Root"
    with pytest.raises(CommandError, match="Root may not decide"):
        acting.principal({"as_user": "root"}, verb=Verb.DECIDE)


def test_who_is_no_operator_is_refused_as_one():
    testing.make_user("alice", Role.ADMIN)
    with pytest.raises(CommandError, match="Alice may not do this for the whole system"):
        acting.principal({"as_user": "alice"}, operator=True)
    with pytest.raises(CommandError, match="No active user has the operator's right"):
        acting.principal({}, operator=True)


def test_who_is_no_operator_is_told_where_they_may_and_who_may_everywhere():
    testing.make_user("alice", Role.REVIEWER)
    testing.make_user("carol", Role.VIEWER)
    testing.make_user("root", is_superuser=True)
    stop = ["control", "--emergency-stop", "--as"]
    no = "may not do this for the whole system:"
    with pytest.raises(CommandError) as refused:
        call_command(*stop, "alice")
    works = "add --workspace default, or name an operator with --as root."
    assert str(refused.value) == f"Alice {no} {works}"
    with pytest.raises(CommandError) as refused:
        call_command(*stop, "carol")
    assert str(refused.value) == f"Carol {no} name an operator with --as root."
    with pytest.raises(CommandError) as refused:
        call_command("control", "--enable-all", "--as", "alice")  # a reviewer lifts nothing
    assert str(refused.value) == f"Alice {no} name an operator with --as root."
    User.objects.filter(username="root").update(is_superuser=False)
    with pytest.raises(CommandError, match=r"make an operator with `manage\.py createsuperuser`"):
        call_command(*stop, "carol")


def test_without_a_right_the_only_account_acts():
    testing.make_user("carol")
    assert acting.principal({}).label == "Carol"


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(days=1)),
        (" 7D ", timedelta(days=7)),
        ("365d", timedelta(days=365)),
    ],
)
def test_durations_are_read(text, span):
    assert acting.parse_duration(text) == span


@pytest.mark.parametrize(
    "text", ["", "24", "h", "-1h", "1.5h", "24 hours", "0m", "366d", "999999999d", "٣h", "1h30m"]
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(CommandError, match=r"is (no|longer)"):
        acting.parse_duration(text)
    with pytest.raises(ArgumentTypeError):
        acting.parse_duration(text)


@pytest.mark.parametrize(
    "words",
    [
        ("control", "--enable-all", "--workspace="),
        ("control", "--enable-all", "--as= "),
        ("export", "people", "--to=-", "--since="),
        ("rehearse", "--until="),
        ("run_workflow", "email_drafts", "--import="),
        ("run_workflow", "call_prep", "--person="),
    ],
)
def test_an_option_that_a_script_left_empty_is_refused_and_never_means_more(words):
    """Unset, it meant the whole system, everybody, or whoever OUTREACH_USER names."""
    with pytest.raises(CommandError, match="is empty: say what it is, or leave the option away"):
        call_command(*words)


@pytest.mark.parametrize("empty", ["--workspace= ", "--as="])
def test_a_stop_is_never_refused_for_a_name_that_a_script_left_empty(empty):
    testing.olaf()
    call_command("control", "--emergency-stop", empty)
    assert controls.read().rows[None, ControlKey.EMERGENCY_STOP].enabled


@pytest.mark.parametrize("empty", ["--workspace= ", "--as="])
@pytest.mark.parametrize(
    ("stops", "lifts"),
    [
        (("person", "--block=Ann"), ("person", "--unblock=Ann")),
        (("person", "--desist=Ann"), ("person", "--lift-desist=Ann")),
        (("person", "--disable-automation=Ann"),
         ("person", "--enable-automation=Ann")),
        (("suppression", "add", "ann@example.org", "--channel=email"),
         ("suppression", "lift", "ann@example.org", "--channel=email", "--reason=x")),
        (("safe_mode", "--on"), ("safe_mode", "--status")),
    ],
)  # fmt: skip
def test_nor_is_any_other_stop_and_what_lifts_it_is(stops, lifts, empty):
    testing.dora()
    testing.make_person(name="Ann")
    call_command(*stops, empty)
    with pytest.raises(CommandError, match="is empty: say what it is"):
        call_command(*lifts, empty)


@pytest.mark.parametrize(
    "words",
    [
        ("control", "--status", "--workspace=a\udcffb"),
        ("review", "--pending", "--as=a\udcffb"),
        ("person", "--block=a\udcffb"),
        ("person", "--uuid=a\udcffb"),
        ("run_workflow", "call_prep", "--person=a\udcffb"),
    ],
)
def test_bytes_that_are_no_utf_8_are_read_and_name_nobody(words):
    """A terminal of another encoding writes them, for "Müller" too."""
    testing.dora()
    with pytest.raises(CommandError, match="a\ufffdb"):
        call_command(*words)
