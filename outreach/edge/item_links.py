"""From a message's number, by which logs and events go, to the queue's item about it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Max
from django.urls import reverse
from django.utils.html import format_html

from approvals.models import Approval


def newest(drafts: Iterable[int | str]) -> dict[int, int]:
    """The newest item about each of these messages; one statement, or none where none is named."""
    rows = Approval.objects.filter(draft__in=set(drafts)).order_by()
    return dict(rows.values_list("draft_id").annotate(Max("pk")))


def link(item: int | None) -> str:
    """The item's number as the queue shows it, to be opened; a dash where there is none."""
    if item is None:
        return "–"
    address = reverse("admin:approvals_approval_change", args=[item])
    return format_html('<a class="oc-link" href="{}">#{}</a>', address, item)
