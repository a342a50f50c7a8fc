"""A block hides no request to stop any more. Of older ones nobody knows whether it was lifted
before the block: they count as standing, which is the stricter."""

from django.db import migrations, models


def mark(apps, schema_editor):
    people = apps.get_model("core", "Person").objects
    people.filter(status="blocked", desisted_at__isnull=False).update(desist_beneath=True)


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0020_keys_of_former_members'),
    ]

    operations = [
        migrations.AddField(
            model_name='person',
            name='desist_beneath',
            field=models.BooleanField(default=False, editable=False, help_text='Blocked while a request to stop stood that nobody has lifted since.'),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
