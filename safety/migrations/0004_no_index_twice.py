"""No index that begins another: each is written with every row and read by nobody.

Dropped by name: altering a field would make SQLite copy the table, and a copy has lost its triggers.
"""

import django.db.models.deletion
from django.db import migrations, models

TWICE = [  # table, column, index
    ("safety_events", "workspace_id", "safety_events_workspace_id_523e8996"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0013_no_index_twice'),
        ('safety', '0003_emergency_override'),
    ]

    operations = [
        migrations.RunSQL(
            [f"DROP INDEX IF EXISTS {name}" for _, _, name in TWICE],
            [f"CREATE INDEX {name} ON {table} ({column})" for table, column, name in TWICE],
            state_operations=[
                migrations.AlterField(
                    model_name='safetyevent',
                    name='workspace',
                    field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.workspace'),
                ),
            ],
        ),
    ]
