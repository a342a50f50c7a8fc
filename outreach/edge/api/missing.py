"""What is at no address, or broke on the way: JSON for programs, a page for people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import defaults

from outreach.edge.middleware import FOR_PROGRAMS


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not request.path.startswith(FOR_PROGRAMS):
        return defaults.page_not_found(request, exception)
    return _said(404, "client_error", "not_found", "There is nothing at this address.")


def broken(request: HttpRequest) -> HttpResponse:
    if not request.path.startswith(FOR_PROGRAMS):
        return defaults.server_error(request)
    return _said(500, "server_error", "error", "This broke on our side; the operators are told.")


def _said(status: int, kind: str, code: str, detail: str) -> JsonResponse:
    error = {"code": code, "detail": detail, "attr": None}
    return JsonResponse({"type": kind, "errors": [error]}, status=status)
