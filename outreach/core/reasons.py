"""Why something was stopped, let go or set, in the words of who did it: kept beside the log.

The log holds no words, and the row that is stopped holds the newest only. An entry of the log names
the one that is kept here as `change`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from outreach.core.models import Activity, Person
from outreach.core.models.workspace import SettingChange
from outreach.core.principal import Principal

CONTROL, PERSON = "control", "person"
OF_SETTINGS = ~Q(settings__has_any_keys=[CONTROL, PERSON])


def keep(
    workspace_id: int | None,
    settings: dict[str, Any],
    *,
    reason: str,
    before: dict[str, Any],
    by: Principal,
    at: datetime,
) -> int:
    """Keep one in the caller's transaction; its number. `before`: what it takes the place of."""
    row = SettingChange.objects.create(
        workspace_id=workspace_id,
        settings=settings,
        reason=reason[:1000],
        details={"before": before} if any(before.values()) else {},
        at=at,
        **by.fields(),
    )
    return int(row.pk)


def keep_of_person(
    human: Person, changed: dict[str, Any], *, reason: str, was: str, by: Principal, at: datetime
) -> int:
    """Why somebody was stopped or let go, and why it was so until now; its number."""
    settings = {PERSON: human.pk, **changed}
    return keep(human.workspace_id, settings, reason=reason, before={"reason": was}, by=by, at=at)


def of_controls(places: Iterable[int], *, system: bool = True) -> QuerySet[SettingChange]:
    """What became of the controls of these workspaces, and of the whole system's, newest first."""
    where = Q(workspace__in=list(places))
    if system:
        where |= Q(workspace__isnull=True)
    rows = SettingChange.objects.filter(where, settings__has_key=CONTROL)
    return rows.select_related("workspace").order_by("-id")


def of_person(ids: Iterable[int], most: int) -> list[SettingChange]:
    """What stopped this human being and let them go, newest first; the log says which they are."""
    told = Activity.objects.filter(
        object_type="person", object_id__in=[str(pk) for pk in ids], codes__has_key="change"
    ).order_by("-id")
    numbers = [row.codes["change"] for row in told[:most]]
    return list(SettingChange.objects.filter(pk__in=numbers).order_by("-id"))
