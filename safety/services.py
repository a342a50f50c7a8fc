"""Asked by other stages: may this action happen, may this person be written to now."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from outreach.core.models import Person, Workspace
from outreach.core.models.people import PersonStatus
from outreach.core.people import canonical
from outreach.core.principal import Principal
from safety import controls, events
from safety.actions import SafetyCheck, judge
from safety.models import ControlKey

DISABLED = "System messaging is disabled"
ASKED = "They do not want to be written to"
SEEDS_WORDS = {ASKED: "Person status is DESIST"}  # what `can_send_message` answers programs


def can_send_message(person: Person) -> tuple[bool, str]:
    """(allowed, reason): the seed's four reasons in its order, over the human being, read now."""
    fresh = Person.objects.select_related("merged_into").get(pk=person.pk)
    return standing_of(fresh, canonical(fresh), controls.read())


def standing_of(person: Person, human: Person, state: controls.Controls) -> tuple[bool, str]:
    """The same answer from rows and controls that the caller has just read."""
    if own := own_faults(person, human):
        return False, SEEDS_WORDS.get(own[0], own[0])
    if state.stopped(person.workspace_id):
        return False, DISABLED
    return True, "OK"


def told_of(person: Person) -> tuple[bool, str]:
    """`can_send_message` as a person reads it: in words, which stop it is, by whom and why."""
    allowed, reason = can_send_message(person)
    if reason == DISABLED:
        reason = f"{reason} ({controls.read().stopped(person.workspace_id)})"
    words = next((said for said, code in SEEDS_WORDS.items() if code == reason), reason)
    return allowed, words


def own_faults(person: Person, human: Person) -> list[str]:
    """What keeps us from writing to this human being, whatever may stop everybody."""
    off = next((row for row in (human, person) if not row.automation_enabled), None)
    automation = f"Automation disabled: {off.automation_disabled_reason}" if off else ""
    return [fault for fault in (automation, stopped_by_status(human)) if fault]


def stopped_by_status(human: Person) -> str:
    """Why nobody may write to this human being, whoever writes; empty if they may be written to."""
    if human.status == PersonStatus.ACTIVE:
        return ""
    if human.status == PersonStatus.DESIST:
        return ASKED
    if human.status == PersonStatus.BLOCKED:
        return "Person is blocked"
    return f"Person status {human.status!r} is unknown, which counts as stopped"


def check_safety(
    action: str, *, by: Principal, at: datetime, workspace: Workspace | None = None
) -> SafetyCheck:
    """Whether `action` may happen now. A refused action leaves a safety event."""
    workspace_id = workspace.pk if workspace else None
    result = judge(action, dry_run=controls.read().sentence(ControlKey.DRY_RUN, workspace_id))
    if not result.allowed:
        with transaction.atomic():
            events.record(
                event_type=action,
                action_blocked=f"{action} was refused",
                reason=result.reason,
                code=result.code,
                workspace=workspace,
                by=by,
                at=at,
            )
    return result
