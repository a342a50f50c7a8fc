"""Events of providers that could not be judged: seen by operators, tried again or closed by one.

They belong to no workspace yet: to whom one speaks is what judging would have found out.
"""

from __future__ import annotations

import json
from datetime import datetime

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from approvals import marks
from channels import aside, closing, events
from channels.models import ProviderEvent
from outreach.core.clock import SECONDS, by_clock
from outreach.core.permissions import NotAllowed
from safety.admin import PageAdmin, column, is_operator, principal_of

TEMPLATE = "admin/channels/providerevent/event.html"
AGAIN = 10.0  # seconds that judging it may take


@admin.register(ProviderEvent)
class ProviderEventAdmin(PageAdmin):
    """What judging failed on again and again, the newest first."""

    list_display = ("show_number", "provider", "kind", "show_told", "show_since", "tries", "result")
    list_filter = ("provider", "kind")
    sortable_by = ("show_since",)
    ordering = ("-set_aside_at", "-id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderEvent]:
        return aside.rows() if is_operator(request) else ProviderEvent.objects.none()

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return is_operator(request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        context = {"title": "Events set aside", **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    @column("Event")
    def show_number(self, obj: ProviderEvent) -> str:
        return f"Event {obj.pk}"

    @column("Told")
    def show_told(self, obj: ProviderEvent) -> str:
        return by_clock(obj.at, SECONDS)

    @column("Set aside", sorts="set_aside_at")
    def show_since(self, obj: ProviderEvent) -> str:
        return by_clock(obj.set_aside_at, SECONDS)

    def row_view(self, request: HttpRequest, row: ProviderEvent) -> HttpResponse:
        fault = ""
        if request.method == "POST" and request.POST.get("act") == "close":
            try:
                return self._close(request, row.pk, timezone.now())
            except closing.CloseRefused as error:
                fault = str(error)
        elif request.method == "POST":
            return self._again(request, row.pk, timezone.now())
        told = json.dumps(row.payload, indent=2, ensure_ascii=False)
        context = {
            "title": f"Event {row.pk}", "row": row, "told": marks.segments(told), "fault": fault,
            "reason": request.POST.get("reason", ""), "longest": closing.LONGEST,
        }  # fmt: skip
        return self.page(request, TEMPLATE, context, status=409 if fault else 200)

    def _close(self, request: HttpRequest, pk: int, at: datetime) -> HttpResponse:
        """Somebody has read it. Raises CloseRefused."""
        reason = request.POST.get("reason", "")
        try:
            closing.close(pk, reason=reason, by=principal_of(request), at=at)
        except (aside.NotSetAside, NotAllowed) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"Event {pk} is closed. Whoever was held for it stays held.")
        return HttpResponseRedirect(reverse("admin:channels_providerevent_changelist"))

    def _again(self, request: HttpRequest, pk: int, at: datetime) -> HttpResponse:
        """Judge it now, and say what came of it."""
        try:
            row = aside.give_back(pk, by=principal_of(request), at=at)
        except (aside.NotSetAside, NotAllowed) as error:
            messages.error(request, str(error))
        else:
            events.judge([row], at=at, seconds=AGAIN)
            row.refresh_from_db()
            if row.judged_at is None:
                wait = f"it is tried {aside.TRIES - row.tries} more times, then set aside again"
                messages.error(request, f"Event {pk}: {row.result}; {wait}.")
            else:
                messages.success(request, f"Event {pk} is judged: {row.result}.")
        return HttpResponseRedirect(reverse("admin:channels_providerevent_changelist"))
