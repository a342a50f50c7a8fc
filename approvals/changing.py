"""Changing a workspace's settings that decide what leaves: stored, reasoned and told at once.

The caller has asked for the right. The change is committed before anything is concluded from it,
because a sender reads it afresh at its last look.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction

from outreach.core import activity
from outreach.core.models import Agent, Autonomy, Workspace
from outreach.core.models.workspace import SettingChange
from outreach.core.principal import Principal


def change(
    workspace: Workspace,
    *,
    by: Principal,
    at: datetime,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
    tame: bool = False,
    **fields: Any,
) -> None:
    """Commit these settings and log them. `tame`: autopilot becomes managed with it."""
    with transaction.atomic(durable=True):
        told = {name: _plain(value) for name, value in fields.items()}
        if tame:
            told.update(_tame(workspace))
        Workspace.objects.filter(pk=workspace.pk).update(**fields)
        SettingChange.objects.create(
            workspace=workspace,
            settings=told,
            reason=reason.strip()[:1000],
            details=dict(details or {}),
            at=at,
            **by.fields(),
        )
        activity.record(activity.entry("workspaces.configured", workspace, **told), by=by, at=at)
    for name, value in fields.items():
        setattr(workspace, name, value)


def _tame(workspace: Workspace) -> dict[str, Any]:
    """The workspace and every agent of it on `autopilot` become managed; which it was."""
    own = Workspace.objects.filter(pk=workspace.pk, autonomy_mode=Autonomy.AUTOPILOT)
    told: dict[str, Any] = {}
    if own.update(autonomy_mode=Autonomy.MANAGED):
        told["autonomy_mode"] = str(Autonomy.MANAGED)
    wild = Agent.objects.filter(workspace=workspace, autonomy_override=Autonomy.AUTOPILOT)
    found = list(wild.order_by("pk").values_list("pk", flat=True))
    if found:
        Agent.objects.filter(pk__in=found).update(autonomy_override=Autonomy.MANAGED)
        told["managed_agents"] = found
    return told


def _plain(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value
