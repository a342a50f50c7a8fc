"""Reviewer care on the first page: one's own approvals of 30 days; admins see their colleagues'."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, Max

from approvals import care, recheck_figures
from approvals.models import Approval
from channels.models import EventKind
from outreach.core.models import Activity, PrincipalKind, User

SPAN = timedelta(days=30)
NO_YES = ("undone", "rejected", "changes_requested")  # why an approval ended that is none any more
NEWEST = 50_000  # entries of the log looked at; a page must not read all of it


@dataclass(slots=True)
class Care:
    """Approvals of one person: how long their pages were open, how many nobody reads so fast."""

    name: str
    approved: int = 0
    edited: int = 0
    fast: int = 0
    complaints: int = 0
    looked_again: int = 0
    disagreed: int = 0
    seconds: list[int] = field(default_factory=list, repr=False)

    @property
    def sentence(self) -> str:
        text = f"{self.approved} approved in 30 days, {self.edited} after an edit."
        if self.seconds:
            text += (
                f" Half were open for {_or_longer(median(self.seconds))}; {self.fast} of "
                f"{len(self.seconds)} were approved faster than {care.WORDS_A_MINUTE} words a "
                "minute can be read."
            )
        if self.complaints:
            text += f" Complaints that came later: {self.complaints}."
        if self.looked_again:
            text += (
                f" Looked again at {self.looked_again} approved by rule, {self.disagreed} of which "
                "they would not have approved."
            )
        return text


def _or_longer(seconds: float) -> str:
    whole = round(seconds)
    if not whole:
        return "less than a second"
    return f"{whole} second{'s' if whole > 1 else ''} or longer"


def of_reviewers(places: Iterable[int], *, only: User | None, at: datetime) -> list[Care]:
    """Each reviewer of these workspaces by name, or one alone. Six statements at most.

    A yes that was undone, or that became a no, is none: so the first page's two figures agree.
    """
    found: dict[int, Care] = defaultdict(lambda: Care(""))
    ids, top = list(places), Activity.objects.aggregate(top=Max("pk"))["top"] or 0
    rows = Activity.objects.filter(
        workspace__in=ids, pk__gt=top - NEWEST, at__gt=at - SPAN, verb="approvals.approved",
        by_kind=PrincipalKind.USER,
    )  # fmt: skip
    complained = Approval.objects.filter(
        workspace__in=ids, decided_at__gt=at - SPAN, decided_by__isnull=False,
        status="approved", deliveries__events__kind=EventKind.COMPLAINED,
    )  # fmt: skip
    if only is not None:
        rows, complained = rows.filter(by_id=str(only.pk)), complained.filter(decided_by=only)
    given = Approval.objects.filter(workspace__in=ids, decided_at__gt=at - SPAN)
    ended = given.filter(closed_reason__in=NO_YES).exclude(receipt={})
    none_now = {str(pk) for pk in ended.values_list("pk", flat=True)}
    for by_id, item, codes in rows.order_by("-pk").values_list("by_id", "object_id", "codes"):
        if item not in none_now:
            _count(found[int(by_id)], codes)
    pairs = complained.values_list("decided_by").annotate(people=Count("human", distinct=True))
    for pk, people in pairs.order_by():
        found[pk].complaints = people
    for reader, looks in recheck_figures.of_workspaces(ids, at=at).by_reader.items():
        if only is None or reader == only.pk:
            found[reader].looked_again, found[reader].disagreed = looks.looked, looks.against
    names = User.objects.in_bulk(found)
    for pk, mine in found.items():
        user = names.get(pk)
        mine.name = (user.get_full_name() or user.get_username()) if user else f"user {pk}"
    return sorted(found.values(), key=lambda each: each.name)


def _count(mine: Care, codes: dict[str, object]) -> None:
    mine.approved += 1
    mine.edited += bool(codes.get("edited"))
    words, seconds = codes.get("words"), codes.get("seconds")
    if isinstance(words, int) and isinstance(seconds, int):
        mine.seconds.append(seconds)
        mine.fast += care.is_faster_than_reading(words, seconds)
