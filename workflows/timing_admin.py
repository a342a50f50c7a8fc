"""Schedules of workflows and experiments in the admin: forms that call their services."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone

from outreach.core.clock import by_clock
from outreach.core.models import Channel, Workspace
from outreach.core.permissions import NotAllowed, Verb
from safety import controls
from safety.admin import PageAdmin, column, may, principal_of, workspace_ids
from safety.models import ControlKey
from workflows import asking, definitions, experiments, schedules
from workflows.drafting import templates
from workflows.experiments import ExperimentRefused
from workflows.models import Experiment, Schedule
from workflows.options import BadOptions
from workflows.schedules import ScheduleRefused

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@admin.register(Schedule)
class ScheduleAdmin(PageAdmin):
    """Workflows at set times. A new one is made on the page that starts the workflow."""

    when_empty = (
        "Workflows that start by themselves appear here. Choose a workflow under “Workflow runs”, "
        "then set its days and time on the page that starts it."
    )
    list_display = ("show_workflow", "show_when", "show_state", "show_next", "show_by")
    list_display_links = ("show_workflow",)
    list_select_related = ("workspace", "last_run")
    sortable_by = ("show_workflow", "show_next")
    ordering = ("next_at", "pk")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        rows: QuerySet[Schedule] = super().get_queryset(request)
        return rows.select_related("workspace", "last_run")

    @column("Workflow", sorts="workflow")
    def show_workflow(self, obj: Schedule) -> str:
        return title_of(obj)

    @column("When")
    def show_when(self, obj: Schedule) -> str:
        days = ", ".join(DAYS[day] for day in obj.weekdays)
        return f"{days} at {obj.time_of_day:%H:%M} ({obj.workspace.time_zone})"

    @column("State", label={"on": "success", "off": "warning"})
    def show_state(self, obj: Schedule) -> str:
        return "on" if obj.is_enabled else "off"

    @column("Next", sorts="next_at")
    def show_next(self, obj: Schedule) -> str:
        return by_clock(obj.next_at) if obj.is_enabled and obj.next_at else "—"

    def row_view(self, request: HttpRequest, row: Schedule) -> HttpResponse:
        code, definition = 200, definitions.BY_NAME.get(row.workflow)
        if request.method == "POST":
            try:
                return HttpResponseRedirect(self._act(request, row))
            except (BadOptions, ScheduleRefused, NotAllowed) as error:
                said = asking.in_words(definition, str(error)) if definition else str(error)
                messages.error(request, said)
                code = 403 if isinstance(error, NotAllowed) else 400
        context = {
            "title": f"Schedule: {title_of(row)}",
            "row": row,
            "workflow": definition,
            "fields": asking.fields(definition, row.options) if definition else [],
            "weekdays": asking.weekdays(row.weekdays),
            "time": f"{row.time_of_day:%H:%M}",
            "may_run": may(request, Verb.RUN_WORKFLOWS, row.workspace_id),
        }
        return self.page(request, "admin/workflows/schedule.html", context, status=code)

    def _act(self, request: HttpRequest, row: Schedule) -> str:
        by, now, form = principal_of(request), timezone.now(), request.POST
        if form.get("act") == "remove":
            schedules.remove(row, by=by, at=now)
            messages.success(request, "The schedule is removed.")
            return reverse("admin:workflows_schedule_changelist")
        definition = definitions.find(row.workflow)
        days, clock = asking.times(form)
        schedules.save(
            row.workspace, row.workflow, asking.given(definition, form), weekdays=days,
            time_of_day=clock, by=by, at=now, schedule=row, is_enabled="is_enabled" in form,
        )  # fmt: skip
        messages.success(request, "Saved. It runs in your name from now on.")
        return reverse("admin:workflows_schedule_change", args=[row.pk])


def title_of(row: Schedule) -> str:
    definition = definitions.BY_NAME.get(row.workflow)
    return definition.title if definition else row.workflow


@admin.register(Experiment)
class ExperimentAdmin(PageAdmin):
    """Variants of a message, compared. Begun and ended by admins of the workspace."""

    when_empty = (
        "Two or more wordings of one message, compared by the answers they get, appear here."
    )
    list_display = ("show_name", "channel", "show_variants", "planned", "show_state", "show_begun")
    list_display_links = ("show_name",)
    list_select_related = ("workspace",)
    sortable_by = ("show_name", "channel", "planned", "show_begun")
    ordering = ("-id",)

    @column("Experiment", sorts="name")
    def show_name(self, obj: Experiment) -> str:
        return obj.name

    @column("Variants")
    def show_variants(self, obj: Experiment) -> str:
        return ", ".join(obj.variants)

    @column("State", label={"running": "info", "ended": "default"})
    def show_state(self, obj: Experiment) -> str:
        return "ended" if obj.ended_at else "running"

    @column("Begun", sorts="started_at")
    def show_begun(self, obj: Experiment) -> str:
        return by_clock(obj.started_at)

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
            return HttpResponseRedirect(reverse("admin:workflows_experiment_changelist"))
        code = 200
        if request.method == "POST":
            try:
                made = _begin(request, request.POST, places)
                messages.success(request, "It runs: each person gets one variant, for ever.")
                address = reverse("admin:workflows_experiment_change", args=[made.pk])
                return HttpResponseRedirect(address)
            except (ExperimentRefused, NotAllowed) as error:
                messages.error(request, str(error))
                code = 400
        context = {
            "title": "New experiment",
            "places": places,
            "typed": request.POST,
            "chosen": request.POST.getlist("variant"),
            "templates": [
                (f"{channel}:{name}", f"{Channel(channel).label}: {name}")
                for channel in experiments.CHANNELS
                for name in templates.names(channel)
            ],
            "least": experiments.LEAST_PLANNED,
        }
        return self.page(request, "admin/workflows/experiment_new.html", context, status=code)

    def row_view(self, request: HttpRequest, row: Experiment) -> HttpResponse:
        if request.method == "POST":
            try:
                experiments.end(row, by=principal_of(request), at=timezone.now())
                messages.success(request, "It is ended; everybody gets the first variant again.")
            except (ExperimentRefused, NotAllowed) as error:
                messages.error(request, str(error))
            return HttpResponseRedirect(request.path)
        context = {
            "title": row.name,
            "row": row,
            "report": experiments.report(row, at=timezone.now()),
            "days": experiments.REPLY_WITHIN.days,
            "off": controls.read().sentence(ControlKey.EXPERIMENT_ENABLED, row.workspace_id),
            "may_end": not row.ended_at and may(request, Verb.CONFIGURE, row.workspace_id),
        }
        return self.page(request, "admin/workflows/experiment.html", context)


def _begin(request: HttpRequest, form: QueryDict, places: list[Workspace]) -> Experiment:
    """Begin what the form asks for. Raises ExperimentRefused, NotAllowed."""
    number = form.get("workspace", str(places[0].pk))
    place = next((each for each in places if str(each.pk) == number), None)
    if place is None:
        raise ExperimentRefused("Choose a workspace whose settings you may change.")
    pairs = [value.partition(":") for value in form.getlist("variant")]
    channels = {channel for channel, _, _ in pairs}
    if len(channels) > 1:
        raise ExperimentRefused("Choose templates of one channel.")
    planned = form.get("planned", "")
    return experiments.begin(
        place,
        form.get("name", ""),
        channels.pop() if channels else "",
        [name for _, _, name in pairs],
        int(planned) if planned.isdecimal() and len(planned) < 8 else 0,
        by=principal_of(request),
        at=timezone.now(),
    )
