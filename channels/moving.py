"""Somebody has another number by now, as WhatsApp tells it: who wants no more is left alone there.

It is the same human being; nobody here would know it when the new number comes in.
"""

from __future__ import annotations

from datetime import datetime

from channels import inbound, matching
from outreach.core import opt_outs, people, suppression
from outreach.core.models import InboundMessage, Workspace
from outreach.core.models.consent import SuppressionReason


def follow(row: InboundMessage, *, at: datetime) -> str:
    """Close the new number wherever the old one is closed by an opt-out, or who has it asked us to
    stop. What a person reads of it, who decides whether it is theirs; empty where nobody moved.
    Harmless twice."""
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
    if not held and not _has_asked(row, place):
        return False
    reason = held[0].reason if held else SuppressionReason.STOP_REQUEST
    for channel, address in matching.ways(place, row.channel, number, human=human):
        suppression.suppress(place, channel, address, reason=reason, by=inbound.INBOUND, at=at)
    return True


def _has_asked(row: InboundMessage, place: Workspace) -> bool:
    """Whether who has the old number asked a colleague to stop, who closed no address."""
    known = matching.senders(row.channel, row.sender).filter(workspace=place)
    return any(people.has_asked(people.canonical(each.person)) for each in known)
