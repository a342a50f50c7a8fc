"""By whose clock a time is told: the recipient's where it is known, else the workspace's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from approvals.errors import Refused
from approvals.models import Approval
from approvals.queue import PHONE
from outreach.core.models import Channel, Workspace
from safety.contract.localtime import LocalZones, local, resolve_zones, zone_of


def zones_of(approval: Approval) -> LocalZones:
    """The clock of the recipient, as the gate sees it. Needs `readable` rows.

    A stored zone that nobody knows must not hide the whole list: it is shown by the workspace's
    clock there, or by UTC if that is unknown too, and the review page says that the item cannot be
    judged.
    """
    person = approval.draft.person
    human = person.merged_into or person
    default = approval.workspace.time_zone
    oldest = getattr(approval, PHONE, None) or ""
    by_number = approval.channel in (Channel.WHATSAPP, Channel.PHONE)
    written = approval.revision.address if by_number else ""
    try:
        return resolve_zones(
            timezone=human.time_zone,
            others=(person.time_zone,),
            phone=written,
            also=(oldest,),
            default=default,
        )
    except ValueError:
        return LocalZones((workspace_zone(approval.workspace),), _source(default))


def clock_of(workspaces: Iterable[Workspace]) -> str:
    """By which clock somebody of these workspaces is told times: theirs, or UTC for several."""
    zones = {workspace_zone(each) for each in workspaces}
    return zones.pop() if len(zones) == 1 else "UTC"


def workspace_zone(workspace: Workspace) -> str:
    """The name of the workspace's zone, or UTC where nobody here knows that zone."""
    return workspace.time_zone if _source(workspace.time_zone) == "workspace" else "UTC"


def _source(name: str) -> str:
    try:
        zone_of(name)
    except ValueError:
        return "unknown"
    return "workspace"


WHOSE = {"workspace": "workspace time", "unknown": "UTC (the workspace's time zone is unknown)"}


def their_time(moment: datetime, zones: LocalZones, *, at: datetime) -> str:
    """`Mon 09 Mar 09:00 their time`: the recipient's clock, or the workspace's and it says so.

    With the year where it is not the one of `at`.
    """
    there = local(moment, zones.zones[0])
    same = there.year == local(at, zones.zones[0]).year
    day = f"{there:%a %d %b}" if same else f"{there:%a %d %b %Y}"
    return f"{day} {there:%H:%M} {WHOSE.get(zones.source, 'their time')}"


def told_time(approval: Approval, moment: datetime, *, at: datetime) -> str:
    """What is to come of a message, by the clock of whoever gets it."""
    return their_time(moment, zones_of(approval), at=at)


def our_time(workspace: Workspace, moment: datetime, *, at: datetime) -> str:
    """What was done here, by the clock of the workspace."""
    zones = LocalZones((workspace_zone(workspace),), _source(workspace.time_zone))
    return their_time(moment, zones, at=at)


def typed_time(typed: str, approval: Approval) -> datetime | None:
    """The time typed in the recipient's wall clock; refuses what that clock never shows."""
    if not typed.strip():
        return None
    zone = zone_of(zones_of(approval).zones[0])
    try:
        wall = datetime.fromisoformat(typed.strip() if ":" in typed else "")  # a day is no time
        moment = wall.replace(tzinfo=zone)
        shown = datetime.fromtimestamp(moment.timestamp(), zone).replace(tzinfo=None)
    except (ValueError, OverflowError):  # no time, or one that no clock reaches
        raise Refused(
            "The time cannot be read; write it as 2026-03-11 09:00.", "bad_time"
        ) from None
    if wall.tzinfo is not None:
        return wall
    if shown != wall:
        raise Refused(
            f"{wall:%Y-%m-%d %H:%M} does not exist in {zone.key}: clocks are put forward then. "
            "Choose a time an hour later.",
            "time_gap",
        )
    return moment
