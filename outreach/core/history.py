"""What passed between us and a human being, read by rules and pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from outreach.core.models import Activity, Contact, Touch

CAME_BACK = "channels.bounced"  # said of a draft in the log, with its `kind`
HARD = "hard"
MEMORY = timedelta(days=30)  # how far back rules look


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


def met(human_id: int, channel: str) -> bool:
    """Whether anything passed between us and this human being on that channel."""
    return Contact.objects.filter(
        human_id=human_id, channel=channel, voided_at__isnull=True
    ).exists()


def came_back(draft_ids: Iterable[int]) -> dict[int, str]:
    """Which of these messages left and did not reach them, as far as we were told, and how: `hard`
    where nobody ever gets mail at that address."""
    rows = Activity.objects.filter(
        object_type="draft", object_id__in=[str(pk) for pk in draft_ids], verb=CAME_BACK
    )
    told: dict[int, str] = {}
    for number, codes in rows.values_list("object_id", "codes").order_by("pk"):
        if told.get(int(number)) != HARD:
            told[int(number)] = str(codes.get("kind", ""))
    return told
