"""Days for messages to come: business days on the reader's clock, none above the day's limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from approvals.quota import local_day, zone_of
from outreach.core.models import Draft, Workspace
from outreach.core.models.drafts import DraftStatus
from safety.contract.localtime import instant_of, local
from workflows import scripts
from workflows.recipients import Recipient
from workflows.windows import next_window

USUAL_LIMIT = 20
HORIZON_DAYS = 180
SETTLED = timedelta(hours=1)  # not with the first minute of their day


class Days:
    """Counts what is planned for each of the workspace's days, and finds room for more."""

    def __init__(self, workspace: Workspace, *, at: datetime, limit: int = 0) -> None:
        self.workspace = workspace
        self.at = at
        self.limit = limit or workspace.daily_quota or USUAL_LIMIT
        self.taken = self._planned_already()
        self.first, self.last = date.max, date.min

    @property
    def span(self) -> int:
        """From the first to the last day used."""
        return (self.last - self.first).days + 1 if self.last >= self.first else 0

    def _planned_already(self) -> Counter[date]:
        open_now = (DraftStatus.DRAFT, DraftStatus.PENDING_APPROVAL, DraftStatus.APPROVED)
        rows = Draft.objects.filter(
            workspace=self.workspace, status__in=open_now, scheduled_for__gt=self.at
        )
        return Counter(
            local_day(self.workspace, when)
            for when in rows.values_list("scheduled_for", flat=True)
            if when is not None
        )

    def take(self, recipient: Recipient, gaps: Sequence[int]) -> list[datetime]:
        """Times for the first message and one after each gap (days), all on days with room."""
        for start in range(HORIZON_DAYS):
            times = self._times(recipient, start, gaps)
            days = [local_day(self.workspace, when) for when in times]
            if all(self.taken[day] < self.limit for day in days):
                break
        self.taken.update(days)
        self.first, self.last = min(self.first, days[0]), max(self.last, days[-1])
        return times

    def _times(self, recipient: Recipient, start: int, gaps: Sequence[int]) -> list[datetime]:
        times = [self._slot(recipient, self.at + timedelta(days=start), is_now=not start)]
        for gap in gaps:
            times.append(self._slot(recipient, times[-1] + timedelta(days=gap), is_now=False))
        return times

    def _slot(self, recipient: Recipient, wanted: datetime, *, is_now: bool) -> datetime:
        """The first business hour on or after that day, on the reader's clock."""
        person, zone = recipient.person, str(zone_of(self.workspace))
        phone = next((recipient.ways[way] for way in scripts.PHONES if way in recipient.ways), "")
        theirs = person.time_zone or zone
        since = wanted if is_now else instant_of(local(wanted, theirs).date(), time(), theirs)
        window = next_window(
            since,
            zone=person.time_zone,
            phone=phone,
            also=recipient.numbers,
            our_zone=zone,
        )
        begins = window.begins + (timedelta() if is_now else SETTLED)
        return min(begins, window.ends - timedelta(minutes=15)).replace(second=0, microsecond=0)
