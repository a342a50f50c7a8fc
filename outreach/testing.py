"""Rows for tests in one line: Alice reviews, Bob writes, Carol looks, Dora administers."""

from __future__ import annotations

import functools
import itertools
import time
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, connection, transaction

from outreach.core import drafts, triggers
from outreach.core.models import (
    Agent,
    Channel,
    InboundMessage,
    Membership,
    Person,
    Purpose,
    Role,
    User,
    Workspace,
)
from outreach.core.people import add_address
from outreach.core.principal import Principal
from safety import controls
from safety.models import SWITCHES, ControlKey, SystemControl

# A Wednesday, 10:00 UTC: nothing in the rules holds a message then.
WORKDAY = datetime(2026, 3, 11, 10, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def make_workspace(slug: str = "", **fields: Any) -> Workspace:
    """A workspace with its six controls; without a slug the default one of the migration."""
    if not slug:
        workspace = Workspace.objects.get(slug="default")
        for name, value in fields.items():
            setattr(workspace, name, value)
        workspace.save()
        return workspace
    workspace = Workspace.objects.create(slug=slug, name=slug.title(), **fields)
    controls.provision(workspace)
    return workspace


def make_user(name: str, role: str = "", workspace: Workspace | None = None, **fields: Any) -> User:
    user = User.objects.create_user(
        name, f"{name}@example.org", "correct horse battery", first_name=name.title(),
        is_staff=True, **fields,
    )  # fmt: skip
    if role:
        Membership.objects.create(user=user, workspace=workspace or make_workspace(), role=role)
    return user


def alice(workspace: Workspace | None = None) -> Principal:
    return Principal.of_user(_member("alice", Role.REVIEWER, workspace))


def bob(workspace: Workspace | None = None) -> Principal:
    return Principal.of_user(_member("bob", Role.CREATOR, workspace))


def carol(workspace: Workspace | None = None) -> Principal:
    return Principal.of_user(_member("carol", Role.VIEWER, workspace))


def dora(workspace: Workspace | None = None) -> Principal:
    return Principal.of_user(_member("dora", Role.ADMIN, workspace))


def olaf() -> Principal:
    """The operator."""
    found = User.objects.filter(username="olaf").first()
    return Principal.of_user(found or make_user("olaf", is_operator=True))


def _member(name: str, role: str, workspace: Workspace | None) -> User:
    user = User.objects.filter(username=name).first() or make_user(name)
    place = workspace or make_workspace()
    Membership.objects.get_or_create(user=user, workspace=place, defaults={"role": role})
    return user


def make_agent(workspace: Workspace | None = None, *scopes: str, **fields: Any) -> Principal:
    agent = Agent.objects.create(
        workspace=workspace or make_workspace(),
        name=f"agent {next(_numbers)}",
        scopes=list(scopes) or ["people:read", "drafts:write"],
        **fields,
    )
    return Principal.of_agent(agent)


def noon_zone() -> str:
    """A zone whose clock shows noon now, so that no hour of the day holds a message."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


def make_person(workspace: Workspace | None = None, name: str = "", **fields: Any) -> Person:
    """A person with an e-mail address of their own."""
    number = next(_numbers)
    full = name or f"Person {number}"
    person = Person.objects.create(
        workspace=workspace or make_workspace(),
        full_name=full,
        first_name=full.split()[0],
        greeting_name=full.split()[0],
        **fields,
    )
    add_address(person.workspace, person, Channel.EMAIL, f"person{number}@example.com")
    return person


def make_draft(
    person: Person | None = None,
    *,
    by: Principal | None = None,
    at: datetime = WORKDAY,
    channel: str = Channel.EMAIL,
    purpose: str = Purpose.INFORMATIONAL,
    subject: str = "Minutes of Monday",
    text: str = "Here are the minutes of Monday's meeting, as agreed.",
    html: str = "",
    confidence: int | None = 85,
    **fields: Any,
) -> Any:
    """A draft written by Bob, not submitted."""
    someone = person or make_person()
    return drafts.write(
        someone.workspace,
        someone,
        channel,
        drafts.Text(subject=subject, text=text, html=html, confidence=confidence),
        by=by or bob(someone.workspace),
        at=at,
        purpose=purpose,
        **fields,
    )


def make_pending(person: Person | None = None, *, at: datetime = WORKDAY, **fields: Any) -> Any:
    """A pending approval, submitted by the draft's author."""
    from approvals import submission

    draft = make_draft(person, at=at, **fields)
    author = fields.get("by") or bob(draft.workspace)
    approval = submission.submit(draft.pk, by=author, at=at).approval
    assert approval is not None
    return approval


def make_approved(person: Person | None = None, *, at: datetime = WORKDAY, **fields: Any) -> Any:
    """A given approval, decided by Alice, due at once."""
    from approvals import services

    pending = make_pending(person, at=at, **fields)
    return services.approve(
        pending.pk, by=alice(pending.workspace), at=at, digest=pending.digest, undo_seconds=0
    )


def make_inbound(person: Person | None = None, **fields: Any) -> InboundMessage:
    """A message from this person, read and waiting for an answer."""
    someone = person or make_person()
    number = next(_numbers)
    given = {
        "channel": Channel.EMAIL,
        "key": f"key {number}",
        "sender": f"person{number}@example.com",
        "text": "Tuesday suits me. Could you send the agenda?",
        "status": "wants_reply",
        "received_at": WORKDAY,
    }
    return InboundMessage.objects.create(
        workspace=someone.workspace, person=someone, **{**given, **fields}
    )


def unguard() -> None:
    """Take the insert-only triggers away, so that a test database can be emptied."""
    _execute(triggers.drop)


def guard() -> None:
    _execute(triggers.create)


def _execute(statements: Any) -> None:
    with connection.cursor() as cursor:
        for table in triggers.GUARDED:
            for statement in statements(table, connection.vendor):
                cursor.execute(statement)


# Made by migrations for Django itself; every test finds them, none changes them.
KEPT = {"django_migrations", "django_content_type", "auth_permission"}


def empty() -> None:
    """Take all rows out of the test database and bring back those that migrations make.

    A server process whose client was killed, or a page that was left, may still finish its last
    statement; what it wrote in between is taken out by the next turn.
    """
    for patience in range(20, -1, -1):
        try:
            _empty()
            return
        except DatabaseError:
            if not patience:
                raise
            time.sleep(0.1)


def _empty() -> None:
    """Only what has rows is touched, by DELETE.

    Django's own way, TRUNCATE of every table and then all permissions anew, takes many times as
    long on PostgreSQL. Foreign keys are deferred, so the order of the tables does not matter.
    """
    filled = _filled()
    guarded = filled & set(triggers.GUARDED)
    if guarded:
        unguard()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for table in filled:
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
    finally:
        if guarded:
            guard()
    ship()


def _filled() -> set[str]:
    """The tables that have rows, asked in one statement."""
    asked = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})"
        for table in _tables()
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return {name for (name,) in cursor.fetchall()}


@functools.cache
def _tables() -> list[str]:
    there = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(set(there) - KEPT)


def ship() -> None:
    """Bring back the rows that migrations make, after a test database was emptied.

    As `controls.provision` makes them, but in one statement: this is done after every second test.
    """
    place = Workspace.objects.create(slug="default", name="Default")
    SystemControl.objects.bulk_create(
        SystemControl(workspace=where, control_key=key, enabled=key in SWITCHES)
        for where in (None, place)
        for key in ControlKey
    )


def somebody_waits() -> bool:
    """Whether a statement of this database waits for a lock; SQLite cannot say."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])
