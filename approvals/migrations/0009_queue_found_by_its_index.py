"""The queue is counted, and a late page of it found, by its index alone."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('approvals', '0008_held_by_a_quota'),
        ('core', '0017_looks_again'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='approval',
            name='approval_queue_order',
        ),
        migrations.AddIndex(
            model_name='approval',
            index=models.Index(models.OrderBy(models.F('priority'), descending=True), models.F('created_at'), models.F('id'), condition=models.Q(('status', 'pending')), include=('workspace',), name='approval_queue_whole_order'),
        ),
    ]
