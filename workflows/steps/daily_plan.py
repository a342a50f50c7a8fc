"""The steps of `daily_plan`: see what there is to do, put it in order, keep it as one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from approvals import quota_standing
from approvals.quota import zone_of
from outreach.core.models import Workspace
from safety.contract.localtime import instant_of, local
from workflows import todo
from workflows.agenda import Task, arrange
from workflows.models import Artifact
from workflows.models.artifacts import ArtifactKind
from workflows.options import BadOptions, Option
from workflows.shapes import Job, Output

OPTIONS = (
    Option("capacity", "Minutes you have", "whole", 180, least=10, most=720),
    Option("begins", "Hour your day begins", "whole", 9, least=0, most=23),
    Option("ends", "Hour your day ends", "whole", 18, least=1, most=24),
)


def check(workspace: Workspace, asked: Mapping[str, Any]) -> None:
    if asked["begins"] >= asked["ends"]:
        label = next(option.label for option in OPTIONS if option.name == "begins")
        raise BadOptions(f"The day must begin before it ends: choose an earlier “{label}”.")


def day_of(job: Job) -> tuple[datetime, datetime]:
    """The hours to plan: what is left of today, or the next business day once it is over."""
    zone = str(zone_of(job.workspace))
    day = local(job.at, zone).date()
    for _ in range(5):
        begins = instant_of(day, time(job.options["begins"]), zone)
        ends = _end(day, job.options["ends"], zone)
        if day.weekday() < 5 and job.at < ends - timedelta(minutes=30):
            return max(begins, _rounded(job.at)), ends
        day += timedelta(days=1)
    return begins, ends


def _end(day: Any, hour: int, zone: str) -> datetime:
    if hour == 24:
        return instant_of(day + timedelta(days=1), time(), zone)
    return instant_of(day, time(hour), zone)


def _rounded(at: datetime) -> datetime:
    """Up to the next five minutes."""
    over = timedelta(minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond)
    return at + (timedelta(minutes=5) - over if over else timedelta())


def collect(job: Job, batch: Sequence[int]) -> Output:
    """How much there is to do of each kind."""
    begins, ends = day_of(job)
    tasks = todo.everything(job.workspace, at=begins, day_ends=ends)
    return {"found": dict(Counter(task.kind for task in tasks)), "tasks": len(tasks)}


def write_plan(job: Job, batch: Sequence[int]) -> Output:
    """The page: each task with its time, and what does not fit with the reason."""
    begins, ends = day_of(job)
    tasks = todo.everything(job.workspace, at=begins, day_ends=ends)
    capacity = job.options["capacity"]
    agenda = arrange(tasks, begins=begins, ends=ends, capacity=capacity)
    zone = str(zone_of(job.workspace))
    room = todo.quota_room(job.workspace, at=job.at)
    Artifact.objects.create(
        workspace=job.workspace,
        run_id=job.run_id,
        kind=ArtifactKind.DAILY_PLAN,
        title=f"Plan for {local(begins, zone):%A, %Y-%m-%d}",
        data={
            "day": f"{local(begins, zone):%A, %Y-%m-%d}",
            "hours": f"{local(begins, zone):%H:%M}–{local(ends, zone):%H:%M}",
            "zone": zone,
            "capacity": capacity,
            "minutes": agenda.minutes,
            "quota": _quota(job.workspace, job.at, room),
            "room": room,
            "placed": [
                {"at": f"{local(when, zone):%H:%M}", **task.as_dict()}
                for when, task in agenda.placed
            ],
            "left": [{"reason": reason, **task.as_dict()} for reason, task in agenda.left],
        },
        created_at=job.at,
    )
    return {
        "planned": len(agenda.placed),
        "minutes": agenda.minutes,
        "not_today": _counted(agenda.left),
    }


def _quota(workspace: Workspace, at: datetime, room: int | None) -> str:
    """What was sent, and what makes the room smaller than that alone."""
    said = quota_standing.of_workspace(workspace, at=at).sentence()
    waiting = todo.approved_today(workspace, at=at) if room is not None else 0
    if not waiting:
        return said
    one = waiting == 1
    return f"{said} {waiting} more {'is' if one else 'are'} approved and due today."


def _counted(left: Sequence[tuple[str, Task]]) -> dict[str, int]:
    return dict(Counter(reason for reason, _ in left))
