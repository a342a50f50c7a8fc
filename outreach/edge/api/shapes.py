"""How messages, rounds and times look in JSON, for every view that shows them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from approvals.items import LATEST
from approvals.models import Approval
from approvals.proposing import Proposal
from outreach.core import drafts
from outreach.core.models import Draft
from outreach.core.models.drafts import DraftStatus
from outreach.edge.api.base import StrictSerializer
from safety import controls
from safety.verdict import sentences

OUTCOMES = ("pending_approval", "approved_by_rule", "draft", "blocked", "refused")


@extend_schema_field(OpenApiTypes.DATETIME)
class Moment(serializers.Field[datetime, Any, str, Any]):
    """ISO 8601 with an offset; a time without one could be anybody's, and is refused."""

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str):
            raise serializers.ValidationError("Write an ISO 8601 time with an offset, as text.")
        try:
            moment = parse_datetime(data)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise serializers.ValidationError(
                "Write an ISO 8601 time with an offset, such as 2026-03-11T10:00:00+01:00."
            )
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            raise serializers.ValidationError("That time is outside the calendar.") from None
        return moment

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()


class Instant(Moment):
    """One at which a message may leave: from now on, within a year."""

    def to_internal_value(self, data: Any) -> datetime:
        moment, now = super().to_internal_value(data), timezone.now()
        if not now <= moment <= now + LATEST:
            raise serializers.ValidationError("Choose a time between now and a year from now.")
        return moment


class TextBody(StrictSerializer):
    """The words of a message. At a change, a subject that is not given stays as it was."""

    subject = serializers.CharField(max_length=998, required=False, allow_blank=True)
    text = serializers.CharField(max_length=drafts.MAX_TEXT, trim_whitespace=False)
    html = serializers.CharField(
        max_length=drafts.MAX_TEXT, required=False, allow_blank=True, trim_whitespace=False,
        help_text="Needed at a change of the text where the message has an HTML part.",
    )  # fmt: skip


class StopReason(serializers.CharField):
    """Why something is stopped: neither none nor too many words refuse a stop."""

    def __init__(self, **how: Any) -> None:
        super().__init__(
            required=False, default="", allow_blank=True, allow_null=True,
            help_text="May be left out; lifting an emergency stop or a switch needs one.", **how,
        )  # fmt: skip

    def run_validation(self, data: Any = serializers.empty) -> Any:
        return super().run_validation("" if data is None else data)

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data)[:500]


class StopBody(StrictSerializer):
    reason = StopReason()


class ReasonBody(StrictSerializer):
    reason = serializers.CharField(max_length=500)


class DraftSerializer(serializers.ModelSerializer[Draft]):
    """A message in a list."""

    workspace = serializers.CharField(source="workspace.slug", read_only=True)
    person = serializers.UUIDField(source="person.uuid", read_only=True)
    subject = serializers.CharField(source="current.subject", default="", read_only=True)
    digest = serializers.CharField(source="current.digest", default="", read_only=True)
    author = serializers.CharField(source="by_label", read_only=True)
    author_kind = serializers.CharField(source="by_kind", read_only=True)

    class Meta:
        model = Draft
        fields: tuple[str, ...] = (
            "uuid", "workspace", "person", "channel", "touch", "purpose", "status",
            "status_reason", "subject", "digest", "scheduled_for", "author", "author_kind",
            "created_at", "updated_at",
        )  # fmt: skip


class FindingSerializer(serializers.Serializer[Any]):
    """One thing a check said: where, under which rule, and what it means."""

    check = serializers.CharField()
    code = serializers.CharField()
    status = serializers.CharField()
    message = serializers.CharField()


class RoundSerializer(serializers.ModelSerializer[Approval]):
    """One review round of a message, with what the reviewer said."""

    priority = serializers.CharField(source="get_priority_display", read_only=True)
    feedback = serializers.SerializerMethodField()
    findings = serializers.SerializerMethodField()
    decided_by = serializers.CharField(source="decided_by_label", read_only=True)

    class Meta:
        model = Approval
        fields: tuple[str, ...] = (
            "id", "status", "priority", "priority_reasons", "digest", "edited", "feedback",
            "findings", "routing", "created_at", "expires_at", "scheduled_for", "not_before",
            "decided_by", "decided_at", "closed_reason", "closed_at", "dry_run",
        )  # fmt: skip

    def get_feedback(self, row: Approval) -> str:
        """A round that an older version returned kept no words: they are its draft's reason, until
        a later round or another state takes their place."""
        if row.rejection_reason or row.status not in ("withdrawn", "expired"):
            return row.rejection_reason
        if row.draft.status != DraftStatus.DRAFT:
            return ""
        later = Approval.objects.filter(draft_id=row.draft_id, pk__gt=row.pk)
        return "" if later.exists() else row.draft.status_reason

    @extend_schema_field(FindingSerializer(many=True))
    def get_findings(self, row: Approval) -> list[dict[str, Any]]:
        return list(row.decision.get("findings", []))


class OutcomeSerializer(serializers.Serializer[Any]):
    """What a proposal came to: in the queue, kept as a draft, blocked or refused, and why."""

    result = serializers.ChoiceField(choices=OUTCOMES)
    reason = serializers.CharField()
    held = serializers.CharField(help_text="Why nothing leaves now, whatever is decided.")
    findings = FindingSerializer(many=True)


class AttachmentSerializer(StrictSerializer):
    """What a text says of a file that goes with it; its content is in no answer."""

    name = serializers.CharField()
    type = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()


class MessageSerializer(DraftSerializer):
    """One message whole: its text, its rounds newest first, and what a submission answered."""

    text = serializers.CharField(source="current.text", default="", read_only=True)
    html = serializers.CharField(source="current.html", default="", read_only=True)
    revision = serializers.IntegerField(source="current.no", default=0, read_only=True)
    confidence = serializers.IntegerField(
        source="current.confidence", allow_null=True, default=None, read_only=True
    )
    attachments = AttachmentSerializer(
        source="current.attachments", many=True, default=list, read_only=True
    )
    rounds = serializers.SerializerMethodField()
    outcome = serializers.SerializerMethodField()

    class Meta(DraftSerializer.Meta):
        fields = (
            *DraftSerializer.Meta.fields, "text", "html", "attachments", "revision", "confidence",
            "rounds", "outcome",
        )  # fmt: skip

    @extend_schema_field(RoundSerializer(many=True))
    def get_rounds(self, row: Draft) -> list[dict[str, Any]]:
        found = row.approvals.order_by("-id")[:20]
        return list(RoundSerializer(found, many=True).data)

    @extend_schema_field(OutcomeSerializer(allow_null=True))
    def get_outcome(self, row: Draft) -> dict[str, Any] | None:
        """What the request just made came to: null where none was made."""
        done: Proposal | None = self.context.get("proposal")
        return {**outcome(done), "held": held(row.workspace_id)} if done else None


class DecisionSerializer(MessageSerializer):
    """The message, and whether it waits for nobody any more."""

    decided = serializers.BooleanField(read_only=True)

    class Meta(MessageSerializer.Meta):
        fields = (*MessageSerializer.Meta.fields, "decided")


def message(row: Draft, done: Proposal | None = None) -> dict[str, Any]:
    """The whole message as JSON, with what a request came to."""
    return dict(MessageSerializer(row, context={"proposal": done}).data)


def held(workspace_id: int) -> str:
    badge = controls.badge(workspace_id)
    return "" if badge.text == "LIVE" else badge.sentence


def outcome(done: Proposal) -> dict[str, Any]:
    """In the queue, kept as a draft, or blocked; why; and what a person would have to do."""
    if done.refusal is not None:
        return {"result": "refused", "reason": str(done.refusal), "findings": []}
    asked = done.submission
    if asked is None:
        return {"result": "draft", "reason": "", "findings": []}
    findings = [finding.as_dict() for finding in asked.verdict.findings]
    if asked.approval is not None:
        automatic = asked.approval.status == "auto_approved"
        result = "approved_by_rule" if automatic else "pending_approval"
        reason = asked.approval.routing.get("reason", "")
    elif asked.verdict.blockers:
        result = "blocked"
        reason = sentences(asked.verdict.blockers)
    else:
        result, reason = "draft", asked.route.reason
    return {"result": result, "reason": reason, "findings": findings}
