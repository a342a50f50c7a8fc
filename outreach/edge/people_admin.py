"""People in the admin: who we may contact, what passed between us, and the buttons that stop it.

A person's standing is changed by `channels.stop` only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from approvals.models import Approval
from approvals.plainly import pairs
from channels import stop
from outreach.core import accents, person_editing, shown
from outreach.core.addresses import BadAddress
from outreach.core.models import Consent, CoolingOff, Draft, Person, Workspace
from outreach.core.models.people import PersonStatus
from outreach.core.people import AUTOMATION, STATUS, PersonRefused, canonical
from outreach.core.permissions import NotAllowed, Verb
from outreach.edge import (
    conversation,
    merging_admin,
    people_chosen,
    person_form,
    stop_history,
    stop_page,
)
from outreach.edge.insisting import NotStopped, insist
from outreach.edge.person_told import closed_among, unreachable_among, ways_of
from outreach.edge.privacy import pages
from safety.admin import PageAdmin, column, may, principal_of, workspace_ids
from safety.services import told_of

HISTORY = 30
ALL_SUPPRESSED = "All addresses suppressed"
FORM = "admin/core/person/form.html"
WRONG = (PersonRefused, BadAddress, NotAllowed)
Stop = Callable[[Person, dict[str, Any]], list[int]]
STOPS: dict[str, tuple[str, Stop]] = {
    "block": (
        "is blocked",
        lambda person, how: stop.stop_person(person, PersonStatus.BLOCKED, **how),
    ),
    "desist": (
        "is marked as having asked us to stop",
        lambda person, how: stop.stop_person(person, PersonStatus.DESIST, **how),
    ),
    "automation_off": (
        "gets nothing from agents and workflows",
        lambda person, how: stop.set_automation(person, False, **how),
    ),
}


@admin.register(Person)
class PersonAdmin(PageAdmin):
    """Who we may contact, with the buttons that stop it and the form of what is known."""

    list_display = ("show_person", "position", "show_standing", "show_automation", "source")
    list_filter = ("status", "automation_enabled", "country")
    list_filter_submit = True
    list_select_related = ("account", "merged_into")
    search_fields = ("full_name", "account__name", "addresses__normalised", "uuid")
    search_help_text = "Name, company, address or uuid"
    sortable_by = ("show_person",)
    ordering = ("full_name", "pk")
    actions = ("write_drafts",)

    def has_run_workflows_permission(self, request: HttpRequest) -> bool:
        return bool(workspace_ids(request, Verb.RUN_WORKFLOWS))

    @admin.action(description="Draft e-mails to these people …", permissions=["run_workflows"])
    def write_drafts(self, request: HttpRequest, queryset: QuerySet[Person]) -> HttpResponse | None:
        """Asks what to write first: nothing is written before that form is sent."""
        return people_chosen.to_drafts(request, queryset)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Person], search_term: str
    ) -> tuple[QuerySet[Person], bool]:
        """By the words as they stand; where nobody has them, by names without their accents."""
        typed = search_term.replace(",", " ")
        found, twice = super().get_search_results(request, queryset, typed)
        if not search_term or found.exists():
            return found, twice
        for word in accents.words(search_term):
            like = accents.pattern(word)
            queryset = queryset.filter(Q(full_name__regex=like) | Q(account__name__regex=like))
        return queryset, twice

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list with who is suppressed at every address, read once for all its rows."""
        found = super().get_changelist_instance(request)
        rows: list[Any] = list(found.result_list)
        closed = unreachable_among({row.human_id for row in rows})
        for row in rows:
            row.is_unreachable = row.human_id in closed
        found.result_list = rows
        return found

    @column("Person", header=True, sorts="full_name")
    def show_person(self, obj: Person) -> list[str]:
        name = f"{obj.full_name} (no name)" if obj.is_nameless else obj.full_name
        return [name, obj.account.name if obj.account else "no company"]

    @column(
        "Standing",
        label={
            "Active": "success", ALL_SUPPRESSED: "danger", "Asked us to stop": "danger",
            "Blocked by us": "danger",
        },
    )  # fmt: skip
    def show_standing(self, obj: Person) -> str:
        human = canonical(obj)
        if human.status == PersonStatus.ACTIVE and getattr(obj, "is_unreachable", False):
            return ALL_SUPPRESSED
        return str(human.get_status_display())

    @column("Automation", label={"on": "success", "off": "warning"})
    def show_automation(self, obj: Person) -> str:
        return "on" if obj.automation_enabled and canonical(obj).automation_enabled else "off"

    def row_view(self, request: HttpRequest, person: Person) -> HttpResponse:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        return self.page(request, "admin/core/person/person.html", self._about(request, person))

    def _about(self, request: HttpRequest, person: Person) -> dict[str, Any]:
        human = canonical(person)
        ids = stop.human_ids(person)
        allowed, reason = told_of(person)
        return {
            "title": person.full_name,
            "person": person,
            "human": human,
            **_ways(ids),
            "allowed": allowed,
            "reason": reason,
            "may_stop": may(request, Verb.STOP_PERSON, person.workspace_id),
            "may_write": may(request, Verb.WRITE_DRAFTS, person.workspace_id),
            "conversation": conversation.of(human),
            "may_change": may(request, Verb.WRITE_PEOPLE, person.workspace_id),
            "may_consent": may(request, Verb.WRITE_PEOPLE, person.workspace_id),
            "may_export": may(request, Verb.EXPORT_PERSON, person.workspace_id),
            "consents": list(Consent.objects.filter(person__in=ids).order_by("-id")[:HISTORY]),
            "doubts": merging_admin.open_among(ids),
            "now": timezone.now(),
            "rests": list(CoolingOff.objects.filter(human=human).order_by("-until")[:5]),
            "approvals": list(
                Approval.objects.filter(human=human)
                .select_related("revision", "draft")
                .order_by("-id")[:HISTORY]
            ),
            "drafts": list(
                Draft.objects.filter(person__in=ids, status="draft")
                .select_related("current")
                .order_by("-id")[:HISTORY]
            ),
            "stops": stop_history.of_person(ids),
            "facts": pairs(person.facts),
            "seen_standing": shown.version(human, STATUS),
            "seen_automation": shown.version(human, AUTOMATION),
        }

    # --- Writing down -----------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(workspace_ids(request, Verb.WRITE_PEOPLE))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A person nobody has a file of."""
        places = list(Workspace.objects.filter(pk__in=workspace_ids(request, Verb.WRITE_PEOPLE)))
        if not places:
            raise PermissionDenied
        known = {name: request.GET[name] for name in person_form.ASKED if name in request.GET}
        form = person_form.PersonForm(request.POST or None, initial=known, is_new=True)
        if form.is_valid():
            number = request.POST.get("workspace", str(places[0].pk))
            place = next((each for each in places if str(each.pk) == number), None)
            how: dict[str, Any] = {"by": principal_of(request), "at": timezone.now()}
            try:
                if place is None:
                    raise PersonRefused("Choose the workspace this person belongs to.")
                person = person_form.add(form, place, **how)
                messages.success(request, f"{person.full_name} is written down.")
                return HttpResponseRedirect(reverse("admin:core_person_change", args=[person.pk]))
            except WRONG as error:
                form.add_error(None, str(error))
        context = {"title": "Add a person", "form": form, "places": places}
        return self.page(request, FORM, context, status=400 if form.errors else 200)

    def edit_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What is known of somebody, changed by hand."""
        person: Person = self.visible_or_404(request, object_id)
        if not may(request, Verb.WRITE_PEOPLE, person.workspace_id):
            raise PermissionDenied
        form = person_form.PersonForm(
            request.POST or None, initial=person_form.of(person), is_new=False,
            hearsay=person.account_hearsay,
        )  # fmt: skip
        if form.is_valid():
            how: dict[str, Any] = {"by": principal_of(request), "at": timezone.now()}
            try:
                person_form.change(form, person, seen=request.POST.get("seen", ""), **how)
                return HttpResponseRedirect(reverse("admin:core_person_change", args=[person.pk]))
            except WRONG as error:
                form.add_error(None, str(error))
                person.refresh_from_db()
        context = {
            "title": f"Change {person.full_name}",
            "form": form,
            "person": person,
            "seen": person_editing.version(person),
            "ways": list(person.addresses.order_by("channel", "pk")),
        }
        return self.page(request, FORM, context, status=400 if form.errors else 200)

    def privacy_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Everything stored about somebody, to be taken away or erased."""
        return pages.show(self, request, self.visible_or_404(request, object_id))

    # --- Stopping and lifting ---------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        views = {"stop": self.stop_view, "edit": self.edit_view, "privacy": self.privacy_view}
        inside = self.admin_site.admin_view
        own = [
            path(f"<path:object_id>/{name}/", never_cache(inside(view)), name=f"core_person_{name}")
            for name, view in views.items()
        ]
        return [*own, *super().get_urls()]

    def stop_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do what the form asks through `channels.stop`, then watch it take hold."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        person: Person = self.visible_or_404(request, object_id)
        home = reverse("admin:core_person_change", args=[person.pk])
        try:
            return HttpResponseRedirect(self._stop(request, person, home))
        except (PersonRefused, NotAllowed, stop.ControlRefused, NotStopped) as error:
            messages.error(request, getattr(error, "plainly", str(error)))
            return HttpResponseRedirect(home)

    def _stop(self, request: HttpRequest, person: Person, home: str) -> str:
        now, what = timezone.now(), request.POST.get("what", "")
        how: dict[str, Any] = {
            "reason": request.POST.get("reason", "").strip(),
            "by": principal_of(request),
            "at": now,
        }
        name, following = canonical(person).full_name, stop_page.safe_next(request, home)
        seen = request.POST.get("seen", "")
        if what == "lift":
            if still := stop.lift_person(person, seen=seen, **how):
                messages.warning(request, f"{name}: {still}")
            else:
                messages.success(request, f"{name} may be written to again.")
            return following
        if what == "automation_on":
            stop.set_automation(person, True, seen=seen, **how)
            messages.success(request, f"Agents and workflows may write to {name} again.")
            return following
        if what not in STOPS:
            raise stop.ControlRefused("Nothing was done: the form did not say what to do.")
        if not how["reason"]:  # the form asks for it; no other door refuses a stop for want of one
            raise stop.ControlRefused("Say why: who asked for it, or what happened.")
        words, act = STOPS[what]
        ids = insist(lambda: act(person, how))
        return stop_page.of_person(request, person, ids, f"{name} {words}", now, following)


def _ways(ids: Collection[int]) -> dict[str, Any]:
    """The records of one human being, and what their addresses allow."""
    rows = Person.objects.filter(pk__in=ids).prefetch_related("addresses").order_by("pk")
    records = list(rows)
    closed = closed_among(records)
    return {"records": records, "closed": closed, "ways": ways_of(records, closed)}
