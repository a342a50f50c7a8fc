"""How many approved messages leave when what stops them lets go: now, or by itself later."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, transaction

from approvals import taking
from approvals.models import Approval
from channels import registry, sending
from outreach.core.models import Workspace
from outreach.core.plurals import plural
from safety import controls
from safety.models import ControlKey, SystemControl

AS_FAR = "as far as the rules let each"


def leaving(
    place: Workspace | None, *, at: datetime, state: controls.Controls | None = None
) -> int:
    """How many approved messages of that scope are due, so that one of the next waves takes them:
    those that can still be taken back for some seconds as well.
    """
    places = set(sending.open_workspaces(state))
    if place is not None:
        places &= {place.pk}
    soon = at + timedelta(seconds=settings.APPROVAL_UNDO_SECONDS)
    due = taking.due(registry.program_channels(), at=soon)
    return Approval.objects.filter(due, workspace__in=places).count()


def told(count: int) -> str:
    """What a lift lets go; empty where that is nothing."""
    if not count:
        return ""
    verb = "is due and leaves" if count == 1 else "are due and leave"
    return f"{plural(count, 'approved message')} {verb} now, {AS_FAR}."


def leaving_then(row: SystemControl) -> int | None:
    """How many leave when this switch comes back by itself, of what is approved now.

    None where it does not come back by itself, where its coming back lets no message go, and where
    the database fails: what was set stands, and is not doubted for the sake of a number.
    """
    if row.control_key != ControlKey.MESSAGING_ENABLED or row.auto_restore_at is None:
        return None
    place, key = row.workspace_id, row.control_key
    state = controls.read()
    on = SystemControl(workspace_id=place, control_key=key, enabled=True)
    lifted = replace(state, rows={**state.rows, (place, key): on})
    try:
        with transaction.atomic():
            return leaving(row.workspace, at=row.auto_restore_at, state=lifted)
    except DatabaseError:
        return None


def told_then(count: int | None) -> str:
    """The same as the end of a sentence that says when it comes back; empty for None."""
    if count is None:
        return ""
    verb = "leaves" if count == 1 else "leave"
    first = f"{plural(count, 'message')} approved by now {verb}" if count else "what is due leaves"
    more = ", and what is approved meanwhile" if count else ""
    return f"then {first}{more}, {AS_FAR}"


def restored(row: SystemControl) -> str:
    """What its coming back let go, for the reason that stays with it; empty where nothing."""
    count = leaving_then(row)
    return f"; {plural(count, 'approved message')} let go" if count else ""
