"""The rehearsal in the admin: had this been live, so many sent, held and blocked, and which."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from channels import rehearsal
from channels.rehearsal import Fate, Item, Span, Totals
from outreach.core.models import Workspace
from outreach.edge import rehearsed
from outreach.edge.stop_page import show
from safety.admin import own_place

PAGE = 50


@never_cache
@require_GET
def rehearsal_page(request: HttpRequest, pk: int | None = None) -> HttpResponseBase:
    """One workspace; without a number the first of this user's. `?format=json` streams every one.

    `since` and `until` as the command takes them, `fate` and `page` for the list.
    """
    place, places = own_place(request, pk)
    asked = {key: request.GET.get(key, "").strip() for key in ("since", "until")}
    try:
        span = rehearsed.span(place, asked["since"], asked["until"], now=timezone.now())
    except rehearsed.BadSpan as error:
        response = _show(request, place, places, {"fault": str(error), "asked": asked})
        response.status_code = 400
        return response
    if request.GET.get("format") == "json":
        lines = StreamingHttpResponse(
            rehearsed.as_json(place, span), content_type="application/json"
        )
        lines["Content-Disposition"] = f'attachment; filename="rehearsal-{place.slug}.json"'
        return lines
    return _show(request, place, places, {"asked": asked, **_found(request, place, span)})


def _show(
    request: HttpRequest, place: Workspace, places: list[Workspace], context: dict[str, Any]
) -> HttpResponse:
    known = {"title": "Rehearsal", "place": place, "places": places, "forms": rehearsed.FORMS}
    return show(request, "admin/rehearsal.html", {**known, **context})


def _found(request: HttpRequest, place: Workspace, span: Span) -> dict[str, Any]:
    wanted, page = request.GET.get("fate", ""), request.GET.get("page", "")
    fate = Fate(wanted) if wanted in set(Fate) else Fate.SENT
    number = int(page) if page.isdecimal() and 0 < len(page) < 7 else 1
    totals, rows, skipped = Totals(), [], max(number - 1, 0) * PAGE
    for item in rehearsal.items(place, span):
        totals.add(item)
        if item.fate is fate and skipped < totals.fates[fate] <= skipped + PAGE:
            rows.append(_row(place, item))
    last = -(-totals.fates[fate] // PAGE)
    return {
        "headline": rehearsed.headline(place, span, totals),
        "tiles": [(each, totals.fates[each], words) for each, words in rehearsed.TITLES.items()],
        "fate": fate,
        "fate_words": rehearsed.TITLES[fate],
        "rules": rehearsed.by_rule(totals.rules[fate]),
        "rows": rows,
        "number": number,
        "earlier": number - 1 if number > 1 else 0,
        "later": number + 1 if number < last else 0,
        "last": last,
        "safe_mode": rehearsed.safe_mode(place, totals),
        "limits": rehearsed.limits(place, totals),
    }


def _row(place: Workspace, item: Item) -> dict[str, Any]:
    return {
        "item": item,
        "rules": ", ".join(rehearsed.word(code) for code in item.rules),
        "leaves_at": item.leaves_at and rehearsed.stamp(place, item.leaves_at),
        "judged_at": item.judged_at and rehearsed.stamp(place, item.judged_at),
    }
