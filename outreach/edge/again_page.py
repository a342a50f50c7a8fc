"""Look again: what the rules approved and a person reads afterwards. Answers change no message."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from approvals import recheck_figures, rechecking, review
from approvals.errors import Refused
from approvals.models import Approval, Recheck
from outreach.core.models.drafts import DraftStatus
from outreach.core.permissions import NotAllowed, Verb
from outreach.edge.stop_page import show
from safety.admin import principal_of, workspace_ids

SHOWN = 20
READ = ("approval__revision", "approval__draft__person__account", "workspace")


@never_cache
@require_http_methods(["GET", "POST"])
def again_page(request: HttpRequest) -> HttpResponse:
    """The short list, and what was answered with "no"; for those who may decide."""
    places = workspace_ids(request, Verb.DECIDE)
    if not places:
        raise PermissionDenied("Looking again needs the role reviewer or admin.")
    if request.method == "GET":
        return _show(request, places)
    try:
        done = _answer(request, places)
    except (Refused, NotAllowed) as error:
        messages.error(request, str(error))
        return _show(request, places, typed=request.POST, status=409)
    said = "you would have approved it" if done.would_approve else "you would not have"
    messages.success(request, f"Kept: #{done.approval_id}, {said}. Nothing else has changed.")
    return HttpResponseRedirect(request.path)


def _answer(request: HttpRequest, places: set[int]) -> Recheck:
    form = request.POST
    number, said = form.get("number", ""), form.get("answer", "")
    if said not in ("yes", "no") or not (number.isdecimal() and len(number) < 19):
        raise Refused("Nothing was kept: the form did not say what and which.", "no_action")
    if not Recheck.objects.filter(pk=number, workspace__in=places).exists():
        raise Refused("There is no such second look in your workspaces.", "not_found")
    return rechecking.answer(
        int(number), would_approve=said == "yes", reason=form.get("reason", ""),
        by=principal_of(request), at=timezone.now(),
    )  # fmt: skip


def _show(
    request: HttpRequest, places: set[int], *, typed: Any = None, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    rows = rechecking.waiting().filter(workspace__in=places)
    against = Recheck.objects.filter(
        workspace__in=places, would_approve=False, answered_at__gt=now - recheck_figures.SPAN
    ).order_by("-answered_at")
    found = recheck_figures.of_workspaces(places, at=now)
    context = {
        "title": "Look again",
        "items": [_item(row, typed) for row in _read(rows.order_by("pk"))],
        "waiting": rows.count(),
        "against": _read(against),
        "agents": recheck_figures.by_name(found),
        "days": recheck_figures.SPAN.days,
    }
    response = show(request, "admin/look_again.html", context)
    response.status_code = status
    return response


def _read(rows: QuerySet[Recheck]) -> list[Recheck]:
    return list(rows.select_related(*READ)[:SHOWN])


def _item(row: Recheck, typed: Any) -> dict[str, Any]:
    subject, text = review.told(row.approval, row.approval.decision.get("findings", []))
    mine = typed is not None and typed.get("number") == str(row.pk)
    return {
        "row": row,
        "approval": row.approval,
        "revision": row.approval.revision,
        "person": row.approval.draft.person,
        "subject": subject,
        "text": text,
        "fate": _fate(row.approval),
        "reason": typed.get("reason", "") if mine else "",
    }


def _fate(approval: Approval) -> str:
    """What became of the message, in words."""
    if approval.draft.status == DraftStatus.SENT:
        return "It was sent."
    if approval.dry_run:
        return "Dry run: nothing was sent."
    if approval.taken_at is None:
        return "It has not left: its page can take the approval back."
    return "It is being sent, or nobody knows whether it arrived."
