"""What is stored about one person, in the admin: taken away as one file."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone

from outreach.core.models import Person
from outreach.core.people import canonical
from outreach.core.permissions import Verb
from outreach.edge.privacy import subject, telling
from safety.admin import TenantAdmin, may, principal_of

PAGE = "admin/core/person/privacy.html"


def show(site: TenantAdmin, request: HttpRequest, person: Person) -> HttpResponse:
    """The page; a POST is what changes something or leaves a trace, and an export does."""
    if not may(request, Verb.EXPORT_PERSON, person.workspace_id):
        raise PermissionDenied
    if request.method == "POST" and request.POST.get("what") == "export":
        return _download(request, person)
    who = subject.of(person)
    context = {
        "title": f"Personal data of {canonical(person).full_name}",
        "person": person,
        "human": who.human,
        "records": len(who.people),
        "drafts": len(who.drafts),
    }
    return site.page(request, PAGE, context)


def _download(request: HttpRequest, person: Person) -> HttpResponse:
    by, at = principal_of(request), timezone.now()
    pieces = telling.export(person, by=by, at=at)
    answer = StreamingHttpResponse(pieces, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="person-{person.uuid}.json"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer  # type: ignore[return-value]
