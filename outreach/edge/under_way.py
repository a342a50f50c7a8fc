"""What a sender past its last look holds for an address that has just been closed.

It read the list before, so its message may still arrive: nobody is told that nothing goes there
while one does.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from channels import quiet
from channels.models import Delivery, DeliveryStatus
from outreach.core import suppression
from outreach.core.models import Workspace
from outreach.core.plurals import plural


def to_closed(place: Workspace) -> list[int]:
    """Ids of the intents to suppressed addresses of this workspace, read after the list's commit:
    whoever begins later reads the list."""
    rows = Delivery.objects.filter(workspace=place, status=DeliveryStatus.SENDING)
    held = {
        pk: (place.pk, channel, address)
        for pk, channel, address in rows.values_list("pk", "channel", "approval__revision__address")
    }
    closed = suppression.suppressed_among(set(held.values())) if held else set()
    return [pk for pk, where in held.items() if where in closed]


def wait(place: Workspace, *, set_at: datetime) -> quiet.StopReport | None:
    """Wait for them as a stop does; None where there are none."""
    held = to_closed(place)
    return quiet.wait(Q(pk__in=held), set_at=set_at) if held else None


def warning(place: Workspace) -> str:
    """For a page, which does not wait; empty where there are none."""
    count = len(to_closed(place))
    if not count:
        return ""
    return (
        f"{plural(count, 'message')} to a closed address is being handed over at this moment and "
        "may still arrive: see Deliveries. Nothing else goes there."
    )
