"""`/unsubscribe/TOKEN`: a POST stops the person at once, without login; a GET only shows a button.

Mail programs post here by themselves (RFC 8058): no cookie, no token of a form, no redirect.
Scanners that follow links only ever GET, so looking changes nothing.
"""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from channels import quiet, unsubscribe
from outreach.core.models import Draft
from outreach.core.patience import impatient

RETRY_SECONDS = 60
logger = logging.getLogger(__name__)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """200 once the stop is committed, saying whether one is on its way; 404 if not our link; 503
    where the database takes it only later, which the sweep sees to: whoever asks again may."""
    try:
        response = _stopped(request, token) if request.method == "POST" else _asked(request, token)
    except unsubscribe.NotOurLink as fault:
        response = render(request, "unsubscribe.html", {"fault": str(fault)}, status=404)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _asked(request: HttpRequest, token: str) -> HttpResponse:
    return render(request, "unsubscribe.html", _told(unsubscribe.message_of(token)))


def _stopped(request: HttpRequest, token: str) -> HttpResponse:
    try:
        with impatient():
            message, humans = unsubscribe.unsubscribe(token, at=timezone.now())
            on_its_way = bool(quiet.in_flight(quiet.scope_of(humans=humans)))
    except DatabaseError as error:
        logger.warning("A click on an unsubscribe link is heard later: %s", error)
        return _later(request, token)
    context = {"done": True, "on_its_way": on_its_way, **_told(message)}
    return render(request, "unsubscribe.html", context)


def _later(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody holds their record, or the database is away. Mail programs know the status."""
    try:
        unsubscribe.keep(token, at=timezone.now())
        kept = True
    except DatabaseError:
        logger.exception("A click on an unsubscribe link could not be kept.")
        kept = False
    response = render(request, "unsubscribe.html", {"later": True, "kept": kept}, status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _told(message: Draft) -> dict[str, str]:
    return {"who": _who(message), "address": masked(message)}


def _who(message: Draft) -> str:
    return message.workspace.sender_name or message.workspace.name


def masked(message: Draft) -> str:
    """Enough for its owner to know the address by; a forwarded mail tells nobody the rest."""
    address = message.current.address if message.current else ""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}" if at else f"{address[:1]}…"
