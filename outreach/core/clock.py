"""How a moment is told: by the clock of whoever looks at a page, by UTC everywhere else."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

MINUTES, SECONDS, CLOCK = "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%H:%M:%S"
DAY = "%Y-%m-%d"


def by_clock(moment: datetime | None, form: str = MINUTES) -> str:
    """`2026-11-30 09:00 CET`; `2026-11-30 08:00 UTC` where nobody's clock is set; "" for none.

    `outreach.edge.middleware.by_their_clock` sets it for the pages of the admin, whose templates
    tell the same with the format `T`.
    """
    return f"{timezone.localtime(moment):{form} %Z}" if moment else ""
