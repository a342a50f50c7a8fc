"""The inbox in the admin: what people wrote, what was made of it, and what a person does now.

Every change is a POST that calls one service of `channels.answering` or `core.inbox`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from approvals import marks, queue
from channels import answering, inbound, receiving
from outreach.core import drafts, inbox, queries
from outreach.core.inbox import InboxRefused
from outreach.core.models import InboundMessage, Person, Purpose
from outreach.core.models.inbound import InboundStatus, Verdict
from outreach.core.models.people import PersonStatus
from outreach.core.people import PersonRefused
from outreach.core.permissions import NotAllowed, Verb
from outreach.core.principal import Principal
from outreach.edge import stop_page
from outreach.edge.insisting import NotStopped, insist
from safety.admin import PageAdmin, column, may, principal_of

TEMPLATE = "admin/core/inboundmessage/message.html"
ERRORS = (InboxRefused, NotAllowed, PersonRefused, drafts.TextRefused, NotStopped)
FOUND = 8
NOBODY_EARLIER = "nobody here has this address"  # as stored by older versions
NOBODY_KNOWN = "nobody we know"
OPEN, ALL = "open", "all"


class StatusFilter(SimpleListFilter):
    """What waits for somebody, unless something else is asked for."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        known = [(str(value), str(label)) for value, label in InboundStatus.choices]
        return [(OPEN, "Open"), *known, (ALL, "All")]

    def value(self) -> str:
        return super().value() or OPEN

    def choices(self, changelist: Any) -> Iterator[Any]:
        for value, label in self.lookup_choices:
            yield {
                "selected": self.value() == str(value),
                "query_string": changelist.get_query_string({"status": value}),
                "display": label,
            }

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.value()
        if asked == OPEN:
            return queryset.filter(status__in=inbox.OPEN)
        return queryset if asked == ALL else queryset.filter(status=asked)


@admin.register(InboundMessage)
class InboxAdmin(PageAdmin):
    """Messages from people, the newest first."""

    when_empty = (
        "What people answer appears here: read from the mailbox, told by a provider, or written "
        "down here by hand."
    )
    when_done = "Everything that came in is answered or done with."
    list_display = (
        "show_sender", "channel", "show_words", "show_verdict", "show_status", "show_age",
    )  # fmt: skip
    list_display_links = ("show_sender",)
    list_filter = (StatusFilter, "channel", "kind", "verdict", "alert")
    list_filter_submit = True
    list_select_related = ("person__account", "workspace")
    search_fields = ("person__full_name", "sender", "sender_name", "subject")
    search_help_text = "Person, address or subject"
    sortable_by = ()
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundMessage]:
        rows: QuerySet[InboundMessage] = super().get_queryset(request)
        return rows.select_related(
            "workspace", "person__account", "person__merged_into", "reply", "in_reply_to__current"
        )

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": "Inbox", **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list with whose address each sender's is by now, read once for all its rows."""
        found = super().get_changelist_instance(request)
        rows: list[Any] = list(found.result_list)
        theirs = answering.now_theirs_among(rows)
        for row in rows:
            row.theirs = theirs.get(row.pk, [])
        found.result_list = rows
        return found

    @column("From", header=True)
    def show_sender(self, obj: InboundMessage) -> list[str]:
        if obj.person is None:
            names = ", ".join(str(person) for person in getattr(obj, "theirs", []))
            whose = f"not matched yet; this address is {names}’s now" if names else NOBODY_KNOWN
            return [obj.sender_name or obj.sender or "no address", whose]
        return [obj.person.full_name, obj.person.account.name if obj.person.account else ""]

    @column("Message")
    def show_words(self, obj: InboundMessage) -> str:
        said = " ".join(f"{obj.subject} — {obj.text}".strip(" —").split())
        return said if len(said) <= 90 else said[:89] + "…"

    @column("Heard", label={"Asked us to stop": "danger", "May ask us to stop": "warning",
               "Legal threat": "danger", "Distress": "danger", "Complaint": "warning"},
    )  # fmt: skip
    def show_verdict(self, obj: InboundMessage) -> str:
        if obj.verdict == "stop" or not obj.alert:
            return (
                str(obj.get_verdict_display()) if obj.verdict != "none" else obj.get_kind_display()
            )
        return str(obj.get_alert_display())

    @column("Status", label={"A person must look": "danger", "Wants an answer": "warning",
               "Answer drafted": "info", "Handled": "success", "Not read yet": "info"},
    )  # fmt: skip
    def show_status(self, obj: InboundMessage) -> str:
        return str(obj.get_status_display())

    @column("Age")
    def show_age(self, obj: InboundMessage) -> str:
        return str(queue.ago(obj.received_at, timezone.now()))

    # --- One message ------------------------------------------------------------------------------

    def row_view(self, request: HttpRequest, row: InboundMessage) -> HttpResponse:
        if request.method == "POST":
            return self._post(request, row)
        return self._show(request, row)

    def _post(self, request: HttpRequest, row: InboundMessage) -> HttpResponse:
        by, at = principal_of(request), timezone.now()
        try:
            sentence, address = self._act(request, row, by, at)
        except ERRORS as error:
            messages.error(request, getattr(error, "plainly", str(error)))
            fresh: InboundMessage = self.visible_or_404(request, str(row.pk))
            return self._show(request, fresh, status=409)
        if sentence:
            messages.success(request, sentence)
        return HttpResponseRedirect(address)

    def _act(
        self, request: HttpRequest, row: InboundMessage, by: Principal, at: datetime
    ) -> tuple[str, str]:
        form = request.POST
        here = reverse("admin:core_inboundmessage_change", args=[row.pk])
        action = form.get("action")
        if action == "handle":
            inbox.handle(row.pk, by=by, at=at, reason=form.get("reason", ""))
            return "It is marked as handled.", here
        if action == "assign":
            person = self._person(row, form.get("person", ""))
            answering.assign(row.pk, person, by=by, at=at)
            return f"It is from {person.full_name} now, and was read as theirs.", here
        if action == "answer":
            words = drafts.Text(subject=form.get("subject", ""), text=form.get("text", ""))
            purpose = form.get("purpose", "")
            draft = answering.draft_answer(row.pk, words, by=by, at=at, purpose=purpose)
            address = reverse("admin:core_draft_change", args=[draft.pk])
            return "The answer is saved as a draft. Nothing is submitted yet.", address
        if action == "stop" and row.person is not None:
            return "", _stop(request, row, row.person, by, at)
        if action == "go_on" and row.person is not None:
            name, still = row.person.full_name, answering.go_on(row.pk, by=by, at=at)
            held = f"{name} is still held: {still}."
            return held if still else f"This message holds nothing to {name} any more.", here
        raise InboxRefused("Nothing was done: the form did not say what to do.")

    def _person(self, row: InboundMessage, number: str) -> Person:
        people = Person.objects.filter(workspace=row.workspace_id)
        found = (
            people.filter(pk=number).first() if number.isdecimal() and len(number) < 19 else None
        )
        if found is None:
            raise InboxRefused("There is no such person in this workspace. Search again.")
        return found

    def _show(
        self, request: HttpRequest, row: InboundMessage, *, status: int = 200
    ) -> HttpResponse:
        asked = request.GET.get("who", "").strip()[:100]
        theirs = answering.now_theirs(row)
        found = queries.people_like(row.workspace, asked).exclude(pk__in=[p.pk for p in theirs])
        is_open = row.status in inbox.OPEN
        context = {
            "title": f"Message from {row.person or row.sender_name or row.sender}",
            "row": row,
            "text": marks.segments(row.text),
            "quoted": marks.segments(row.quoted),
            "is_open": is_open,
            "typed": request.POST,
            "purposes": Purpose.choices,
            "subject": _subject(row),
            "may_write": may(request, Verb.WRITE_DRAFTS, row.workspace_id),
            "may_handle": is_open and may(request, Verb.WRITE_PEOPLE, row.workspace_id),
            "holds": _holds(row),
            "may_stop": may(request, Verb.STOP_PERSON, row.workspace_id),
            "who": asked,
            "theirs": theirs,
            "reason": row.reason.replace(NOBODY_EARLIER, receiving.NOBODY),
            "nobody": receiving.NOBODY,
            "found": [*found[:FOUND]] if asked and row.person_id is None else [],
            "others": inbox.of_human(row.person).exclude(pk=row.pk)[:FOUND] if row.person else [],
        }
        return self.page(request, TEMPLATE, context, status=status)


def _holds(row: InboundMessage) -> bool:
    """Whether messages to its writer wait for somebody to say if it asks us to stop."""
    if row.person is None or row.verdict != Verdict.UNCLEAR:
        return False
    human = row.person.merged_into or row.person
    return human.status == PersonStatus.ACTIVE and inbound.UNCLEAR in inbound.reasons_of(human)


def _stop(
    request: HttpRequest, row: InboundMessage, person: Person, by: Principal, at: datetime
) -> str:
    ids = insist(lambda: answering.asks_to_stop(row, person, by=by, at=at))
    title = f"{person.full_name} is marked as having asked us to stop"
    here = reverse("admin:core_inboundmessage_change", args=[row.pk])
    return stop_page.of_person(request, person, ids, title, at, here)


def _subject(row: InboundMessage) -> str:
    said = row.subject.strip()
    return said if said.lower().startswith("re:") or not said else f"Re: {said}"
