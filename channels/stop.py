"""Stop means stop, first half: commit the flag, and say what that does to approvals and people.

The second half, waiting until no intent in its scope is left, is `quiet.wait`; a door calls one
after the other. Every flag is set here and nowhere else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction

from approvals import humans, taking
from approvals.humans import STOPPER as STOPPER
from channels.lifted import LIFTS, Lifted, shown, still_braking, was_set
from outreach.core import people, visible
from outreach.core.models import Person, Workspace
from outreach.core.models.people import PersonStatus
from outreach.core.people import human_ids as human_ids
from outreach.core.permissions import NotAllowed, Verb, is_operator, require, require_operator
from outreach.core.principal import Principal
from safety import controls
from safety.models import BRAKES, SWITCHES, ControlKey, SystemControl

logger = logging.getLogger(__name__)
Clock = Callable[[], datetime]
SINCE = (
    "Somebody set or lifted this after the page was opened, so nothing was lifted: look at what is "
    "set now and why, and lift that if it is right."
)
WHY = "Say why (--reason by command): from then on things go on again."
ROUNDS_TRIES = 20  # of 50 ms: until whoever decides about a message right now has decided


class ControlRefused(Exception):
    """The control cannot be set so; the sentence says what to do instead."""


def may_brake(by: Principal, workspace: Workspace | None) -> None:
    """Raise NotAllowed for whoever may not stop that (None: the whole system)."""
    if by.is_agent:
        raise NotAllowed(f"Agent {by.label} may not change controls. A person has to do this.")
    if workspace is None:
        require_operator(by)
    elif not is_operator(by):
        require(by, Verb.BRAKE, workspace)


def _may_lift(by: Principal, workspace: Workspace | None, reason: str) -> None:
    """Raise for whoever may not lift that, or does not say why."""
    if workspace is None:
        require_operator(by)
    elif not is_operator(by):
        require(by, Verb.LIFT, workspace)
    if not visible.signs(reason):
        raise ControlRefused(WHY)


# --- Setting and lifting -------------------------------------------------------------------------


def set_brake(
    key: str, *, workspace: Workspace | None, reason: str, by: Principal, at: datetime,
    auto_restore_at: datetime | None = None,
) -> SystemControl:  # fmt: skip
    """Commit one flag that stops something. For what is in flight, `wait` afterwards.

    What is off already is never off for a shorter time because of this: only whoever may switch
    it on shortens that, by doing so.
    """
    may_brake(by, workspace)
    reason = visible.reason_of(reason)
    if key in BRAKES and auto_restore_at is not None:
        raise ControlRefused("A brake never lifts itself: leave the duration away.")
    with transaction.atomic(durable=True):
        rows = SystemControl.objects.filter(workspace=workspace, control_key=key)
        off = rows.select_for_update().first()  # as left by whoever wrote it until now
        if off is not None and off.is_braking and _ends_later(off.auto_restore_at, auto_restore_at):
            auto_restore_at = off.auto_restore_at
            if off.reason and off.reason not in reason:
                reason = f"{reason}; off already: {off.reason}"
        return controls.write(
            key,
            key in BRAKES,
            workspace=workspace,
            reason=reason,
            by=by,
            at=at,
            auto_restore_at=auto_restore_at,
        )


def _ends_later(one: datetime | None, other: datetime | None) -> bool:
    """None is for good."""
    return other is not None and (one is None or one > other)


def emergency_stop(
    *, workspace: Workspace | None, reason: str, by: Principal, clock: Clock
) -> datetime:
    """Commit the flag, then return everything approved and unsent to the queue; when it was set.

    Nothing leaves from the commit on; that what is approved could not be returned yet hides it
    from nobody and keeps nobody from waiting for what is in flight. `enable_all` returns the rest.
    """
    may_brake(by, workspace)
    at = _set_stop(workspace, visible.reason_of(reason), by, clock)
    try:
        # All that is approved now, whatever the clock of whoever approved it says.
        taking.reopen_before_stop(
            workspace=workspace, decided_before=None, by=STOPPER, at=at, skip=True
        )
    except DatabaseError as error:
        logger.warning("Unsent messages could not be returned to the queue yet: %s", error)
    return at


def stop_by_itself(*, reason: str, clock: Clock) -> None:
    """The program's own stop of the whole system. Only a person lifts it, as any other."""
    _set_stop(None, reason, STOPPER, clock)


def _set_stop(workspace: Workspace | None, reason: str, by: Principal, clock: Clock) -> datetime:
    """Commit the flag with the time at which nobody else could write any more.

    What was decided until then was decided before the stop. A time read before the wait for the
    lock would make what was approved during that wait look as if given under the stop.
    """
    key = ControlKey.EMERGENCY_STOP
    with transaction.atomic(durable=True):  # SQLite: has the write lock from here on
        list(SystemControl.objects.filter(workspace=workspace, control_key=key).select_for_update())
        at = clock()
        controls.write(key, True, workspace=workspace, reason=reason, by=by, at=at)
    return at


def _refuse_unseen(key: str, workspace: Workspace | None, seen: str) -> None:
    """A page that was opened before a stop does not let go of it. Needs the rows held."""
    if seen and seen != shown(controls.read(), key, workspace):
        raise ControlRefused(SINCE)


def switch_on(
    key: str, *, workspace: Workspace | None, reason: str, by: Principal, at: datetime,
    seen: str = "",
) -> SystemControl:  # fmt: skip
    """Switch one of the four on again. `seen` is what a page has `shown` of it, where one has."""
    _may_lift(by, workspace, reason)
    if key not in SWITCHES:
        raise ControlRefused(f"{key} is a brake, not a switch.")
    with transaction.atomic(durable=True):
        rows = SystemControl.objects.filter(workspace=workspace, control_key=key)
        row = rows.select_for_update().first()
        if row is not None and not row.is_braking:
            return row  # on already: who set it so, when and why stays told
        _refuse_unseen(key, workspace, seen)
        return controls.write(key, True, workspace=workspace, reason=reason, by=by, at=at)


def lift_dry_run(*, workspace: Workspace | None, reason: str, by: Principal, at: datetime) -> bool:
    """Lift dry run set by control: on the host only, and only where the environment allows.

    Returns whether it was set in that scope.
    """
    _may_lift(by, workspace, reason)
    if by.door != "command":
        raise ControlRefused("Dry run is lifted on the host only: manage.py control.")
    if settings.ENVIRONMENT_BRAKES.get("DRY_RUN", True):
        raise ControlRefused(
            "The environment says DRY_RUN=True; only a deployment can change that. Set "
            "DRY_RUN=False in the environment and restart."
        )
    with transaction.atomic(durable=True):
        was = controls.read().own(ControlKey.DRY_RUN, workspace.pk if workspace else None)
        if was is not None:
            controls.write(
                ControlKey.DRY_RUN, False, workspace=workspace, reason=reason, by=by, at=at
            )
    return was is not None


def enable_all(
    *, workspace: Workspace | None, reason: str, by: Principal, at: datetime, seen: str = ""
) -> Lifted:
    """Lift the emergency stop and switch the four on, in one transaction. Dry run is not touched.

    What was approved before the stop was set goes back to the queue first: lifting a stop must
    never fire the batch that somebody stopped.
    """
    _may_lift(by, workspace, reason)
    scope_id = workspace.pk if workspace else None
    with transaction.atomic(durable=True):
        list(SystemControl.objects.filter(workspace=workspace).select_for_update())
        _refuse_unseen(ControlKey.EMERGENCY_STOP, workspace, seen)
        before = controls.read()
        stop = before.rows.get((scope_id, ControlKey.EMERGENCY_STOP))
        reopened = 0
        if stop is None or stop.is_braking:
            # Since when a row is missing or unreadable nobody knows: all that it held goes back.
            since = (stop.changed_at or at) if stop and stop.enabled is True else None
            reopened = taking.reopen_before_stop(
                workspace=workspace, decided_before=since, by=STOPPER, at=at
            )
        found = was_set(before, workspace)
        for key in LIFTS:
            if _is_off(before, key, scope_id):
                continue  # who set it so, when and why stays told
            controls.write(key, key in SWITCHES, workspace=workspace, reason=reason, by=by, at=at)
        still = still_braking(workspace)
    were_off = [brake.sentence() for brake in found]
    return Lifted([brake.key for brake in found], were_off, still, reopened)


def _is_off(state: controls.Controls, key: str, scope_id: int | None) -> bool:
    """Whether it brakes nothing in that very scope, so that there is nothing to lift."""
    return state.own(key, scope_id) is None


def restore_due(*, at: datetime, more: Callable[[SystemControl], str] = lambda _: "") -> int:
    """Switch on again what was off for a time that is over, never a brake; `more` is told why."""
    count = 0
    for row in SystemControl.objects.filter(
        control_key__in=SWITCHES, enabled=False, auto_restore_at__lte=at
    ).select_related("workspace"):
        with transaction.atomic():
            still = SystemControl.objects.filter(
                pk=row.pk, enabled=False, auto_restore_at__lte=at
            ).update(auto_restore_at=None)
            if not still:
                continue
            controls.write(
                row.control_key,
                True,
                workspace=row.workspace,
                reason=f"restored as planned{more(row)}; was off: {row.reason}",
                by=Principal.system("restore"),
                at=at,
            )
            count += 1
    return count


# --- People --------------------------------------------------------------------------------------


def stop_person(
    person: Person, status: str, *, reason: str, by: Principal, at: datetime
) -> list[int]:
    """Block or desist a human being; returns the person ids to `wait` for.

    The flag comes first and waits for nobody's lock. A sender that is about to take one of the
    person's messages sees it, so what it holds may be left to it.
    """
    if not by.is_system:
        require(by, Verb.STOP_PERSON, person.workspace)
    reason = visible.reason_of(reason)
    said = humans.stopped(status, reason)
    with transaction.atomic(durable=True):
        people.set_status(person, status, reason=reason, by=by, at=at)
    ids = human_ids(person)  # only now: the flag waited for who was just merging these records
    for _ in range(ROUNDS_TRIES):
        with transaction.atomic():
            left = taking.end_for_human(ids, sentence=said, by=STOPPER, at=at)
        if not left:
            break
        time.sleep(0.05)
    return ids


def lift_person(person: Person, *, reason: str, by: Principal, at: datetime, seen: str = "") -> str:
    """Make a blocked or desisted person reachable again; desist only after 72 h.

    Returns what to say where something still stops them: one of the two lay over the other.
    `seen` as `people.set_status` says it.
    """
    require(by, Verb.STOP_PERSON, person.workspace)
    how: dict[str, Any] = {"reason": reason, "by": by, "at": at, "seen": seen}
    with transaction.atomic(durable=True):
        status = people.set_status(person, PersonStatus.ACTIVE, **how)
    still = {PersonStatus.DESIST: people.STILL_ASKED, PersonStatus.BLOCKED: people.STILL_BLOCKED}
    return still.get(PersonStatus(status), "")


def set_automation(
    person: Person, enabled: bool, *, reason: str, by: Principal, at: datetime, seen: str = ""
) -> list[int]:
    """Switch automated messaging to a human being off or on; returns ids to `wait` for."""
    require(by, Verb.STOP_PERSON, person.workspace)
    with transaction.atomic(durable=True):
        people.set_automation(person, enabled, reason=reason, by=by, at=at, seen=seen)
    return human_ids(person)
