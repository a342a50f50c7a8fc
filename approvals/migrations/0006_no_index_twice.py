"""No index that begins another: each is written with every row and read by nobody.

Dropped by name: altering a field would make SQLite copy the table, and a copy has lost its triggers.
"""

import django.db.models.deletion
from django.db import migrations, models

TWICE = [  # table, column, index
    ("message_approvals", "human_id", "message_approvals_human_id_cd38395b"),
    ("message_approvals_opened", "approval_id", "message_approvals_opened_approval_id_29f8f88d"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('approvals', '0005_search_by_trigrams'),
        ('core', '0013_no_index_twice'),
    ]

    operations = [
        migrations.RunSQL(
            [f"DROP INDEX IF EXISTS {name}" for _, _, name in TWICE],
            [f"CREATE INDEX {name} ON {table} ({column})" for table, column, name in TWICE],
            state_operations=[
                migrations.AlterField(
                    model_name='approval',
                    name='human',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='approvals', to='core.person'),
                ),
                migrations.AlterField(
                    model_name='opened',
                    name='approval',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='openings', to='approvals.approval'),
                ),
            ],
        ),
    ]
