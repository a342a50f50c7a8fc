"""No index that begins another: each is written with every row and read by nobody.

Dropped by name: altering a field would make SQLite copy the table, and a copy has lost its triggers.
"""

import django.db.models.deletion
from django.db import migrations, models

TWICE = [  # table, column, index
    ("deliveries", "approval_id", "deliveries_approval_id_6e7b9cba"),
    ("platform_templates", "workspace_id", "platform_templates_workspace_id_a4105e2e"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('approvals', '0006_no_index_twice'),
        ('channels', '0005_channel_health'),
        ('core', '0013_no_index_twice'),
    ]

    operations = [
        migrations.RunSQL(
            [f"DROP INDEX IF EXISTS {name}" for _, _, name in TWICE],
            [f"CREATE INDEX {name} ON {table} ({column})" for table, column, name in TWICE],
            state_operations=[
                migrations.AlterField(
                    model_name='delivery',
                    name='approval',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='approvals.approval'),
                ),
                migrations.AlterField(
                    model_name='platformtemplate',
                    name='workspace',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='platform_templates', to='core.workspace'),
                ),
            ],
        ),
    ]
