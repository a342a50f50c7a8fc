"""A request to stop hides no block any more. Which older ones lie over a block, the log tells: of
any record of the human being, where nobody was made reachable again since."""

from django.db import migrations, models


def mark(apps, schema_editor):
    person, activity = (apps.get_model("core", name) for name in ("Person", "Activity"))
    told = activity.objects.filter(object_type="person")
    blocked = told.filter(verb="people.blocked").values_list("object_id", flat=True).distinct()
    for pk in [int(each) for each in blocked]:
        into = person.objects.filter(pk=pk).values_list("merged_into", flat=True).first()
        human = into or pk
        if not person.objects.filter(pk=human, status="desist").exists():
            continue
        verbs = told.filter(object_id__in=[str(pk), str(human)]).order_by("-id")
        verbs = verbs.filter(verb__in=["people.blocked", "people.active"])
        if verbs.values_list("verb", flat=True).first() == "people.blocked":
            reason = "blocked before they asked us to stop"
            person.objects.filter(pk=human).update(block_beneath=reason)


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0022_names_before'),
    ]

    operations = [
        migrations.AddField(
            model_name='person',
            name='block_beneath',
            field=models.CharField(blank=True, default='', editable=False, help_text='Why they were blocked, where a request to stop lies over a block.', max_length=500),
            preserve_default=False,
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
