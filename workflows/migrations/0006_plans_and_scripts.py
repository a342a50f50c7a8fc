"""What people call an artifact; the table stays as it is."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('workflows', '0005_runs_by_author'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='artifact',
            options={'verbose_name': 'plan or script', 'verbose_name_plural': 'plans and scripts'},
        ),
    ]
