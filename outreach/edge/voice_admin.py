"""Voices in the admin: every version to read, a form that makes the next one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone

from outreach.core import voice
from outreach.core.models import VoiceProfile, Workspace
from outreach.core.models.voice import HOUSE
from outreach.core.permissions import NotAllowed, Verb
from safety.admin import PageAdmin, column, may, principal_of, workspace_ids

TEMPLATE = "admin/core/voice.html"


@admin.register(VoiceProfile)
class VoiceAdmin(PageAdmin):
    """One row a version, the newest first. Saving a change makes a new version."""

    when_empty = (
        "A voice is how one sender writes, learned from examples; drafts are compared with it."
    )
    list_display = ("show_name", "show_version", "tone", "show_state", "note", "show_by")
    list_display_links = ("show_name",)
    list_select_related = ("workspace",)
    search_fields = ("name",)
    sortable_by = ("show_name", "show_version", "tone")
    ordering = ("workspace__slug", "name", "-version")

    def get_queryset(self, request: HttpRequest) -> QuerySet[VoiceProfile]:
        rows: QuerySet[VoiceProfile] = super().get_queryset(request)
        return rows.select_related("workspace")

    @column("Voice", sorts="name")
    def show_name(self, obj: VoiceProfile) -> str:
        return obj.name

    @column("Version", sorts="version")
    def show_version(self, obj: VoiceProfile) -> str:
        return f"version {obj.version}"

    @column("State", label={"in use": "success", "earlier": "default"})
    def show_state(self, obj: VoiceProfile) -> str:
        return "in use" if voice.current(obj.workspace_id, obj.name) == obj else "earlier"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(workspace_ids(request, Verb.CONFIGURE))

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        ids = workspace_ids(request, Verb.CONFIGURE)
        places = list(Workspace.objects.filter(pk__in=ids).order_by("name"))
        if not places:
            return HttpResponseRedirect(reverse("admin:core_voiceprofile_changelist"))
        blank = VoiceProfile(name=HOUSE, sign_off="Kind regards", version=0)
        return self._form(request, blank, places, may_edit=True)

    def row_view(self, request: HttpRequest, row: VoiceProfile) -> HttpResponse:
        allowed = may(request, Verb.CONFIGURE, row.workspace_id)
        return self._form(request, row, [row.workspace], may_edit=allowed)

    def _form(
        self, request: HttpRequest, row: VoiceProfile, places: list[Workspace], *, may_edit: bool
    ) -> HttpResponse:
        """Show a version; a POST makes the next one of it."""
        code, typed = 200, request.POST
        if request.method == "POST":
            number = typed.get("workspace", str(places[0].pk))
            place = next((each for each in places if str(each.pk) == number), None)
            try:
                if place is None:
                    raise voice.VoiceRefused("Choose a workspace whose settings you may change.")
                made = voice.save(
                    place, row.name if row.pk else typed.get("name", ""), _fields(typed),
                    by=principal_of(request), at=timezone.now(),
                    expected=_whole(typed.get("expected", "")) if row.pk else None,
                )  # fmt: skip
                messages.success(request, f"{made} is in use.")
                address = reverse("admin:core_voiceprofile_change", args=[made.pk])
                return HttpResponseRedirect(address)
            except (voice.VoiceRefused, NotAllowed) as error:
                messages.error(request, str(error))
                code = 403 if isinstance(error, NotAllowed) else 400
        last = voice.current(row.workspace_id, row.name) if row.pk else None
        context = {
            "title": str(row) if row.pk else "New voice",
            "row": row,
            "places": places,
            "may_edit": may_edit,
            "is_last": not row.pk or last == row,
            "expected": last.version if last else 0,
            "tones": VoiceProfile.Tone.choices,
            "emojis": VoiceProfile.Emoji.choices,
            "shown": _shown(row, typed),
        }
        return self.page(request, TEMPLATE, context, status=code)


def _shown(row: VoiceProfile, typed: QueryDict) -> dict[str, Any]:
    """What the form holds: the typed words after a refusal, else those of the version."""
    stored = {
        "name": row.name,
        "tone": row.tone,
        "words_to_use": "\n".join(row.words_to_use),
        "words_to_avoid": "\n".join(row.words_to_avoid),
        "sentence_words": row.sentence_words,
        "reading_grade": row.reading_grade,
        "emoji": row.emoji,
        "sign_off": row.sign_off,
        "note": "",
    }
    return {name: typed.get(name, value) for name, value in stored.items()}


def _fields(form: QueryDict) -> dict[str, Any]:
    return {
        "tone": form.get("tone", ""),
        "emoji": form.get("emoji", ""),
        "words_to_use": form.get("words_to_use", "").splitlines(),
        "words_to_avoid": form.get("words_to_avoid", "").splitlines(),
        "sentence_words": _whole(form.get("sentence_words", "")),
        "reading_grade": _whole(form.get("reading_grade", "")),
        "sign_off": form.get("sign_off", ""),
        "note": form.get("note", ""),
    }


def _whole(text: str) -> int:
    """The number, or one that no limit allows."""
    return int(text) if text.isdecimal() and len(text) < 6 else -1
