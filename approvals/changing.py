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
    """Commit these settings and log them. `tame`: no agent stays on autopilot either."""
    with transaction.atomic(durable=True):
        told = {name: _plain(value) for name, value in fields.items()}
        tamed = _tame(workspace) if tame else []
        Workspace.objects.filter(pk=workspace.pk).update(**fields)
        if tamed:
            told["tamed_agents"] = tamed
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


def _tame(workspace: Workspace) -> list[int]:
    """Every `autopilot` override of this workspace becomes managed; whose they were."""
    wild = Agent.objects.filter(workspace=workspace, autonomy_override=Autonomy.AUTOPILOT)
    found = list(wild.order_by("pk").values_list("pk", flat=True))
    Agent.objects.filter(pk__in=found).update(autonomy_override=Autonomy.MANAGED)
    return found


def _plain(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else value
