"""What is at no address, too much, unreadable or broken: JSON for programs, a page for people."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.views import defaults

from outreach.edge.middleware import FOR_PROGRAMS


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.startswith(FOR_PROGRAMS):
        return defaults.page_not_found(request, exception)
    return _said(404, "client_error", "not_found", "There is nothing at this address.")


def unreadable(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that Django itself refused to read, most often because there is too much of it."""
    much = _too_much(exception)
    status, told = (413, much) if much else (400, "What your browser sent could not be read.")
    if request.path.startswith(FOR_PROGRAMS):
        return _said(status, "client_error", "too_large" if much else "invalid", told)
    words = {"title": "That was too much at once" if much else "That could not be read"}
    return HttpResponse(render_to_string("400.html", {**words, "told": told}), status=status)


def _too_much(exception: Exception) -> str:
    """What there is too much of, how much is allowed and what to do; empty where it is not that."""
    if isinstance(exception, RequestDataTooBig):
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024**2
        return (
            f"A form may hold {most} MB of text, files aside, and this one held more. Shorten it, "
            "or give a long text or list as a file."
        )
    if isinstance(exception, TooManyFieldsSent):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        return f"A form may have {most} fields, and this one had more. Choose fewer rows at a time."
    if isinstance(exception, TooManyFilesSent):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
        return f"A form may carry {most} files, and this one carried more. Send some of them first."
    return ""


def broken(request: HttpRequest) -> HttpResponse:
    if not request.path.startswith(FOR_PROGRAMS):
        return defaults.server_error(request)
    return _said(500, "server_error", "error", "This broke on our side; the operators are told.")


def _said(status: int, kind: str, code: str, detail: str) -> JsonResponse:
    error = {"code": code, "detail": detail, "attr": None}
    return JsonResponse({"type": kind, "errors": [error]}, status=status)
