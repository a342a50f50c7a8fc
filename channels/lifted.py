"""What a lift found set in its scope, and what brakes there still: lists and one sentence."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from outreach.core.models import Workspace
from safety import controls
from safety.models import BRAKES, SWITCHES, ControlKey

LIFTS = (ControlKey.EMERGENCY_STOP, *SWITCHES)  # all that `stop.enable_all` lets go


@dataclass(frozen=True, slots=True)
class Lifted:
    """What was let go, as it was set before; what still brakes; how many were reopened.

    Where the whole system was lifted, workspaces with brakes of their own still brake.
    """

    lifted: list[str]
    were_off: list[str]
    still_braking: list[str]
    reopened: int

    def sentence(self) -> str:
        """Exactly what was let go, without full stop."""
        if not self.lifted:
            return "Nothing was set, so nothing was lifted"
        words = [
            f"{ControlKey(key).label.lower()} {'lifted' if key in BRAKES else 'switched on'}"
            for key in self.lifted
        ]
        told = ", ".join(words)
        return told[:1].upper() + told[1:]


def shown(state: controls.Controls, key: str, workspace: Workspace | None) -> str:
    """What a page shows of all that lifting this one lets go; another once one is set anew."""
    scope = workspace.pk if workspace else None
    keys = LIFTS if key == ControlKey.EMERGENCY_STOP else (key,)
    rows = [state.rows.get((scope, each)) for each in keys]
    told = [f"{row.enabled} {row.changed_at}" if row else "missing" for row in rows]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]


def was_set(state: controls.Controls, workspace: Workspace | None) -> list[controls.Brake]:
    """What is set in that very scope, of all that is let go together."""
    scope = workspace.pk if workspace else None
    return [brake for key in LIFTS if (brake := state.own(key, scope))]


def still_braking(workspace: Workspace | None) -> list[str]:
    """What brakes that scope by now; of the whole system, every workspace's own brakes, too."""
    state, pk = controls.read(), workspace.pk if workspace else None
    keys = (*LIFTS, ControlKey.DRY_RUN)
    found = [brake.sentence() for key in keys for brake in state.brakes(key, pk)]
    if workspace is None:
        found += [
            f"{place.slug}: {brake.sentence()}"
            for place in Workspace.objects.order_by("slug")
            for key in keys
            if (brake := state.own(key, place.pk))
        ]
    return found
