"""The log in the admin, and the rooms of the other pages, loaded by Django's autodiscovery."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from outreach.core.clock import SECONDS, by_clock
from outreach.core.models import Activity
from outreach.core.permissions import Verb
from outreach.core.who import names_of
from outreach.edge import (
    consent_admin,
    drafts_admin,
    events_admin,
    hooks_admin,
    imports_admin,
    inbox_admin,
    item_links,
    keys_admin,
    log_words,
    members_admin,
    merging_admin,
    people_admin,
    safety_events_admin,
    settings_admin,
    stop_history,
    suppression_admin,
    templates_admin,
    voice_admin,
)
from safety.admin import TenantAdmin, column

__all__ = [
    "ActivityAdmin",
    "consent_admin",
    "drafts_admin",
    "events_admin",
    "hooks_admin",
    "imports_admin",
    "inbox_admin",
    "keys_admin",
    "members_admin",
    "merging_admin",
    "people_admin",
    "safety_events_admin",
    "settings_admin",
    "suppression_admin",
    "templates_admin",
    "voice_admin",
]


MESSAGE = "draft"  # what the log calls a message


@admin.register(Activity)
class ActivityAdmin(TenantAdmin):
    """The append-only log. It holds ids and digests, never a name, an address or a text."""

    verb = Verb.READ_AUDIT
    operators_see_the_systems_rows = True
    list_display = ("show_at", "show_verb", "show_object", "show_by", "show_codes")
    list_filter = ("by_kind", "object_type", ("at", admin.DateFieldListFilter))
    list_filter_submit = True
    search_fields = ("verb__startswith", "object_id__exact", "digest__exact", "request_id__exact")
    search_help_text = "What happened (approvals.approved), object number, digest or request"
    sortable_by = ("show_at",)
    ordering = ("-id",)
    fields = (
        "show_at", "workspace", "verb", "show_object", "show_all", "digest", "codes", "show_by",
        "request_id",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Activity]:
        rows: QuerySet[Activity] = super().get_queryset(request)
        return rows.select_related("workspace")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": "Activity timeline", **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list with everybody's name and the queue's items, read once for all its rows."""
        found = super().get_changelist_instance(request)
        rows: list[Any] = list(found.result_list)
        names = names_of((row.by_kind, row.by_id) for row in rows)
        items = item_links.newest(row.object_id for row in rows if row.object_type == MESSAGE)
        for row in rows:
            row.names, row.items = names, items
        found.result_list = rows
        return found

    @column("When", sorts="id")
    def show_at(self, obj: Activity) -> str:
        return by_clock(obj.at, SECONDS)

    @column("What happened", header=True)
    def show_verb(self, obj: Activity) -> list[str]:
        return [stop_history.happened(obj), obj.verb]

    @column("About")
    def show_object(self, obj: Activity) -> str:
        # One box: on a phone the theme sets words and links beside each other with a gap between.
        return format_html("<span>{}</span>", self._about(obj))

    def _about(self, obj: Activity) -> str:
        """The number of a message, and that of the queue's item about it; of a stop, its reason."""
        said = log_words.about(obj)
        if (change := obj.codes.get("change")) and obj.verb == stop_history.CONTROL_SET:
            where = f"{reverse('controls')}?change={change}#lately"
            return format_html('{}, <a class="oc-link" href="{}">why</a>', said, where)
        if change and obj.object_type == "person":
            where = f"{reverse('admin:core_person_change', args=[obj.object_id])}#stops"
            return format_html('{}, <a class="oc-link" href="{}">why</a>', said, where)
        if obj.object_type != MESSAGE:
            return said
        items = getattr(obj, "items", None)
        found = item_links.newest([int(obj.object_id)]) if items is None else items
        item = found.get(int(obj.object_id))
        return format_html("{}, item {}", said, item_links.link(item)) if item else said

    @column("By")
    def show_by(self, obj: Activity) -> str:
        by = (obj.by_kind, obj.by_id)
        names = getattr(obj, "names", None)  # of the whole list; an entry's own page has one
        name = (names_of([by]) if names is None else names).get(by)
        return f"{name} ({obj.by_kind} {obj.by_id})" if name else f"{obj.by_kind} {obj.by_id}"

    @column("Details")
    def show_codes(self, obj: Activity) -> str:
        return log_words.short(obj)

    @column("Details")
    def show_all(self, obj: Activity) -> str:
        return log_words.details(obj) or "–"
