"""What stands beside the queue: who has an item open, its receipt, groups and the calendar."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
    QueryDict,
)
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache

from approvals import filters, grouping, presence, receipt
from approvals.models import Approval
from outreach.core.permissions import NotAllowed
from safety.admin import PageAdmin, principal_of

TEMPLATES = "admin/approvals/approval"


class SidePages(PageAdmin):
    """The addresses beside the list and the review page."""

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST" and not request.POST.getlist(ACTION_CHECKBOX_NAME):
            messages.warning(request, "Tick at least one message first.")
            return HttpResponseRedirect(request.get_full_path())
        answer: HttpResponse = super().changelist_view(request, extra_context)
        return answer

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        own = [
            path(
                "<int:pk>/open/",
                never_cache(guard(self.open_view)),
                name="approvals_approval_open",
            ),
            path(
                "<int:pk>/receipt/",
                never_cache(guard(self.receipt_view)),
                name="approvals_approval_receipt",
            ),
            path("groups/", guard(self.groups_view), name="approvals_approval_groups"),
            path("calendar/", guard(self.calendar_view), name="approvals_approval_calendar"),
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

    def receipt_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The receipt with its letter as a file, to be checked without this program."""
        item: Approval = self.visible_or_404(request, str(pk))
        if not item.receipt:
            raise Http404("Nobody approved this, so there is no receipt.")
        text = json.dumps(receipt.export(item), ensure_ascii=False, indent=1)
        response = HttpResponse(text, content_type="application/json; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="receipt-{item.pk}.json"'
        return response

    def tell_misread(self, request: HttpRequest, asked: QueryDict) -> None:
        """Say of each filter that is none, and take it out of what is asked."""
        for name, fault in filters.misread(asked).items():
            messages.warning(request, fault)
            asked.pop(name)

    def groups_view(self, request: HttpRequest) -> HttpResponse:
        """The head of the queue by channel, priority, purpose or touch."""
        self._allowed(request)
        kind = asked = request.GET.get("by", "")
        if kind not in grouping.KINDS:
            kind = grouping.DEFAULT_KIND
            if asked:
                labels, instead = list(grouping.KINDS.values()), f"they are shown by {kind}"
                messages.warning(request, filters.no_such("grouping", asked, labels, instead))
        found, cut = grouping.groups(PageAdmin.get_queryset(self, request), kind)
        context = {
            "title": "Queue in groups",
            "groups": found,
            "cut": cut,
            "looked_at": grouping.LOOKED_AT,
            "kind": kind,
            "kinds": grouping.KINDS,
            "now": timezone.now(),
        }
        return self.page(request, f"{TEMPLATES}/groups.html", context)

    def calendar_view(self, request: HttpRequest) -> HttpResponse:
        """What is scheduled and held, by day."""
        self._allowed(request)
        days, cut = grouping.calendar(PageAdmin.get_queryset(self, request), at=timezone.now())
        context = {"title": "Calendar", "days": days, "cut": cut, "span": grouping.DAYS}
        return self.page(request, f"{TEMPLATES}/calendar.html", context)

    def _allowed(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


def _moment(told: str, at: datetime) -> datetime:
    """When the page was last heard; what cannot be read counts as now."""
    try:
        moment = parse_datetime(told)
    except ValueError:
        return at
    return moment if moment is not None and moment.tzinfo is not None else at
