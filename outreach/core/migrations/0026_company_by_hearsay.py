from django.db import migrations, models

STEP = 500  # a statement of SQLite takes no more than some thousands of values


def know_what_agents_told(apps, schema_editor):
    """Whose company an agent told last, as the log has it: strict where nobody can tell."""
    Person = apps.get_model("core", "Person")
    Activity = apps.get_model("core", "Activity")
    told = set()
    rows = Activity.objects.filter(
        object_type="person", verb__in=("people.written", "people.changed")
    ).order_by("pk")
    for verb, whose, kind, codes in rows.values_list("verb", "object_id", "by_kind", "codes").iterator():
        if verb == "people.written" or {"account", "company"} & set(codes.get("fields", ())):
            (told.add if kind == "agent" else told.discard)(int(whose))
    known = sorted(told)
    for start in range(0, len(known), STEP):
        some = Person.objects.filter(pk__in=known[start : start + STEP], account__isnull=False)
        some.update(account_hearsay=True)


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0025_several_of_normal_priority'),
    ]

    operations = [
        migrations.AddField(
            model_name='person',
            name='account_hearsay',
            field=models.BooleanField(default=False, editable=False, help_text='Only an agent told the company: no law is kinder by it.'),
        ),
        migrations.RunPython(know_what_agents_told, migrations.RunPython.noop),
    ]
