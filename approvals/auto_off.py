"""Approval by rule switched on, off, or stopped: what was given by it and is unsent goes back.

Off is a stop for such messages: the flag is committed first, then unsent ones are returned, and
whoever must know that nothing is in flight waits for `IN_FLIGHT` with `channels.quiet`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from approvals import auto, rounds
from approvals.changing import change
from approvals.errors import Refused
from approvals.models import Approval, ApprovalStatus
from approvals.routing import Route
from approvals.tiers import Tier
from outreach.core import visible
from outreach.core.models import User, Workspace
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal
from safety.controls import Controls

BY_RULE = rounds.UNTAKEN & Q(status=ApprovalStatus.AUTO_APPROVED)
# On deliveries: what `channels.quiet` waits for when auto-approval ends.
IN_FLIGHT = Q(approval__status=ApprovalStatus.AUTO_APPROVED)


def say_why(fresh: Iterable[Approval], sentence: str) -> None:
    """The new round says which rule does not agree any more."""
    for row in fresh:
        row.priority_reasons = [*row.priority_reasons, sentence]
        row.save(update_fields=["priority_reasons"])


def return_unsent(workspace: Workspace, *, sentence: str, by: Principal, at: datetime) -> int:
    """What was approved by rule and is unsent goes back to the queue; how many.

    What somebody holds at this moment is left to them: the sender's last look sees the rule.
    """
    total = 0
    while True:
        with transaction.atomic():
            rows = rounds.lock(Approval.objects.filter(BY_RULE, workspace=workspace), skip=True)
            say_why(rounds.reopen(rows, reason=auto.CODE, by=by, at=at), sentence)
        total += len(rows)
        if len(rows) < rounds.BATCH:
            return total


def return_stopped(state: Controls, *, at: datetime) -> int:
    """The same wherever something, whoever set it, stops automatic approvals now."""
    places = Workspace.objects.filter(
        pk__in=Approval.objects.filter(BY_RULE).values("workspace")
    ).order_by("pk")
    answering = auto.admins(places)
    total = 0
    for place in places:
        sentence = _stopped(place, state, answering)
        if sentence:
            total += return_unsent(place, sentence=sentence, by=auto.RULE, at=at)
    return total


def _stopped(workspace: Workspace, state: Controls, answering: dict[int, User]) -> str:
    """Why nothing at all is approved by rule in this workspace now."""
    if workspace.pk not in answering:
        return "no admin answers for automatic approvals in this workspace"
    open_way, any_tier = Route("direct", False, ""), Tier(0, True, ())
    admin = answering[workspace.pk]
    return auto.why_not(auto.Case(workspace, open_way, any_tier, 100, admin), state)


# --- Settings ------------------------------------------------------------------------------------


def configure(
    workspace: Workspace,
    *,
    enabled: bool,
    threshold: int | None = None,
    by: Principal,
    at: datetime,
) -> int:
    """Switch approval by rule on, in this admin's name, or off; how many went back to the queue.

    Raises NotAllowed for anybody but an admin, Refused for a threshold outside 80 to 100.
    """
    user = _admin(by, workspace)
    wanted = workspace.auto_approve_threshold if threshold is None else threshold
    if not 80 <= wanted <= 100:
        raise Refused(f"The threshold is 80 to 100, not {wanted}.", "threshold")
    change(
        workspace, by=by, at=at, auto_approve_enabled=enabled, auto_approve_threshold=wanted,
        auto_approve_by=user,
    )  # fmt: skip
    if enabled:
        return 0
    return return_unsent(workspace, sentence="auto-approval was switched off", by=by, at=at)


def require_review(
    workspace: Workspace,
    *,
    first_message: bool,
    desist_history: bool,
    by: Principal,
    at: datetime,
    reason: str = "",
) -> None:
    """The seed's two `require_approval_for_…`. Off lowers the priority and nothing else."""
    _admin(by, workspace)
    if not (first_message and desist_history) and not visible.signs(reason):
        raise Refused("Say why these messages need less attention.", "no_reason")
    change(
        workspace, by=by, at=at, reason=reason,
        require_approval_for_first_message=first_message,
        require_approval_for_desist_history=desist_history,
    )  # fmt: skip


def _admin(by: Principal, workspace: Workspace) -> User:
    if by.user is None:
        raise NotAllowed(f"{by.label} is no person. An admin of {workspace.name} has to do this.")
    require(by, Verb.CONFIGURE, workspace)
    return by.user
