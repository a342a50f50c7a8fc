"""The guard of the safety events lets an erasure take the reason, and old events go.

Undone by dropping the guard, as in every migration that makes one; `doctor --restore-guards` makes
it again.
"""

from django.db import migrations

from outreach.core import triggers


class Migration(migrations.Migration):
    dependencies = [("safety", "0004_no_index_twice"), ("core", "0014_erasure")]
    operations = [triggers.guard(triggers.EVENTS)]
