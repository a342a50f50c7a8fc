"""Imports in the admin: upload a file, look at what it would do, say yes, follow it, undo it."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from outreach.core import importing
from outreach.core.importing import BadChoice, BadFile, Choices, UndoRefused, jobs
from outreach.core.models import Import, Workspace
from outreach.core.models.consent import Basis
from outreach.core.permissions import NotAllowed, Verb
from outreach.edge import tasks
from safety.admin import TenantAdmin, column, may, principal_of, workspace_ids
from safety.services import check_safety

SHOWN = 15
TEMPLATES = "admin/core/import"


@admin.register(Import)
class ImportAdmin(TenantAdmin):
    """Files people came in by, the newest first."""

    list_display = ("file", "show_status", "format", "by_label", "created_at")
    list_filter = ("status",)
    list_filter_submit = True
    sortable_by = ()
    ordering = ("-id",)

    @column("Status", label={"Imported": "success", "Refused": "danger", "Undone": "warning"})
    def show_status(self, obj: Import) -> str:
        return str(obj.get_status_display())

    def get_urls(self) -> list[URLPattern]:
        inside = self.admin_site.admin_view
        return [
            path("new/", never_cache(inside(self.new_view)), name="core_import_new"),
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
                fault, status = str(error), 400
        context = {
            "title": "Import people", "places": places, "bases": Basis.choices, "fault": fault,
            "typed": request.POST,
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

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row: Import = self.visible_or_404(request, object_id)
        if request.method == "POST":
            self._act(request, row)
            return HttpResponseRedirect(request.path)
        return self.page(request, f"{TEMPLATES}/import.html", self._about(request, row))

    def _about(self, request: HttpRequest, row: Import) -> dict[str, Any]:
        report = row.report or {}
        rows = report.get("rows", [])
        kinds = ("new", "changed", "skipped")
        return {
            "title": row.file,
            "row": row,
            "report": report,
            "counts": [(n.replace("_", " "), c) for n, c in report.get("counts", {}).items() if c],
            "columns": list(report.get("columns", {}).items()),
            "groups": [
                (kind, [each for each in rows if each["outcome"] == kind][:SHOWN]) for kind in kinds
            ],
            "doubtful": [each for each in rows if "conflicts" in each or "suggestion" in each][
                :SHOWN
            ],
            "may_import": may(request, Verb.IMPORT, row.workspace_id),
        }

    def _act(self, request: HttpRequest, row: Import) -> None:
        by, at, what = principal_of(request), timezone.now(), request.POST.get("what", "")
        try:
            if what == "apply" and jobs.ask_apply(row, by=by, at=at):
                tasks.wake_imports()
            elif what == "cancel" and jobs.cancel(row, by=by, at=at):
                messages.success(request, "Dropped. Nothing of it was stored.")
            elif what == "undo":
                done = importing.undo(row, by=by, at=at)
                messages.success(
                    request, f"Undone: {done.people:,} people removed, {done.changed:,} restored."
                )
            else:
                messages.error(request, "Nothing was done: the import has moved on meanwhile.")
        except (NotAllowed, UndoRefused) as error:
            messages.error(request, str(error))

    def rows_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The report by row. No cell of it can become a formula."""
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        row: Import = self.visible_or_404(request, object_id)
        answer = StreamingHttpResponse(jobs.report_of(row), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="import-{row.pk}-rows.csv"'
        return cast(HttpResponse, answer)


class _Text:
    """A pasted text, read like an upload."""

    def __init__(self, text: str) -> None:
        self._rest = text.replace("\r\n", "\n").encode()

    def read(self, size: int) -> bytes:
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece
