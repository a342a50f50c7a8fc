"""Six controls for the system and for each workspace, as shipped; safety events insert-only.

Undone by dropping the guard; control rows stay, because a missing row means stopped.
"""

from django.db import migrations

from outreach.core import triggers

SWITCHES = (
    "MESSAGING_ENABLED", "AUTO_REPLY_ENABLED", "AUTO_APPROVE_ENABLED", "EXPERIMENT_ENABLED",
)
BRAKES = ("EMERGENCY_STOP", "DRY_RUN")


def make_controls(apps, editor):
    control = apps.get_model("safety", "SystemControl")
    for workspace in (None, *apps.get_model("core", "Workspace").objects.all()):
        for key in (*SWITCHES, *BRAKES):
            control.objects.get_or_create(
                workspace=workspace, control_key=key, defaults={"enabled": key in SWITCHES}
            )


class Migration(migrations.Migration):
    dependencies = [
        ("safety", "0001_initial"),
        ("core", "0002_default_workspace_and_guards"),
    ]
    operations = [
        migrations.RunPython(make_controls, migrations.RunPython.noop),
        triggers.guard("safety_events"),
    ]
