"""The emergency button, and the page that polls until it took hold.

A request never waits: the flag is committed, then the page looks again and again until no message
in its scope is in flight. Looking may end what dead senders left behind, so it is a POST as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core import signing
from django.db.models import Q
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
)
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from approvals import auto_off
from channels import quiet, settle, stop
from outreach.core import visible
from outreach.core.clock import CLOCK, by_clock
from outreach.core.models import Person, Workspace
from outreach.core.permissions import NotAllowed, Verb
from outreach.edge import stop_told
from outreach.edge.insisting import NotStopped, insist
from safety.admin import is_operator, principal_of, workspace_ids

SALT = "outreach.stop"
WHOLE_SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Watch:
    """What a progress page watches: since when, over which intents, and where to go on."""

    title: str
    set_at: datetime
    workspace: int | None
    humans: tuple[int, ...]
    seen: tuple[int, ...]
    next: str = ""
    by_rule: bool = False  # only what was approved by rule
    is_emergency: bool = False  # returns what is approved and unsent to the queue

    def token(self, salt: str = SALT) -> str:
        data = [
            self.title, self.set_at.isoformat(), self.workspace, self.humans, self.seen, self.next,
            self.by_rule, self.is_emergency,
        ]  # fmt: skip
        return signing.dumps(data, salt=salt, compress=True)

    @classmethod
    def of(cls, token: str, salt: str = SALT) -> Watch:
        try:
            title, set_at, workspace, humans, seen, *rest = signing.loads(token, salt=salt)
        except signing.BadSignature:
            raise Http404("This stop is not known. Press the button again.") from None
        moment = datetime.fromisoformat(set_at)
        return cls(title, moment, workspace, tuple(humans), tuple(seen), *rest)

    @property
    def scope(self) -> Q:
        if self.humans:
            return quiet.scope_of(humans=self.humans)
        place = Q() if self.workspace is None else Q(workspace_id=self.workspace)
        return place & auto_off.IN_FLIGHT if self.by_rule else place


def watch(
    title: str,
    *,
    set_at: datetime,
    workspace: Workspace | None = None,
    humans: Iterable[int] = (),
    following: str = "",
    by_rule: bool = False,
    is_emergency: bool = False,
) -> Watch:
    """Note what is in flight now, after the flag was committed."""
    place = workspace.pk if workspace else None
    item = Watch(title, set_at, place, tuple(humans), (), following, by_rule, is_emergency)
    return replace(item, seen=tuple(quiet.in_flight(item.scope)))


def of_person(
    request: HttpRequest, person: Person, ids: list[int], title: str, at: datetime, following: str
) -> str:
    """Where to go on after a person's stop: told that it took hold, or to watch it do so."""
    place = person.workspace
    item = watch(title, set_at=at, workspace=place, humans=ids, following=following)
    report = look(item)
    if not report.stopped or report.tells_of_messages:
        return reverse("stop_progress", args=[item.token()])
    messages.success(request, f"{title}. {sentence(item, report)}")
    return following


def look(item: Watch) -> quiet.StopReport:
    report = quiet.progress(item.scope, set_at=item.set_at, seen=item.seen, now=timezone.now())
    if item.is_emergency:
        stop_told.back_in_the_queue(report, item.workspace)
    return report


def back(item: Watch) -> str:
    """How many approvals an emergency stop returned, before anybody has looked at the rest."""
    report = quiet.StopReport(item.set_at)
    if item.is_emergency:
        stop_told.back_in_the_queue(report, item.workspace)
    return report.back


def show(request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
    return TemplateResponse(request, template, {**admin.site.each_context(request), **context})


def safe_next(request: HttpRequest, fallback: str) -> str:
    """Where the form asked to go on, if that is a page of this site."""
    asked = request.POST.get("next", "")
    here = {request.get_host()}
    return asked if asked and url_has_allowed_host_and_scheme(asked, here) else fallback


# --- The emergency button ------------------------------------------------------------------------


def _scopes(request: HttpRequest) -> list[tuple[str, str]]:
    """What this user may stop: their workspaces, and the whole system for operators."""
    places = Workspace.objects.order_by("slug")
    if not is_operator(request):
        places = places.filter(pk__in=workspace_ids(request, Verb.BRAKE))
    found = [(str(place.pk), place.name) for place in places]
    whole = [(WHOLE_SYSTEM, "The whole system, every workspace")] if is_operator(request) else []
    return [*whole, *found]


@never_cache
@require_http_methods(["GET", "POST"])
def emergency_stop(request: HttpRequest) -> HttpResponse:
    """Ask for reason and scope, then commit the stop and watch it take hold."""
    scopes = _scopes(request)
    fault, status = "", 400
    if request.method == "POST":
        chosen, reason = request.POST.get("scope", ""), request.POST.get("reason", "").strip()
        if chosen not in dict(scopes):
            fault = "Choose what to stop."
        elif not reason:
            fault = "Say why: whoever finds it stopped at night must know the reason."
        else:
            try:
                return _stop(request, chosen, reason)
            except NotStopped as error:
                fault, status = error.plainly, 503
    # Who has one sentence to type at night has nothing to choose before it.
    preset = scopes[0][0] if scopes and (len(scopes) == 1 or is_operator(request)) else ""
    context = {
        "title": "Emergency stop", "scopes": scopes, "fault": fault, "typed": request.POST,
        "chosen": request.POST.get("scope", preset),
    }  # fmt: skip
    response = show(request, "admin/stop.html", context)
    response.status_code = status if fault else 200
    return response


def _stop(request: HttpRequest, chosen: str, reason: str) -> HttpResponse:
    workspace = None if chosen == WHOLE_SYSTEM else Workspace.objects.get(pk=int(chosen))
    by = principal_of(request)
    try:
        at = insist(
            lambda: stop.emergency_stop(
                workspace=workspace, reason=reason, by=by, clock=timezone.now
            )
        )
    except (stop.ControlRefused, NotAllowed) as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("emergency_stop"))
    where = workspace.name if workspace else "the whole system"
    item = watch(f"Emergency stop of {where}", set_at=at, workspace=workspace, is_emergency=True)
    return HttpResponseRedirect(reverse("stop_progress", args=[item.token()]))


@never_cache
@require_http_methods(["GET", "POST"])
def stop_progress(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows what was set; each POST takes one look and answers JSON, or the page again."""
    item = Watch.of(token)
    _entitled(request, item)
    if request.method == "POST" and "gone" in request.POST:
        _declare_gone(request)
    report = look(item) if request.method == "POST" else None
    if report is not None and request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({**report.as_dict(), "sentence": sentence(item, report)})
    context = {
        "title": item.title,
        "item": item,
        "report": report,
        "sentence": sentence(item, report) if report else "",
        "still_in_flight": len(item.seen),
        "back": "" if report else back(item),
        "may_declare": is_operator(request),
    }
    return show(request, "admin/stop_progress.html", context)


def _declare_gone(request: HttpRequest) -> None:
    """An operator's word that a sender's machine will never come back: its messages are unknown."""
    reason = request.POST.get("reason", "").strip()
    try:
        sender = UUID(request.POST["gone"])
        if not visible.signs(reason):
            raise ValueError
        ended = settle.declare_gone(
            sender, by=principal_of(request), at=timezone.now(), reason=reason
        )
        wait = "message waits" if len(ended) == 1 else "messages wait"
        messages.success(request, f"{len(ended)} of its {wait} for an answer now.")
    except ValueError:
        messages.error(request, "Nothing was done: name the sender and say how you know.")
    except (NotAllowed, settle.StillHere) as error:
        messages.error(request, str(error))


def _entitled(request: HttpRequest, item: Watch) -> None:
    """The link carries no rights: it is for those who may stop this scope."""
    if is_operator(request) or item.workspace in workspace_ids(request, Verb.BRAKE):
        return
    raise Http404("This stop is not known in your workspaces.")


def sentence(item: Watch, report: quiet.StopReport) -> str:
    """`set 03:12:04, waiting for 1 message`, or `stopped`, in words; and what it returned."""
    return f"{_how_far(item, report)} {report.back}".rstrip()


def _how_far(item: Watch, report: quiet.StopReport) -> str:
    if report.stopped and report.effective_at is not None:
        stopped = f"Stopped at {by_clock(report.effective_at, CLOCK)}. Nothing more leaves"
        if item.by_rule:
            return f"{stopped} by rule; what people approved goes on."
        return f"{stopped} to them." if item.humans else f"{stopped}."
    count = len(report.still_open)
    waiting = f"{count} message{'s' if count != 1 else ''}"
    return f"Set {by_clock(item.set_at, CLOCK)}, waiting for {waiting}. Not yet stopped."
