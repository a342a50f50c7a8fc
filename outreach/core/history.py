"""What passed between us and a human being, read by rules and pages."""

from __future__ import annotations

from datetime import timedelta

from outreach.core.models import Contact, Touch

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
