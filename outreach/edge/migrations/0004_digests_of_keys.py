"""A kept answer is found by the digest of its key, so that erasing somebody need not change it."""

from hashlib import sha256

from django.db import migrations


def digest(apps, schema_editor):
    table = apps.get_model("edge", "KeptAnswer")
    for row in table.objects.only("pk", "key").order_by("pk").iterator(chunk_size=500):
        table.objects.filter(pk=row.pk).update(key=sha256(row.key.encode()).hexdigest())


def forget(apps, schema_editor):
    """What is kept goes: older code looks for the key itself, which no digest tells, so it would
    find none of these rows, and forwards again each would be hashed twice. Of what was asked
    before, a program that asks again is answered anew, whether they stay or go."""
    apps.get_model("edge", "KeptAnswer").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("edge", "0003_webhooks")]

    operations = [migrations.RunPython(digest, forget)]
