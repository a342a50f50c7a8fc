"""A kept answer is found by the digest of its key, so that erasing somebody need not change it."""

from hashlib import sha256

from django.db import migrations


def digest(apps, schema_editor):
    table = apps.get_model("edge", "KeptAnswer")
    for row in table.objects.only("pk", "key").order_by("pk").iterator(chunk_size=500):
        table.objects.filter(pk=row.pk).update(key=sha256(row.key.encode()).hexdigest())


class Migration(migrations.Migration):
    dependencies = [("edge", "0003_webhooks")]

    operations = [migrations.RunPython(digest, migrations.RunPython.noop)]
