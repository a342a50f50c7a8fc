"""The tables of the tests are those of the product, though they are made in less time."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from channels.tests.processes import database_url
from outreach.tests.source import ROOT

EVERYTHING = {
    "sqlite": ["SELECT type, name, tbl_name, sql FROM sqlite_master"],
    "postgresql": [
        "SELECT table_name, column_name, ordinal_position, data_type, character_maximum_length, "
        "is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'public'",
        "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint",
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    ],
}


CHILD = """
import json, sys, django
django.setup()
from django.core.management import call_command
from django.db import connection
from outreach.tests.test_quick_migrations import answers
call_command("migrate", verbosity=0)
print(json.dumps(answers()))
"""


def answers() -> list[list[str]]:
    """What this process's database says of its tables, indexes, constraints and triggers."""
    with connection.cursor() as cursor:
        told = []
        for question in EVERYTHING[connection.vendor]:
            cursor.execute(question)
            told.append(sorted(map(str, cursor.fetchall())))
        return told


@contextlib.contextmanager
def another_database(folder) -> Iterator[str]:
    """The address of an empty one on the same server."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{folder}/another.sqlite3"
        return
    name = f"{connection.settings_dict['NAME']}_another"
    with psycopg.connect(database_url(), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield database_url().rpartition("/")[0] + f"/{name}"
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.torture  # Django's own way takes ten seconds
@pytest.mark.django_db
def test_the_quick_way_of_migrating_makes_the_same_database(tmp_path):
    """`conftest._quick_migrations` spares Django most of what it renders between two operations."""
    with another_database(tmp_path) as url:
        child = subprocess.run(
            [sys.executable, "-c", CHILD], capture_output=True, text=True, cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "outreach.settings"},
        )  # fmt: skip
    assert child.returncode == 0, child.stderr
    ours = answers()
    assert all(ours) and ours == json.loads(child.stdout)
