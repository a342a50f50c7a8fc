"""The runbook's lines for a backup, run as printed: what comes back is whole, and its log holds."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from outreach import testing
from outreach.core import activity
from outreach.edge.tests.test_mcp import child_environment
from outreach.tests import source

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


def printed(tool: str) -> str:
    """The runbook's line with this tool."""
    runbook = (source.ROOT / "docs/runbook.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", runbook, re.S)
    [line] = [each.strip() for each in "".join(blocks).splitlines() if tool in each]
    return line


def run(line: str, folder: Path, **env: str) -> None:
    subprocess.run(
        ["sh", "-ec", line], cwd=folder, env={**os.environ, **env}, check=True, timeout=120
    )


def head_of(url: str) -> str:
    """What `audit verify` says of that database."""
    return subprocess.run(
        [sys.executable, str(source.ROOT / "manage.py"), "audit", "verify"],
        env={**child_environment(), "DATABASE_URL": url}, capture_output=True, text=True,
        check=True, timeout=120,
    ).stdout  # fmt: skip


def test_what_a_backup_brings_back_is_whole(tmp_path):
    tool = "pg_dump" if connection.vendor == "postgresql" else "sqlite3"
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not on this machine")
    testing.make_approved(testing.make_person(name="Zoë Übel"))
    found = activity.verify()
    url = child_environment()["DATABASE_URL"]
    if tool == "sqlite3":
        # The test's database has another name than the one in DATA_DIR.
        line = printed(tool).replace("$DATA_DIR/outreach.sqlite3", connection.settings_dict["NAME"])
        run(line, tmp_path)
        assert found.head in head_of(f"sqlite:///{tmp_path / 'outreach.backup'}")
        return
    run(printed(tool), tmp_path, DATABASE_URL=url)
    fresh = f"{connection.settings_dict['NAME']}_restored"
    with closing(psycopg.connect(url, autocommit=True)) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{fresh}"')
        server.execute(f'CREATE DATABASE "{fresh}"')
        try:
            restored = f"{url.rpartition('/')[0]}/{fresh}"
            run(printed("pg_restore"), tmp_path, RESTORED=restored)
            assert found.head in head_of(restored)
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{fresh}" WITH (FORCE)')
