"""Pages of a long queue: the next begins after the last row seen, not after counting to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from unfold import paginator

from approvals import queue
from approvals.models import Approval


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row at the edge of the page that was left, and the way to go from there."""

    row: Approval
    backwards: bool


class InfinitePaginator(paginator.InfinitePaginator):  # type: ignore[misc]
    """Finds a page by its numbers first, so that a late page joins no row before it.

    The theme asks for this very class name before it leaves the number of results out.
    """

    template_name = "admin/approvals/approval/pages.html"
    cursor: Cursor | None = None

    def page(self, number: Any) -> Any:
        rows, number = self.object_list, self.validate_number(number)
        bare = rows.select_related(None).prefetch_related(None)
        if self.cursor is not None and number > 1:
            chosen = beside(bare, self.cursor, self.per_page)
        else:
            start = (number - 1) * self.per_page
            chosen = list(bare.values_list("pk", flat=True)[start : start + self.per_page])
        return self._get_page(rows.filter(pk__in=chosen), number, self)


def take_cursor(request: HttpRequest, asked: QueryDict, rows: QuerySet[Approval]) -> None:
    """Take the cursor out of the address: it is no filter, and Django would refuse it as one."""
    found = None
    for name in ("after", "before"):
        values = asked.pop(name, [])
        number = str(values[-1]) if values else ""
        if found is None and number.isdecimal() and len(number) < 19:
            row = rows.filter(pk=number).only("pk", "priority", "created_at").first()
            found = Cursor(row, name == "before") if row is not None else None
    request._outreach_cursor = found  # type: ignore[attr-defined]


def cursor_of(request: HttpRequest) -> Cursor | None:
    return getattr(request, "_outreach_cursor", None)


def beside(rows: QuerySet[Approval], cursor: Cursor, count: int) -> list[int]:
    """The numbers of the rows next to the cursor, in the order of the list or backwards."""
    row, back = cursor.row, cursor.backwards
    if tuple(rows.query.order_by)[:1] != queue.ORDER[:1]:
        far = rows.filter(pk__gt=row.pk).order_by("pk") if back else rows.filter(pk__lt=row.pk)
        return list(far.values_list("pk", flat=True)[:count])
    same = rows.filter(priority=row.priority)
    if back:
        near = same.filter(created_at__lte=row.created_at).exclude(
            created_at=row.created_at, pk__gte=row.pk
        )
        near = near.order_by("-created_at", "-pk")
        rest = rows.filter(priority__gt=row.priority).order_by("priority", "-created_at", "-pk")
    else:
        near = same.filter(created_at__gte=row.created_at).exclude(
            created_at=row.created_at, pk__lte=row.pk
        )
        near = near.order_by("created_at", "pk")
        rest = rows.filter(priority__lt=row.priority).order_by(*queue.ORDER)
    found = list(near.values_list("pk", flat=True)[:count])
    if len(found) < count:
        found += rest.values_list("pk", flat=True)[: count - len(found)]
    return found
