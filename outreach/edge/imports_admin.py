"""Imports in the admin: upload a file, look at what it would do, say yes, follow it, undo it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from outreach.core import activity, importing
from outreach.core.clock import by_clock
from outreach.core.importing import MAPPABLE, BadChoice, BadFile, Choices, UndoRefused, jobs
from outreach.core.importing.columns import LABELS
from outreach.core.importing.watching import progress_of
from outreach.core.models import Import, Workspace
from outreach.core.models.consent import Basis
from outreach.core.models.imports import ImportStatus
from outreach.core.permissions import NotAllowed, Verb, allowed, may_export
from outreach.core.plurals import plural
from outreach.core.principal import Principal
from outreach.core.who import names_of
from outreach.edge import import_again, import_groups, tasks
from safety.admin import PageAdmin, column, may, principal_of, workspace_ids
from safety.services import check_safety

NAMES = {LABELS[field] for field in ("full_name", "first_name", "last_name")}
TEMPLATES = "admin/core/import"
ON_PAGE = {
    "name its encoding with --encoding, such": "import it again with its encoding, such",
    "is read with --encoding utf-16": "is read when you import it again with the encoding utf-16",
    "with --map or on the import's page": "on the import's page",
    "leave --map away": "say nothing of columns",
}
MOVED_ON = "Nothing was done: the import has moved on meanwhile."
NOT_YOURS = (
    "The report by row holds people's data: it is for whoever brought the file and for reviewers."
)


def on_page(said: str) -> str:
    """A refusal of the importer, which speaks of the command, as one reads it on a page."""
    for command, page in ON_PAGE.items():
        said = said.replace(command, page)
    return said


# What a report counts, in the order of its page; wrong cells are listed there, row by row.
COUNTS = {
    "rows": "Rows read",
    "new": "New people",
    "changed": "Changed",
    "unchanged": "Known, unchanged",
    "skipped": "Left out",
    "rows_taken_in_part": "Taken without a wrong cell",
    "conflicts": "Cells that differ, kept as they were",
    "suggestions": "Perhaps the same as another",
    "stopped": "Stopped or blocked here",
    "suppressed": "With a suppressed address",
    "opted_out": "Addresses that this file suppresses",
    "contacts": "Messages noted",
    "contacts_of_nobody": "Messages with people who are not here",
}


def _told(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(title, counts[name]) for name, title in COUNTS.items() if counts.get(name)]


@admin.register(Import)
class ImportAdmin(PageAdmin):
    """Files people came in by, the newest first."""

    list_display = ("file", "show_status", "format", "show_by", "show_when")
    list_filter = ("status",)
    list_filter_submit = True
    list_select_related = ("workspace",)
    sortable_by = ("file", "show_status", "format", "show_when")
    ordering = ("-id",)

    @column("Created", sorts="created_at")
    def show_when(self, obj: Import) -> str:
        return by_clock(obj.created_at)

    @column(
        "Status",
        label={"Imported": "success", "Refused": "danger", "Undone": "warning"},
        sorts="status",
    )
    def show_status(self, obj: Import) -> str:
        return str(obj.get_status_display())

    def get_urls(self) -> list[URLPattern]:
        inside = self.admin_site.admin_view
        return [
            path("new/", never_cache(inside(self.new_view)), name="core_import_new"),
            path(
                "<path:object_id>/progress/",
                never_cache(inside(self.progress_view)),
                name="core_import_progress",
            ),
            path("<path:object_id>/rows.csv", inside(self.rows_view), name="core_import_rows"),
            *super().get_urls(),
        ]

    def new_view(self, request: HttpRequest) -> HttpResponse:
        """The form; a POST keeps the file and shows what it would do."""
        places = Workspace.objects.filter(pk__in=workspace_ids(request, Verb.IMPORT))
        fault, status = "", 200
        if request.method == "POST":
            try:
                row = self._upload(request, list(places))
                return HttpResponseRedirect(reverse("admin:core_import_change", args=[row.pk]))
            except (BadChoice, BadFile, NotAllowed) as error:
                fault, status = on_page(str(error)), 400
        context = {
            "title": "Import people", "places": places, "bases": Basis.choices, "fault": fault,
            "typed": request.POST.dict(),  # a QueryDict has an `encoding` of its own
        }  # fmt: skip
        return self.page(request, f"{TEMPLATES}/new.html", context, status=status)

    def _upload(self, request: HttpRequest, places: list[Workspace]) -> Import:
        said = request.POST
        place = next((each for each in places if str(each.pk) == said.get("workspace")), None)
        if place is None:
            raise BadChoice("Choose the workspace these people come into.")
        by, at = principal_of(request), timezone.now()
        safe = check_safety("import_contacts", by=by, at=at, workspace=place)
        if not safe.allowed:
            raise BadChoice(f"Nothing was imported: {safe.reason}")
        choices = Choices.of(**{name: said.get(name, "") for name in Choices.__dataclass_fields__})
        upload: Any = request.FILES.get("file")
        name, format = getattr(upload, "name", ""), "auto"
        if upload is None:
            text = said.get("text", "").strip()
            if not text:
                raise BadFile("Choose a file, or paste the people as text.")
            upload, name = _Text(text), "pasted text"
        row = jobs.start(
            place, upload, name, choices=choices, format=format,
            encoding=said.get("encoding", "").strip(), by=by, at=at,
        )  # fmt: skip
        tasks.wake_imports()
        return row

    def row_view(self, request: HttpRequest, row: Import) -> HttpResponse:
        if request.method == "POST":
            self._act(request, row)
            return HttpResponseRedirect(request.path)
        return self.page(request, f"{TEMPLATES}/import.html", self._about(request, row))

    def _about(self, request: HttpRequest, row: Import) -> dict[str, Any]:
        report = row.report or {}
        rows = report.get("rows", [])
        faults, lacks_country = import_groups.faults(report)
        return {
            "title": row.file,
            "row": row,
            "error": on_page(row.error),
            "report": report,
            "counts": _told(report.get("counts", {})),
            "columns": list(report.get("columns", {}).items()),
            "suppressed": list(report.get("suppressed_by_reason", {}).items()),
            "groups": import_groups.groups(report),
            "faults": faults,
            "lacks_country": lacks_country,
            "left_out": import_groups.left_out_for_errors(report.get("counts", {})),
            "doubtful": [each for each in rows if "conflicts" in each or "suggestion" in each][
                : import_groups.SHOWN
            ],
            "may_import": may(request, Verb.IMPORT, row.workspace_id),
            "may_run": may(request, Verb.RUN_WORKFLOWS, row.workspace_id),
            "progress": progress_sentence(row),
            "taken_back": undone_sentence(row),
            "again": import_again.asked(row),
            "undone": importing.would_undo(row) if row.status == ImportStatus.APPLIED else None,
            "nameless": bool(report.get("meant")) and not NAMES & set(report["meant"].values()),
            "fields": [(name, LABELS[name]) for name in MAPPABLE],
            "has_report": row.parts.filter(kind="report").exists()
            and _may_take_rows(row, principal_of(request)),
        }

    def _act(self, request: HttpRequest, row: Import) -> None:
        by, at, what = principal_of(request), timezone.now(), request.POST.get("what", "")
        try:
            if what == "apply" and jobs.ask_apply(row, by=by, at=at):
                tasks.wake_imports()
            elif what == "cancel" and jobs.cancel(row, by=by, at=at):
                messages.success(request, "It ends, and nothing of it is stored.")
            elif what == "map":
                said = import_again.said(request.POST.dict(), row)
                if jobs.read_again(row, said, by=by, at=at):
                    tasks.wake_imports()
                else:
                    messages.error(request, MOVED_ON)
            elif what == "undo":
                done = importing.undo(row, by=by, at=at)
                people = plural(done.people, "person", "people")
                messages.success(request, f"Undone: {people} removed, {done.changed:,} restored.")
            else:
                messages.error(request, MOVED_ON)
        except (NotAllowed, BadChoice, UndoRefused) as error:
            messages.error(request, str(error))

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """How far a running import is, for the page that follows it."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        row: Import = self.visible_or_404(request, object_id)
        done, total = progress_of(row)
        said = {"status": row.status, "done": done, "total": total}
        return JsonResponse({**said, "sentence": progress_sentence(row)})

    def rows_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The report by row, told in the log. No cell of it can become a formula.

        As every export a POST: taking people's data away is an act that leaves a trace.
        """
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        row, by = self.visible_or_404(request, object_id), principal_of(request)
        if not _may_take_rows(row, by):
            raise PermissionDenied(NOT_YOURS)
        with transaction.atomic():
            activity.record(activity.entry("imports.rows_taken", row), by=by, at=timezone.now())
        answer = StreamingHttpResponse(jobs.report_of(row), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="import-{row.pk}-rows.csv"'
        answer["Cache-Control"] = "no-store"
        return cast(HttpResponse, answer)


def _may_take_rows(row: Import, by: Principal) -> bool:
    """Whoever may export people, and who brought the file, to mend it."""
    is_theirs = (row.by_kind, row.by_id) == (by.kind, by.id)
    if is_theirs and allowed(by, Verb.IMPORT, row.workspace):
        return True
    return may_export(by, "people", row.workspace)


def progress_sentence(row: Import) -> str:
    """How far a running import is, in words."""
    if row.cancel_requested:
        return "It ends as soon as the rows in hand are done; nothing of it is stored."
    done, total = progress_of(row)
    told = f"{done:,} of {total:,} rows" if total else "the file is being read"
    if row.status == ImportStatus.PREVIEW:
        return f"Being looked at, nothing is stored: {told}."
    return f"Being imported, all of it or nothing: {told}."


def undone_sentence(row: Import) -> str:
    """Who took the import back, when, and how much; empty where nobody did."""
    if row.status != ImportStatus.UNDONE:
        return ""
    entry = next((each for each in activity.of(row) if each.verb == "imports.undone"), None)
    if entry is None:
        return f"Undone at {by_clock(row.ended_at)}."
    by = (entry.by_kind, entry.by_id)
    who = names_of([by]).get(by, " ".join(by))
    people = plural(entry.codes["people"], "person", "people")
    emptied = entry.codes["changed"]
    also = f", and what it filled in of {emptied:,} more emptied again" if emptied else ""
    return f"Undone by {who} at {by_clock(entry.at)}: {people} taken away{also}."


class _Text:
    """A pasted text, read like an upload."""

    def __init__(self, text: str) -> None:
        self._rest = text.replace("\r\n", "\n").encode()

    def read(self, size: int) -> bytes:
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece
