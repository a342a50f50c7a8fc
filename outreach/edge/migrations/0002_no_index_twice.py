"""No index that begins another: each is written with every row and read by nobody.

Dropped by name: altering a field would make SQLite copy the table, and a copy has lost its triggers.
"""

import django.db.models.deletion
from django.db import migrations, models

TWICE = [  # table, column, index
    ("kept_answers", "workspace_id", "kept_answers_workspace_id_af8ae2cf"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0013_no_index_twice'),
        ('edge', '0001_kept_answers'),
    ]

    operations = [
        migrations.RunSQL(
            [f"DROP INDEX IF EXISTS {name}" for _, _, name in TWICE],
            [f"CREATE INDEX {name} ON {table} ({column})" for table, column, name in TWICE],
            state_operations=[
                migrations.AlterField(
                    model_name='keptanswer',
                    name='workspace',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace'),
                ),
            ],
        ),
    ]
