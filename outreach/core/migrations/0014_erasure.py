"""When a person was erased, why an address is suppressed since, and what must be empty of a revision.

Undone by dropping the guard, as in every migration that makes one; `doctor --restore-guards` makes
it again.
"""

from django.db import migrations, models

from outreach.core import triggers

REASONS = [
    ("import", "Imported list"), ("bounce", "Bounced for good"), ("manual", "By a colleague"),
    ("unsubscribe", "Unsubscribed"), ("erasure", "Erased on request"),
    ("stop_request", "Asked us to stop"), ("complaint", "Complained"),
]


class Migration(migrations.Migration):
    dependencies = [("core", "0013_no_index_twice")]
    operations = [
        migrations.AddField(
            "person", "erased_at",
            models.DateTimeField(
                blank=True, editable=False, help_text="When everything known of them went.",
                null=True,
            ),
        ),
        migrations.AlterField(
            "suppression", "reason", models.CharField(choices=REASONS, max_length=12)
        ),
        triggers.guard(triggers.REVISIONS),
    ]
