"""Every request gets a number that the log keeps, and admin pages a strict content policy."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils import timezone

from approvals.clocks import clock_of
from outreach.core import activity
from safety.admin import memberships_of

HEADER = "X-Request-ID"
# A UUID, a trace id or a balancer's, in hexadecimal digits: what spells a name would be kept in the
# log, which holds nothing about people.
SANE = re.compile(r"(?:Root=)?[0-9A-Fa-f-]{8,64}")
# The theme evaluates attributes (`unsafe-eval`) and writes styles into pages; no page has a script
# of its own inside, so none may run that is not a file of ours.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


class RequestIdMiddleware:
    """Takes over a sane `X-Request-ID` or makes one, for the log and for the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        number = given if SANE.fullmatch(given) else uuid.uuid4().hex
        before = activity.request_id.set(number)
        try:
            response = self.get_response(request)
        finally:
            activity.request_id.reset(before)
        response.headers.setdefault(HEADER, number)
        if request.path.startswith("/admin/"):
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response


class SaneSessionMiddleware(SessionMiddleware):
    """A session's cookie with a NUL is none: PostgreSQL would not even take the question."""

    def process_request(self, request: HttpRequest) -> None:
        name = settings.SESSION_COOKIE_NAME
        if "\0" in request.COOKIES.get(name, ""):
            del request.COOKIES[name]
        super().process_request(request)


NUL = "A NUL character came with this, which nobody sees and no text here can hold. Take it out."


GIVES_BACK = "admin:approvals_approval_change"  # refuses it itself and keeps what was typed


class NoNulMiddleware:
    """Refuses a NUL in a form or an address: PostgreSQL would break in the middle of the act."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """After the check of the form's token, which has read the form already."""
        if not request.path.startswith("/admin/"):
            return None
        match = request.resolver_match
        gives_back = match is not None and match.view_name == GIVES_BACK
        asked = _with_nul(request.GET)
        typed = [] if gives_back else _with_nul(request.POST)
        if not asked and not typed:
            return None
        words = [value.replace("\0", "") for name, value in typed if "password" not in name]
        said = {"title": "That could not be kept", "told": NUL, "words": words}
        return HttpResponse(render_to_string("400.html", said), status=400)


def _with_nul(form: QueryDict) -> list[tuple[str, str]]:
    return [(name, value) for name, values in form.lists() for value in values if "\0" in value]


READ_AWAY, PIECE = 16 * 1024 * 1024, 64 * 1024


def read_to_the_end(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Reads the rest of a body that is too large, up to a limit, and throws it away.

    A server closes the connection over what nobody read, in the middle of the client's sending and
    though it has just said keep-alive. No application may answer "Connection: close" (PEP 3333).
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 413:
            read_away(request)
        return response

    return middleware


def read_away(request: HttpRequest) -> None:
    with suppress(OSError):  # the client is gone
        for _ in range(READ_AWAY // PIECE):
            if not request.read(PIECE):
                break


FOR_PROGRAMS = ("/api/", "/v1/")


def final_slash(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Addresses for programs have no final slash, and answer with one as well (SPEC §9)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(FOR_PROGRAMS) and request.path_info.endswith("/"):
            request.path_info = request.path_info.rstrip("/")
        return get_response(request)

    return middleware


def by_their_clock(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Tells the times of admin pages by the clock of the workspace of whoever looks.

    By UTC where their workspaces have several clocks, or none that is known; its name always
    stands beside a time (`outreach.core.clock`).
    """

    def answer(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/admin/"):
            return get_response(request)
        with timezone.override(clock_of(row.workspace for row in memberships_of(request))):
            return get_response(request)

    return answer
