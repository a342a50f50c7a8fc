"""What passed between us and a human being, read by rules and pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from outreach.core.models import Contact, CoolingOff, Touch

MEMORY = timedelta(days=30)


def contacts_of(human_ids: Iterable[int], *, at: datetime) -> dict[int, list[Contact]]:
    """Contacts of the last 30 days by human, oldest first; voided ones left out."""
    found: dict[int, list[Contact]] = defaultdict(list)
    rows = Contact.objects.filter(
        human__in=list(human_ids), at__gt=at - MEMORY, voided_at__isnull=True
    ).order_by("at", "id")
    for row in rows:
        found[row.human_id].append(row)
    return found


def cooling_offs_of(human_ids: Iterable[int], *, at: datetime) -> dict[int, list[CoolingOff]]:
    """Rests that still hold at `at`, by human."""
    found: dict[int, list[CoolingOff]] = defaultdict(list)
    for row in CoolingOff.objects.filter(human__in=list(human_ids), until__gt=at):
        found[row.human_id].append(row)
    return found


def touch_for(human_id: int) -> str:
    """Seed C's message type: first ever is initial; after their word a reply; else a follow-up."""
    last = (
        Contact.objects.filter(human_id=human_id, voided_at__isnull=True)
        .order_by("-at", "-id")
        .first()
    )
    if last is None:
        return Touch.INITIAL
    return Touch.REPLY if last.direction == Contact.Direction.IN else Touch.FOLLOW_UP
