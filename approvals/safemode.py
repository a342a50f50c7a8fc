"""Safe Mode off, behind the preflight and a typed confirmation; on, in one call that never fails.

Agents can do neither. On is a stop for what was approved by rule: the flag is committed first,
then unsent messages go back to the queue; for what is in flight a door waits with `channels.quiet`
over `auto_off.IN_FLIGHT`.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError

from approvals import auto_off, preflight
from approvals.changing import change
from approvals.errors import Refused
from outreach.core import visible
from outreach.core.models import User, Workspace
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.plurals import plural
from outreach.core.principal import Principal

logger = logging.getLogger(__name__)
CONFIRMATION = "Disable Safe Mode"
WARNING = (
    "Without Safe Mode, messages of agents that every rule allows leave unread, in the name of "
    "the admin who switches it off."
)


class PreflightUnmet(Refused):
    """Items of the checklist are unmet and nobody wrote why that is all right. Carries them."""

    code = "preflight_unmet"

    def __init__(self, items: Sequence[preflight.Item]) -> None:
        self.items = tuple(items)
        names = "; ".join(item.label for item in preflight.unmet(items))
        super().__init__(f"Not everything is ready: {names}. Write a reason to go on all the same.")


@dataclass(frozen=True, slots=True)
class SwitchedOn:
    """What switching on did. `returned` is None where the beat has to return unsent messages."""

    returned: int | None

    @property
    def sentence(self) -> str:
        if self.returned is None:
            return "What was approved by rule leaves nowhere; it is put back in the queue shortly."
        said = plural(self.returned, "message approved by rule is", "messages approved by rule are")
        return f"{said} back in the queue."


def switch_off(
    workspace: Workspace,
    *,
    by: Principal,
    at: datetime,
    confirm: str,
    reason: str = "",
    ticks: Collection[str] = (),
) -> tuple[preflight.Item, ...]:
    """Switch Safe Mode off; returns the checklist as it stood.

    Raises NotAllowed for anybody but an admin, Refused without the exact confirmation, and
    PreflightUnmet where items are unmet and no reason is given.
    """
    admin = _person(by, workspace)
    require(by, Verb.CONFIGURE, workspace)
    if confirm != CONFIRMATION:
        raise Refused(f"Type exactly: {CONFIRMATION}. {WARNING}", "not_confirmed")
    strange = sorted(set(ticks) - set(preflight.TICKS))
    if strange:
        known = ", ".join(preflight.TICKS)
        raise Refused(f"{', '.join(strange)} cannot be ticked. Known: {known}.", "unknown_tick")
    items = preflight.checklist(workspace, at=at, ticks=ticks)
    if preflight.unmet(items) and not visible.signs(reason):
        raise PreflightUnmet(items)
    change(
        workspace,
        by=by,
        at=at,
        reason=reason,
        details={"preflight": [item.as_dict() for item in items]},
        safe_mode=False,
        auto_approve_by=admin,
    )
    return items


def switch_on(workspace: Workspace, *, by: Principal, at: datetime, reason: str = "") -> SwitchedOn:
    """Switch Safe Mode on. Autopilot, of the workspace and of agents, becomes managed with it."""
    _person(by, workspace)
    require(by, Verb.BRAKE, workspace)
    change(workspace, by=by, at=at, reason=reason, tame=True, safe_mode=True)
    workspace.refresh_from_db(fields=["autonomy_mode"])
    try:
        returned = auto_off.return_unsent(workspace, sentence="Safe Mode is on", by=by, at=at)
    except DatabaseError as error:
        # The flag is committed and the sender reads it; the beat returns what is left.
        logger.warning("Unsent messages could not be returned yet: %s", error)
        return SwitchedOn(None)
    return SwitchedOn(returned)


def _person(by: Principal, workspace: Workspace) -> User:
    if by.user is None:
        raise NotAllowed(
            f"{by.label} is no person and may not switch Safe Mode. "
            f"A colleague in {workspace.name} has to do this."
        )
    return by.user
