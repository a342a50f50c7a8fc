"""Deliveries: what became of each attempt. Unknown ones are settled here, by a person.

The hand-off page shows the text of an approved message to copy and records "I sent it".
"""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from approvals import marks, queue
from approvals.models import Approval
from channels import claims, headers, manual, settle, timeline
from channels.models import Delivery, DeliveryStatus
from outreach.core.clock import SECONDS, by_clock
from outreach.core.models import Channel
from outreach.core.permissions import NotAllowed, Verb
from safety.admin import PageAdmin, column, is_superuser, may, principal_of, workspace_ids

TEMPLATES = "admin/channels/delivery"
REFUSALS = (settle.NotUnknown, manual.HandOffRefused, NotAllowed)


@admin.register(Delivery)
class DeliveryAdmin(PageAdmin):
    """Every attempt to hand over a message, newest first; what is unknown waits for an answer."""

    list_display = (
        "show_number", "show_person", "show_message", "show_status", "show_since", "attempt",
        "reason",
    )  # fmt: skip
    list_filter = ("status", "channel", ("since", admin.DateFieldListFilter))
    list_filter_submit = True
    list_select_related = ("human__account", "approval__revision", "workspace")
    search_fields = ("human__full_name", "provider_id")
    search_help_text = "Person or the provider's number"
    sortable_by = ("show_number",)
    ordering = ("-id",)

    @column("Delivery", sorts="id")
    def show_number(self, obj: Delivery) -> str:
        return f"Delivery {obj.pk}, for #{obj.approval_id}"

    @column("Person", header=True)
    def show_person(self, obj: Delivery) -> list[str]:
        company = obj.human.account.name if obj.human.account else "no company"
        return [obj.human.full_name, company]

    @column("Message", header=True)
    def show_message(self, obj: Delivery) -> list[str]:
        return [obj.approval.revision.opening, obj.get_channel_display()]

    @column("Status", label={"Sent": "success", "Sent by hand": "success", "Failed": "danger",
               "Unknown, decided anew": "danger", "Outcome unknown": "danger",
               "Simulated": "warning", "Being sent": "info"},
    )  # fmt: skip
    def show_status(self, obj: Delivery) -> str:
        return obj.outcome

    @column("Since")
    def show_since(self, obj: Delivery) -> str:
        return by_clock(obj.since, SECONDS)

    def row_view(self, request: HttpRequest, row: Delivery) -> HttpResponse:
        if request.method == "POST":
            return self._post(request, row)
        evidence = row.evidence or {}
        context = {
            "title": f"Delivery {row.pk}",
            "row": row,
            "steps": timeline.of(row),
            "unknown": row.status == DeliveryStatus.UNKNOWN,
            "manual": row.status == DeliveryStatus.MANUAL,
            "reached": timeline.reached(row),
            "message_id": _message_id(row),
            "may_settle": may(request, Verb.SETTLE, row.workspace_id),
            "would_have_left": marks.segments(str(evidence.get("would_have_left", ""))),
            "evidence": timeline.known(row),
        }
        return self.page(request, f"{TEMPLATES}/delivery.html", context)

    def _post(self, request: HttpRequest, row: Delivery) -> HttpResponse:
        answer, by, now = request.POST.get("answer", ""), principal_of(request), timezone.now()
        try:
            if answer == "take_back":
                messages.success(request, manual.mark_not_sent(row.pk, by=by, at=now))
            elif answer in list(settle.Answer):
                note = request.POST.get("note", "")[:300]
                ended = settle.settle(row.pk, answer, by=by, at=now, note=note)
                said = f"{STOPPED} {ended}" if ended else SETTLED[answer]
                messages.success(request, f"Delivery {row.pk}: {said}")
            else:
                messages.error(request, "Nothing was done: choose one of the three answers.")
        except REFUSALS as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(reverse("admin:channels_delivery_change", args=[row.pk]))

    # --- By hand ----------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = never_cache(self.admin_site.admin_view(self.hand_view))
        own = [path("hand/<int:approval_id>/", view, name="channels_delivery_hand")]
        return [*own, *super().get_urls()]

    def hand_view(self, request: HttpRequest, approval_id: int) -> HttpResponse:
        """The text to copy, and "I sent it"."""
        approval = self._approvals(request).filter(pk=approval_id).first()
        if approval is None:
            raise Http404(f"There is no approval #{approval_id} in your workspaces.")
        if request.method == "POST":
            return self._by_hand(request, approval)
        by, now, draft = principal_of(request), timezone.now(), approval.draft_id
        claim = claims.held([draft], by=by, at=now).get(draft)
        offer, held = claims.offer(approval, claim, at=now)
        context = {
            "title": f"By hand: #{approval.pk}",
            "approval": approval,
            "offer": offer,
            "held": held,
            "may_settle": may(request, Verb.SETTLE, approval.workspace_id),
            "recordable": approval.receipt and not manual.left_of(approval).exists(),
        }
        return self.page(request, f"{TEMPLATES}/hand.html", context)

    def _approvals(self, request: HttpRequest) -> QuerySet[Approval]:
        rows = queue.readable(Approval.objects.all())
        if is_superuser(request):
            return rows
        return rows.filter(workspace__in=workspace_ids(request, Verb.VIEW))

    def _by_hand(self, request: HttpRequest, approval: Approval) -> HttpResponse:
        if request.POST.get("act") in claims.ACTS:
            return self._claim(request, approval)
        try:
            warning = manual.mark_sent(approval.pk, by=principal_of(request), at=timezone.now())
        except REFUSALS as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(request.path)
        if warning:
            messages.warning(request, warning)
        else:
            messages.success(request, f"#{approval.pk} is recorded as sent by hand.")
        return HttpResponseRedirect(reverse("admin:approvals_approval_change", args=[approval.pk]))

    def _claim(self, request: HttpRequest, approval: Approval) -> HttpResponse:
        by_script = request.headers.get("Accept") == "application/json"
        by, now = principal_of(request), timezone.now()
        try:
            told = claims.posted(request.POST, approval.pk, by=by, at=now)
        except REFUSALS as error:
            messages.error(request, str(error))
            return HttpResponse(status=409) if by_script else HttpResponseRedirect(request.path)
        if by_script:
            return HttpResponse(status=204)
        messages.success(request, told)
        return HttpResponseRedirect(request.path)


def _message_id(row: Delivery) -> str:
    """What the mail server's own log knows it by; empty where nothing of the kind was given."""
    by_program = row.status not in (DeliveryStatus.MANUAL, DeliveryStatus.SIMULATED)
    if row.channel != Channel.EMAIL or not by_program:
        return ""
    return headers.message_id(row.approval, row.workspace)


SETTLED = {
    "arrived": "it arrived; the message is sent.",
    "not_arrived": "it did not arrive; the message went back to its author.",
    "send_again": "a person decides again whether to send it; it waits in the queue.",
}
STOPPED = "not sent again, and its message has ended."
