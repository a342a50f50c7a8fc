"""From people ticked in their list to the form that asks for e-mail drafts to them alone."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from outreach.core.models import Channel, Person, Workspace
from outreach.core.permissions import Verb
from safety.admin import workspace_ids
from workflows import audience, recipients

MOST = 200  # whose numbers an address and the form's field hold


def to_drafts(request: HttpRequest, rows: QuerySet[Person]) -> HttpResponseRedirect | None:
    """To the form, where at least one of them may be written to; else why not, and no form."""
    chosen = list(
        rows.order_by("pk").values_list(Coalesce("merged_into", "pk"), "workspace_id")[: MOST + 1]
    )
    places = {place for _, place in chosen}
    if len(chosen) > MOST:
        return _refuse(request, f"Select at most {MOST} people at a time.")
    if len(places) != 1 or not places <= workspace_ids(request, Verb.RUN_WORKFLOWS):
        return _refuse(request, "Select people of one workspace in which you may run workflows.")
    place = places.pop()
    people = list(dict.fromkeys(pk for pk, _ in chosen))
    reasons = _closed(place, people)
    told = ", ".join(f"{audience.REASONS[why]} ({n})" for why, n in reasons.most_common())
    if reasons.total() == len(people):
        return _refuse(request, f"None of them can be written to by e-mail: {told}.")
    if reasons:
        said = f"No draft for {reasons.total()} of the {len(people)} selected: {told}."
        messages.warning(request, said)
    named = ", ".join(map(str, people))
    asked = {"workspace": place, "people": named, "limit": len(people)}
    form = reverse("admin:workflows_start_one", args=["email_drafts"])
    return HttpResponseRedirect(f"{form}?{urlencode(asked)}")


def _refuse(request: HttpRequest, why: str) -> HttpResponseRedirect | None:
    messages.error(request, f"No drafts were asked for. {why}")
    return None  # back to the list, as it stood


def _closed(place: int, people: list[int]) -> Counter[str]:
    """Why not, of those who may not; whom we met lately is left to what the form says of days."""
    workspace = Workspace.objects.get(pk=place)
    rows = audience.judged(workspace, Channel.EMAIL, at=timezone.now(), quiet_days=0, ids=people)
    judged = recipients.without_suppressed(rows, place, (Channel.EMAIL,))
    return Counter(why for _, why in judged if why)
