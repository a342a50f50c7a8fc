"""WhatsApp's approved texts, kept by the admins of a workspace; each change is told in the log."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from channels.models import PlatformTemplate
from outreach.core.placeholders import PLACEHOLDER
from outreach.edge.seen_form import SeenForm
from outreach.edge.settings_admin import ConfigureAdmin, own_workspaces
from safety.admin import column, is_superuser, workspace_ids

KEPT = (
    "Its name and language stay, as at WhatsApp: reviewers were told them, and under another name "
    "stands another text. For another one write down a new template, and switch this one off."
)


class TemplateForm(SeenForm):
    """Refuses a body whose places could not be told apart again in a finished text."""

    def clean_body(self) -> str:
        body = str(self.cleaned_data["body"]).replace("\r\n", "\n").strip()
        pieces = PLACEHOLDER.split(body)
        if any(not piece for piece in pieces[2:-1:2]):
            raise ValidationError("Two places stand side by side; put a word between them.")
        if not "".join(pieces[0::2]).strip():
            raise ValidationError("A template needs words of its own.")
        return body


@admin.register(PlatformTemplate)
class PlatformTemplateAdmin(ConfigureAdmin):
    """Texts that may open a conversation on WhatsApp."""

    form = TemplateForm
    about = "channels.template_set"
    list_display = ("name", "language", "show_body", "is_active", "workspace")
    list_select_related = ("workspace",)
    list_filter = ("is_active",)
    search_fields = ("name", "body")
    sortable_by = ("name", "language", "is_active")
    ordering = ("workspace__slug", "name", "language")
    fields = ("workspace", "name", "language", "body", "is_active")

    @column("Text")
    def show_body(self, obj: PlatformTemplate) -> str:
        return obj.body[:80]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_superuser(request) or bool(workspace_ids(request, self.verb))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """What was approved would leave as another text of WhatsApp's, under another name."""
        return ("workspace", "name", "language") if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return [("", {"fields": self.fields, "description": KEPT if obj else ""})]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        return super().formfield_for_foreignkey(
            db_field, request, **{**kwargs, **own_workspaces(db_field, request)}
        )
