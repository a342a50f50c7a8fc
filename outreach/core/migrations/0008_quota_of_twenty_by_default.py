"""A workspace's quota is 20 a day by default, in the one made by migration as well.

No page could set this number before, so an empty one was nobody's choice.
"""

import django.core.validators
from django.db import migrations, models


def give_the_default(apps, schema_editor):
    apps.get_model("core", "Workspace").objects.filter(daily_quota=None).update(daily_quota=20)


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0007_inbound_messages'),
    ]

    operations = [
        migrations.AlterField(
            model_name='workspace',
            name='daily_quota',
            field=models.PositiveIntegerField(blank=True, default=20, help_text='Messages that may leave in one local day. Empty: no limit.', null=True, validators=[django.core.validators.MinValueValidator(1)]),
        ),
        migrations.RunPython(give_the_default, migrations.RunPython.noop),
    ]
