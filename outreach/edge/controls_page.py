"""All controls of each scope on one page; set and lifted through `channels.stop` only.

Dry run can be set here and never lifted here: the page says how it is done on the host.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from channels import breaker, drill, letting, lifted, stop, stop_link
from outreach.core.clock import by_clock
from outreach.core.models import Workspace
from outreach.core.permissions import NotAllowed, Verb
from outreach.edge import control_rows, stop_history
from outreach.edge.insisting import NotStopped, insist
from outreach.edge.sent_once import SentAlready, sent_once
from outreach.edge.stop_page import WHOLE_SYSTEM, show, watch
from safety import controls
from safety.admin import is_operator, principal_of, workspace_ids
from safety.models import BRAKES, SWITCHES, ControlKey

STOPS = (ControlKey.EMERGENCY_STOP, ControlKey.MESSAGING_ENABLED, ControlKey.DRY_RUN)
REFUSALS = (stop.ControlRefused, breaker.NotPaused, drill.CannotDrill, NotAllowed, NotStopped)
DURATIONS = {"": "until switched on", "1": "for 1 hour", "24": "for 24 hours", "168": "for 7 days"}


@never_cache
@require_http_methods(["GET", "POST"])
def controls_page(request: HttpRequest) -> HttpResponse:
    """The six controls of each scope; a POST sets or lifts one through `channels.stop`."""
    if not (is_operator(request) or workspace_ids(request, Verb.VIEW)):
        raise Http404("There are no controls in your workspaces.")
    made = None
    if request.method == "POST":
        if request.POST.get("act") != "stop_link":
            return _set(request)
        made = _stop_link(request)
    state = controls.read()
    scopes = [_scope(request, state, place) for place in (None, *_places(request))]
    last = drill.last()
    environment = [key for key, braking in settings.ENVIRONMENT_BRAKES.items() if braking]
    context = {
        "title": "Controls",
        "scopes": scopes,
        "environment_brakes": environment,
        "durations": DURATIONS,
        "four": [key.label.lower() for key in SWITCHES],
        "troubled": breaker.troubled(timezone.now()),
        "may_resume": is_operator(request),
        "last_drill": last,
        "drilled": drill.told(last),
        "stop_link": made,
        "stop_link_days": (stop_link.DAYS, stop_link.MOST_DAYS),
        "lately": stop_history.of_controls(
            _places(request).values_list("pk", flat=True), change=request.GET.get("change", "")
        ),
        "asked_for": request.GET.get("change", ""),
        "may_make_link": any(scope["may_brake"] for scope in scopes),
    }
    return show(request, "admin/controls.html", context)


def _stop_link(request: HttpRequest) -> dict[str, Any] | None:
    """A link in the name of whoever asks: in this one answer and nowhere else. None: refused."""
    days = request.POST.get("days", "")
    try:
        with sent_once(request):
            link = stop_link.make(
                by=principal_of(request),
                workspace=_place(request, request.POST.get("scope", "")),
                days=int(days) if days.isascii() and days.isdigit() and len(days) < 6 else 0,
                at=timezone.now(),
            )
    except (stop.ControlRefused, NotAllowed, SentAlready) as error:
        messages.error(request, str(error))
        return None
    address = request.build_absolute_uri(reverse("stop_by_link", args=[link.token()]))
    return {"address": address, "where": link.where, "until": link.until}


def _scope(request: HttpRequest, state: controls.Controls, place: Workspace | None) -> Any:
    pk = place.pk if place else None
    return {
        "id": str(pk) if pk else WHOLE_SYSTEM,
        "name": place.name if place else "The whole system",
        "is_whole": place is None,
        "may_brake": is_operator(request) or pk in workspace_ids(request, Verb.BRAKE),
        "may_lift": is_operator(request) or pk in workspace_ids(request, Verb.LIFT),
        "rows": [
            {**_row(key, state, pk), "seen": lifted.shown(state, key, place)} for key in ControlKey
        ],
    }


def _row(key: ControlKey, state: controls.Controls, place: int | None) -> dict[str, Any]:
    """One control as set here, and what brakes it from elsewhere whatever is set here."""
    row = state.rows.get((place, key))
    braking = row is None or row.is_braking
    words = {True: "on: braking", False: "off"} if key in BRAKES else {True: "OFF", False: "on"}
    return {
        "key": str(key),
        "label": key.label,
        "is_brake": key in BRAKES,
        "is_dry_run": key == ControlKey.DRY_RUN,
        "stops_sending": key in STOPS,
        "braking": braking,
        "state": "missing, counts as stopped" if row is None else words[braking],
        "row": row,
        "then": letting.told_then(letting.leaving_then(row)) if row and braking else "",
        "elsewhere": control_rows.elsewhere(state, place, key),
    }


def _set(request: HttpRequest) -> HttpResponse:
    """Set or lift what the form names; what stops something is then watched."""
    form, back = request.POST, HttpResponseRedirect(reverse("controls"))
    try:
        if form.get("act") in OF_THE_SYSTEM:
            OF_THE_SYSTEM[form["act"]](request)
            return back
        place = _place(request, form.get("scope", ""))
        reason, key = form.get("reason", "").strip(), form.get("key", "")
        if key not in ControlKey.values:
            raise stop.ControlRefused("Nothing was done: the form did not name a control.")
        if form.get("act") == "brake":
            return _brake(request, key, place, reason)
        _lift(request, key, place, reason, seen=form.get("seen", ""))
    except REFUSALS as error:
        messages.error(request, getattr(error, "plainly", str(error)))
    return back


def _lift(
    request: HttpRequest, key: str, place: Workspace | None, reason: str, *, seen: str
) -> None:
    """Let go what is named and was `seen`, and say what that does."""
    by, now = principal_of(request), timezone.now()
    if key == ControlKey.EMERGENCY_STOP:
        done = stop.enable_all(workspace=place, reason=reason, by=by, at=now, seen=seen)
        for line in done.were_off:
            messages.info(request, f"Lifted: {line}")
        for line in done.still_braking:
            messages.warning(request, f"Still braking: {line}")
        messages.success(request, f"{done.sentence()}.")
    elif key == ControlKey.DRY_RUN:
        stop.lift_dry_run(workspace=place, reason=reason, by=by, at=now)
    else:
        stop.switch_on(key, workspace=place, reason=reason, by=by, at=now, seen=seen)
        now_on = control_rows.now_on(ControlKey(key), place)
        messages.success(request, f"{ControlKey(key).label} {now_on}.")
    if said := letting.told(letting.leaving(place, at=now)):
        messages.warning(request, said)


def _brake(request: HttpRequest, key: str, place: Workspace | None, reason: str) -> HttpResponse:
    now, hours = timezone.now(), request.POST.get("hours", "")
    until = now + timedelta(hours=int(hours)) if hours in DURATIONS and hours else None
    by = principal_of(request)
    if key == ControlKey.EMERGENCY_STOP:
        now = insist(
            lambda: stop.emergency_stop(workspace=place, reason=reason, by=by, clock=timezone.now)
        )
    else:
        how: dict[str, Any] = {"workspace": place, "reason": reason, "by": by, "at": now}
        row = insist(lambda: stop.set_brake(key, auto_restore_at=until, **how))
        until = row.auto_restore_at
        if (count := letting.leaving_then(row)) is not None:
            messages.warning(
                request, f"It comes back {by_clock(until)}; {letting.told_then(count)}."
            )
    where = place.name if place else "the whole system"
    label = ControlKey(key).label
    if key in STOPS or key == ControlKey.AUTO_APPROVE_ENABLED:
        item = watch(
            f"{label}: stopping in {where}",
            set_at=now,
            workspace=place,
            by_rule=key not in STOPS,  # what people approved goes on
            is_emergency=key == ControlKey.EMERGENCY_STOP,
        )
        return HttpResponseRedirect(reverse("stop_progress", args=[item.token()]))
    back = f" until {by_clock(until)}" if until else ""
    messages.success(request, f"{label} is off in {where}{back}.")
    return HttpResponseRedirect(reverse("controls"))


def _resume(request: HttpRequest) -> None:
    breaker.resume(request.POST.get("channel", ""), by=principal_of(request), at=timezone.now())
    messages.success(request, "The channel goes on, with one message first.")


def _drill(request: HttpRequest) -> None:
    found = drill.run(by=principal_of(request))
    tell = messages.success if found.passed else messages.error
    tell(request, " ".join(found.lines()))


OF_THE_SYSTEM = {"resume": _resume, "drill": _drill}  # acts without a scope and a reason


def _places(request: HttpRequest) -> QuerySet[Workspace]:
    """The workspaces whose controls this user sees."""
    places = Workspace.objects.order_by("slug")
    if is_operator(request):
        return places
    return places.filter(pk__in=workspace_ids(request, Verb.VIEW))


def _place(request: HttpRequest, scope: str) -> Workspace | None:
    """The workspace of that number, None for the whole system; the service checks the right.

    A foreign one is refused in the words of one that does not exist: its name is told to nobody.
    """
    if scope == WHOLE_SYSTEM:
        return None
    found = next((place for place in _places(request) if str(place.pk) == scope), None)
    if found is None:
        raise stop.ControlRefused("Nothing was done: there is no such workspace.")
    return found
