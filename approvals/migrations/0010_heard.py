"""A yes keeps which message of theirs had come last, so that no clock has to tell."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('approvals', '0009_queue_found_by_its_index'),
    ]

    operations = [
        migrations.AddField(
            model_name='approval',
            name='heard',
            field=models.BigIntegerField(blank=True, editable=False, help_text='The newest message of theirs when it was approved; 0: none had come.', null=True),
        ),
    ]
