"""Consent in the admin: what proves that we may write, recorded and withdrawn by POST only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date

from outreach.core import consent
from outreach.core.consent import ConsentRefused
from outreach.core.models import Channel, Consent, Person
from outreach.core.models.consent import Basis
from outreach.core.permissions import NotAllowed, Verb
from outreach.core.principal import Principal
from safety.admin import PageAdmin, TenantAdmin, column, may, principal_of, workspace_ids

CONSENT_PAGES = "admin/core/consent"
ERRORS = (ConsentRefused, NotAllowed)


def status_of(error: Exception) -> int:
    """The HTTP status of a refusal."""
    return 403 if isinstance(error, NotAllowed) else 409


@admin.register(Consent)
class ConsentAdmin(PageAdmin):
    """Why we may write to whom; given on a person's page, withdrawn here."""

    when_empty = (
        "Who agreed to be written to appears here. A consent is recorded on the person's page: "
        "find them among the people, then choose “Record a consent”."
    )
    list_display = ("show_person", "channel", "basis", "show_state", "at", "expires_at", "source")
    list_display_links = ("show_person",)
    list_filter = ("channel", "basis", ("at", admin.DateFieldListFilter))
    list_select_related = ("person", "workspace")
    search_fields = ("person__full_name", "source")
    search_help_text = "Person or source"
    sortable_by = ()
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Consent]:
        return super().get_queryset(request).select_related("person__merged_into", "workspace")

    @column("Person")
    def show_person(self, obj: Consent) -> str:
        return obj.person.full_name

    @column("State", label={"holds": "success", "withdrawn": "danger", "expired": "warning"})
    def show_state(self, obj: Consent) -> str:
        return consent_state(obj, timezone.now())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(workspace_ids(request, Verb.WRITE_PEOPLE))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Record a consent of the person named in the address (`?person=12`)."""
        number = request.GET.get("person", "")
        if not number:
            messages.info(request, "Open the person first: a consent is recorded on their page.")
            return HttpResponseRedirect(reverse("admin:core_person_changelist"))
        people: TenantAdmin = self.admin_site._registry[Person]
        person: Person = people.visible_or_404(request, number)
        code = 200
        if request.method == "POST":
            try:
                row = _grant(person, request.POST, principal_of(request), timezone.now())
            except ERRORS as error:
                messages.error(request, str(error))
                code = status_of(error)
            else:
                messages.success(request, "The consent is recorded.")
                return HttpResponseRedirect(reverse("admin:core_consent_change", args=[row.pk]))
        context = {
            "title": f"Consent of {person.full_name}",
            "person": person,
            "may_write": may(request, Verb.WRITE_PEOPLE, person.workspace_id),
            "channels": Channel.choices,
            "bases": Basis.choices,
            "typed": request.POST,
        }
        return self.page(request, f"{CONSENT_PAGES}/new.html", context, status=code)

    def row_view(self, request: HttpRequest, row: Consent) -> HttpResponse:
        code = 200
        if request.method == "POST":
            reason = request.POST.get("reason", "").strip()
            try:
                if not reason:  # the form asks for it, as those of stops do
                    raise ConsentRefused("Say why the consent ends.")
                ended = consent.withdraw(
                    row.person,
                    channel=row.channel,
                    reason=reason,
                    by=principal_of(request),
                    at=timezone.now(),
                )
            except ERRORS as error:
                messages.error(request, str(error))
                code = status_of(error)
            else:
                messages.success(request, f"Withdrawn: {ended} on {row.get_channel_display()}.")
                return HttpResponseRedirect(reverse("admin:core_consent_change", args=[row.pk]))
        context = {
            "title": f"Consent of {row.person.full_name}",
            "row": row,
            "state": consent_state(row, timezone.now()),
            "may_write": may(request, Verb.WRITE_PEOPLE, row.workspace_id),
            "typed": request.POST,
        }
        return self.page(request, f"{CONSENT_PAGES}/consent.html", context, status=code)


def consent_state(row: Consent, now: datetime) -> str:
    """holds, withdrawn or expired."""
    if row.withdrawn_at is not None:
        return "withdrawn"
    return "expired" if row.expires_at is not None and row.expires_at <= now else "holds"


FIRST_YEAR = 1900  # of a day that somebody agreed on


def _grant(person: Person, form: QueryDict, by: Principal, at: datetime) -> Consent:
    channel = form.get("channel", "")
    if channel not in Channel.values:
        raise ConsentRefused("Choose the channel that they agreed to.")
    return consent.grant(
        person,
        channel,
        form.get("basis", ""),
        source=form.get("source", ""),
        text_shown=form.get("text_shown", ""),
        given_at=_given(form.get("given_on", ""), at),
        expires_at=_day(form.get("expires_on", "")),
        by=by,
        at=at,
    )


def _given(typed: str, at: datetime) -> datetime | None:
    """What was agreed to today was agreed to until now: they may have withdrawn this morning."""
    day = _day(typed)
    return at if day is not None and day.date() == timezone.localdate(at) else day


def _day(typed: str) -> datetime | None:
    """Midnight of a typed day, by the clock of whoever types it; None where none was typed."""
    if not typed.strip():
        return None
    try:
        day = parse_date(typed.strip())
    except ValueError:
        day = None
    if day is None or day.year < FIRST_YEAR:
        raise ConsentRefused(f"{typed!r} is no date. Write it as 2026-03-31.")
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone())
