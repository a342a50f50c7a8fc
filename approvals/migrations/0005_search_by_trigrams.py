"""On PostgreSQL, search of the queue by any part of a name has an index of its own.

Without the right to make the extension nothing is lost but speed: the search is the same.
"""

from django.db import DatabaseError, migrations, transaction

INDEXES = {"people_name_trigrams": ("people", "full_name"), "accounts_name_trigrams": ("accounts", "name")}


def make(apps, schema_editor):
    link = schema_editor.connection
    if link.vendor != "postgresql":
        return
    try:
        with transaction.atomic(using=link.alias), link.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    except DatabaseError:
        return
    with link.cursor() as cursor:
        for name, (table, column) in INDEXES.items():
            cursor.execute(
                f"CREATE INDEX IF NOT EXISTS {name} ON {table} USING gin (UPPER({column}::text) gin_trgm_ops)"
            )


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            for name in INDEXES:
                cursor.execute(f"DROP INDEX IF EXISTS {name}")


class Migration(migrations.Migration):

    dependencies = [
        ("approvals", "0004_opened"),
        ("core", "0004_autonomy_settings_and_quotas"),
    ]

    operations = [migrations.RunPython(make, drop)]
