"""The pages that start a workflow: which one, what to ask of it, now or at set times."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from outreach.core.models import Workspace
from outreach.core.permissions import NotAllowed, Verb
from outreach.core.principal import Principal
from safety.admin import PageAdmin, principal_of, workspace_ids
from workflows import asking, definitions, schedules, services, tasks
from workflows.drafting.templates import BadTemplate
from workflows.models import Run
from workflows.options import BadOptions
from workflows.schedules import ScheduleRefused
from workflows.shapes import Definition

NAMED = ("import", "people", "limit")  # what other pages ask for by the form's address
REFUSALS = (BadOptions, BadTemplate, ScheduleRefused, NotAllowed, services.RunRefused)


class StartPages(PageAdmin):
    """Two addresses beside the list of runs."""

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        own = [
            path("start/", guard(self.choose_view), name="workflows_start"),
            path(
                "start/<str:name>/", never_cache(guard(self.start_view)), name="workflows_start_one"
            ),
        ]
        return [*own, *super().get_urls()]

    def choose_view(self, request: HttpRequest) -> HttpResponse:
        """The seven, each with what it does."""
        _places(request)
        context = {"title": "Start a workflow", "workflows": definitions.WORKFLOWS}
        return self.page(request, "admin/workflows/choose.html", context)

    def start_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Ask what is to be asked; a POST runs it or keeps it as a schedule."""
        places = _places(request)
        definition = definitions.BY_NAME.get(name)
        if definition is None:
            raise Http404(f"There is no workflow {name}.")
        code = 200
        if request.method == "POST":
            try:
                return HttpResponseRedirect(_act(request, definition, places))
            except REFUSALS as error:
                messages.error(request, asking.in_words(definition, str(error)))
                code = 403 if isinstance(error, NotAllowed) else 400
        return self.page(
            request,
            "admin/workflows/start.html",
            self._start_context(request, definition, places),
            status=code,
        )

    def _start_context(
        self, request: HttpRequest, definition: Definition, places: list[Workspace]
    ) -> dict[str, Any]:
        is_typed = request.method == "POST"
        place = _place(request, places)
        named = {key: request.GET[key] for key in NAMED if key in request.GET}
        begun = {**_last(definition, place), **named}
        asked = asking.given(definition, request.POST) if is_typed else begun
        days = [int(day) for day in request.POST.getlist("weekday") if day.isdecimal()]
        return {
            "title": definition.title,
            "workflow": definition,
            "fields": asking.fields(definition, asked),
            "places": places,
            "place": place,
            "weekdays": asking.weekdays(days if is_typed else range(5)),
            "time": request.POST.get("time", "08:00"),
        }


def _places(request: HttpRequest) -> list[Workspace]:
    """Where this user may run workflows."""
    ids = workspace_ids(request, Verb.RUN_WORKFLOWS)
    found = list(Workspace.objects.filter(pk__in=ids).order_by("name"))
    if not found:
        raise PermissionDenied
    return found


def _place(request: HttpRequest, places: list[Workspace]) -> Workspace:
    asked = request.POST.get("workspace") or request.GET.get("workspace", "")
    return next((place for place in places if str(place.pk) == asked), places[0])


def _last(definition: Definition, place: Workspace) -> dict[str, Any]:
    """What was asked the last time: weights and words are rarely different today."""
    row = Run.objects.filter(workspace=place, name=definition.name).order_by("-pk").first()
    kept = ("weights", "roles", "companies", "about", "capacity", "begins", "ends", "goal")
    return {key: value for key, value in row.options.items() if key in kept} if row else {}


def _act(request: HttpRequest, definition: Definition, places: list[Workspace]) -> str:
    """Do what the form asks; where to go then. Raises one of REFUSALS."""
    by, now, place = principal_of(request), timezone.now(), _place(request, places)
    if request.POST.get("workspace", str(place.pk)) != str(place.pk):
        raise BadOptions("Choose a workspace in which you may run workflows.")
    asked = asking.given(definition, request.POST)
    if request.POST.get("act") == "schedule":
        return _schedule(request, definition, place, asked, by)
    run = services.start(definition.name, place, asked, by=by, at=now)
    tasks.wake(run)
    messages.success(request, f"Run {run.pk} begins as soon as a worker is free.")
    return reverse("admin:workflows_run_change", args=[run.pk])


def _schedule(
    request: HttpRequest,
    definition: Definition,
    place: Workspace,
    asked: dict[str, Any],
    by: Principal,
) -> str:
    days, clock = asking.times(request.POST)
    schedules.save(
        place, definition.name, asked, weekdays=days, time_of_day=clock, by=by, at=timezone.now()
    )
    messages.success(request, f"{definition.title} runs at {clock:%H:%M} on the days chosen.")
    return reverse("admin:workflows_schedule_changelist")
