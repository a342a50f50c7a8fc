"""By whose clock a command tells times: that of the workspace it concerns, with the zone's name.

With --json by UTC: programs read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils import timezone

from approvals.clocks import workspace_zone
from outreach.core.models import Workspace

UTC = "UTC"


class ClockedCommand(BaseCommand):
    """A command whose sentences tell a time."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        with timezone.override(zone_for(options)):
            return super().execute(*args, **options)


def zone_for(options: Mapping[str, Any]) -> str:
    """The zone of the workspace that is named, else of those of whoever acts, else of all.

    UTC where these have several, or none that is known; and where the database does not answer,
    which the command itself tells.
    """
    if options.get("json"):
        return UTC
    try:
        zones = {workspace_zone(place) for place in _places(options)}
    except DatabaseError:
        return UTC
    return zones.pop() if len(zones) == 1 else UTC


def _places(options: Mapping[str, Any]) -> list[Workspace]:
    rows = Workspace.objects.all()
    if slug := options.get("workspace"):
        return list(rows.filter(slug=slug))
    name = options.get("as_user") or settings.OUTREACH_USER
    own = list(rows.filter(memberships__user__username=name)) if name else []
    return own or list(rows)
