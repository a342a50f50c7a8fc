"""A PostgreSQL for the tests: one of our own from the machine's binaries, or one that answers.

A server of our own lives in a temporary folder on a free port and ends with the tests. It does
not wait for the disk: tests kill processes, never the machine, so they could not see the
difference, and emptying the tables after each test is then ten times as fast.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

START_SECONDS = 30.0
LOCAL = "postgres://postgres@127.0.0.1:5432/postgres"
FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")
FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin")


@contextmanager
def server() -> Iterator[tuple[str, str]]:
    """Yields (URL of a server, where it comes from); an empty URL and the reason if there is none.

    The URL names a database of this run alone, which need not exist: tests make `test_…` of it.
    """
    named = os.environ.get("TEST_DATABASE_URL", "")
    if named:
        yield from _if_usable(named, "TEST_DATABASE_URL")
        return
    folder = binaries()
    if folder is not None:
        yield from _own(folder)
    elif not refusal(LOCAL):
        yield from _if_usable(LOCAL, "the server on 127.0.0.1:5432")
    else:
        yield "", "no initdb is on this machine, and no server on 127.0.0.1:5432 lets postgres in"


def refusal(url: str) -> str:
    """Why this server cannot be used for tests; empty if it can."""
    try:
        with (
            closing(psycopg.connect(url, connect_timeout=3)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            )
            row = cursor.fetchone()
    except psycopg.Error as error:
        return str(error).strip().splitlines()[0] if str(error).strip() else "it does not answer"
    return "" if row and row[0] else "its user may not create databases"


def binaries() -> Path | None:
    """The newest folder with initdb and postgres in it."""
    found = [folder for pattern in FOLDERS for folder in Path("/").glob(pattern[1:])]
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    usable = [folder for folder in found if (folder / "postgres").exists()]
    return max(usable, key=_version, default=None)


def _version(folder: Path) -> float:
    digits = "".join(sign for sign in folder.parent.name if sign.isdigit() or sign == ".")
    return float(digits) if digits.count(".") <= 1 and digits.strip(".") else 0.0


def _if_usable(url: str, origin: str) -> Iterator[tuple[str, str]]:
    why = refusal(url)
    if why:
        yield "", f"{origin}: {why}"
        return
    name = f"outreach_{os.getpid()}"
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}")), origin
    finally:
        _drop_leftovers(url, f"test_{name}")


def _drop_leftovers(url: str, prefix: str) -> None:
    """Databases of this run that an interrupted test run left behind."""
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix]
        ).fetchall()
        for (name,) in rows:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


def _own(folder: Path) -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory(prefix="outreach-postgres-") as place:
        owner = _unprivileged()
        if owner is not None:
            os.chown(place, *owner)
        port = _free_port()
        data = f"{place}/data"
        made = _start([folder / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N"], owner)
        if made.wait():
            yield "", f"{folder / 'initdb'} ended with {made.returncode}"
            return
        started = _start(
            [folder / "postgres", "-D", data, "-p", port, "-k", place, "-h", "127.0.0.1", *FAST],
            owner,
        )
        url = f"postgres://postgres@127.0.0.1:{port}/postgres"
        try:
            deadline = time.monotonic() + START_SECONDS
            while refusal(url) and started.poll() is None and time.monotonic() < deadline:
                time.sleep(0.2)
            yield from _if_usable(url, f"a server of our own from {folder}")
        finally:
            started.terminate()
            try:
                started.wait(timeout=20)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def _unprivileged() -> tuple[int, int] | None:
    """PostgreSQL refuses to run as root: whose user and group to use instead."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return found.pw_uid, found.pw_gid
    return None


def _start(argv: list[object], owner: tuple[int, int] | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(part) for part in argv],
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        user=owner[0] if owner else None,
        group=owner[1] if owner else None,
        extra_groups=[] if owner else None,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
