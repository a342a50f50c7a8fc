"""The page of exports: a card for each kind, with its three formats.

A download is a POST: taking rows away is an act that leaves a trace.
"""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from outreach.core.models import Workspace
from outreach.core.permissions import NotAllowed, Verb, may_export
from outreach.edge import exporting
from outreach.edge.stop_page import show
from safety.admin import principal_of, workspace_ids


@never_cache
@require_http_methods(["GET", "POST"])
def exports_page(request: HttpRequest) -> HttpResponseBase:
    """What this user may take away, from the workspaces where they may."""
    ids = workspace_ids(request, Verb.EXPORT)
    if not ids:
        raise PermissionDenied
    places = list(Workspace.objects.filter(pk__in=ids).order_by("slug"))
    if request.method == "POST":
        try:
            return _take(request, places)
        except (exporting.BadAsk, NotAllowed) as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("exports"))
    by = principal_of(request)
    context = {
        "title": "Exports",
        "places": places,
        "formats": exporting.FORMATS.values(),
        "kinds": [
            kind
            for kind in exporting.KINDS.values()
            if any(may_export(by, kind.resource, place) for place in places)
        ],
    }
    return show(request, "admin/exports.html", context)


def _take(request: HttpRequest, places: list[Workspace]) -> StreamingHttpResponse:
    """The download that the pressed button names."""
    form = request.POST
    name, _, wanted = form.get("what", "").partition(":")
    kind, how = exporting.KINDS.get(name), exporting.FORMATS.get(wanted)
    place = next((each for each in places if str(each.pk) == form.get("workspace")), None)
    if kind is None or how is None or place is None:
        raise exporting.BadAsk("what", "Choose a workspace and one of the buttons.")
    span = exporting.span(form.get("since", "").strip(), form.get("until", "").strip())
    asked = exporting.Asked(kind, how, place, span)
    return exporting.answer(asked, by=principal_of(request), now=timezone.now)
