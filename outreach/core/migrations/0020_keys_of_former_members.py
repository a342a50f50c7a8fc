"""Keys of whoever was removed from a workspace before removal ended them: ended once, for good.

None of them works now, and each would wake on its owner's return.
"""

from django.db import migrations
from django.db.models import Exists, OuterRef
from django.utils import timezone


def end(apps, schema_editor):
    keys, log = apps.get_model("core", "ApiKey"), apps.get_model("core", "Activity")
    members = apps.get_model("core", "Membership").objects
    theirs = members.filter(user=OuterRef("user"), workspace=OuterRef("workspace"))
    left = keys.objects.filter(~Exists(theirs), user__isnull=False, revoked_at__isnull=True)
    now = timezone.now()
    told = [
        log(
            workspace_id=key.workspace_id,
            by_kind="system",
            by_id="upgrade",
            verb="workspaces.key_revoked",
            object_type="apikey",
            object_id=str(key.pk),
            at=now,
        )
        for key in left.order_by("pk")
    ]
    keys.objects.filter(pk__in=[row.object_id for row in told]).update(revoked_at=now)
    log.objects.bulk_create(told)


class Migration(migrations.Migration):
    dependencies = [("core", "0019_drafts_by_author_and_time")]

    # Backwards they stay ended: a key that is ended is ended for good, and members make new ones.
    operations = [migrations.RunPython(end, migrations.RunPython.noop)]
