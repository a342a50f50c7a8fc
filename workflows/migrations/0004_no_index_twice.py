"""No index that begins another: each is written with every row and read by nobody.

Dropped by name: altering a field would make SQLite copy the table, and a copy has lost its triggers.
"""

import django.db.models.deletion
from django.db import migrations, models

TWICE = [  # table, column, index
    ("agent_runs", "agent_id", "agent_runs_agent_id_589c2d4b"),
    ("artifacts", "person_id", "artifacts_person_id_382683f1"),
    ("artifacts", "run_id", "artifacts_run_id_c59829a2"),
    ("artifacts", "workspace_id", "artifacts_workspace_id_10673c9e"),
    ("experiment_assignments", "experiment_id", "experiment_assignments_experiment_id_491b7dcc"),
    ("research_snapshots", "account_id", "research_snapshots_account_id_07b2e81c"),
    ("research_snapshots", "run_id", "research_snapshots_run_id_e97292b5"),
    ("workflow_run_steps", "run_id", "workflow_run_steps_run_id_fe06f0a4"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0013_no_index_twice'),
        ('workflows', '0003_results_schedules_experiments'),
    ]

    operations = [
        migrations.RunSQL(
            [f"DROP INDEX IF EXISTS {name}" for _, _, name in TWICE],
            [f"CREATE INDEX {name} ON {table} ({column})" for table, column, name in TWICE],
            state_operations=[
                migrations.AlterField(
                    model_name='agentrun',
                    name='agent',
                    field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='agent_runs', to='core.agent'),
                ),
                migrations.AlterField(
                    model_name='artifact',
                    name='person',
                    field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='artifacts', to='core.person'),
                ),
                migrations.AlterField(
                    model_name='artifact',
                    name='run',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='artifacts', to='workflows.run'),
                ),
                migrations.AlterField(
                    model_name='artifact',
                    name='workspace',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='artifacts', to='core.workspace'),
                ),
                migrations.AlterField(
                    model_name='assignment',
                    name='experiment',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='assignments', to='workflows.experiment'),
                ),
                migrations.AlterField(
                    model_name='researchsnapshot',
                    name='account',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='snapshots', to='core.account'),
                ),
                migrations.AlterField(
                    model_name='researchsnapshot',
                    name='run',
                    field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='snapshots', to='workflows.run'),
                ),
                migrations.AlterField(
                    model_name='step',
                    name='run',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='workflows.run'),
                ),
            ],
        ),
    ]
