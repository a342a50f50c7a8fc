"""Drafts in the admin: why one came back, its text to mend, and submit, save or discard.

Every change is a POST that calls one service of `approvals.authoring` or `core.drafts`; what is
refused gives the typed words back.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    QueryDict,
)
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from approvals import desk, marks, queue
from approvals.errors import Refused, Stale
from approvals.models import Approval
from outreach.core import drafts
from outreach.core.models import Channel, Draft, Person, Purpose, Revision
from outreach.core.models.drafts import DraftStatus
from outreach.core.people import canonical
from outreach.core.permissions import Verb
from outreach.core.principal import Principal
from outreach.edge import file_page
from outreach.edge.draft_acts import ERRORS, Form, act, plain
from safety.admin import PageAdmin, TenantAdmin, column, may, principal_of
from safety.gate import CARRY_FILES
from safety.models import EmergencyCategory, EmergencyOverride, SafetyEvent
from safety.services import stopped_by_status

TEMPLATES = "admin/core/draft"
HISTORY = 20
ALL = "all"


class StatusFilter(SimpleListFilter):
    """Drafts unless something else is asked for: they wait for their author."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [*((str(value), str(label)) for value, label in DraftStatus.choices), (ALL, "All")]

    def value(self) -> str:
        return super().value() or str(DraftStatus.DRAFT)

    def choices(self, changelist: Any) -> Iterator[Any]:
        for value, label in self.lookup_choices:
            yield {
                "selected": self.value() == str(value),
                "query_string": changelist.get_query_string({"status": value}),
                "display": label,
            }

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.value()
        return queryset if asked == ALL else queryset.filter(status=asked)


@admin.register(Draft)
class DraftAdmin(PageAdmin):
    """Messages being written or returned to their author, the newest first."""

    when_empty = "A message is begun on a person's page, by a workflow or by an agent."
    when_done = "Every message that was begun is submitted or discarded."
    list_display = (
        "show_person", "show_message", "show_status", "show_reason", "show_by", "show_age",
    )  # fmt: skip
    list_display_links = ("show_person",)
    list_filter = (StatusFilter, "channel")
    list_select_related = ("person__account", "workspace", "current")
    search_fields = ("person__full_name", "person__account__name")
    search_help_text = "Person or company"
    sortable_by = ()
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Draft]:
        rows: QuerySet[Draft] = super().get_queryset(request)
        return rows.select_related("person__account", "workspace", "current")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": "Drafts", **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    @column("Person", header=True)
    def show_person(self, obj: Draft) -> list[str]:
        company = obj.person.account.name if obj.person.account else "no company"
        return [obj.person.full_name, company]

    @column("Message", header=True)
    def show_message(self, obj: Draft) -> list[str]:
        said = obj.current.opening if obj.current else "no text"
        return [said, f"{obj.get_channel_display()} · {obj.get_touch_display()}"]

    @column("Status", label={"Draft": "info", "Pending approval": "warning", "Rejected": "danger",
               "Approved": "success", "Sent": "success"},
    )  # fmt: skip
    def show_status(self, obj: Draft) -> str:
        return str(obj.get_status_display())

    @column("Reason")
    def show_reason(self, obj: Draft) -> str:
        said = obj.status_reason
        return said if len(said) <= 120 else said[:119] + "…"

    @column("Age")
    def show_age(self, obj: Draft) -> str:
        return str(queue.ago(obj.created_at, timezone.now()))

    # --- One draft --------------------------------------------------------------------------------

    def row_view(self, request: HttpRequest, draft: Draft) -> HttpResponse:
        if request.method == "POST":
            return self._post(request, draft)
        return self._show(request, draft)

    def _post(self, request: HttpRequest, draft: Draft) -> HttpResponse:
        by, at = principal_of(request), timezone.now()
        try:
            level, sentence = act(draft, Form(request), by, at)
        except ERRORS as error:
            fresh: Draft = self.visible_or_404(request, str(draft.pk))
            old = fresh.current.text if fresh.current else ""
            said, words = desk.mended(error, request.POST, old)
            kept = " Yours is kept below." if isinstance(error, Stale) else ""
            messages.error(request, f"{said}{kept}")
            return self._show(request, fresh, typed=words, status=desk.status_of(error))
        messages.add_message(request, level, sentence)
        return HttpResponseRedirect(reverse("admin:core_draft_change", args=[draft.pk]))

    def _show(
        self,
        request: HttpRequest,
        draft: Draft,
        *,
        typed: QueryDict | None = None,
        status: int = 200,
    ) -> HttpResponse:
        now, old = draft.current, typed if typed is not None else {}
        is_draft = draft.status == DraftStatus.DRAFT
        events = SafetyEvent.objects.filter(draft=draft).order_by("-id")[:HISTORY]
        words = {
            name: old.get(name, getattr(now, name, "")) for name in ("subject", "text", "html")
        }
        context = {
            "title": f"Message to {draft.person.full_name}",
            "draft": draft,
            "revision": now,
            "words": words,
            "reason": old.get("reason", ""),
            "differs": bool(typed and now and plain(words["text"]) != plain(now.text)),
            "long_subject": marks.long_subject(words["subject"]),
            "is_draft": is_draft,
            "carries_files": draft.channel in CARRY_FILES,
            "may_write": is_draft and may(request, Verb.WRITE_DRAFTS, draft.workspace_id),
            "may_declare": is_draft and may(request, Verb.DECIDE, draft.workspace_id),
            "emergency": EmergencyOverride.objects.filter(draft=draft).first(),
            "emergencies": EmergencyCategory.choices,
            "typed": old,
            "may_submit": is_draft and may(request, Verb.SUBMIT, draft.workspace_id),
            "lost": bool(typed and old.get("text")) and not is_draft,
            "events": list(events.select_related("revision")),
            "rounds": list(Approval.objects.filter(draft=draft).order_by("-id")[:HISTORY]),
            "age": queue.ago(draft.created_at, timezone.now()),
        }
        return self.page(request, f"{TEMPLATES}/draft.html", context, status=status)

    # --- A new one --------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = never_cache(self.admin_site.admin_view(self.new_view))
        own = [path("to/<path:object_id>/", view, name="core_draft_new")]
        give = never_cache(self.admin_site.admin_view(self.file_view))
        own += [path("file/<int:revision>/", give, name="core_draft_file")]
        return [*own, *super().get_urls()]

    def file_view(self, request: HttpRequest, revision: int) -> HttpResponse:
        """A file of a revision, `?n=` which, to save: never to be shown by the browser."""
        found = Revision.objects.filter(pk=revision).first()
        if found is None:
            raise Http404("There is no such file in your workspaces.")
        draft: Draft = self.visible_or_404(request, str(found.draft_id))
        return file_page.give(draft.workspace_id, found, request.GET.get("n", "1"))

    def new_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Write a message to one person; it becomes a draft and nothing more."""
        if request.method not in ("GET", "POST"):
            return HttpResponseNotAllowed(["GET", "POST"])
        person = self._person(request, object_id)
        code = 200
        if request.method == "POST":
            try:
                draft = _write(person, request.POST, principal_of(request), timezone.now())
            except ERRORS as error:
                messages.error(request, str(error))
                code = desk.status_of(error)
            else:
                messages.success(request, "The draft is saved. Nothing is submitted yet.")
                return HttpResponseRedirect(reverse("admin:core_draft_change", args=[draft.pk]))
        context = {
            "title": f"New message to {person.full_name}",
            "person": person,
            "human": canonical(person),
            "stopped": stopped_by_status(canonical(person)),
            "ways": _ways(person),
            "may_write": may(request, Verb.WRITE_DRAFTS, person.workspace_id),
            "typed": request.POST,
            "purposes": Purpose.choices,
        }
        return self.page(request, f"{TEMPLATES}/new.html", context, status=code)

    def _person(self, request: HttpRequest, object_id: str) -> Person:
        people: TenantAdmin = self.admin_site._registry[Person]
        found: Person = people.visible_or_404(request, object_id)
        return found


def _ways(person: Person) -> list[tuple[str, str, str]]:
    """(channel, its name, their address) of each channel on which they can be written to."""
    ways = ((str(value), label) for value, label in Channel.choices if value != Channel.PHONE)
    found = ((value, label, drafts.address_of(person, value)) for value, label in ways)
    return [way for way in found if way[2]]


def _write(person: Person, form: QueryDict, by: Principal, at: datetime) -> Draft:
    ways = [way[0] for way in _ways(person)]
    channel = form.get("channel") or next(iter(ways), "")
    if channel not in ways:
        raise Refused("No address of this person on that channel is known.", "no_address")
    subject = form.get("subject", "") if channel == Channel.EMAIL else ""
    words = drafts.Text(subject=subject, text=plain(form.get("text", "")))
    purpose = form.get("purpose", "")
    return drafts.write(person.workspace, person, channel, words, by=by, at=at, purpose=purpose)
