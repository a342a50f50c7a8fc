"""What is stored about one person, in the admin: taken away as one file, or erased."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone

from outreach.core.models import Person
from outreach.core.people import canonical
from outreach.core.permissions import NotAllowed, Verb
from outreach.edge.privacy import erasing, subject, telling
from outreach.edge.privacy.erasing import EraseRefused
from safety.admin import TenantAdmin, may, principal_of

PAGE = "admin/core/person/privacy.html"


def show(site: TenantAdmin, request: HttpRequest, person: Person) -> HttpResponse:
    """The page; a POST is what changes something or leaves a trace, and an export does."""
    if not may(request, Verb.EXPORT_PERSON, person.workspace_id):
        raise PermissionDenied
    if request.method == "POST" and request.POST.get("what") == "export":
        return _download(request, person)
    fault = ""
    if request.method == "POST" and request.POST.get("what") == "erase":
        try:
            _erase(request, person)
            return HttpResponseRedirect(reverse("admin:core_person_change", args=[person.pk]))
        except (EraseRefused, NotAllowed) as error:
            fault = str(error)
    who = subject.of(person)
    context = {
        "title": f"Personal data of {canonical(person).full_name}",
        "person": person,
        "human": who.human,
        "records": len(who.people),
        "drafts": len(who.drafts),
        "closing": subject.told_closing(*who.closing),
        "may_erase": may(request, Verb.ERASE_PERSON, person.workspace_id),
        "fault": fault,
        "typed": request.POST,
    }
    return site.page(request, PAGE, context, status=409 if fault else 200)


def _erase(request: HttpRequest, person: Person) -> None:
    name = canonical(person).full_name
    if " ".join(request.POST.get("confirm", "").split()).casefold() != name.casefold():
        raise EraseRefused(f"Nothing was erased. Type their name, {name}, to confirm.")
    reason = request.POST.get("reason", "")
    also = request.POST.get("also", "").splitlines()
    done = erasing.erase(
        person, reason=reason, by=principal_of(request), at=timezone.now(), also=also
    )
    messages.success(request, done.sentence())


def _download(request: HttpRequest, person: Person) -> HttpResponse:
    by, at = principal_of(request), timezone.now()
    pieces = telling.export(person, by=by, at=at)
    answer = StreamingHttpResponse(pieces, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="person-{person.uuid}.json"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer  # type: ignore[return-value]
