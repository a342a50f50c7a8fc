"""Runs as people see them: what was asked, how far each step is, resume and cancel by POST only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from outreach.core.clock import by_clock
from outreach.core.permissions import NotAllowed, Verb
from safety.admin import column, may, principal_of, workspace_ids
from workflows import (
    definitions,
    engine,
    pages,
    queries,
    results_admin,
    services,
    tasks,
    timing_admin,
)
from workflows.models import Run, RunStatus, Step
from workflows.shapes import BadOptions, StepRefused
from workflows.starting import StartPages
from workflows.telling import result_lines

__all__ = ["RunAdmin", "results_admin", "timing_admin"]

LABELS = {
    "Waiting": "info", "Running": "info", "Done": "success", "Failed": "danger",
    "Cancelled": "default",
}  # fmt: skip
REFRESH_SECONDS = 3
SHOWN = 50
ADDRESS = "admin:workflows_run_change"


@admin.register(Run)
class RunAdmin(StartPages):
    """Every run, newest first. The page of one shows its steps and refreshes while it is going."""

    list_display = (
        "show_number", "show_workflow", "show_status", "show_progress", "show_agent",
        "show_by", "show_when",
    )  # fmt: skip
    list_display_links = ("show_number",)
    list_filter = ("status", "name", ("created_at", admin.DateFieldListFilter))
    list_filter_submit = True
    list_select_related = ("workspace", "agent")
    search_fields = ("name", "by_label")
    sortable_by = ("show_number", "show_when")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return super().get_queryset(request).prefetch_related("steps")

    @column(description="Run", sorts="id")
    def show_number(self, obj: Run) -> str:
        return f"Run {obj.pk}"

    @column(description="Workflow")
    def show_workflow(self, obj: Run) -> str:
        return title_of(obj)

    @column(description="Status", label=LABELS)
    def show_status(self, obj: Run) -> str:
        return str(obj.get_status_display())

    @column(description="Progress")
    def show_progress(self, obj: Run) -> str:
        steps = list(obj.steps.all())
        done = sum(step.status == RunStatus.DONE for step in steps)
        return f"{done} of {len(steps)} steps"

    @column(description="Writes as")
    def show_agent(self, obj: Run) -> str:
        return str(obj.agent or "—")

    @column(description="Asked by")
    def show_by(self, obj: Run) -> str:
        return obj.by_label

    @column(description="Asked", sorts="id")
    def show_when(self, obj: Run) -> str:
        return by_clock(obj.created_at)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may_start = bool(workspace_ids(request, Verb.RUN_WORKFLOWS))
        context = {"title": "Workflow runs", "may_start": may_start, **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    # --- One run ----------------------------------------------------------------------------------

    def row_view(self, request: HttpRequest, run: Run) -> HttpResponse:
        if request.method == "POST":
            return self._post(request, run)
        at = timezone.now()
        is_open = run.status in (RunStatus.WAITING, RunStatus.RUNNING)
        may_run = may(request, Verb.RUN_WORKFLOWS, run.workspace_id)
        context = {
            "title": f"Run {run.pk}: {title_of(run)}",
            "run": run,
            "zone": run.workspace.time_zone,
            "title_of_workflow": title_of(run),
            "steps": [_line(run, step) for step in sorted(run.steps.all(), key=lambda s: s.no)],
            "options": pages.of_options(run),
            "artifacts": list(run.artifacts.select_related("person").order_by("pk")[:SHOWN]),
            "snapshots": list(run.snapshots.select_related("account").order_by("pk")[:SHOWN]),
            "draft_count": queries.drafts_of(run.pk).count(),
            "may_run": may_run,
            "may_resume": may_run and Run.objects.filter(engine.may_go_on(at), pk=run.pk).exists(),
            "may_cancel": may_run and (is_open or run.status == RunStatus.FAILED),
            "refresh": REFRESH_SECONDS if is_open else 0,
        }
        response = self.page(request, "admin/workflows/run.html", context)
        if is_open:
            response["Refresh"] = str(REFRESH_SECONDS)
        return response

    def _post(self, request: HttpRequest, run: Run) -> HttpResponse:
        act, by, now = request.POST.get("act", ""), principal_of(request), timezone.now()
        try:
            if act == "resume":
                services.resume(run, by=by, at=now)
                tasks.wake(run)
                messages.success(request, f"Run {run.pk} goes on as soon as a worker is free.")
            elif act == "cancel":
                services.cancel(run, by=by, at=now)
                messages.success(request, f"Run {run.pk} is cancelled; what it wrote stays.")
            else:
                messages.error(request, "Nothing was done: choose resume or cancel.")
        except (services.RunRefused, NotAllowed) as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(reverse(ADDRESS, args=[run.pk]))


def title_of(run: Run) -> str:
    try:
        return definitions.find(run.name).title
    except BadOptions:
        return run.name


def _line(run: Run, step: Step) -> dict[str, Any]:
    """One step as the page shows it."""
    of_none = 100 if step.status == RunStatus.DONE else 0
    share = 100 * step.done_count // step.total_count if step.total_count else of_none
    try:
        does = definitions.find(run.name).step(step.name).does
    except (BadOptions, StepRefused):
        does = "Not part of this version any more."
    return {
        "row": step,
        "title": step.name.replace("_", " ").capitalize(),
        "does": does,
        "share": share,
        "told": result_lines(step.output),
    }
