"""A working day from what there is to do: in order, within hours, quotas and capacity. Pure.

What is first in the list is done first, unless its people cannot be reached yet. What finds no
place is named with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

SHORTEST_WINDOW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do. `window` is when it can be done, none for any time.

    `person` and `link` say where to go: link is (kind, number) for the page to turn into an
    address. `not_today` is why it cannot be done today whatever the time.
    """

    kind: str
    title: str
    minutes: int
    why: str = ""
    person: int = 0
    link: tuple[str, int] = ("", 0)
    window: tuple[datetime, datetime] | None = None
    note: str = ""
    not_today: str = ""

    def as_dict(self) -> dict[str, Any]:
        return {
            "kind": self.kind, "title": self.title, "minutes": self.minutes, "why": self.why,
            "person": self.person, "link": list(self.link), "note": self.note,
        }  # fmt: skip


@dataclass(slots=True)
class Agenda:
    """Tasks with their times, and those that have none with the reason."""

    placed: list[tuple[datetime, Task]] = field(default_factory=list)
    left: list[tuple[str, Task]] = field(default_factory=list)

    @property
    def minutes(self) -> int:
        return sum(task.minutes for _, task in self.placed)


def arrange(tasks: Sequence[Task], *, begins: datetime, ends: datetime, capacity: int) -> Agenda:
    """Fill the day from `begins` to `ends` with at most `capacity` minutes of work."""
    agenda = Agenda()
    for task in tasks:
        if task.not_today:
            agenda.left.append((task.not_today, task))
    waiting = [task for task in tasks if not task.not_today]
    clock, room = begins, capacity
    while waiting:
        fits = [task for task in waiting if task.minutes <= room]
        ready = _next(fits, clock, ends)
        if ready is not None:
            agenda.placed.append((clock, ready))
            waiting.remove(ready)
            clock += timedelta(minutes=ready.minutes)
            room -= ready.minutes
            continue
        later = [begin for each in fits if (begin := _opens(each, clock, ends)) is not None]
        if not later:
            break
        clock = min(later)
    for task in waiting:
        agenda.left.append((_reason(task, clock, ends, room), task))
    return agenda


def _next(fits: Sequence[Task], clock: datetime, ends: datetime) -> Task | None:
    """The first that can be done now; of its kind, whoever can be reached for the least time."""
    able = [task for task in fits if _is_open(task, clock, ends)]
    kind = [task for task in able if task.kind == able[0].kind]
    return min(
        kind, key=lambda task: min(ends, task.window[1]) if task.window else ends, default=None
    )


def _is_open(task: Task, clock: datetime, ends: datetime) -> bool:
    until = clock + timedelta(minutes=task.minutes)
    if until > ends:
        return False
    return task.window is None or (task.window[0] <= clock and until <= task.window[1])


def _opens(task: Task, clock: datetime, ends: datetime) -> datetime | None:
    """When it could begin later today; None when it could not."""
    if task.window is None or task.window[0] <= clock:
        return None
    until = task.window[0] + timedelta(minutes=task.minutes)
    return task.window[0] if until <= min(ends, task.window[1]) else None


def _reason(task: Task, clock: datetime, ends: datetime, room: int) -> str:
    if task.window is not None:
        if task.window[0] >= ends:
            return "cannot be reached within your day"
        if task.window[1] <= clock:
            return "can no longer be reached today"
    if task.minutes > room:
        return "no time left in your capacity"
    return "no time left before the day ends"
