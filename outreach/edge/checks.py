"""Settings and database must keep what the promise rests on: faults with an id, and what to do.

Errors (`outreach.E…`) stop a start; warnings (`outreach.W…`) are about a deployment that works
but not as its operator may think. Those about the database run with `check --database default`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from sqlite3 import sqlite_version_info
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from channels import liveness
from outreach.core import triggers
from outreach.edge import key_fit, running
from safety.models import ControlKey, SystemControl

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]", "::1", "testserver"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Backends that show a message to somebody at this machine and report it as sent.
NOWHERE = ("console", "dummy", "locmem", "filebased")
FULL, EXTRA = 2, 3  # SQLite's synchronous: a commit has reached the disk


def hosts(**_: Any) -> list[CheckMessage]:
    """DEBUG shows settings and source to whoever makes a page fail."""
    others = [host for host in settings.ALLOWED_HOSTS if host not in LOCAL_HOSTS]
    found: list[CheckMessage] = []
    if settings.DEBUG and others:
        found.append(
            Error(
                f"DEBUG is on while this site answers as {', '.join(others)}.",
                hint="Set DEBUG=False, or ALLOWED_HOSTS to localhost only.",
                id="outreach.E001",
            )
        )
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            Warning(
                "ALLOWED_HOSTS is *, so links in mail can be made to point anywhere.",
                hint="Name the hosts that people type, separated by commas.",
                id="outreach.W003",
            )
        )
    return found


def secret_key(**_: Any) -> list[CheckMessage]:
    """A key made in DATA_DIR serves one machine; a second one would make its own."""
    on_postgresql = settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
    if not on_postgresql or os.environ.get("SECRET_KEY"):
        return []
    return [
        Warning(
            "SECRET_KEY is not set: this machine made its own, and another would make another.",
            hint="Set the same SECRET_KEY for every process on every machine.",
            id="outreach.W001",
        )
    ]


def mail(**_: Any) -> list[CheckMessage]:
    """What is live must be able to leave, and must be given up before it counts as unknown."""
    found: list[CheckMessage] = []
    backend = settings.EMAIL_BACKEND
    if not settings.DRY_RUN and any(f".{word}." in backend for word in NOWHERE):
        found.append(
            Warning(
                f"DRY_RUN is off, but {backend} reaches nobody: messages will count as sent.",
                hint="Set EMAIL_URL=smtp+tls://USER:PASSWORD@HOST:587, or DRY_RUN=True.",
                id="outreach.W002",
            )
        )
    if settings.EMAIL_TIMEOUT >= settings.SEND_DEADLINE_SECONDS:
        found.append(
            Warning(
                f"EMAIL_TIMEOUT ({settings.EMAIL_TIMEOUT} s) is not below SEND_DEADLINE_SECONDS "
                f"({settings.SEND_DEADLINE_SECONDS} s): each silent server costs an unknown.",
                hint="Lower EMAIL_TIMEOUT or raise SEND_DEADLINE_SECONDS.",
                id="outreach.W004",
            )
        )
    return found


def one_click(**_: Any) -> list[CheckMessage]:
    """No fault of any command: told by `doctor` and `check --deploy`, not before each of them."""
    if settings.DRY_RUN or settings.BASE_URL.startswith("https://"):
        return []
    said = f"The address is {running.address()}: messages carry no one-click unsubscribe, which "
    hint = "Set BASE_URL to the https:// address people reach this site at."
    return [Warning(f"{said}Gmail and Yahoo ask for.", hint=hint, id="outreach.W007")]


def platforms(**_: Any) -> list[CheckMessage]:
    """A token goes to nobody in clear text, and to this machine only for trying things out."""
    found: list[CheckMessage] = []
    for name in ("WHATSAPP_API_URL", "INSTAGRAM_API_URL"):
        url = urlsplit(getattr(settings, name))
        host = url.hostname or ""
        if url.scheme == "https" and host:
            continue
        if url.scheme == "http" and host in LOOPBACK:
            continue
        found.append(
            Error(
                f"{name} is {url.geturl()!r}: a token must not travel in clear text.",
                hint="Write https://…; http:// is for a server on this machine only.",
                id="outreach.E008",
            )
        )
    if settings.HTTP_TIMEOUT >= settings.SEND_DEADLINE_SECONDS:
        found.append(
            Warning(
                f"HTTP_TIMEOUT ({settings.HTTP_TIMEOUT} s) is not below SEND_DEADLINE_SECONDS "
                f"({settings.SEND_DEADLINE_SECONDS} s): each silent server costs an unknown.",
                hint="Lower HTTP_TIMEOUT or raise SEND_DEADLINE_SECONDS.",
                id="outreach.W006",
            )
        )
    return found


def senders(**_: Any) -> list[CheckMessage]:
    """Without a lock nobody can send; with one that proves nothing nobody can stop."""
    directory = liveness.default_directory()
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        writable = os.access(directory, os.W_OK | os.X_OK)
    except OSError:
        writable = False
    found: list[CheckMessage] = []
    if not writable:
        found.append(
            Error(
                f"{directory} cannot be written, so no sender can hold its lock.",
                hint="Set DATA_DIR to a folder this user may write.",
                id="outreach.E002",
            )
        )
    kind = liveness.network_filesystem(directory)
    if kind:
        found.append(
            Error(
                f"{directory} is on a network file system ({kind}), where a lock proves nothing: "
                "no stop could ever say that it is complete.",
                hint="Set DATA_DIR to a local disk of this machine.",
                id="outreach.E003",
            )
        )
    return found


def database(*, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """What only the database can answer; one that does not answer at all is not our finding."""
    if "default" not in (databases or ()):
        return []
    connection = connections["default"]
    try:
        if connection.vendor == "postgresql":
            found = postgresql_durability(connection)
        else:
            found = sqlite_durability(connection)
        return [*found, *guards(connection), *control_rows(connection), *key_fit.check(connection)]
    except DatabaseError:
        return []


def postgresql_durability(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    """A committed intent that a power cut takes back is a message sent twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM pg_settings WHERE setting = 'off' "
            "AND name IN ('fsync', 'synchronous_commit')"
        )
        off = sorted(name for (name,) in cursor.fetchall())
    return [
        Error(
            f"PostgreSQL runs with {name}=off: after a power cut messages could go out twice.",
            hint=f"ALTER SYSTEM SET {name} = on; then SELECT pg_reload_conf();",
            id="outreach.E004",
        )
        for name in off
    ]


def sqlite_durability(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    """Read back: SQLite silently keeps another journal where WAL is not possible."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        journal = str(cursor.fetchone()[0]).lower()
        cursor.execute("PRAGMA synchronous")
        synchronous = int(cursor.fetchone()[0])
    if journal == "memory":  # an in-memory database promises nothing anyway
        return []
    found = sqlite_age()
    if journal != "wal":
        found.append(
            Error(
                f"SQLite keeps its journal as {journal}, not as WAL: web and worker block.",
                hint="Put the file on a local disk; network file systems cannot do it.",
                id="outreach.E005",
            )
        )
    if synchronous not in (FULL, EXTRA):
        found.append(
            Error(
                f"SQLite runs with synchronous={synchronous}: a power cut could undo a commit.",
                hint="Leave the database options as outreach/settings.py sets them.",
                id="outreach.E006",
            )
        )
    return found


def sqlite_age(version: tuple[int, ...] = sqlite_version_info) -> list[CheckMessage]:
    """The sender's statements use RETURNING, which came with 3.35 (docs/decisions/0013)."""
    if version >= (3, 35):
        return []
    return [
        Error(
            f"This Python carries SQLite {'.'.join(map(str, version))}; 3.35 or newer is needed.",
            hint="Use a newer build of Python, or PostgreSQL (DATABASE_URL).",
            id="outreach.E011",
        )
    ]


def guards(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    """The log is insert-only because the database says so, not because we are well-behaved."""
    tables = set(connection.introspection.table_names())
    return [
        Error(
            f"The table {table} has lost its insert-only guard; its rows can be changed unseen.",
            hint="Run `manage.py audit verify`, then `manage.py doctor --restore-guards`.",
            id="outreach.E007",
        )
        for table in triggers.missing()
        if table in tables
    ]


def control_rows(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    """A missing row counts as stopped; better told before somebody wonders."""
    if SystemControl._meta.db_table not in connection.introspection.table_names():
        return []
    there = set(SystemControl.objects.filter(workspace=None).values_list("control_key", flat=True))
    gone = [str(key) for key in ControlKey if key not in there]
    if not gone:
        return []
    return [
        Warning(
            f"The controls {', '.join(gone)} have no row, which counts as stopped.",
            hint="Set each with `manage.py control --enable` or `--disable`.",
            id="outreach.W005",
        )
    ]


def webhooks(**_: Any) -> list[CheckMessage]:
    """Who can be written to must be able to say stop: a channel in use needs a webhook."""
    found: list[CheckMessage] = []
    if (
        settings.WHATSAPP_TOKEN or settings.INSTAGRAM_TOKEN
    ) and not settings.META_APP_SECRET.split():
        found.append(
            Error(
                "META_APP_SECRET is not set, so nobody's request to stop would be heard.",
                hint="Set it to the app's secret, and META_VERIFY_TOKEN to subscribe the webhook.",
                id="outreach.E009",
            )
        )
    if settings.SECRET_KEY in (
        *settings.META_APP_SECRET.split(), settings.META_VERIFY_TOKEN,
        *settings.ANYMAIL.get("WEBHOOK_SECRET", ()),
    ):  # fmt: skip
        found.append(
            Error(
                "A webhook's secret is SECRET_KEY, so whoever knows it could sign anything here.",
                hint="Give each webhook a secret of its own.",
                id="outreach.E010",
            )
        )
    return found


def activate() -> None:
    """Called once, when the apps are ready."""
    for check in (hosts, secret_key, mail, platforms, webhooks):
        register(check, Tags.security)
    register(one_click, Tags.security, deploy=True)
    register(senders, "outreach")
    register(database, Tags.database)
