"""Two records of one human being in the admin: suggestions to decide, merging, taking apart.

Nothing merges by itself: a person with the right to write people sees both records field by field,
chooses, and `channels.merging` does it unless a message is in flight.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet, prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.cache import never_cache

from channels import merging as door
from outreach.core import merging, queries
from outreach.core.merging import MergeRefused
from outreach.core.models import Duplicate, Merge, Person
from outreach.core.models.imports import DuplicateDecision
from outreach.core.people import PersonRefused
from outreach.core.permissions import NotAllowed, Verb
from safety.admin import PageAdmin, TenantAdmin, column, may, principal_of
from workflows import sequences

PAGE = "admin/core/duplicate/pair.html"
FOUND = 20  # of whom the words may mean, the reader sees so many
DECISIONS = {"To decide": "warning", "Merged": "success", "Two people": "default"}


@admin.register(Duplicate)
class DuplicateAdmin(PageAdmin):
    """Who may be one human being twice, what is to decide first."""

    list_display = ("show_pair", "show_companies", "reason", "show_decision", "created_at")
    list_display_links = ("show_pair",)
    list_filter = ("decision", "reason")
    list_filter_submit = True
    list_select_related = ("one__account", "other__account", "workspace")
    search_fields = ("one__full_name", "other__full_name")
    search_help_text = "Name"
    sortable_by = ()
    ordering = ("-decision", "-id")  # "open" is the last of the three words

    def get_queryset(self, request: HttpRequest) -> QuerySet[Duplicate]:
        rows: QuerySet[Duplicate] = super().get_queryset(request)
        return rows.select_related("one__account", "other__account", "workspace")

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": "Same person?", **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    @column("Records", header=True)
    def show_pair(self, obj: Duplicate) -> list[str]:
        return [obj.one.full_name, obj.other.full_name]

    @column("Companies")
    def show_companies(self, obj: Duplicate) -> str:
        names = [each.account.name if each.account else "none" for each in (obj.one, obj.other)]
        return " / ".join(dict.fromkeys(names))

    @column("Decision", label=DECISIONS)
    def show_decision(self, obj: Duplicate) -> str:
        return str(obj.get_decision_display())

    def get_urls(self) -> list[URLPattern]:
        view = never_cache(self.admin_site.admin_view(self.two_view))
        return [path("of/<int:number>/", view, name="core_duplicate_of"), *super().get_urls()]

    def row_view(self, request: HttpRequest, row: Duplicate) -> HttpResponse:
        return self._pair(request, row.one, row.other, row)

    def two_view(self, request: HttpRequest, number: int) -> HttpResponse:
        """A person and another record that nobody suggested, named by the reader (`?other=`).

        Of several whom the words may mean, the reader says which.
        """
        people: TenantAdmin = self.admin_site._registry[Person]
        person: Person = people.visible_or_404(request, str(number))
        if not may(request, Verb.WRITE_PEOPLE, person.workspace_id):
            raise PermissionDenied
        named, fault, code = request.GET.get("other", "").strip()[:500], "", 200
        found, is_sure = _meant(person, named) if named else ([], False)
        if is_sure and len(found) == 1:
            return self._pair(request, person, found[0], _suggestion(person, found[0]))
        if named and not found:
            fault, code = f"There is no other record whose name or address is like {named!r}.", 404
        prefetch_related_objects(found, "account", "addresses")
        context = {
            "title": f"Merge {person.full_name}", "person": person, "named": named, "fault": fault,
            "found": found[:FOUND], "more": len(found) > FOUND,
        }  # fmt: skip
        return self.page(request, "admin/core/duplicate/name.html", context, status=code)

    # --- One pair ---------------------------------------------------------------------------------

    def _pair(
        self, request: HttpRequest, one: Person, other: Person, row: Duplicate | None
    ) -> HttpResponse:
        code = 200
        if request.method == "POST":
            try:
                messages.success(request, _act(request, one, other, row))
                return HttpResponseRedirect(request.get_full_path())
            except (MergeRefused, PersonRefused, NotAllowed) as error:
                messages.error(request, str(error))
                code = 403 if isinstance(error, NotAllowed) else 409
                one.refresh_from_db()
                other.refresh_from_db()
        merge = _merge_of(one, other)
        context = {
            "title": f"{one.full_name} and {other.full_name}",
            "records": [_shown(each, request.POST) for each in (one, other)],
            "seen": door.digest(one, other),
            "fields": _fields(one, other, request.POST),
            "row": row,
            "merge": merge,
            "is_open": merge is None and one.human_id != other.human_id,
            "may_merge": may(request, Verb.WRITE_PEOPLE, one.workspace_id),
        }
        return self.page(request, PAGE, context, status=code)


def _ended(merge: Merge) -> str:
    """Which sequences ended while the two were one. Nothing goes on by itself: what was planned for
    two people may have been answered by one, or be late by now."""
    found = sequences.ended_since([merge.kept_id, merge.merged_id, *merge.moved], merge.at)
    told = "; ".join(f"to {row.person} ({row.closed_reason.rstrip('.')})" for row in found)
    if not told:
        return ""
    return (
        f" Of their follow-up sequences these ended meanwhile: {told}. None begins again by "
        "itself: start a new one for whoever should get it."
    )


def _act(request: HttpRequest, one: Person, other: Person, row: Duplicate | None) -> str:
    """Do what the form says; the sentence tells what was done."""
    form, by, at = request.POST, principal_of(request), timezone.now()
    what = form.get("what", "")
    if what == "undo" and (merge := _merge_of(one, other)):
        door.undo(merge, by=by, at=at)
        return f"They are two people again.{_ended(merge)}"
    if what == "different" and row is not None:
        merging.tell_apart(row, by=by, at=at)
        return "They are two people. This is not suggested again."
    if what != "merge":
        raise MergeRefused("Nothing was done: what the page offered has changed meanwhile.")
    kept, merged = (other, one) if form.get("keep") == str(other.pk) else (one, other)
    take = [
        field.name
        for field in merging.compare(kept, merged)
        if field.differs and form.get(f"take_{field.name}") == str(merged.pk)
    ]
    shown = form.get("seen", "").split() or ["nothing"]
    seen = shown if kept is one else reversed(shown)
    door.merge(kept, merged, take=take, seen=" ".join(seen), by=by, at=at)
    return f"{merged.full_name} counts as {kept.full_name} now. It can be undone here."


def _shown(person: Person, form: Any) -> dict[str, Any]:
    return {
        "person": person,
        "ways": list(person.addresses.order_by("channel", "pk")),
        "is_kept": form.get("keep") == str(person.pk),
    }


def _fields(one: Person, other: Person, form: Any) -> list[dict[str, Any]]:
    """What either has, side by side, with what the reader chose so far."""
    return [
        {"field": field, "takes_other": form.get(f"take_{field.name}") == str(other.pk)}
        for field in merging.compare(one, other)
    ]


def _merge_of(one: Person, other: Person) -> Merge | None:
    """The merge that makes them one, if there is one."""
    pair = Q(kept=one, merged=other) | Q(kept=other, merged=one)
    return Merge.objects.filter(pair, undone_at=None).select_related("kept", "merged").first()


def _suggestion(one: Person, other: Person) -> Duplicate | None:
    first, second = sorted((one.pk, other.pk))
    return Duplicate.objects.filter(one=first, other=second).first()


def _meant(person: Person, named: str) -> tuple[list[Person], bool]:
    """Other records of the workspace that the words may mean, and whether they mean just these.

    By number, uuid, address or whole name, as `manage.py person` finds them, also a record that was
    merged; else whoever is called or written to like that.
    """
    rows = Person.objects.filter(workspace=person.workspace_id).select_related("account")
    others = rows.exclude(pk=person.pk)
    if named.isdecimal() and len(named) < 19 and (one := rows.filter(pk=named).first()):
        return [one] if one.pk != person.pk else [], True
    sure = [each for each in queries.people_named(person.workspace, named) if each.pk != person.pk]
    sure = sure or list(others.filter(pk__in=queries.people_at(named).values("pk"))[: FOUND + 1])
    if sure or named.isdecimal():
        return sure, True
    like = queries.people_like(person.workspace, named).exclude(pk=person.pk)
    return list(like[: FOUND + 1]), False


def open_among(ids: Iterable[int]) -> list[Duplicate]:
    """What is still to decide about these records; a person's page says it."""
    found = list(ids)
    rows = Duplicate.objects.filter(decision=DuplicateDecision.OPEN)
    rows = rows.filter(Q(one__in=found) | Q(other__in=found))
    return list(rows.select_related("one", "other").order_by("pk")[:10])
