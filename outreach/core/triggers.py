"""Insert-only tables, guarded by the database itself on PostgreSQL and SQLite.

Overriding `save` and `delete` is not enough: managers, cascades and hand-written SQL go round
it. A superuser can still drop a trigger; `audit verify` then says that it is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

INSERT_ONLY = ("activity_timeline", "activity_seals")
REVISIONS, EVENTS = "message_revisions", "safety_events"
GUARDED = (*INSERT_ONLY, EVENTS, REVISIONS)

# Erasing personal data may empty a revision once; nothing else about it may ever change.
FIRST_KEPT = (
    "id", "draft_id", "no", "attachments", "confidence", "digest", "created_at",
    "by_kind", "by_id", "by_label",
)  # fmt: skip
FIRST_EMPTIED = {"address": "", "subject": "", "text": "", "html": ""}
REVISION_KEPT = (
    "id", "draft_id", "no", "confidence", "voice_id", "voice_score", "digest", "created_at",
    "by_kind", "by_id", "by_label",
)  # fmt: skip
REVISION_EMPTIED = {
    **FIRST_EMPTIED, "reasoning": "", "context": "{}", "attachments": "[]",
    "confidence_parts": "[]", "voice_reasons": "[]",
}  # fmt: skip
# Of a safety event the reason may give way to one word, and an old event may go.
EVENT_KEPT = (
    "id", "workspace_id", "event_type", "action_blocked", "code", "metadata", "draft_id",
    "revision_id", "created_at", "by_kind", "by_id", "by_label",
)  # fmt: skip
ERASED = "Erased."
EVENT_FLOOR_DAYS = 30
Kept = Sequence[str]
Emptied = Mapping[str, str]


def _same(vendor: str, columns: Kept) -> str:
    """That nothing changes in these columns. JSON of PostgreSQL is compared as the text it is."""
    distinct = "IS DISTINCT FROM" if vendor == "postgresql" else "IS NOT"
    cast = {"attachments": "::text", "metadata": "::text"} if vendor == "postgresql" else {}
    return " AND ".join(
        f"NOT (NEW.{name}{cast.get(name, '')} {distinct} OLD.{name}{cast.get(name, '')})"
        for name in columns
    )


def _empty(vendor: str, columns: Emptied) -> str:
    cast = "::text" if vendor == "postgresql" else ""
    return " AND ".join(
        f"NEW.{name}{cast if value in ('{}', '[]') else ''} = '{value}'"
        for name, value in columns.items()
    )


def _allowed(table: str, vendor: str, kept: Kept, emptied: Emptied) -> str:
    """The one change that a row of this table may see; empty: none."""
    if table == REVISIONS:
        return (
            "OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL AND "
            f"{_empty(vendor, emptied)} AND {_same(vendor, kept)}"
        )
    if table == EVENTS:
        return f"NEW.reason = '{ERASED}' AND {_same(vendor, EVENT_KEPT)}"
    return ""


def _may_go(table: str, vendor: str) -> str:
    """Which rows of this table may be deleted; empty: none."""
    if table != EVENTS:
        return ""
    if vendor == "postgresql":
        return f"OLD.created_at < now() - interval '{EVENT_FLOOR_DAYS} days'"
    return f"OLD.created_at < datetime('now', '-{EVENT_FLOOR_DAYS} days')"


def _sqlite(table: str, kept: Kept, emptied: Emptied) -> list[str]:
    change, go = _allowed(table, "sqlite", kept, emptied), _may_go(table, "sqlite")
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {_unless(change)} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {_unless(go)} {refuse}",
    ]


def _unless(allowed: str) -> str:
    return f"WHEN (NOT ({allowed}))" if allowed else ""


def _postgresql(table: str, kept: Kept, emptied: Emptied) -> list[str]:
    vendor = "postgresql"
    change, go = _allowed(table, vendor, kept, emptied), _may_go(table, vendor)
    call = "EXECUTE FUNCTION outreach_insert_only()"
    row = f"ON {table} FOR EACH ROW"
    return [
        "CREATE OR REPLACE FUNCTION outreach_insert_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME; END $$",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE {row} {_unless(change)} {call}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE {row} {_unless(go)} {call}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}",
        *[
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_{act}"
            for act in ("update", "delete", "truncate")
        ],
    ]


def create(
    table: str, vendor: str, *, kept: Kept = REVISION_KEPT, emptied: Emptied = REVISION_EMPTIED
) -> list[str]:
    """The statements that guard `table`. Of a revision, erasure leaves `kept` alone and must leave
    nothing in `emptied`; old migrations know fewer columns."""
    make = _postgresql if vendor == "postgresql" else _sqlite
    return make(table, kept, emptied)


def drop(table: str, vendor: str) -> list[str]:
    acts = ("update", "delete", "truncate") if vendor == "postgresql" else ("update", "delete")
    on = f" ON {table}" if vendor == "postgresql" else ""
    return [f"DROP TRIGGER IF EXISTS {table}_no_{act}{on}" for act in acts]


def guard(*tables: str, kept: Kept = REVISION_KEPT, emptied: Emptied = REVISION_EMPTIED) -> Any:
    """A migration step that guards these tables anew, and unguards them backwards."""
    from django.db import migrations

    def forwards(apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
        vendor = editor.connection.vendor
        for table in tables:
            for statement in (
                *drop(table, vendor),
                *create(table, vendor, kept=kept, emptied=emptied),
            ):
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
