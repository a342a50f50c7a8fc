"""What stands beside the queue: who has an item open, the queue in groups, and the calendar."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache

from approvals import presence
from approvals.models import Approval
from outreach.core.permissions import NotAllowed
from safety.admin import TenantAdmin, principal_of

TEMPLATES = "admin/approvals/approval"


class SidePages(TenantAdmin):
    """The addresses beside the list and the review page."""

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        own = [
            path(
                "<int:pk>/open/",
                never_cache(guard(self.open_view)),
                name="approvals_approval_open",
            ),
        ]
        return [*own, *super().get_urls()]

    def open_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A review page says that it is open, or left; it hears who else is there."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        item: Approval = self.visible_or_404(request, str(pk))
        at, by = timezone.now(), principal_of(request)
        try:
            if request.POST.get("what") == "left":
                presence.left(item, by=by, seen_at=_moment(request.POST.get("seen", ""), at))
            else:
                presence.opened(item, by=by, at=at)
        except NotAllowed as error:
            return JsonResponse({"error": str(error)}, status=403)
        readers = presence.sentences(item, at=at)
        return JsonResponse({"seen": at.isoformat(), "readers": readers})


def _moment(told: str, at: datetime) -> datetime:
    """When the page was last heard; what cannot be read counts as now."""
    try:
        moment = parse_datetime(told)
    except ValueError:
        return at
    return moment if moment is not None and moment.tzinfo is not None else at
