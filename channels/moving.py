"""Somebody has another number by now, as WhatsApp tells it: who wants no more is left alone there.

It is the same human being; nobody here would know it when the new number comes in.
"""

from __future__ import annotations

from datetime import datetime

from channels import inbound, matching
from outreach.core import opt_outs, suppression
from outreach.core.models import InboundMessage, Workspace


def follow(row: InboundMessage, *, at: datetime) -> str:
    """Close the new number wherever the old one is closed by an opt-out. What a person reads of it,
    who decides whether it is theirs; empty where nobody moved. Harmless twice."""
    number = str(row.details.get("moved_to", ""))
    if not number:
        return ""
    human = row.person.human_id if row.person else None
    closed = [_close(row, number, place, human, at) for place in Workspace.objects.order_by("pk")]
    more = ", which is closed as the old one is" if any(closed) else ""
    return f"their number is {number} by now{more}"


def _close(
    row: InboundMessage, number: str, place: Workspace, human: int | None, at: datetime
) -> bool:
    held = [
        each
        for each in suppression.holding(place, row.channel, row.sender)
        if each.reason in opt_outs.OPT_OUTS
    ]
    if not held:
        return False
    for channel, address in matching.ways(place, row.channel, number, human=human):
        suppression.suppress(
            place, channel, address, reason=held[0].reason, by=inbound.INBOUND, at=at
        )
    return True
