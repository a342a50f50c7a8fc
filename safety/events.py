"""Safety events: one row per message and reason, written with the refusal it tells of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from outreach.core import activity
from outreach.core.models import Draft, Revision, Workspace
from outreach.core.principal import Principal
from safety.gate import GATE_VERSION
from safety.models import SafetyEvent
from safety.verdict import Finding, Verdict


def record(
    *,
    event_type: str,
    action_blocked: str,
    reason: str,
    code: str,
    by: Principal,
    at: datetime,
    workspace: Workspace | None = None,
    draft: Draft | None = None,
    revision: Revision | None = None,
    metadata: dict[str, Any] | None = None,
) -> bool:
    """Write one event; False if this message was refused for this reason before."""
    if (
        draft is not None
        and SafetyEvent.objects.filter(draft=draft, revision=revision, code=code).exists()
    ):
        return False
    made = SafetyEvent.objects.bulk_create(
        [
            SafetyEvent(
                workspace=workspace,
                event_type=event_type,
                action_blocked=action_blocked[:300],
                reason=reason[:500],
                code=code,
                metadata=metadata or {},
                draft=draft,
                revision=revision,
                created_at=at,
                **by.fields(),
            )
        ],
        ignore_conflicts=True,
    )
    if draft is not None:
        activity.record(
            activity.entry(
                "safety.refused",
                draft,
                digest=revision.digest if revision else "",
                code=code,
                action=event_type,
            ),
            by=by,
            at=at,
        )
    return bool(made)


def record_findings(
    findings: Iterable[Finding],
    *,
    action: str,
    draft: Draft,
    by: Principal,
    at: datetime,
) -> None:
    """One event per finding that stopped this message."""
    for finding in findings:
        record(
            event_type=action,
            action_blocked=f"{action} for message {draft.pk}",
            reason=finding.message,
            code=finding.code,
            by=by,
            at=at,
            workspace=draft.workspace,
            draft=draft,
            revision=draft.current,
            metadata={
                "check": finding.check,
                "family": finding.family,
                "rule": finding.rule,
                "judged_by": GATE_VERSION,
            },
        )


def record_verdict(
    verdict: Verdict, *, action: str, draft: Draft, by: Principal, at: datetime
) -> None:
    """One event per finding that blocked this message."""
    record_findings(verdict.blockers, action=action, draft=draft, by=by, at=at)
