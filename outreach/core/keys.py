"""Keys for programs: made once, shown once, stored hashed, rotated, and revoked at once.

A key says who comes in; what they may do is decided by `permissions` like at every other door.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from outreach.core import activity
from outreach.core.models import Agent, ApiKey, User, Workspace
from outreach.core.permissions import NotAllowed, Verb, require, role_of
from outreach.core.principal import Principal

MARK = "occ"  # so that scanners for leaked secrets can know one of ours
SHAPE = re.compile(rf"{MARK}_([A-Za-z0-9]{{12}})_[A-Za-z0-9_-]{{43}}", re.ASCII)
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
USED_EVERY = timedelta(minutes=1)  # "last used" is that exact, and costs no write per request


class KeyRefused(Exception):
    """The key cannot be made so; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new key. `secret` is shown to whoever made it and kept nowhere."""

    key: ApiKey
    secret: str


def make(
    owner: Agent | User,
    workspace: Workspace,
    *,
    label: str,
    by: Principal,
    at: datetime,
    expires_at: datetime | None = None,
) -> Made:
    """A key of an agent (by a workspace's admin), or of a colleague for themselves.

    Raises NotAllowed without the right, KeyRefused for what makes no sense.
    """
    _may_make(owner, workspace, by)
    if not label.strip():
        raise KeyRefused("Say where the key will be used, so that it can be told from others.")
    if expires_at is not None and expires_at <= at:
        raise KeyRefused("The key would have expired already. Choose a later moment, or none.")
    prefix = "".join(secrets.choice(LETTERS) for _ in range(12))
    secret = f"{MARK}_{prefix}_{secrets.token_urlsafe(32)}"
    with transaction.atomic():
        key = ApiKey.objects.create(
            workspace=workspace,
            agent=owner if isinstance(owner, Agent) else None,
            user=owner if isinstance(owner, User) else None,
            label=label.strip()[:120],
            prefix=prefix,
            digest=_digest(secret),
            created_at=at,
            expires_at=expires_at,
            **by.fields(),
        )
        activity.record(activity.entry("workspaces.key_made", key), by=by, at=at)
    return Made(key, secret)


def _may_make(owner: Agent | User, workspace: Workspace, by: Principal) -> None:
    if not by.is_user:
        raise NotAllowed(f"{by.label} is no person and may not make keys. An admin has to do this.")
    if isinstance(owner, Agent):
        if owner.workspace_id != workspace.pk:
            raise KeyRefused("That agent belongs to another workspace.")
        require(by, Verb.CONFIGURE, workspace)
    elif by.id != str(owner.pk):
        raise NotAllowed("A colleague's key can only be made by that colleague.")
    elif not role_of(by, workspace):
        raise NotAllowed(f"{by.label} is no member of {workspace.name}. Ask an admin of it.")


def revoke(key: ApiKey, *, by: Principal, at: datetime) -> bool:
    """End a key at once; whether it still worked. Its owner may, and an admin of the workspace."""
    if key.user_id is None or by.id != str(key.user_id) or not by.is_user:
        require(by, Verb.CONFIGURE, key.workspace)
    return _end(key, by=by, at=at)


def end_of_member(user: User, workspace: Workspace, *, by: Principal, at: datetime) -> None:
    """End the keys of somebody who leaves a workspace, so that coming back wakes none of them.

    The caller has asked for the right to remove them.
    """
    for key in ApiKey.objects.filter(user=user, workspace=workspace, revoked_at__isnull=True):
        _end(key, by=by, at=at)


def _end(key: ApiKey, *, by: Principal, at: datetime) -> bool:
    with transaction.atomic():
        ended = ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=at)
        if ended:
            activity.record(activity.entry("workspaces.key_revoked", key), by=by, at=at)
    return bool(ended)


def rotate(key: ApiKey, *, by: Principal, at: datetime, overlap: timedelta = timedelta(0)) -> Made:
    """A new key in place of this one, which works on for `overlap` so that nothing breaks."""
    owner = key.agent or key.user
    if owner is None or key.revoked_at is not None:
        raise KeyRefused("This key was revoked. Make a new one.")
    with transaction.atomic():
        fresh = make(
            owner, key.workspace, label=key.label, by=by, at=at, expires_at=_same_span(key, at)
        )
        if overlap <= timedelta(0):
            revoke(key, by=by, at=at)
        else:
            until = min(at + overlap, key.expires_at or at + overlap)
            ApiKey.objects.filter(pk=key.pk).update(expires_at=until)
    key.refresh_from_db()
    return fresh


def _same_span(key: ApiKey, at: datetime) -> datetime | None:
    return at + (key.expires_at - key.created_at) if key.expires_at else None


def holder(secret: str, *, at: datetime, door: str = "api") -> tuple[Principal, ApiKey] | None:
    """Who comes in with this key; None for anything but a key that works now."""
    match = SHAPE.fullmatch(secret)
    if match is None:
        return None
    # At every request of a program: the prefix is unique, so nothing is put in order.
    rows = (
        ApiKey.objects.select_related("workspace", "agent", "user")
        .filter(prefix=match[1], revoked_at__isnull=True)
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=at))
    )
    key = next(iter(rows), None)
    if key is None or not hmac.compare_digest(key.digest, _digest(secret)):
        return None
    if key.agent is not None:
        if not key.agent.is_active:
            return None
        if key.agent.workspace_id == key.workspace_id:
            key.agent.workspace = key.workspace
        principal = Principal.of_agent(key.agent, door=door)
    elif key.user is not None and key.user.is_active:
        principal = Principal.of_user(key.user, door=door)
    else:
        return None
    _note_use(key, at)
    return principal, key


def _note_use(key: ApiKey, at: datetime) -> None:
    if key.last_used_at is None or at - key.last_used_at >= USED_EVERY:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=at)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
