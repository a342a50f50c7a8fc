"""LinkedIn and phone: what was approved, to copy, and "I sent it". No automation stands behind it.

The program opens nothing and fills in nothing there: it shows a text, a link, and two buttons.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from approvals import clocks, queue
from approvals.models import Approval
from approvals.rounds import UNTAKEN
from channels import claims, manual
from channels.models import Delivery, DeliveryStatus
from channels.registry import BY_HAND
from outreach.core.addresses import BadAddress, normalise
from outreach.core.models import Channel
from outreach.core.permissions import NotAllowed, Verb
from outreach.edge.stop_page import show
from safety.admin import is_superuser, may, principal_of, workspace_ids
from safety.contract.reach import NOTE_LENGTH

PAGE = 20
LATELY = timedelta(days=7)  # how long "not sent after all" stands beside what was marked


@never_cache
@require_http_methods(["GET", "POST"])
def by_hand_page(request: HttpRequest, channel: str) -> HttpResponse:
    """Approved messages of one channel that a person sends."""
    if channel not in BY_HAND:
        raise Http404("Only LinkedIn and phone are done by hand here.")
    places = None if is_superuser(request) else workspace_ids(request, Verb.VIEW)
    if request.method == "POST":
        return _act(request, channel)
    return _show(request, channel, places)


def _show(request: HttpRequest, channel: str, places: set[int] | None) -> HttpResponse:
    scope: dict[str, Any] = {"channel": channel}
    if places is not None:
        scope["workspace__in"] = places
    rows = queue.readable(Approval.objects.filter(UNTAKEN, **scope)).order_by("due_at", "pk")
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    marked = (
        Delivery.objects.filter(
            status=DeliveryStatus.MANUAL, since__gt=timezone.now() - LATELY, **scope
        )
        .select_related("human", "workspace")
        .order_by("-pk")
    )
    by, now = principal_of(request), timezone.now()
    held = claims.held([row.draft_id for row in page], by=by, at=now)
    context = {
        "title": Channel(channel).label,
        "channel": channel,
        "page": page,
        "items": [_item(request, row, held.get(row.draft_id), now) for row in page],
        "marked": [_marked(request, row) for row in marked[:PAGE]],
    }
    return show(request, "admin/by_hand.html", context)


def _item(
    request: HttpRequest, row: Approval, claim: claims.Held | None, now: datetime
) -> dict[str, Any]:
    offer, held = claims.offer(row, claim, at=now)
    due = row.due_at if row.due_at is not None and row.due_at > now else None
    size = len(offer.text)
    return {
        "row": row,
        "person": row.draft.person,
        "offer": offer,
        "held": held,
        "waits_until": clocks.told_time(row, due, at=now) if due else "",
        "size": size,
        "fits_a_note": 0 < size <= NOTE_LENGTH,
        "note_length": NOTE_LENGTH,
        "link": _link(row) if offer.text else "",
        "may_settle": may(request, Verb.SETTLE, row.workspace_id),
    }


def _marked(request: HttpRequest, row: Delivery) -> dict[str, Any]:
    return {
        "row": row,
        "when": clocks.our_time(row.workspace, row.since, at=timezone.now()),
        "may_settle": may(request, Verb.SETTLE, row.workspace_id),
    }


def _link(row: Approval) -> str:
    """The person's page or number, made from the approved address: never any other scheme."""
    try:
        address = normalise(row.channel, row.revision.address)
    except BadAddress:
        return ""
    if row.channel == Channel.PHONE:
        return f"tel:{address}"
    return f"https://www.{quote(address, safe='/%')}"


def _act(request: HttpRequest, channel: str) -> HttpResponse:
    by, now = principal_of(request), timezone.now()
    act, number = request.POST.get("act", ""), request.POST.get("number", "")
    by_script = act == "copy" and request.headers.get("Accept") == "application/json"
    try:
        if not (number.isdecimal() and len(number) < 19):
            raise manual.HandOffRefused("Nothing was done: the form did not say which message.")
        _visible(request, act, int(number), channel)
        if act in claims.ACTS:
            told = claims.posted(request.POST, int(number), by=by, at=now)
            if by_script:
                return HttpResponse(status=204)
            messages.success(request, told)
        elif act == "sent":
            warning = manual.mark_sent(int(number), by=by, at=now)
            level = messages.WARNING if warning else messages.SUCCESS
            messages.add_message(request, level, warning or f"#{number} is recorded as sent.")
        else:
            messages.success(request, manual.mark_not_sent(int(number), by=by, at=now))
    except (manual.HandOffRefused, NotAllowed) as fault:
        messages.error(request, str(fault))
        if by_script:  # it shows the page again, with this sentence
            return HttpResponse(status=409)
    return HttpResponseRedirect(request.get_full_path())


def _visible(request: HttpRequest, act: str, number: int, channel: str) -> None:
    """A row of another workspace is refused in the words of one that does not exist.

    One of another channel is no matter of this page: a program may be sending it.
    """
    model = Approval if act in ("sent", *claims.ACTS) else Delivery if act == "not_sent" else None
    if model is None:
        raise manual.HandOffRefused("Nothing was done: the form did not say what to do.")
    rows = model._default_manager.filter(pk=number)
    if not is_superuser(request):
        rows = rows.filter(workspace__in=workspace_ids(request, Verb.VIEW))
    row = rows.first()
    if row is None:
        raise manual.HandOffRefused(f"There is no message #{number} in your workspaces.")
    if row.channel != channel:
        raise manual.HandOffRefused(
            f"Nothing was done: #{number} goes by {row.get_channel_display()}, and this page is "
            f"about {Channel(channel).label}."
        )
