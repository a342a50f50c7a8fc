"""What workflows made, as pages people read: shortlists, plans, scripts, sequences, research."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from outreach.core.clock import SECONDS, by_clock
from outreach.core.permissions import NotAllowed, Verb
from safety.admin import PageAdmin, TenantAdmin, column, may, principal_of
from workflows import pages, sequences
from workflows.models import AgentRun, Artifact, ArtifactKind, ResearchSnapshot

TEMPLATES = "admin/workflows"


@admin.register(Artifact)
class ArtifactAdmin(PageAdmin):
    """Results, newest first; each kind has its page."""

    when_empty = (
        "Plans, shortlists and call scripts appear here when a workflow has made one: start it "
        "under “Workflow runs”."
    )
    list_display = ("show_title", "show_kind", "show_person", "show_state", "show_when")
    list_display_links = ("show_title",)
    list_filter = ("kind", ("created_at", admin.DateFieldListFilter))
    list_filter_submit = True
    list_select_related = ("workspace", "person", "run")
    search_fields = ("title", "person__full_name")
    sortable_by = ("show_when",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Artifact]:
        rows: QuerySet[Artifact] = super().get_queryset(request)
        return rows.select_related("workspace", "person", "run")

    @column("Result")
    def show_title(self, obj: Artifact) -> str:
        return obj.title

    @column("Kind", label=True)
    def show_kind(self, obj: Artifact) -> str:
        return str(obj.get_kind_display())

    @column("Person")
    def show_person(self, obj: Artifact) -> str:
        return obj.person.full_name if obj.person else "—"

    @column("State")
    def show_state(self, obj: Artifact) -> str:
        if obj.kind != ArtifactKind.SEQUENCE:
            return "—"
        return f"ended: {obj.closed_reason}" if obj.closed_at else "going on"

    @column("Made", sorts="id")
    def show_when(self, obj: Artifact) -> str:
        return by_clock(obj.created_at)

    def row_view(self, request: HttpRequest, row: Artifact) -> HttpResponse:
        if request.method == "POST":
            return self._post(request, row)
        context = {
            "title": row.title,
            "row": row,
            "may_run": may(request, Verb.RUN_WORKFLOWS, row.workspace_id),
            **pages.of_artifact(row),
        }
        return self.page(request, f"{TEMPLATES}/{row.kind}.html", context)

    def _post(self, request: HttpRequest, row: Artifact) -> HttpResponse:
        """End a sequence; nothing else here can be changed."""
        if row.kind != ArtifactKind.SEQUENCE or request.POST.get("act") != "stop":
            return HttpResponseNotAllowed(["GET"])
        try:
            sequences.stop(row, by=principal_of(request), at=timezone.now())
            messages.success(request, "The sequence is ended; nothing more of it is submitted.")
        except NotAllowed as error:
            messages.error(request, str(error))
        return HttpResponseRedirect(reverse("admin:workflows_artifact_change", args=[row.pk]))


@admin.register(ResearchSnapshot)
class ResearchSnapshotAdmin(PageAdmin):
    """What was known of a company, by day."""

    when_empty = (
        "What is known of a company appears here when the workflow “Account research” has run: "
        "start it under “Workflow runs”."
    )
    list_display = ("show_account", "show_known", "show_gaps", "show_when")
    list_display_links = ("show_account",)
    list_filter = (("created_at", admin.DateFieldListFilter),)
    list_select_related = ("workspace", "account")
    search_fields = ("account__name",)
    search_help_text = "Company"
    sortable_by = ("show_when",)
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ResearchSnapshot]:
        rows: QuerySet[ResearchSnapshot] = super().get_queryset(request)
        return rows.select_related("workspace", "account")

    @column("Company")
    def show_account(self, obj: ResearchSnapshot) -> str:
        return obj.account.name

    @column("People known")
    def show_known(self, obj: ResearchSnapshot) -> str:
        return str(obj.data.get("known", 0))

    @column("Gaps")
    def show_gaps(self, obj: ResearchSnapshot) -> str:
        return str(len(obj.data.get("gaps", [])))

    @column("Looked at", sorts="id")
    def show_when(self, obj: ResearchSnapshot) -> str:
        return by_clock(obj.created_at)

    def row_view(self, request: HttpRequest, row: ResearchSnapshot) -> HttpResponse:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        context = {"title": str(row), "row": row, **pages.of_snapshot(row)}
        return self.page(request, f"{TEMPLATES}/research.html", context)


@admin.register(AgentRun)
class AgentRunAdmin(TenantAdmin):
    """How each text came about. Numbers only; the words stand in the drafts."""

    list_display = (
        "show_when", "show_agent", "engine", "model", "prompt_version", "show_outcome", "texts",
        "show_tokens", "show_cost", "show_time",
    )  # fmt: skip
    list_display_links = ("show_when",)
    list_filter = (
        "engine", "outcome", ("agent", admin.RelatedOnlyFieldListFilter),
        ("created_at", admin.DateFieldListFilter),
    )  # fmt: skip
    list_filter_submit = True
    list_select_related = ("workspace", "agent")
    sortable_by = ("show_when",)
    ordering = ("-id",)
    fields = (
        "created_at", "workspace", "agent", "run", "engine", "model", "prompt_version", "outcome",
        "reason", "texts", "tokens_in", "tokens_out", "cost_usd", "milliseconds",
    )  # fmt: skip

    @column("When", sorts="id")
    def show_when(self, obj: AgentRun) -> str:
        return by_clock(obj.created_at, SECONDS)

    @column("Agent")
    def show_agent(self, obj: AgentRun) -> str:
        return str(obj.agent or "—")

    @column("Outcome", label={"Written": "success", "Failed": "danger"})
    def show_outcome(self, obj: AgentRun) -> str:
        return str(obj.get_outcome_display())

    @column("Tokens")
    def show_tokens(self, obj: AgentRun) -> str:
        return f"{obj.tokens_in} in, {obj.tokens_out} out" if obj.tokens_in else "—"

    @column("Cost")
    def show_cost(self, obj: AgentRun) -> str:
        return f"${obj.cost_usd:.4f}" if obj.cost_usd is not None else "—"

    @column("Time")
    def show_time(self, obj: AgentRun) -> str:
        return f"{obj.milliseconds} ms"
