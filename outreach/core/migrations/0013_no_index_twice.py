"""No index that begins another: each is written with every row and read by nobody.

Dropped by name: altering a field would make SQLite copy the table, and a copy has lost its triggers.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

TWICE = [  # table, column, index
    ("accounts", "workspace_id", "accounts_workspace_id_6d6affcd"),
    ("activity_timeline", "workspace_id", "activity_timeline_workspace_id_2cc3eb15"),
    ("addresses", "person_id", "addresses_person_id_04975486"),
    ("addresses", "workspace_id", "addresses_workspace_id_242e05df"),
    ("agents", "workspace_id", "agents_workspace_id_48e3df9c"),
    ("consents", "person_id", "consents_person_id_2e98b349"),
    ("contacts", "human_id", "contacts_human_id_c6bb9ed9"),
    ("cooling_offs", "human_id", "cooling_offs_human_id_1c87d76f"),
    ("duplicates", "one_id", "duplicates_one_id_a5da7340"),
    ("duplicates", "workspace_id", "duplicates_workspace_id_eefb9e08"),
    ("import_parts", "of_id", "import_parts_of_id_fc9d79d7"),
    ("inbound_messages", "person_id", "inbound_messages_person_id_501550de"),
    ("inbound_messages", "workspace_id", "inbound_messages_workspace_id_ab2a3a85"),
    ("memberships", "user_id", "memberships_user_id_5a99f855"),
    ("message_drafts", "person_id", "message_drafts_person_id_9a784a93"),
    ("message_drafts", "workspace_id", "message_drafts_workspace_id_26425826"),
    ("message_revisions", "draft_id", "message_revisions_draft_id_909d91ea"),
    ("people", "workspace_id", "people_workspace_id_be56fca6"),
    ("setting_changes", "workspace_id", "setting_changes_workspace_id_8d614ba9"),
    ("voice_profiles", "workspace_id", "voice_profiles_workspace_id_ec3596e3"),
]


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0012_imports_duplicates_merges'),
    ]

    operations = [
        migrations.RunSQL(
            [f"DROP INDEX IF EXISTS {name}" for _, _, name in TWICE],
            [f"CREATE INDEX {name} ON {table} ({column})" for table, column, name in TWICE],
            state_operations=[
                migrations.AlterField(
                    model_name='account',
                    name='workspace',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='accounts', to='core.workspace'),
                ),
                migrations.AlterField(
                    model_name='activity',
                    name='workspace',
                    field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='core.workspace'),
                ),
                migrations.AlterField(
                    model_name='address',
                    name='person',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='addresses', to='core.person'),
                ),
                migrations.AlterField(
                    model_name='address',
                    name='workspace',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='addresses', to='core.workspace'),
                ),
                migrations.AlterField(
                    model_name='agent',
                    name='workspace',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='agents', to='core.workspace'),
                ),
                migrations.AlterField(
                    model_name='consent',
                    name='person',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='consents', to='core.person'),
                ),
                migrations.AlterField(
                    model_name='contact',
                    name='human',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='contacts', to='core.person'),
                ),
                migrations.AlterField(
                    model_name='coolingoff',
                    name='human',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='cooling_offs', to='core.person'),
                ),
                migrations.AlterField(
                    model_name='draft',
                    name='person',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='drafts', to='core.person'),
                ),
                migrations.AlterField(
                    model_name='draft',
                    name='workspace',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to='core.workspace'),
                ),
                migrations.AlterField(
                    model_name='duplicate',
                    name='one',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.person'),
                ),
                migrations.AlterField(
                    model_name='duplicate',
                    name='workspace',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='core.workspace'),
                ),
                migrations.AlterField(
                    model_name='importpart',
                    name='of',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='parts', to='core.import'),
                ),
                migrations.AlterField(
                    model_name='inboundmessage',
                    name='person',
                    field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='inbound', to='core.person'),
                ),
                migrations.AlterField(
                    model_name='inboundmessage',
                    name='workspace',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='inbound', to='core.workspace'),
                ),
                migrations.AlterField(
                    model_name='membership',
                    name='user',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL),
                ),
                migrations.AlterField(
                    model_name='person',
                    name='workspace',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='people', to='core.workspace'),
                ),
                migrations.AlterField(
                    model_name='revision',
                    name='draft',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='revisions', to='core.draft'),
                ),
                migrations.AlterField(
                    model_name='settingchange',
                    name='workspace',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='core.workspace'),
                ),
                migrations.AlterField(
                    model_name='voiceprofile',
                    name='workspace',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='voices', to='core.workspace'),
                ),
            ],
        ),
    ]
