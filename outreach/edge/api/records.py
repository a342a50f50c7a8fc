"""What happened, to be read: safety events, the activity timeline, deliveries, inbound, runs."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from channels.models import Delivery, DeliveryStatus
from outreach.core.activity import SUBJECTS
from outreach.core.models import Activity, Channel, InboundMessage, Workspace
from outreach.core.models.base import PrincipalKind
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal
from outreach.edge.api import idempotency
from outreach.edge.api.base import Resource, StrictSerializer
from outreach.edge.api.choices import Choice
from outreach.edge.api.filters import Filters, Moment, Named
from safety.models import SafetyEvent
from workflows import definitions, services, tasks
from workflows.models import Run, RunStatus, Step

NAMES = sorted(definitions.BY_NAME)
# What a row may have none of, as null.
ABSENT: dict[str, Any] = {"default": None, "allow_null": True, "read_only": True}


class SafetyEventSerializer(serializers.ModelSerializer[SafetyEvent]):
    """One refusal, hold or rewrite (seed A's columns, with code and author)."""

    workspace = serializers.CharField(source="workspace.slug", **ABSENT)
    draft = serializers.UUIDField(source="draft.uuid", **ABSENT)

    class Meta:
        model = SafetyEvent
        fields = (
            "id", "workspace", "event_type", "action_blocked", "reason", "code", "metadata",
            "draft", "by_kind", "by_label", "created_at",
        )  # fmt: skip


class SafetyEventFilter(Filters):
    rare = frozenset({"since", "until", "draft", "code"})
    since = Moment(field_name="created_at", lookup_expr="gte")
    until = Moment(field_name="created_at", lookup_expr="lt")
    draft = django_filters.UUIDFilter(field_name="draft__uuid")

    class Meta:
        model = SafetyEvent
        fields = ("event_type", "code", "since", "until", "draft")


class SafetyEvents(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """What a rule refused, held or rewrote, the newest first."""

    resource = "safety_events"
    rows = SafetyEvent.objects.select_related("workspace", "draft")
    serializer_class = SafetyEventSerializer
    filterset_class = SafetyEventFilter


class ActivitySerializer(serializers.ModelSerializer[Activity]):
    """One act of the log: ids, codes and digests, never a name or a text."""

    workspace = serializers.CharField(source="workspace.slug", **ABSENT)

    class Meta:
        model = Activity
        fields = (
            "id", "workspace", "by_kind", "by_id", "verb", "object_type", "object_id", "digest",
            "codes", "request_id", "at",
        )  # fmt: skip


class VerbField(forms.CharField):
    def validate(self, value: str) -> None:
        """Refuse what no act is called: an empty page would say that it never happened."""
        super().validate(value)
        if value and not value.startswith(SUBJECTS):
            raise forms.ValidationError(
                f'"{value}" is no verb; one begins with {", ".join(SUBJECTS)}', "invalid"
            )


class VerbFilter(django_filters.CharFilter):
    field_class = VerbField


class ActivityFilter(Filters):
    rare = frozenset({"verb", "object_id", "since", "until"})
    verb = VerbFilter()
    since = Moment(field_name="at", lookup_expr="gte")
    until = Moment(field_name="at", lookup_expr="lt")
    by_kind = django_filters.ChoiceFilter(choices=PrincipalKind.choices)

    class Meta:
        model = Activity
        fields = ("verb", "object_type", "object_id", "by_kind", "since", "until")


class Activities(mixins.ListModelMixin, Resource):
    """The timeline, the newest first."""

    resource = "activity"
    rows = Activity.objects.select_related("workspace")
    serializer_class = ActivitySerializer
    filterset_class = ActivityFilter


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """One attempt to hand over an approved message."""

    workspace = serializers.CharField(source="workspace.slug", read_only=True)
    draft = serializers.UUIDField(source="approval.draft.uuid", read_only=True)

    class Meta:
        model = Delivery
        fields = (
            "id", "workspace", "approval", "draft", "channel", "status", "attempt", "since",
            "ended_at", "retry_at", "provider_id", "reason", "settled_by_label",
        )  # fmt: skip


class DeliveryFilter(Filters):
    rare = frozenset({"draft"})
    status = django_filters.ChoiceFilter(choices=DeliveryStatus.choices)
    channel = django_filters.ChoiceFilter(choices=Channel.choices)
    draft = django_filters.UUIDFilter(field_name="approval__draft__uuid")

    class Meta:
        model = Delivery
        fields = ("status", "channel", "draft")


class Deliveries(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """What became of each attempt. An outcome nobody knows is settled in the admin."""

    resource = "deliveries"
    rows = Delivery.objects.select_related("workspace", "approval__draft")
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter


class InboundSerializer(serializers.ModelSerializer[InboundMessage]):
    """What somebody wrote to us. Text from outside: data, never an instruction."""

    workspace = serializers.CharField(source="workspace.slug", read_only=True)
    person = serializers.UUIDField(source="person.uuid", **ABSENT)
    in_reply_to = serializers.UUIDField(source="in_reply_to.uuid", **ABSENT)

    class Meta:
        model = InboundMessage
        fields = (
            "id", "workspace", "person", "channel", "kind", "status", "verdict", "alert",
            "sender", "sender_name", "subject", "text", "in_reply_to", "received_at",
        )  # fmt: skip


class InboundFilter(Filters):
    rare = frozenset({"person", "status"})
    person = django_filters.UUIDFilter(field_name="person__uuid")
    since = Moment(field_name="received_at", lookup_expr="gte")

    class Meta:
        model = InboundMessage
        fields = ("channel", "kind", "status", "verdict", "person", "since")


class Inbound(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """Messages to us, the newest first."""

    resource = "inbound"
    rows = InboundMessage.objects.select_related("workspace", "person", "in_reply_to")
    serializer_class = InboundSerializer
    filterset_class = InboundFilter


class StepSerializer(serializers.ModelSerializer[Step]):
    class Meta:
        model = Step
        fields = (
            "no", "name", "status", "attempt", "input", "output", "error", "done_count",
            "total_count", "started_at", "ended_at",
        )  # fmt: skip


class RunSerializer(serializers.ModelSerializer[Run]):
    """One run of a workflow."""

    workspace = serializers.CharField(source="workspace.slug", read_only=True)

    class Meta:
        model = Run
        fields = (
            "id", "workspace", "name", "options", "status", "result", "error", "by_kind",
            "by_label", "created_at", "started_at", "ended_at",
        )  # fmt: skip


class RunBody(StrictSerializer):
    """Which workflow, with which options; the workflow says which it knows."""

    name = Choice(choices=NAMES)
    options = serializers.DictField(required=False, default=dict)


class RunFilter(Named):
    name = django_filters.ChoiceFilter(choices=[(name, name) for name in NAMES])
    status = django_filters.ChoiceFilter(choices=RunStatus.choices)

    class Meta:
        model = Run
        fields = ("name", "status")


class WorkflowRuns(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """Runs of workflows: they draft and submit, and never send.

    An agent without `reviews:read` sees those it started; it ends and resumes no others.
    """

    resource = "workflow_runs"
    rows = Run.objects.select_related("workspace")
    serializer_class = RunSerializer
    filterset_class = RunFilter

    @extend_schema(
        request=RunBody, parameters=[idempotency.OPTIONAL], responses={201: RunSerializer}
    )
    def create(self, request: Request) -> Response:
        """Start a workflow; a worker takes it up. An agent's run acts as that agent.

        With an `Idempotency-Key`, asked again, it answers the run that was started then.
        """
        place, by = self.place, self.principal
        require(by, Verb.RUN_WORKFLOWS, place)
        if idempotency.HEADER in request.headers:
            return idempotency.once(request, place, by, lambda: self._start(place, by))
        status, body = self._start(place, by)
        return Response(body, status=status)

    def _start(self, place: Workspace, by: Principal) -> tuple[int, dict[str, Any]]:
        words = self.read(RunBody)
        run = services.start(words["name"], place, words["options"], by=by, at=self.now)
        transaction.on_commit(lambda: tasks.wake(run))
        return 201, dict(RunSerializer(run).data)

    @extend_schema(request=None, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str = "") -> Response:
        """End a run between two steps; what it wrote stays as drafts."""
        run: Run = self.get_object()
        services.cancel(run, by=self.principal, at=self.now)
        return Response(RunSerializer(self.rows.get(pk=run.pk)).data)

    @extend_schema(request=None, responses=RunSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str = "") -> Response:
        """Let a failed run go on at the step where it stopped."""
        run: Run = self.get_object()
        services.resume(run, by=self.principal, at=self.now)
        transaction.on_commit(lambda: tasks.wake(run))
        return Response(RunSerializer(self.rows.get(pk=run.pk)).data)

    @extend_schema(responses=StepSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def steps(self, request: Request, pk: str = "") -> Response:
        """Its steps in order."""
        rows: QuerySet[Step] = self.get_object().steps.order_by("no")
        return Response(StepSerializer(rows, many=True).data)
