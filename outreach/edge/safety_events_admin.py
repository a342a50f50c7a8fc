"""Safety events in the admin: what a rule refused, held or rewrote, with the queue's item."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from outreach.core.clock import SECONDS, by_clock
from outreach.edge import item_links
from safety.admin import TenantAdmin, column
from safety.models import SafetyEvent


@admin.register(SafetyEvent)
class SafetyEventAdmin(TenantAdmin):
    """What a rule refused, held or rewrote. Read-only, newest first."""

    operators_see_the_systems_rows = True
    list_display = ("show_when", "show_code", "show_action", "reason", "show_item", "show_by")
    list_filter = ("code", "event_type", "by_kind", ("created_at", admin.DateFieldListFilter))
    search_fields = ("reason", "action_blocked", "draft__person__full_name")
    search_help_text = "Reason, action or person"
    ordering = ("-id",)
    fields = (
        "created_at", "workspace", "event_type", "show_action", "reason", "code", "draft",
        "show_item", "revision", "show_by", "by_kind", "metadata",
    )  # fmt: skip
    list_select_related = ("workspace",)
    list_display_links = ("show_when",)
    sortable_by = ("show_when",)
    list_filter_submit = True

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list with the queue's items, read once for all its rows."""
        found = super().get_changelist_instance(request)
        rows: list[Any] = list(found.result_list)
        items = item_links.newest(row.draft_id for row in rows if row.draft_id)
        for row in rows:
            row.items = items
        found.result_list = rows
        return found

    @column("When", sorts="id")
    def show_when(self, obj: SafetyEvent) -> str:
        return by_clock(obj.created_at, SECONDS)

    @column("Rule", label=True)
    def show_code(self, obj: SafetyEvent) -> str:
        return obj.named

    @column("What")
    def show_action(self, obj: SafetyEvent) -> str:
        return obj.what

    @column("In the queue")
    def show_item(self, obj: SafetyEvent) -> str:
        if obj.draft_id is None:
            return item_links.link(None)
        items = getattr(obj, "items", None)  # of the whole list; an event's own page has one
        found = item_links.newest([obj.draft_id]) if items is None else items
        return item_links.link(found.get(obj.draft_id))
