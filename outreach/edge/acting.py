"""Who a command acts as, and in which workspace (SPEC §12). Every command asks here, once.

Refuses unknown, switched-off and unentitled users in one sentence; a command never acts as the
system, so that the log names a person for everything a person typed.
"""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db.models import QuerySet

from outreach.core import permissions, queries, workspaces
from outreach.core.models import User, Workspace
from outreach.core.permissions import LEAST_ROLE, NotAllowed, Verb
from outreach.core.principal import Principal

DOOR = "command"
LONGEST = timedelta(days=365)
EMPTY = "it is empty: say what it is, or leave the option away."
UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class BadDuration(CommandError, argparse.ArgumentTypeError):
    """Both kinds, so that `parse_duration` serves as an argument's type and inside `handle`."""


def add_arguments(
    parser: CommandParser,
    *,
    workspace: str = "The workspace (default: default).",
    read: Callable[[str], str] | None = None,
) -> None:
    """Add `--as USER` and `--workspace SLUG`, refused where they are empty, or as `read` has it."""
    parser.add_argument(
        "--as",
        dest="as_user",
        type=read or named,
        metavar="USER",
        help="Act as this user (default: OUTREACH_USER, else the only user with the right).",
    )
    parser.add_argument("--workspace", type=read or named, metavar="SLUG", help=workspace)


def words(text: str) -> str:
    """What was typed, as every database holds it: a terminal may write bytes that are no UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def named(text: str) -> str:
    """The same of a name, refused where it is empty: left unset by a script, it would mean the
    whole system, everybody or somebody else."""
    if not text.strip():
        raise argparse.ArgumentTypeError(EMPTY)
    return words(text)


def named_or_empty(text: str) -> str:
    """The same for what brakes: no stop is refused for it; see `refuse_empty`."""
    return words(text).strip()


def refuse_empty(options: Mapping[str, Any]) -> None:
    """Of a command that brakes, for all else that it does."""
    for option, said in (("workspace", "--workspace"), ("as_user", "--as")):
        if options[option] == "":
            raise CommandError(f"argument {said}: {EMPTY}")


def workspace(options: Mapping[str, Any]) -> Workspace:
    """The workspace the options name, or the default one."""
    try:
        return workspaces.find(options.get("workspace") or "")
    except workspaces.UnknownWorkspace as error:
        raise CommandError(str(error)) from None


def principal(
    options: Mapping[str, Any],
    *,
    verb: Verb | None = None,
    workspace: Workspace | None = None,
    operator: bool = False,
) -> Principal:
    """The person this command acts as; they hold every right that is named here.

    `verb` is asked in `workspace` (default: the one the options name). A superuser counts as an
    operator and never as a member.
    """
    place = workspace or _place(options) if verb is not None else None
    name = options.get("as_user") or settings.OUTREACH_USER
    user = _named(name) if name else _only(verb, place, operator=operator)
    acting = Principal.of_user(user, door=DOOR)
    try:
        if verb is not None and place is not None:
            permissions.require(acting, verb, place)
        if operator:
            permissions.require_operator(acting)
    except NotAllowed as error:
        raise CommandError(str(error)) from None
    return acting


def operator(options: Mapping[str, Any], verb: Verb | None) -> Principal:
    """An operator. A refusal says with which options it works: where this user holds `verb`,
    which is None for what no single workspace has."""
    try:
        return principal(options, operator=True)
    except CommandError:
        name = options.get("as_user") or settings.OUTREACH_USER
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise
        raise CommandError(_what_works(user, verb)) from None


def _what_works(user: User, verb: Verb | None) -> str:
    acting = Principal.of_user(user, door=DOOR)
    places = [
        each.slug
        for each in queries.workspaces_of(user)[:10]
        if verb is not None and permissions.allowed(acting, verb, each)
    ]
    able = [each.get_username() for each in queries.operators()[:3]]
    ways = [f"add --workspace {' or '.join(places)}"] if places else []
    ways.append(
        f"name an operator with {' or '.join(f'--as {each}' for each in able)}"
        if able
        else "make an operator with `manage.py createsuperuser` and name them with --as"
    )
    return f"{acting.label} may not do this for the whole system: {', or '.join(ways)}."


def known(options: Mapping[str, Any]) -> None:
    """Refuse a name given with --as that is nobody's, where the command only looks."""
    if options.get("as_user"):
        _named(options["as_user"])


# `principal` has an argument of the name of the function it needs.
_place = workspace


def _named(name: str) -> User:
    """The active user of that name."""
    found = User.objects.filter(username=name).first()
    if found is None:
        raise CommandError(
            f"There is no user {name!r}. {_near(name)} "
            "Name one with --as USER, or set OUTREACH_USER."
        )
    if not found.is_active:
        raise CommandError(
            f"{name} is switched off and may do nothing. Name an active user with --as USER."
        )
    return found


def _near(name: str) -> str:
    known = list(
        User.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)
    )
    if not known:
        return "No user exists yet: make one with `manage.py createsuperuser` or `manage.py demo`."
    folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=3)
    if near:
        return f"Near names: {', '.join(folded[each] for each in near)}."
    return f"Known: {', '.join(known[:10])}{' …' if len(known) > 10 else ''}."


def _only(verb: Verb | None, place: Workspace | None, *, operator: bool) -> User:
    """The one active user who holds these rights; none or several is refused with the remedy."""
    able = list(_entitled(verb, place, operator=operator)[:11])
    if len(able) == 1:
        return able[0]
    right = _right(verb, place, operator=operator)
    if not able:
        raise CommandError(f"No active user has {right}. {_given(verb, place)}")
    names = ", ".join(user.get_username() for user in able[:10])
    more = " …" if len(able) > 10 else ""
    raise CommandError(
        f"Several users have {right}: {names}{more}. "
        "Say who acts with --as USER, or set OUTREACH_USER."
    )


def _entitled(verb: Verb | None, place: Workspace | None, *, operator: bool) -> QuerySet[User]:
    able = User.objects.filter(is_active=True).order_by("username")
    if verb is not None and place is not None:
        able = queries.users_who_may(verb, place)
    return able.filter(pk__in=queries.operators().values("pk")) if operator else able


def _right(verb: Verb | None, place: Workspace | None, *, operator: bool) -> str:
    """The right in words: "the role creator or above in Default"."""
    words = []
    if verb is not None and place is not None:
        words.append(f"the role {LEAST_ROLE[verb].label.lower()} or above in {place.name}")
    if operator:
        words.append("the operator's right")
    return " and ".join(words) or "an account"


def _given(verb: Verb | None, place: Workspace | None) -> str:
    """Where a right that nobody has is given."""
    if verb is not None and place is not None:
        how = permissions.how_given(place)
        return f"{how[0].upper()}{how[1:]}"
    return "Make a superuser with `manage.py createsuperuser`."


def parse_duration(text: str) -> timedelta:
    """A span such as 30m, 24h or 7d."""
    match = re.fullmatch(r"(\d{1,9})\s*([mhd])", text.strip().lower(), re.ASCII)
    if match is None:
        raise BadDuration(f"{text!r} is no duration. Write a number and m, h or d: 30m, 24h, 7d.")
    try:
        span = timedelta(**{UNITS[match[2]]: int(match[1])})
    except OverflowError:
        span = timedelta.max
    if not span:
        raise BadDuration(f"{text!r} is no time at all. Write at least 1m.")
    if span > LONGEST:
        raise BadDuration(f"{text!r} is longer than a year. Write at most {LONGEST.days}d.")
    return span
