"""Suppressed addresses in the admin: looked up, added, lifted; whole lists brought and taken away.

The list holds keyed hashes, so an address is looked up by typing it, never read off the page.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from outreach.core import opt_outs, suppression, suppression_lists
from outreach.core.addresses import BadAddress, normalise
from outreach.core.models import Channel, Suppression, Workspace
from outreach.core.models.consent import SuppressionReason
from outreach.core.permissions import NotAllowed, Verb
from outreach.core.plurals import plural
from outreach.core.suppression import SuppressionRefused
from outreach.core.suppression_lists import BadList
from outreach.edge import exporting, under_way
from outreach.edge.consent_admin import status_of
from outreach.edge.insisting import NotStopped, insist
from safety.admin import PageAdmin, column, may, principal_of, workspace_ids

SUPPRESSION_PAGES = "admin/core/suppression"
SHOWN = 100
TWO_FORMS = (
    "This number is on the list with and without its mobile digit. This is one of the two: after "
    "lifting it, look the number up again and lift the other."
)
ERRORS = (SuppressionRefused, BadList, NotAllowed, NotStopped)
BY_HAND = (
    SuppressionReason.STOP_REQUEST,
    SuppressionReason.COMPLAINT,
    SuppressionReason.UNSUBSCRIBE,
    SuppressionReason.BOUNCE,
    SuppressionReason.MANUAL,
)


@admin.register(Suppression)
class SuppressionAdmin(PageAdmin):
    """Addresses nothing may go to; added and lifted here by who may stop a person."""

    list_display = ("show_row", "channel", "show_state", "reason", "at", "show_by")
    list_display_links = ("show_row",)
    list_filter = ("channel", "reason", ("lifted_at", admin.EmptyFieldListFilter))
    list_select_related = ("workspace",)
    sortable_by = ()
    ordering = ("-id",)

    @column("Address (only its hash is kept)")
    def show_row(self, obj: Suppression) -> str:
        return f"{obj.digest[:12]}…"

    @column("State", label={"suppressed": "danger", "lifted": "success"})
    def show_state(self, obj: Suppression) -> str:
        return "lifted" if obj.lifted_at else "suppressed"

    def get_urls(self) -> list[URLPattern]:
        view = never_cache(self.admin_site.admin_view(self.lists_view))
        return [path("lists/", view, name="core_suppression_lists"), *super().get_urls()]

    def lists_view(self, request: HttpRequest) -> HttpResponseBase:
        """Bring a list of addresses not to write to, or take ours away; both are told in the log.

        Both are POSTs: taking a list away is an act that leaves a trace.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        code, faults = 200, []
        places = Workspace.objects.filter(pk__in=workspace_ids(request, Verb.STOP_PERSON))
        if request.method == "POST":
            number = request.POST.get("workspace", "")
            place = next((each for each in places if str(each.pk) == number), None)
            try:
                if place is None:
                    raise BadList("Choose a workspace in which you may stop people.")
                if request.POST.get("act") == "export":
                    return _export(request, place)
                taken = _import(request, place)
                if not taken.errors:
                    rows = plural(taken.rows, "row")
                    said = f"{rows}: {taken.new:,} new, {taken.known:,} known before."
                    messages.success(request, f"Nothing goes to these addresses. {said}")
                    _warn(request, place)
                    return HttpResponseRedirect(reverse("admin:core_suppression_changelist"))
                faults, code = taken.errors, 400
            except ERRORS as error:
                messages.error(request, getattr(error, "plainly", str(error)))
                code = status_of(error)
        context = {
            "title": "Suppression lists", "places": places, "count": len(faults),
            "faults": faults[:SHOWN], "channels": Channel.choices,
        }  # fmt: skip
        return self.page(request, f"{SUPPRESSION_PAGES}/lists.html", context, status=code)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(workspace_ids(request, Verb.STOP_PERSON))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Look an address up, or put it on the list."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        code = 200
        if request.method == "POST":
            try:
                row = self._look_or_add(request)
            except ERRORS as error:
                messages.error(request, getattr(error, "plainly", str(error)))
                code = status_of(error)
            else:
                if row is not None:
                    link = reverse("admin:core_suppression_change", args=[row.pk])
                    return HttpResponseRedirect(link)
                messages.info(request, "Nothing stands against this address.")
        context = {
            "title": "Look up or suppress an address",
            "places": Workspace.objects.filter(pk__in=workspace_ids(request, Verb.STOP_PERSON)),
            "channels": Channel.choices,
            "reasons": [(reason.value, reason.label) for reason in BY_HAND],
            "typed": request.POST,
        }
        return self.page(request, f"{SUPPRESSION_PAGES}/new.html", context, status=code)

    def _look_or_add(self, request: HttpRequest) -> Suppression | None:
        form, ids = request.POST, workspace_ids(request, Verb.STOP_PERSON)
        number = form.get("workspace", "")
        known = number in {str(pk) for pk in ids}
        channel, address = form.get("channel", ""), form.get("address", "")
        if not known or channel not in Channel.values or not address.strip():
            raise SuppressionRefused("Choose workspace and channel, and type the address.")
        place = Workspace.objects.get(pk=number)
        looked_up = form.get("act") != "suppress"
        found = suppression.holding(place, channel, address) if looked_up else []
        if len(found) > 1:
            messages.warning(request, TWO_FORMS)
        if found:
            return found[0]
        try:
            normalise(channel, address)
        except BadAddress as error:  # what nobody can read would close no address, and say it did
            raise SuppressionRefused(str(error)) from None
        if looked_up:
            return None
        if form.get("reason", "") not in {reason.value for reason in BY_HAND}:
            raise SuppressionRefused("Choose why nothing may go there.")
        by, at = principal_of(request), timezone.now()

        def close() -> Suppression:
            with transaction.atomic():
                row = suppression.suppress(
                    place, channel, address, reason=form["reason"], by=by, at=at
                )
                opt_outs.follow_addresses(place, channel, [address], at=at)
            return row

        row = insist(close)
        messages.success(request, "Nothing goes to this address from now on.")
        _warn(request, place)
        return row

    def row_view(self, request: HttpRequest, row: Suppression) -> HttpResponse:
        code = 200
        if request.method == "POST":
            reason = request.POST.get("reason", "")
            try:
                suppression.lift(row, reason=reason, by=principal_of(request), at=timezone.now())
            except ERRORS as error:
                messages.error(request, str(error))
                code = status_of(error)
            else:
                messages.success(request, "Lifted. Messages may go to this address again.")
                link = reverse("admin:core_suppression_change", args=[row.pk])
                return HttpResponseRedirect(link)
        context = {
            "title": "Suppressed address",
            "row": row,
            "may_lift": row.lifted_at is None and may(request, Verb.STOP_PERSON, row.workspace_id),
            "typed": request.POST,
        }
        return self.page(request, f"{SUPPRESSION_PAGES}/suppression.html", context, status=code)


def _import(request: HttpRequest, place: Workspace) -> suppression_lists.Taken:
    upload: Any = request.FILES.get("file")
    if upload is None:
        raise BadList("Choose a CSV file with a column called address or email.")
    raw = upload.read(suppression_lists.LARGEST + 1)
    by, at = principal_of(request), timezone.now()
    return insist(lambda: suppression_lists.import_csv(raw, place, by=by, at=at))


def _export(request: HttpRequest, place: Workspace) -> HttpResponseBase:
    channel = request.POST.get("channel", "")
    if channel and channel not in Channel.values:
        raise BadList("Choose one of the channels, or all.")
    kind, form = exporting.KINDS["suppression"], exporting.FORMATS["csv"]
    asked = exporting.Asked(kind, form, place, channel=channel)
    return exporting.answer(asked, by=principal_of(request), now=timezone.now)


def _warn(request: HttpRequest, place: Workspace) -> None:
    if said := under_way.warning(place):
        messages.warning(request, said)
