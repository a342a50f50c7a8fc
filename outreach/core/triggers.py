"""Insert-only tables, guarded by the database itself on PostgreSQL and SQLite.

Overriding `save` and `delete` is not enough: managers, cascades and hand-written SQL go round
it. A superuser can still drop a trigger; `audit verify` then says that it is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

INSERT_ONLY = ("activity_timeline", "activity_seals", "safety_events")
REVISIONS = "message_revisions"
GUARDED = (*INSERT_ONLY, REVISIONS)

# Erasing personal data may empty a revision once; nothing else about it may ever change.
FIRST_KEPT = (
    "id", "draft_id", "no", "attachments", "confidence", "digest", "created_at",
    "by_kind", "by_id", "by_label",
)  # fmt: skip
REVISION_KEPT = (*FIRST_KEPT, "voice_id", "voice_score")


def _erasure(distinct: str, columns: Sequence[str]) -> str:
    kept = " AND ".join(f"NOT (NEW.{name} {distinct} OLD.{name})" for name in columns)
    return (
        f"OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND NEW.address = '' "
        f"AND NEW.subject = '' AND NEW.text = '' AND NEW.html = '' AND {kept}"
    )


def _sqlite(table: str, kept: Sequence[str]) -> list[str]:
    guard = f"WHEN NOT ({_erasure('IS NOT', kept)})" if table == REVISIONS else ""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {guard} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
    ]


def _postgresql(table: str, kept: Sequence[str]) -> list[str]:
    guard = f"WHEN (NOT ({_erasure('IS DISTINCT FROM', kept)}))" if table == REVISIONS else ""
    if table == REVISIONS:
        guard = guard.replace("NEW.attachments IS", "NEW.attachments::text IS").replace(
            "FROM OLD.attachments", "FROM OLD.attachments::text"
        )
    call = "EXECUTE FUNCTION outreach_insert_only()"
    return [
        "CREATE OR REPLACE FUNCTION outreach_insert_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME; END $$",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {guard} {call}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {call}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}",
        *[
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_{act}"
            for act in ("update", "delete", "truncate")
        ],
    ]


def create(table: str, vendor: str, *, kept: Sequence[str] = REVISION_KEPT) -> list[str]:
    """The statements that guard `table`; `kept` are the columns that erasure leaves alone."""
    return _postgresql(table, kept) if vendor == "postgresql" else _sqlite(table, kept)


def drop(table: str, vendor: str) -> list[str]:
    acts = ("update", "delete", "truncate") if vendor == "postgresql" else ("update", "delete")
    on = f" ON {table}" if vendor == "postgresql" else ""
    return [f"DROP TRIGGER IF EXISTS {table}_no_{act}{on}" for act in acts]


def guard(*tables: str, kept: Sequence[str] = REVISION_KEPT) -> Any:
    """A migration step that guards these tables anew, and unguards them backwards."""
    from django.db import migrations

    def forwards(apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
        vendor = editor.connection.vendor
        for table in tables:
            for statement in (*drop(table, vendor), *create(table, vendor, kept=kept)):
                editor.execute(statement, params=None)

    def backwards(apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
        for table in tables:
            for statement in drop(table, editor.connection.vendor):
                editor.execute(statement, params=None)

    return migrations.RunPython(forwards, backwards)


def missing() -> list[str]:
    """Tables whose guard is not (fully) there."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c "
                "ON c.oid = t.tgrelid WHERE t.tgname LIKE '%%\\_no\\_%%' AND t.tgenabled = 'A'"
            )
        else:
            cursor.execute("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'")
        there = {name for _, name in cursor.fetchall()}
    return [table for table in GUARDED if not {f"{table}_no_update", f"{table}_no_delete"} <= there]
