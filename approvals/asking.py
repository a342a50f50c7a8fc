"""What a request becomes: its route from the stored settings, its refusal, its record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from approvals import auto, routing
from approvals.errors import Refused
from outreach.core import activity
from outreach.core.models import Draft, Workspace
from outreach.core.permissions import role_of
from outreach.core.principal import Principal
from safety import events


def route_of(draft: Draft, by: Principal, requested: str, *, at: datetime) -> routing.Route:
    """Where this request goes. What contradicts itself or is not allowed is told and refused.

    Raises RoutingError for a configuration that contradicts itself, Refused (`not_allowed`) for
    an agent without the scope. The message stays a draft with the reason on it.
    """
    try:
        way = _route(draft.workspace, by, requested, safe_mode=draft.workspace.safe_mode)
    except routing.RoutingError as error:
        way = routing.Route("draft", False, str(error), denied=True)
        _refuse(draft, way, "configuration_error", requested=requested, by=by, at=at)
        raise
    if way.denied:
        _refuse(draft, way, "not_allowed", requested=requested, by=by, at=at)
        raise Refused(f"{by.label} may not do this: {way.reason}", "not_allowed")
    return way


def route_without_safe_mode(workspace: Workspace, by: Principal, requested: str) -> routing.Route:
    """Where the same request would go with Safe Mode off. Decides nothing."""
    return _route(workspace, by, requested, safe_mode=False)


def _route(
    workspace: Workspace, by: Principal, requested: str, *, safe_mode: bool
) -> routing.Route:
    return routing.route(
        safe_mode=safe_mode,
        autonomy=routing.effective(
            workspace.autonomy_mode, by.agent.autonomy_override if by.agent else ""
        ),
        is_agent=by.agent is not None,
        requested=requested,
        may_schedule=by.agent is not None and routing.SCHEDULE in by.agent.scopes,
    )


def _refuse(
    draft: Draft, way: routing.Route, code: str, *, requested: str, by: Principal, at: datetime
) -> None:
    with transaction.atomic():
        events.record(
            event_type="routing",
            action_blocked=f"{requested} for message {draft.pk}",
            reason=way.reason,
            code=code,
            by=by,
            at=at,
            workspace=draft.workspace,
            draft=draft,
            revision=draft.current,
        )
        Draft.objects.filter(pk=draft.pk).update(status_reason=way.reason[:500])
        log_route(draft, way, by=by, at=at, requested=requested, final="draft")


def log_route(
    draft: Draft,
    way: routing.Route,
    *,
    by: Principal,
    at: datetime,
    requested: str,
    final: str,
    kept: str = "",
) -> dict[str, Any]:
    """The seed's record of every routing (seed B "Audit Trail"): kept and logged.

    `kept`: why a request that might go direct is reviewed all the same. The log, from which nothing
    can be erased, is told it without words that somebody typed.
    """
    workspace = draft.workspace
    record: dict[str, Any] = {
        "requested_status": requested,
        "final_status": final,
        "safe_mode_enforced": way.safe_mode_enforced,
        "was_denied": way.denied,
        "policy_context": {
            "safe_mode": workspace.safe_mode,
            "autonomy_mode": workspace.autonomy_mode,
            "autonomy_override": by.agent.autonomy_override if by.agent else "",
            "role": role_of(by, workspace) or by.kind,
        },
        "principal_type": by.kind,
        "reason": _why(way, kept),
    }
    told = {**record, "reason": _why(way, auto.untyped(kept))}
    activity.record(activity.entry("approvals.routed", draft, **told), by=by, at=at)
    return record


def _why(way: routing.Route, kept: str) -> str:
    return f"{way.reason}; not automatic: {kept}" if kept else way.reason
