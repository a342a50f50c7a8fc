"""Makes the workspace commands act in, and guards the insert-only tables.

Undone by dropping the guards; the workspace stays, because rows may point at it.
"""

from django.db import migrations

from outreach.core import triggers


def make_default_workspace(apps, editor):
    apps.get_model("core", "Workspace").objects.get_or_create(
        slug="default", defaults={"name": "Default"}
    )


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [
        migrations.RunPython(make_default_workspace, migrations.RunPython.noop),
        triggers.guard(
            "activity_timeline", "activity_seals", triggers.REVISIONS,
            kept=triggers.FIRST_KEPT, emptied=triggers.FIRST_EMPTIED,
        ),
    ]
