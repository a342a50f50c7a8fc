"""The demo's colleagues and their passwords, made once and kept in `DATA_DIR/demo_login`."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from outreach.core.models import Membership, Role, User, Workspace
from outreach.core.principal import Principal
from outreach.edge.acting import DOOR


@dataclass(frozen=True, slots=True)
class Colleague:
    """One account of the demo."""

    username: str
    first_name: str
    last_name: str
    role: Role
    is_operator: bool = False


REVIEWER = Colleague("demo-reviewer", "Rita", "Lang", Role.REVIEWER)
ADMIN = Colleague("demo-admin", "Ada", "Stern", Role.ADMIN, is_operator=True)
WRITER = Colleague("demo-writer", "Mira", "Keller", Role.CREATOR)  # whose name the letters leave in
ALL = (REVIEWER, ADMIN, WRITER)


def path() -> Path:
    return Path(settings.DATA_DIR) / "demo_login"


def make(workspace: Workspace) -> int:
    """Make whoever is missing; returns how many were made. A known password is never changed."""
    known = _read()
    fresh = {each.username: known.get(each.username) or secrets.token_urlsafe(12) for each in ALL}
    if fresh != known:
        _write(fresh)  # before the accounts: a password nobody knows helps nobody
    made = 0
    for each in ALL:
        user = User.objects.filter(username=each.username).first()
        if user is None:
            user = _create(each, fresh[each.username])
            made += 1
        elif each.username not in known:
            user.set_password(fresh[each.username])
            user.save(update_fields=["password"])
        Membership.objects.get_or_create(
            user=user, workspace=workspace, defaults={"role": each.role}
        )
    return made


def _create(each: Colleague, password: str) -> User:
    return User.objects.create_user(
        each.username,
        f"{each.username}@example.com",
        password,
        first_name=each.first_name,
        last_name=each.last_name,
        is_staff=True,
        is_operator=each.is_operator,
    )


def principal(each: Colleague) -> Principal:
    """The colleague, acting by command."""
    return Principal.of_user(User.objects.get(username=each.username), door=DOOR)


def login_line() -> str:
    """`login: NAME / PASSWORD` of the reviewer; empty where that would not let anybody in."""
    password = _read().get(REVIEWER.username, "")
    user = User.objects.filter(username=REVIEWER.username, is_active=True).first()
    if user is None or not password or not user.check_password(password):
        return ""
    return f"login: {REVIEWER.username} / {password}"


def _read() -> dict[str, str]:
    try:
        lines = path().read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition(" / ") for line in lines)
    return {name: password for name, _, password in pairs if password}


def _write(logins: dict[str, str]) -> None:
    """Complete or not at all, and readable by this user alone from the first byte on."""
    target = path()
    half = target.with_name(f".{target.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("".join(f"{name} / {password}\n" for name, password in logins.items()))
    half.replace(target)
