"""How long safety events are kept, and letting go of older ones: SYSTEM does it and logs how many.

The table's own guard lets nothing go that is younger than 30 days, whatever is set here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count

from outreach.core import activity
from outreach.core.principal import Principal
from outreach.core.triggers import EVENT_FLOOR_DAYS
from safety.models import SafetyEvent

KEEPER = Principal.system("retention")
LONGEST_DAYS = 3650
BATCH = 1000
MARGIN = timedelta(hours=1)  # the guard asks the database's clock, which is not ours


def silly() -> str:
    """What is wrong with SAFETY_EVENT_DAYS in one sentence; empty when it can be followed."""
    days = settings.SAFETY_EVENT_DAYS
    if days == 0 or EVENT_FLOOR_DAYS <= days <= LONGEST_DAYS:
        return ""
    if days < EVENT_FLOOR_DAYS:
        return (
            f"SAFETY_EVENT_DAYS={days} keeps safety events for less than {EVENT_FLOOR_DAYS} days: "
            f"who looks into an incident would find nothing. They are kept {EVENT_FLOOR_DAYS} days."
        )
    return (
        f"SAFETY_EVENT_DAYS={days} is more than ten years, longer than anybody may need texts "
        "about people. Say 0 if they are to be kept for ever."
    )


def clean(*, at: datetime) -> int:
    """Delete the events whose time is over; how many. With 0 days all are kept for ever."""
    days = settings.SAFETY_EVENT_DAYS
    if not days:
        return 0
    before = at - timedelta(days=max(days, EVENT_FLOOR_DAYS)) - MARGIN
    old = SafetyEvent.objects.filter(created_at__lt=before).order_by("pk")
    total = 0
    while ids := list(old.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            rows = SafetyEvent.objects.filter(pk__in=ids).order_by()
            counts = rows.values_list("workspace").annotate(count=Count("pk"))
            told = [
                activity.Entry(
                    "safety.events_expired", "safetyevent", "", place,
                    codes={"count": count, "days": days, "before": before.isoformat()},
                )
                for place, count in counts
            ]  # fmt: skip
            gone, _ = rows.delete()
            activity.record(*told, by=KEEPER, at=at)
        total += gone
    return total
