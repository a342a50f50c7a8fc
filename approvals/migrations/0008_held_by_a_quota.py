"""What waits for a quota was known by how the reason of its draft begins; now by a time of its own."""

from django.db import migrations, models


HELD_NOW = """
    UPDATE message_approvals SET quota_until = due_at
    WHERE taken_at IS NULL AND status IN ('approved', 'auto_approved') AND draft_id IN (
      SELECT id FROM message_drafts WHERE status_reason LIKE 'Daily quota of %')
"""


class Migration(migrations.Migration):

    dependencies = [
        ('approvals', '0007_looks_again'),
    ]

    operations = [
        migrations.AddField(
            model_name='approval',
            name='quota_until',
            field=models.DateTimeField(blank=True, editable=False, help_text='Equal to `due_at`: a quota holds it.', null=True),
        ),
        migrations.RunSQL(HELD_NOW, migrations.RunSQL.noop),
    ]
