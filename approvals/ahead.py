"""What an approval given now would lead to, as the page and `review` tell it. Reads only."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from approvals import clocks, departure, holds, quota_standing
from approvals.departure import Departure
from approvals.models import Approval
from approvals.rewriting import of_rewrites
from approvals.rounds import is_ahead
from safety import controls, facts, gate
from safety.actions import is_by_hand
from safety.models import ControlKey
from safety.verdict import Level


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an approval given now would lead to, in one sentence."""

    sentence: str
    blocked: bool = False
    dry_run: str = ""
    stopped: str = ""
    findings: list[dict[str, Any]] = field(default_factory=list)
    time_passed: bool = False
    judged_as: str = ""  # the purpose that the rules went by
    paused: bool = False  # automation is off for its person, so no program sends it


def outlook_of(
    approval: Approval,
    *,
    at: datetime,
    state: controls.Controls | None = None,
    undo: int | None = None,
) -> Outlook | None:
    """What lies ahead of a message; None where it has left or ended. `undo`: as `look_ahead`."""
    return look_ahead(approval, at=at, state=state, undo=undo) if is_ahead(approval) else None


def findings_of(approval: Approval, outlook: Outlook | None) -> list[dict[str, Any]]:
    """What the rules say now, and what they took out; of what is over, what they said then."""
    stored: list[dict[str, Any]] = approval.decision.get("findings", [])
    return [*outlook.findings, *of_rewrites(stored)] if outlook else stored


def look_ahead(
    approval: Approval,
    *,
    at: datetime,
    state: controls.Controls | None = None,
    undo: int | None = None,
) -> Outlook:
    """The gate's answer for an approval given now, as `services.approve` would hear it.

    `undo`: for how many seconds a yes can be undone here, unless as long as on the pages.
    """
    draft, scheduled = approval.draft, approval.scheduled_for
    draft.current = approval.revision
    draft.workspace = approval.workspace
    state = state or controls.read()
    try:
        known = facts.gather([draft], at=at, state=state)[draft.pk]
    except ValueError as error:  # such as a stored time zone that nobody knows
        return Outlook(f"It cannot be judged, so it cannot be approved: {error}.", blocked=True)
    asked = max(at, scheduled or at)
    leaves = departure.of(approval, known, gate.Moment.APPROVAL, asked, at=at)
    verdict = leaves.verdict
    place = approval.workspace_id
    stopped = state.stopped(place)
    dry_run = state.sentence(ControlKey.DRY_RUN, place)
    blocked = verdict.level is Level.BLOCK
    passed = scheduled is not None and scheduled < at and not approval.is_given
    paused = not known.automation_enabled and not is_by_hand(approval.channel)
    how = _How(blocked, passed, stopped=bool(stopped), dry=bool(dry_run), paused=paused, undo=undo)
    return Outlook(
        _sentence(approval, leaves, at, how),
        blocked,
        dry_run,
        stopped,
        [finding.as_dict() for finding in verdict.findings],
        passed,
        known.purpose,
        paused and not blocked,
    )


@dataclass(frozen=True, slots=True)
class _How:
    """What stands between an approval and its message."""

    blocked: bool
    passed: bool
    stopped: bool
    dry: bool
    paused: bool
    undo: int | None


def _sentence(approval: Approval, leaves: Departure, at: datetime, how: _How) -> str:
    if how.blocked:
        return "It cannot be approved as it stands; the findings say why."
    if how.passed:
        return "The time asked for has passed: choose a new one, or remove it, to approve it."
    start = "It would" if approval.is_given else "If approved now, it would"
    if how.stopped:
        verb = "be simulated" if how.dry else "be sent"
        held = f" It is then {holds.PAUSED}." if how.paused else ""
        return f"{start} wait until the stop is lifted, and {verb} no sooner.{held}"
    there = clocks.told_time(approval, leaves.at, at=at) + leaves.because
    if is_by_hand(approval.channel):
        soonest = f", no sooner than {there}" if leaves.at > at else ""
        return f"{start} wait for a person to send it by hand{soonest}."
    if how.dry:
        return f"{start} {_simulated(approval, leaves, at, how)}"
    if how.paused:
        soonest = f", and be sent no sooner than {there}" if leaves.at > at else ""
        return f"{start} be {holds.PAUSED}{soonest}."
    if leaves.at > at:
        return f"{start} be sent {there}."
    return f"{start} be sent {soon(approval, at, how.undo)}."


def soon(approval: Approval, at: datetime, undo: int | None = None) -> str:
    """When it leaves where nothing holds it: a yes may be undone for some seconds first."""
    wait = float(settings.APPROVAL_UNDO_SECONDS if undo is None else undo)
    if approval.is_given and approval.due_at is not None:
        wait = (approval.due_at - at).total_seconds()
    return f"in {math.ceil(wait)} s unless undone" if wait > 0 else "at once"


def _simulated(approval: Approval, leaves: Departure, at: datetime, how: _How) -> str:
    """The simulation waits for the time asked for and for nothing else; it tells the rest."""
    zones, wanted = clocks.zones_of(approval), approval.scheduled_for
    asked = soon(approval, at, how.undo)
    if wanted and wanted > at:
        asked = clocks.their_time(wanted, zones, at=at)
    held = leaves.at > max(at, wanted or at)
    live = clocks.their_time(leaves.at, zones, at=at) + leaves.because if held else asked
    then = holds.PAUSED if how.paused else f"sent {live}"
    return f"be simulated {asked}: dry run sends nothing. Live, it would be {then}."


def what_follows(given: Approval, at: datetime) -> str:
    """What becomes of a message now that it is approved: no more is promised than will happen.

    Needs a `queue.readable` row.
    """
    if is_by_hand(given.channel):
        return "; a person sends it by hand."
    if controls.read().stopped(given.workspace_id):
        return "; nothing leaves until the stop is lifted."
    paused, when = holds.is_paused(given), _when(given, at)
    if given.dry_run:
        live = f"be {holds.PAUSED}" if paused else f"leave {when}"
        return f". Dry run: nothing is sent; live it would {live}."
    if paused:
        return f"; it is {holds.PAUSED}."
    return f"; it leaves {when}."


def _when(given: Approval, at: datetime) -> str:
    """The rules have been asked by the yes itself; only a quota that is used up asks them anew."""
    leaves_at, because = given.not_before, ""
    if quota_standing.used_up(given, at=at):
        leaves = departure.after_approval(given, at=at)
        leaves_at, because = leaves.at, leaves.because
    if leaves_at is None or leaves_at <= at:
        return soon(given, at)
    return clocks.told_time(given, leaves_at, at=at) + because
