"""`/stop/TOKEN`: stops without login in the name of whoever made the link; a GET changes nothing.

The address is the secret, so no answer is kept or indexed, and neither a log line (`log_lines`) nor
a Referer tells it. The policy is `strict-origin`, not `no-referrer`: with that, browsers send
`Origin: null` with the form, and its CSRF check would refuse every press of the button.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from approvals import clocks
from channels import stop_link
from channels.quiet import StopReport
from outreach.core.models import Workspace
from outreach.edge import stop_page
from outreach.edge.api.throttling import WrongLinks, address_of
from outreach.edge.insisting import NotStopped, insist
from outreach.edge.middleware import read_away

View = Callable[..., HttpResponse]
HEADERS = {
    "Referrer-Policy": "strict-origin",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
}
LISTS = {
    "may_have_left": "May have left, in flight at this stop",
    "left_meanwhile": "Left meanwhile",
    "unknown_before": "Unknown already before this stop",
    "still_open": "Still open",
}
LIFTED = "This stop was lifted since. Open the link again to stop anew."


def _guarded(view: View) -> View:
    """CSRF is checked within, not by the middleware: its refusal must be as quiet as the rest."""
    checked = csrf_protect(require_http_methods(["GET", "HEAD", "POST"])(view))

    @csrf_exempt
    @wraps(view)
    def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        _without_what_is_too_much(request)
        response = checked(request, **kwargs)
        if response.status_code == 403:
            response = _told(request, "refused", 403)
        add_never_cache_headers(response)
        for name, value in HEADERS.items():
            response[name] = value
        return response

    return guarded


def _without_what_is_too_much(request: HttpRequest) -> None:
    """A form that cannot be read, such as one with too long a reason, stops all the same: without a
    reason. Its token cannot be read either. Its cookie stands for it, which the browser keeps back
    from a form of another site."""
    try:
        _ = request.POST
    except (SuspiciousOperation, MultiPartParserError):
        read_away(request)
        request._mark_post_parse_error()  # type: ignore[attr-defined]
        cookie = request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")
        request.META.setdefault(settings.CSRF_HEADER_NAME, cookie)


def _for_a_link(view: View) -> View:
    """Hand the view the link behind the token, or say what to do without one.

    Times are told by the clock of what it stops, else of whoever made it.
    """

    @wraps(view)
    def found(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        try:
            link = stop_link.read(token, at=timezone.now())
            with timezone.override(_clock_of(link)):
                return view(request, link, token, **kwargs)
        except stop_link.Ended:
            return _told(request, "ended", 410)
        except (stop_link.NotALink, Http404):
            return _wrong(request)

    return found


def _clock_of(link: stop_link.StopLink) -> str:
    places = Workspace.objects.filter(memberships__user=link.user)
    return clocks.clock_of([link.workspace] if link.workspace else places)


@_guarded
@_for_a_link
def stop_by_link(request: HttpRequest, link: stop_link.StopLink, token: str) -> HttpResponse:
    """One page with one button; its POST commits the stop and goes on to watch it."""
    if request.method == "POST":
        reason = request.POST.get("reason", "")
        try:
            at = insist(lambda: stop_link.use(link, reason=reason, clock=timezone.now))
        except NotStopped as error:
            return _page(request, link, error.plainly, status=503)
        item = stop_page.watch(
            f"Emergency stop of {link.where}",
            set_at=at,
            workspace=link.workspace,
            is_emergency=True,
        )
        seen = item.token(_salt(token))
        return HttpResponseRedirect(reverse("stop_link_progress", args=[token, seen]))
    return _page(request, link)


def _page(
    request: HttpRequest, link: stop_link.StopLink, fault: str = "", status: int = 200
) -> HttpResponse:
    place = link.workspace.pk if link.workspace else None
    stopped = stop_link.is_stopped(place)
    context = {"link": link, "who": link.by.label, "stopped": stopped, "fault": fault}
    return render(request, "stop_link/page.html", context, status=status)


@_guarded
@_for_a_link
def stop_link_progress(
    request: HttpRequest, link: stop_link.StopLink, token: str, seen: str
) -> HttpResponse:
    """GET shows what was set; each POST takes one look, as long as the stop stands.

    A look may end senders that hang, so a stop that was lifted must not be watched any more.
    """
    item = stop_page.Watch.of(seen, _salt(token))
    lifted = not stop_link.is_stopped(item.workspace)
    report = stop_page.look(item) if request.method == "POST" and not lifted else None
    sentence = LIFTED if lifted else stop_page.sentence(item, report) if report else ""
    rows = _rows(report)
    if request.method == "POST" and request.headers.get("Accept", "").startswith(
        "application/json"
    ):
        over = lifted or bool(report and report.stopped)
        return JsonResponse({"stopped": over and not lifted, "over": over,
                             "sentence": sentence, **rows})  # fmt: skip
    lists = [(name, title, rows[name]) for name, title in LISTS.items()]
    context = {
        "item": item, "link": link, "token": token, "report": report, "sentence": sentence,
        "over": lifted or bool(report and report.stopped), "lifted": lifted, "lists": lists,
        "in_flight": len(item.seen), "back": "" if report or lifted else stop_page.back(item),
        "nothing": report is not None and not any(rows.values()),
    }  # fmt: skip
    return render(request, "stop_link/progress.html", context)


def _rows(report: StopReport | None) -> dict[str, list[dict[str, Any]]]:
    """Numbers and channels only: who is written to, and which machine sends, stays inside."""
    told = vars(report) if report else {}
    return {
        name: [{key: row[key] for key in ("delivery", "approval", "channel")} for row in rows]
        for name in LISTS
        for rows in [told.get(name, [])]
    }


def _salt(token: str) -> str:
    """What is watched by one link is not watched by another."""
    return f"{stop_link.SALT}.watch.{token}"


def _wrong(request: HttpRequest) -> HttpResponse:
    """Count it by the address it came from. A good link is never shut out: it must stop."""
    limit = WrongLinks(address_of(request))
    if limit.allow_request(request, None):  # type: ignore[arg-type]
        limit.add()
        return _told(request, "wrong", 404)
    response = _told(request, "often", 429)
    response["Retry-After"] = str(int(limit.wait() or 0) + 1)
    return response


def _told(request: HttpRequest, what: str, status: int) -> HttpResponse:
    return render(request, "stop_link/told.html", {"what": what}, status=status)
