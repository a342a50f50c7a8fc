"""How many messages may leave on a channel in any minute (SEND_PER_MINUTE), over all workers.

Counted in the transaction of the claim, under a lock on the channel's row: whoever claims next
sees what was claimed before. Without a limit nothing is asked. The minute is that of the workers'
clocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from channels.models import ChannelHealth, Delivery, DeliveryStatus
from outreach.core.models.workspace import DRILL_SLUG

SPAN = timedelta(minutes=1)
# What knocked at the other side's door, or is about to. What was released never did.
COUNTED = (
    DeliveryStatus.SENDING, DeliveryStatus.SENT, DeliveryStatus.FAILED, DeliveryStatus.UNKNOWN,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pace:
    """The limit of one channel."""

    channel: str
    per_minute: int

    def hold(self) -> None:
        """Nobody else claims on this channel until this transaction ends.

        Comes first in it: quotas are locked after it, and never the other way round. SQLite's
        IMMEDIATE transaction holds everybody off by itself.
        """
        row = ChannelHealth(channel=self.channel)
        ChannelHealth.objects.bulk_create([row], ignore_conflicts=True)
        ChannelHealth.objects.select_for_update().get(channel=self.channel)

    def room(self, wanted: int, at: datetime, notes: list[str]) -> int:
        """How many of `wanted` may be claimed now. Needs `hold` in the same transaction."""
        left = max(0, self.per_minute - self.used(at))
        if not left:
            notes.append(f"{self.channel}: {self.per_minute} left in a minute; the rest waits.")
        return min(wanted, left)

    def used(self, at: datetime) -> int:
        """How many went, or are going, in the minute that ends at `at`."""
        lately = Delivery.objects.filter(
            channel=self.channel, since__gt=at - SPAN, status__in=COUNTED
        )
        return lately.exclude(workspace__slug=DRILL_SLUG).count()


def of(channel: str) -> Pace | None:
    """The limit that the environment sets for this channel, or None."""
    most = settings.SEND_PER_MINUTE.get(channel, 0)
    return Pace(channel, most) if most else None


def told(at: datetime) -> list[str]:
    """Every limit with what is used of it, for `doctor`."""
    found = [of(channel) for channel in sorted(settings.SEND_PER_MINUTE)]
    return [
        f"{each.channel}: at most {each.per_minute} messages in any minute; "
        f"{each.used(at)} in the last one."
        for each in found
        if each is not None
    ]
