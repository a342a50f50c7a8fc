"""Rows for tests in one line: Alice reviews, Bob writes, Carol looks, Dora administers."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from outreach.core import drafts
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
from tools.emptying import empty, guard, unguard

__all__ = ["empty", "guard", "unguard"]  # for tests, beside the rows they make

# A Wednesday, 10:00 UTC: nothing in the rules holds a message then.
WORKDAY = datetime(2026, 3, 11, 10, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def make_workspace(slug: str = "", **fields: Any) -> Workspace:
    """A workspace with its six controls; without a slug the default one of the migration."""
    if not slug:
        workspace = Workspace.objects.get(slug="default")
        for name, value in fields.items():
            setattr(workspace, name, value)
        if fields:
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
    place = {"workspace": workspace} if workspace else {"workspace__slug": "default"}
    for known in Membership.objects.select_related("user").filter(user__username=name, **place)[:1]:
        return known.user  # in one statement: this is what tests ask for most
    user = User.objects.filter(username=name).first() or make_user(name)
    Membership.objects.create(user=user, workspace=workspace or make_workspace(), role=role)
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

    someone = person or make_person()
    author = fields.pop("by", None) or bob(someone.workspace)
    draft = make_draft(someone, by=author, at=at, **fields)
    approval = submission.submit(draft.pk, by=author, at=at).approval
    assert approval is not None
    return approval


def make_approved(person: Person | None = None, *, at: datetime = WORKDAY, **fields: Any) -> Any:
    """A given approval, decided by Alice, due at once."""
    from approvals import services

    pending = make_pending(person, at=at, **fields)
    return services.approve(
        pending.pk, by=alice(pending.workspace), at=at, digest=pending.digest, undo_seconds=0,
        seen_hidden=True, seen_private=True,
    )  # fmt: skip


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
