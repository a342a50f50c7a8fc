"""The approval queue: the list, the review page at each item's change URL, and bulk approval.

Every change is a POST that calls one service; a GET of any of these pages changes nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    QueryDict,
)
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from approvals import badges, bulk_page, came_back, desk, holds, paging, presence, queue, review
from approvals.endings import told
from approvals.models import Approval, ApprovalStatus, Priority
from approvals.quota_standing import columns
from approvals.side_pages import SidePages
from outreach.core.permissions import Verb
from safety.admin import TenantAdmin, column, controls_of, may, principal_of, workspace_ids

FILTERS = "_changelist_filters"
TEMPLATES = "admin/approvals/approval"
LABELS = {"Critical": "danger", "High": "warning", "Normal": "info", "Low": "default"}
NOT_REVIEWER = "Only reviewers and admins approve messages."
NOTHING_CHOSEN = "Nothing was approved. Choose the messages in this list again."


class QueueFilter(SimpleListFilter):
    """One filter of the queue; what it means stands in `queue`."""

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return queue.CHOICES[str(self.parameter_name)][1]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queue.narrow_one(queryset, str(self.parameter_name), self.value() or "")


def _filter(name: str) -> type[QueueFilter]:
    title = queue.CHOICES[name][0]
    return type(f"{title}Filter", (QueueFilter,), {"title": title, "parameter_name": name})


@admin.register(Approval)
class ApprovalAdmin(SidePages):
    """Pending first, critical first, oldest first; nothing here is a form field."""

    list_display = (
        "show_priority", "show_person", "show_message", "show_confidence", "show_composed",
        "show_expiry", "show_hold", "show_status",
    )  # fmt: skip
    list_display_links = ("show_person",)
    list_filter = tuple(_filter(name) for name in queue.CHOICES)
    search_fields = ("draft__person__full_name",)
    search_help_text = "Person, company, address, number of the review or message"
    sortable_by = ()
    paginator = paging.InfinitePaginator
    list_fullwidth = True
    actions = ("bulk_approve",)
    change_list_template = f"{TEMPLATES}/change_list.html"

    # --- The list ---------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Approval]:
        others = presence.fresh(besides=int(request.user.pk or 0), at=timezone.now())
        rows = queue.readable(super().get_queryset(request)).prefetch_related(others)
        return rows.select_related("draft__emergency")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        holds.tell(found.result_list, controls_of(request), at=timezone.now())
        return found

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        pending = request.GET.get("status", queue.DEFAULT_STATUS) == queue.DEFAULT_STATUS
        return queue.ORDER if pending else ("-id",)

    def get_paginator(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        found = super().get_paginator(request, *args, **options)
        found.cursor = paging.cursor_of(request)
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Approval], search_term: str
    ) -> tuple[QuerySet[Approval], bool]:
        return queue.search(queryset, search_term), False

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return bool(workspace_ids(request, Verb.DECIDE))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        rows = TenantAdmin.get_queryset(self, request)
        undo = self._undo(request)
        asked = request.GET.copy()
        asked.pop("undo", None)  # no filter: Django would refuse it as one
        self.tell_misread(request, asked)
        paging.take_cursor(request, asked, rows)
        request.GET = asked  # type: ignore[assignment]
        context = {
            "title": "Approval queue",
            "counts": badges.of(request).waiting,
            "filters": [
                {"name": name, "title": title, "choices": choices, "value": _chosen(request, name)}
                for name, (title, choices) in queue.CHOICES.items()
            ],
            "more_filters": any(request.GET.get(name) for name in ("channel", "purpose", "touch")),
            "pending_only": _chosen(request, "status") == queue.DEFAULT_STATUS,
            "undo": undo,
            "may_begin": bool(workspace_ids(request, Verb.RUN_WORKFLOWS)),
            **(extra_context or {}),
        }
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def _undo(self, request: HttpRequest) -> Approval | None:
        return review.undoable(
            self.get_queryset(request),
            request.GET.get("undo", ""),
            user_id=int(request.user.pk or 0),
            at=timezone.now(),
        )

    @column("Priority", label=LABELS)
    def show_priority(self, obj: Approval) -> str:
        return str(Priority(obj.priority).label).title()

    @column("Person", header=True)
    def show_person(self, obj: Approval) -> list[str]:
        person = obj.draft.person
        company = person.account.name if person.account else "no company"
        readers = presence.sentences(obj, at=timezone.now())
        return [person.full_name, " · ".join([company, *readers])]

    @column("Message", header=True)
    def show_message(self, obj: Approval) -> list[str]:
        said = [f"#{obj.pk}", obj.get_channel_display(), obj.get_touch_display()]
        return [obj.revision.opening, " · ".join(filter(None, [*said, came_back.mark(obj)]))]

    @column("Confidence")
    def show_confidence(self, obj: Approval) -> str:
        return queue.confidence_of(obj)

    @column("Composed")
    def show_composed(self, obj: Approval) -> str:
        return queue.ago(obj.revision.created_at, timezone.now()).replace(" ", "\xa0")

    @column("Expires")
    def show_expiry(self, obj: Approval) -> str:
        if obj.status != ApprovalStatus.PENDING:
            return "—"
        left = obj.expires_at - timezone.now()
        if left.total_seconds() <= 0:
            return "expired"
        return f"in {queue.span(left)}".replace(" ", "\xa0")  # on one line

    @column("Leaves")
    def show_hold(self, obj: Approval) -> str:
        return holds.hold(obj, timezone.now()) or "—"

    @column("Status", label={"Pending": "info", "Approved": "success", "Auto-approved": "success",
               "Rejected": "danger", "Expired": "warning", "Sent back": "warning",
               "Ended by a stop": "danger"},
    )  # fmt: skip
    def show_status(self, obj: Approval) -> str:
        return told(obj)

    # --- The review page --------------------------------------------------------------------------

    def row_view(self, request: HttpRequest, item: Approval) -> HttpResponse:
        if request.method == "POST":
            return self._post(request, item)
        return self._show(request, item)

    def _post(self, request: HttpRequest, item: Approval) -> HttpResponse:
        following = queue.neighbours(self._queue(request), item).following
        try:
            done = desk.act(item, request.POST, by=principal_of(request), at=timezone.now())
        except desk.ERRORS as error:
            fresh: Approval = self.visible_or_404(request, str(item.pk))
            said, words = desk.mended(error, request.POST, fresh.revision.text)
            messages.error(request, said)
            # What was saved all the same (the rules rewrote it) is shown, not typed once more.
            refused = desk.NOTHING if desk.was_saved(error) else desk.Typed(words, said)
            return self._show(request, fresh, refused, status=desk.status_of(error))
        messages.success(request, done.sentence)
        return self._go(request, done.stay or following, undo=done.undo)

    def _go(self, request: HttpRequest, pk: int | None, *, undo: int | None) -> HttpResponse:
        """Open the next item with the filters kept, or the list when nothing is left."""
        kept = request.GET.get(FILTERS, "")
        extra = {"undo": str(undo)} if undo else {}
        if pk is None:
            address = reverse("admin:approvals_approval_changelist")
            asked = QueryDict(kept, mutable=True)
            asked.update(extra)
            query = asked.urlencode()
        else:
            address = reverse("admin:approvals_approval_change", args=[pk])
            query = urlencode({**({FILTERS: kept} if kept else {}), **extra})
        return HttpResponseRedirect(f"{address}?{query}" if query else address)

    def _queue(self, request: HttpRequest) -> QuerySet[Approval]:
        asked = QueryDict(request.GET.get(FILTERS, "")).dict()
        rows = TenantAdmin.get_queryset(self, request)
        return queue.narrowed(rows, {key: str(value) for key, value in asked.items()})

    def _show(
        self,
        request: HttpRequest,
        item: Approval,
        refused: desk.Typed = desk.NOTHING,
        *,
        status: int = 200,
    ) -> HttpResponse:
        kept = request.GET.get(FILTERS, "")
        also = columns(item, at=timezone.now())
        beside = queue.neighbours(self._queue(request), item, also)
        context = {
            **review.page(item, at=timezone.now(), state=controls_of(request)),
            "title": f"Review #{item.pk}",
            **refused.shown(),
            "asked_for": desk.asked_for(item, timezone.now()),
            "readers": presence.of_pending(item, at=timezone.now()),
            "more_time": queue.span(timedelta(hours=item.workspace.approval_expiry_hours)),
            "may_decide": may(request, Verb.DECIDE, item.workspace_id),
            "may_stop": may(request, Verb.STOP_PERSON, item.workspace_id),
            "may_settle": may(request, Verb.SETTLE, item.workspace_id),
            "previous_id": beside.previous,
            "next_id": beside.following,
            "wraps": beside.wraps,
            "kept": f"?{urlencode({FILTERS: kept})}" if kept else "",
            "list_query": f"?{kept}" if kept else "",
            "undo": self._undo(request),
            "counts": badges.of(request).waiting,
        }
        return self.page(request, f"{TEMPLATES}/review.html", context, status=status)

    # --- Bulk -------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        own = [
            path(
                "bulk/",
                never_cache(self.admin_site.admin_view(self.bulk_view)),
                name="approvals_approval_bulk",
            )
        ]
        return [*own, *super().get_urls()]

    @admin.action(
        description="Approve (low priority, each text shown first)", permissions=["decide"]
    )
    def bulk_approve(self, request: HttpRequest, queryset: QuerySet[Approval]) -> HttpResponse:
        """Show each text; nothing is decided before the page that follows is posted."""
        context = {
            **bulk_page.page(bulk_page.chosen(queryset), at=timezone.now()),
            "title": "Approve together",
        }
        return self.page(request, f"{TEMPLATES}/bulk.html", context)

    def bulk_view(self, request: HttpRequest) -> HttpResponse:
        """Decide what the confirmation page posted, one by one."""
        fault = "" if self.has_decide_permission(request) else NOT_REVIEWER
        if request.method != "POST":  # a reload, or a log-in in between
            fault = NOTHING_CHOSEN
        if fault:
            messages.error(request, fault)
            return HttpResponseRedirect(reverse("admin:approvals_approval_changelist"))
        results = bulk_page.decide(
            TenantAdmin.get_queryset(self, request),
            request.POST.getlist("item"),
            by=principal_of(request),
            at=timezone.now(),
        )
        context = {
            "title": "Approved together",
            "results": results,
            "approved": sum(result.approved for result in results),
        }
        return self.page(request, f"{TEMPLATES}/bulk_done.html", context)


def _chosen(request: HttpRequest, name: str) -> str:
    default = queue.DEFAULT_STATUS if name == "status" else ""
    return request.GET.get(name) or default
