"""Dry run: each approved message gets one simulated delivery that shows what would have left.

It counts for no limit and takes nothing: the approval stays as it is.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from approvals.models import Approval
from approvals.rounds import UNTAKEN
from channels import registry
from channels.envelopes import NOT_COMPOSED, CannotCompose, envelope_of
from channels.look import NOT_THE_MESSAGE, UNSEEN, told_unseen
from channels.models import Delivery, DeliveryStatus
from outreach.core import activity, files
from outreach.core.models import Workspace
from outreach.core.principal import Principal
from safety import controls, events, facts, gate
from safety.actions import SEND_ACTION
from safety.models import ControlKey
from safety.verdict import Level

logger = logging.getLogger(__name__)
SIMULATOR = Principal.system("simulator")
BATCH = 100


def dry_workspaces() -> list[int]:
    """Workspaces in dry run that nothing else stops."""
    state = controls.read()
    return [
        pk
        for pk in Workspace.objects.values_list("pk", flat=True)
        if state.is_braking(ControlKey.DRY_RUN, pk)
        and not state.is_braking(ControlKey.EMERGENCY_STOP, pk)
        and not state.is_braking(ControlKey.MESSAGING_ENABLED, pk)
    ]


def simulate_due(*, at: datetime) -> int:
    """Simulate what is due and was not simulated yet; returns how many."""
    workspaces = dry_workspaces()
    total = 0
    while workspaces:
        rows = _due(workspaces, at)
        for row in rows:
            row.draft.current = row.revision
        known = _known(rows, at)
        for row in rows:
            _simulate(row, known[row.draft_id], at)
        total += len(rows)
        if len(rows) < BATCH:
            break
    return total


def _known(rows: list[Approval], at: datetime) -> dict[int, gate.Facts | Exception]:
    """The facts of each by its draft, or why it has none: that one holds up no other."""
    try:
        return {**facts.gather([row.draft for row in rows], at=at)}
    except NOT_THE_MESSAGE:
        raise
    except Exception as fault:  # noqa: BLE001 - told where it is simulated
        if len(rows) == 1:
            return {rows[0].draft_id: fault}
        return {pk: found for row in rows for pk, found in _known([row], at).items()}


def simulated_of() -> QuerySet[Delivery]:
    """The simulated delivery of an outer query's approval."""
    return Delivery.objects.filter(approval=OuterRef("pk"), status=DeliveryStatus.SIMULATED)


def done_with() -> Q:
    """Approved in dry run and simulated: it waits for nothing, and is never sent."""
    return Q(Exists(simulated_of()), dry_run=True)


def _due(workspaces: list[int], at: datetime) -> list[Approval]:
    return list(
        Approval.objects.filter(
            UNTAKEN,
            ~Exists(simulated_of()),
            workspace__in=workspaces,
            channel__in=registry.program_channels(),
            due_at__lte=at,
        )
        .select_related("workspace", "revision", "draft__workspace")
        .order_by("pk")[:BATCH]
    )


def _simulate(approval: Approval, known: gate.Facts | Exception, at: datetime) -> None:
    row = Delivery(
        workspace_id=approval.workspace_id,
        approval=approval,
        human_id=approval.human_id,
        channel=approval.channel,
        status=DeliveryStatus.SIMULATED,
        since=at,
        ended_at=at,
        reason="DRY_RUN active",
    )
    row.evidence = _judged(approval, known, str(row.token), at)
    with transaction.atomic():
        still = Approval.objects.filter(UNTAKEN, pk=approval.pk)
        if not still.select_for_update(of=("self",)).values_list("pk", flat=True):
            return  # taken back meanwhile, or erased with its text
        Delivery.objects.bulk_create([row], ignore_conflicts=True)
        if Delivery.objects.filter(token=row.token).exists():
            _tell(approval, at)  # else another worker simulated it in the same second


def _judged(
    approval: Approval, known: gate.Facts | Exception, token: str, at: datetime
) -> dict[str, Any]:
    """What would have become of it; blocked where that cannot be told, as at the door."""
    try:
        if isinstance(known, Exception):
            raise known
        return _evidence(approval, known, token, at)
    except NOT_THE_MESSAGE:
        raise
    except Exception as fault:
        logger.exception("#%s cannot be simulated.", approval.pk)
        return {
            "would_have_left": approval.revision.text,
            "would_leave_at": at.astimezone(UTC).isoformat(),
            "would_be_blocked": [told_unseen(fault)],
            "by_rules": [UNSEEN],
            "judged_by": gate.GATE_VERSION,
        }


def _evidence(approval: Approval, known: gate.Facts, token: str, at: datetime) -> dict[str, Any]:
    """Exactly what would have left, when, and what would have stood in its way."""
    verdict, leaves_at = gate.earliest(gate.without_brakes(known), gate.Moment.SENDING, at)
    is_blocked = verdict.level is Level.BLOCK
    rules = [item.code for item in verdict.blockers] if is_blocked else gate.holding(verdict)
    content, lost = _files(approval)
    shown, unfit = _shown(approval, token, content, at)
    return {
        "would_have_left": shown,
        "would_leave_at": leaves_at.astimezone(UTC).isoformat(),
        "would_be_blocked": [
            *([each.message for each in verdict.blockers] if is_blocked else []),
            *lost,
            *unfit,
        ],
        "by_rules": [
            *rules,
            *(["attachment_broken"] if lost else []),
            *([NOT_COMPOSED] if unfit else []),
        ],
        "judged_by": gate.GATE_VERSION,
    }


def _shown(
    approval: Approval, token: str, content: tuple[files.Carried, ...], at: datetime
) -> tuple[str, list[str]]:
    """As its adapter shows it; or the bare text, and why there is no more than that."""
    try:
        envelope = envelope_of(approval, token=token, at=at, files=content)
    except CannotCompose as no:
        return approval.revision.text, [f"{no}."]
    adapter = registry.adapter_for(approval.channel)
    return adapter.render(envelope) if adapter else envelope.text, []


def _files(approval: Approval) -> tuple[tuple[files.Carried, ...], list[str]]:
    """What would go with it, or why it could not."""
    try:
        return files.contents(approval.workspace_id, approval.revision.attachments), []
    except files.FileBroken as fault:
        return (), [f"{fault}."]


def _tell(approval: Approval, at: datetime) -> None:
    action = SEND_ACTION.get(approval.channel, "send")
    events.record(
        event_type=action,
        action_blocked=f"{action} for message {approval.draft_id}",
        reason="DRY_RUN active",
        code="dry_run",
        by=SIMULATOR,
        at=at,
        workspace=approval.workspace,
        draft=approval.draft,
        revision=approval.revision,
        metadata={"approval": approval.pk},
    )
    activity.record(
        activity.entry("channels.simulated", approval, digest=approval.digest),
        by=SIMULATOR,
        at=at,
    )
