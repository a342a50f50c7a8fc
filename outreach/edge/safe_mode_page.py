"""Safe Mode of one workspace: off behind its preflight and a typed confirmation, on in one click.

Beside it the admin's settings of approval by rule. Each POST calls one service; agents have no
session and so no way here.
"""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from approvals import auto_off, earned, preflight, recheck_figures, routing, safemode
from approvals.errors import Refused
from outreach.core import reasons
from outreach.core.clock import by_clock
from outreach.core.models import Autonomy, Workspace
from outreach.core.models.workspace import SettingChange
from outreach.core.permissions import NotAllowed, Verb
from outreach.edge import log_words
from outreach.edge.insisting import NotStopped, insist
from outreach.edge.seen_form import CHANGED
from outreach.edge.stop_page import look, sentence, show, watch
from safety.admin import may, own_place, principal_of

CHANGES = 8


@never_cache
@require_http_methods(["GET", "POST"])
def safe_mode_page(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """The page of one workspace; without a number the first of this user's."""
    place, places = own_place(request, pk)
    if request.method == "GET":
        return _show(request, place, places)
    act = ACTS.get(request.POST.get("act", ""))
    try:
        if act is None:
            raise Refused("Nothing was done: the form did not say what to do.", "no_action")
        return HttpResponseRedirect(act(request, place))
    except (Refused, NotAllowed, NotStopped) as error:
        messages.error(request, getattr(error, "plainly", str(error)))
        status = {NotAllowed: 403, NotStopped: 503}.get(type(error), 409)
        fresh = Workspace.objects.get(pk=place.pk)
        return _show(request, fresh, places, typed=request.POST, status=status)


def _show(
    request: HttpRequest,
    place: Workspace,
    places: list[Workspace],
    *,
    typed: Any = None,
    status: int = 200,
) -> HttpResponse:
    ticked = set(typed.getlist("tick")) if typed else set()
    items = preflight.checklist(place, at=timezone.now(), ticks=ticked)
    context = {
        "title": "Safe Mode",
        "place": place,
        "places": places,
        "items": items,
        "computed_unmet": sum(not (item.is_met or item.by_hand) for item in items),
        "confirmation": safemode.CONFIRMATION,
        "warning": safemode.WARNING,
        "routes": _routes(place),
        "may_configure": may(request, Verb.CONFIGURE, place.pk),
        "may_brake": may(request, Verb.BRAKE, place.pk),
        "changes": _changes(place),
        "auto_admin": place.auto_approve_by,
        "again": recheck_figures.of_workspace(place.pk, at=timezone.now()),
        "earned": earned.evidence(place.agents.filter(is_active=True), at=timezone.now()),
        "typed": typed,
        "seen": _seen(place),
    }
    response = show(request, "admin/safe_mode.html", context)
    response.status_code = status
    return response


def _changes(place: Workspace) -> list[str]:
    """The last changes of settings, in words: what, by whom, when and why."""
    rows = SettingChange.objects.filter(reasons.OF_SETTINGS, workspace=place).order_by("-id")
    said = []
    for row in rows[:CHANGES]:
        # It is who did it, who is named as well.
        told = {name: value for name, value in row.settings.items() if name != "auto_approve_by"}
        what = "; ".join(f"{_named(name)}: {_valued(value)}" for name, value in told.items())
        why = f": {row.reason}" if row.reason else ""
        said.append(f"{what}, by {row.by_label}, {by_clock(row.at)}{why}")
    return said


def _named(setting: str) -> str:
    return "Safe Mode" if setting == "safe_mode" else log_words.plain(setting)


def _valued(value: Any) -> str:
    return ("off", "on")[value] if isinstance(value, bool) else log_words.plain(value)


def _routes(place: Workspace) -> list[tuple[str, str, bool]]:
    """What an agent's request to send becomes here now, for each autonomy it may have."""
    found = []
    for mode in Autonomy:
        own = routing.effective(place.autonomy_mode, str(mode))
        try:
            way = routing.route(
                safe_mode=place.safe_mode, autonomy=own, is_agent=True, requested="scheduled",
                may_schedule=True,
            )  # fmt: skip
            words = WORDS.get(way.status, way.status)
        except routing.RoutingError as error:
            words = str(error)
        found.append((str(mode.label), words, mode == place.autonomy_mode))
    return found


WORDS = {
    "draft": "stays a draft",
    "pending": "waits for a person",
    "direct": "may be approved by rule, else waits for a person",
}


def _home(place: Workspace) -> str:
    return reverse("safe_mode_of", args=[place.pk])


def _off(request: HttpRequest, place: Workspace) -> str:
    form = request.POST
    safemode.switch_off(
        place,
        by=principal_of(request),
        at=timezone.now(),
        confirm=form.get("confirm", "").strip(),
        reason=form.get("reason", ""),
        ticks=form.getlist("tick"),
    )
    messages.warning(request, f"Safe Mode is off in {place.name}, in your name.")
    return _home(place)


def _on(request: HttpRequest, place: Workspace) -> str:
    """Says "on" at once; what may still be in flight is watched as with every stop."""
    now = timezone.now()
    done = insist(lambda: safemode.switch_on(place, by=principal_of(request), at=now))
    messages.success(request, f"Safe Mode is on in {place.name}. {done.sentence}")
    return _watched(request, place, f"Safe Mode is on in {place.name}", now)


def _watched(request: HttpRequest, place: Workspace, title: str, now: datetime) -> str:
    item = watch(title, set_at=now, workspace=place, following=_home(place), by_rule=True)
    report = look(item)
    if report.stopped and not report.tells_of_messages:
        messages.info(request, sentence(item, report))
        return _home(place)
    return reverse("stop_progress", args=[item.token()])


def _seen(place: Workspace) -> str:
    """What the page has shown of the settings below Safe Mode."""
    return (
        f"{place.auto_approve_enabled} {place.auto_approve_threshold} "
        f"{place.require_approval_for_first_message} {place.require_approval_for_desist_history}"
    )


def _refuse_stale(request: HttpRequest, place: Workspace) -> None:
    """A page opened before loosens nothing that another admin has tightened since."""
    if request.POST.get("seen", _seen(place)) != _seen(place):
        raise Refused(CHANGED, "stale")


def _rules(request: HttpRequest, place: Workspace) -> str:
    """Approval by rule: on or off, from which confidence on."""
    form, now = request.POST, timezone.now()
    threshold = form.get("threshold", "").strip()
    if not (threshold.isdecimal() and len(threshold) < 5):
        raise Refused("The threshold is a whole number, 80 to 100.", "threshold")
    enabled = form.get("enabled") == "1"
    if enabled:  # off is never refused
        _refuse_stale(request, place)
    how: dict[str, Any] = {"threshold": int(threshold), "by": principal_of(request), "at": now}
    set_it = partial(auto_off.configure, place, enabled=enabled, **how)
    back = set_it() if enabled else insist(set_it)
    if enabled:
        messages.success(request, f"Saved: rules may approve from {threshold} % on.")
        return _home(place)
    messages.success(request, f"Saved: rules approve nothing. {back} messages are back.")
    return _watched(request, place, f"Approval by rule is off in {place.name}", now)


def _attention(request: HttpRequest, place: Workspace) -> str:
    """How urgent first messages, and people who once asked us to stop, are."""
    form = request.POST
    first, desist = (form.get(name) == "1" for name in ("first_message", "desist_history"))
    if not (first and desist):
        _refuse_stale(request, place)
    auto_off.require_review(
        place,
        first_message=first,
        desist_history=desist,
        reason=form.get("reason", ""),
        by=principal_of(request),
        at=timezone.now(),
    )
    messages.success(request, "Saved. Neither is ever approved by rule, whatever stands here.")
    return _home(place)


ACTS = {"off": _off, "on": _on, "rules": _rules, "attention": _attention}
