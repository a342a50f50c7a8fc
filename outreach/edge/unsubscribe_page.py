"""`/unsubscribe/TOKEN`: a POST stops the person at once, without login; a GET only shows a button.

Mail programs post here by themselves (RFC 8058): no cookie, no token of a form, no redirect.
Scanners that follow links only ever GET, so looking changes nothing.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from channels import quiet, unsubscribe
from outreach.core.models import Draft


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """200 once the stop is committed, saying whether one is on its way; 404 if not our link."""
    done, on_its_way = request.method == "POST", False
    try:
        if done:
            message, humans = unsubscribe.unsubscribe(token, at=timezone.now())
            on_its_way = bool(quiet.in_flight(quiet.scope_of(humans=humans)))
        else:
            message = unsubscribe.message_of(token)
    except unsubscribe.NotOurLink as fault:
        response = render(request, "unsubscribe.html", {"fault": str(fault)}, status=404)
    else:
        context = {
            "done": done,
            "on_its_way": on_its_way,
            "who": _who(message),
            "address": masked(message),
        }
        response = render(request, "unsubscribe.html", context)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _who(message: Draft) -> str:
    return message.workspace.sender_name or message.workspace.name


def masked(message: Draft) -> str:
    """Enough for its owner to know the address by; a forwarded mail tells nobody the rest."""
    address = message.current.address if message.current else ""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}" if at else f"{address[:1]}…"
