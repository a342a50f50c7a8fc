"""Messages as their authors see them: propose, revise, submit, withdraw, wait for a decision."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import django_filters
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from approvals import authoring, proposing
from approvals.attaching import Upload
from approvals.errors import Lost
from outreach.core import drafts
from outreach.core.models import Channel, Draft, Person, Purpose, Workspace
from outreach.core.models.drafts import DraftStatus
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal
from outreach.edge.api import idempotency, shapes, waiting
from outreach.edge.api.access import door_of
from outreach.edge.api.base import Resource, StrictSerializer, refuse_strange
from outreach.edge.api.choices import Choice
from outreach.edge.api.errors import Conflict, refusal
from outreach.edge.api.filters import Filters, Moment

SECONDS = {"type": "integer", "minimum": 0, "maximum": int(waiting.LONGEST), "default": 0}
REQUESTED = ("draft", "scheduled", "published")
MATCH = OpenApiParameter(
    "If-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True,
    description="The digest of the text you read, as `digest` and `ETag` say it.",
)  # fmt: skip


class FileBody(StrictSerializer):
    """A file that goes with the message. The whole body, and so all files, have 1 MiB at most."""

    name = serializers.CharField(max_length=255)
    type = serializers.CharField(
        max_length=190, required=False, default="", allow_blank=True,
        help_text="Such as application/pdf; empty: guessed from the name.",
    )  # fmt: skip
    content = serializers.CharField(trim_whitespace=False, help_text="Base64 (RFC 4648).")

    def validate_content(self, value: str) -> bytes:
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise ValidationError("This is not base64. Encode the file's bytes.") from None


class DraftBody(shapes.TextBody):
    """A proposal. `requested_status` is a wish: the server decides where it goes."""

    person = serializers.UUIDField()
    channel = Choice(choices=Channel.choices)
    purpose = Choice(choices=Purpose.choices, required=False)
    requested_status = Choice(choices=REQUESTED, default="scheduled")
    scheduled_for = shapes.Instant(required=False, allow_null=True)
    confidence = serializers.IntegerField(min_value=0, max_value=100, required=False)
    reasoning = serializers.CharField(max_length=5000, required=False, default="", allow_blank=True)
    notes = serializers.CharField(max_length=5000, required=False, default="", allow_blank=True)
    attachments = serializers.ListField(
        child=FileBody(), required=False, default=list, max_length=10
    )


class SubmitBody(StrictSerializer):
    requested_status = Choice(choices=REQUESTED[1:], default="scheduled")
    scheduled_for = shapes.Instant(required=False, allow_null=True)
    notes = serializers.CharField(max_length=5000, required=False, default="", allow_blank=True)


class WithdrawBody(StrictSerializer):
    reason = serializers.CharField(max_length=500)


class DraftFilter(Filters):
    rare = frozenset({"person", "status", "since"})
    status = django_filters.ChoiceFilter(choices=DraftStatus.choices)
    channel = django_filters.ChoiceFilter(choices=Channel.choices)
    person = django_filters.UUIDFilter(field_name="person__uuid")
    since = Moment(field_name="created_at", lookup_expr="gte")

    class Meta:
        model = Draft
        fields = ("status", "channel", "person", "since")


class Drafts(mixins.ListModelMixin, Resource):
    """Messages. An agent without `reviews:read` sees those it wrote itself."""

    resource = "drafts"
    rows = Draft.objects.select_related("workspace", "person", "current")
    serializer_class = shapes.DraftSerializer
    filterset_class = DraftFilter
    lookup_field = "uuid"

    def _own(self) -> Draft:
        """The draft, for a change: agents change what they wrote and nothing else."""
        draft: Draft = self.get_object()
        by = self.principal
        require(by, Verb.WRITE_DRAFTS, draft.workspace)
        if by.is_agent and (draft.by_kind, draft.by_id) != (by.kind, by.id):
            raise Conflict("Another author wrote this message; propose one of your own.", "foreign")
        return draft

    def _tell(self, draft: Draft, status: int = 200, **more: Any) -> Response:
        body = {**shapes.message(self.rows.get(pk=draft.pk)), **more}
        return Response(body, status=status, headers={"ETag": f'"{body["digest"]}"'})

    def _match(self, draft: Draft) -> str:
        given = self.request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
        if not given:
            raise ValidationError(
                {"If-Match": ["Send If-Match with the digest of the text you read."]}, "required"
            )
        return given

    @extend_schema(responses=shapes.MessageSerializer)
    def retrieve(self, request: Request, uuid: str = "") -> HttpResponse:
        """One message: its text, where it stands and why, and what was said of it."""
        return self._tell(self.get_object())

    @extend_schema(
        request=DraftBody,
        parameters=[idempotency.REQUIRED],
        responses={201: shapes.MessageSerializer},
    )
    def create(self, request: Request) -> Response:
        """Propose a message: it is judged, routed, and where that is its way, queued.

        A refusal that names a `draft` kept the words in it: the same request, repeated, asks for
        that one again, and never writes a second.
        """
        place, by = self.place, self.principal
        require(by, Verb.WRITE_DRAFTS, place)
        return idempotency.once(
            request, place, by, lambda: self._propose(place, by), self._propose_again
        )

    def _propose(self, place: Workspace, by: Principal) -> tuple[int, dict[str, Any]]:
        """Reads the body only where the answer is not kept: a time in it may have come since."""
        words = self.read(DraftBody)
        person = Person.objects.filter(workspace=place, uuid=words["person"]).first()
        if person is None:
            raise ValidationError({"person": ["There is no such person in this workspace."]})
        done = proposing.propose(
            place,
            person,
            words["channel"],
            drafts.Text(
                subject=words.get("subject", ""),
                text=words["text"],
                html=words.get("html", ""),
                confidence=words.get("confidence"),
                reasoning=words["reasoning"],
            ),
            requested=words["requested_status"],
            purpose=words.get("purpose", Purpose.PROMOTIONAL),
            scheduled_for=words.get("scheduled_for"),
            notes=words["notes"],
            uploads=[Upload(**each) for each in words["attachments"]],
            by=by,
            at=self.now,
        )
        if done.refusal is not None:
            kept = self.rows.get(pk=done.draft.pk)
            digest = kept.current.digest if kept.current else ""
            return refusal(done.refusal, draft=str(kept.uuid), digest=digest)
        return 201, shapes.message(self.rows.get(pk=done.draft.pk), done)

    def _propose_again(self, kept: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """Ask for the draft that a refusal kept, if it still has the words of this request."""
        if not {"draft", "digest"} <= set(kept):
            return None  # its person was erased, or it is of an earlier version
        words, draft = self.read(DraftBody), self.rows.get(uuid=kept["draft"])
        if draft.status == DraftStatus.DRAFT and draft.approvals.exists():
            no = Lost("A reviewer has returned this message since: read why, and change it first.")
            return refusal(no, draft=kept["draft"], digest=kept["digest"])
        try:
            done = proposing.submit(
                draft,
                digest=kept["digest"],
                requested=words["requested_status"],
                scheduled_for=words.get("scheduled_for"),
                notes=words["notes"],
                by=self.principal,
                at=self.now,
            )
        except proposing.REFUSALS as no:
            return refusal(no, draft=kept["draft"], digest=kept["digest"])
        return 201, shapes.message(self.rows.get(pk=draft.pk), done)

    @extend_schema(
        request=shapes.TextBody, parameters=[MATCH], responses={200: shapes.MessageSerializer}
    )
    def partial_update(self, request: Request, uuid: str = "") -> Response:
        """New words for a message that is a draft; an e-mail's footer is kept without asking.

        Refused when somebody changed it meanwhile, or an HTML part would keep the old words.
        """
        draft, told = self._own(), self.read(shapes.TextBody)
        digest = self._match(draft)
        words = drafts.edited(draft, draft.current, **told)
        authoring.save(draft.pk, words, by=self.principal, at=self.now, digest=digest)
        return self._tell(draft)

    @extend_schema(
        request=SubmitBody, parameters=[MATCH], responses={200: shapes.MessageSerializer}
    )
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, uuid: str = "") -> Response:
        """Ask for a decision about a draft, as it is read by the digest given."""
        draft, words = self._own(), self.read(SubmitBody)
        done = proposing.submit(
            draft,
            digest=self._match(draft),
            requested=words["requested_status"],
            scheduled_for=words.get("scheduled_for"),
            notes=words["notes"],
            by=self.principal,
            at=self.now,
        )
        return Response(shapes.message(self.rows.get(pk=draft.pk), done))

    @extend_schema(request=WithdrawBody, responses={200: shapes.MessageSerializer})
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, uuid: str = "") -> Response:
        """Take a message out of the queue; it is a draft again. Not once it is approved."""
        draft, words = self._own(), self.read(WithdrawBody)
        proposing.withdraw(draft, reason=words["reason"], by=self.principal, at=self.now)
        return self._tell(draft)

    @extend_schema(
        parameters=[
            OpenApiParameter("wait", SECONDS, description="How long to wait for the decision.")
        ],
        responses=shapes.DecisionSerializer,
    )
    @action(detail=True, methods=["get"])
    def decision(self, request: Request, uuid: str = "") -> Response:
        """Answers once the message is decided, or after `wait` seconds with how it stands.

        Whoever may not read it any more by then is refused as if they asked now.
        """
        refuse_strange(request, frozenset({"wait", "workspace"}))
        draft, by, seconds = self.get_object(), self.principal, self._patience()
        decided = waiting.until_decided(
            draft.pk, seconds=seconds, who=f"{by.kind} {by.id}", door=door_of(request)
        )
        if seconds:
            self.come_in_anew()
        return self._tell(self.get_object(), decided=decided)

    def _patience(self) -> float:
        asked = self.request.query_params.get("wait", "0")
        is_number = asked.isascii() and asked.isdigit() and len(asked) < 5
        if not (is_number and int(asked) <= waiting.LONGEST):
            raise ValidationError({"wait": [f"Wait 0 to {waiting.LONGEST:.0f} seconds."]})
        return float(asked)
