"""The queue for programs: agents read, people decide, each about the digest it names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django_filters
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from approvals import bulk, extending, items, queue, services, tasks
from approvals.errors import Refused
from approvals.models import Approval, ApprovalStatus, Priority
from channels import windows
from outreach.core import drafts, senders
from outreach.core.models import Channel, Purpose, Touch
from outreach.core.permissions import NotAllowed
from outreach.edge.api import shapes
from outreach.edge.api.base import Resource, StrictSerializer
from outreach.edge.api.filters import Filters
from outreach.edge.api.pages import BIGGEST, Order, Pages

KEEPS = (
    "Leave scheduled_for out to keep the time asked for, or name another. It is removed on the "
    "item's page, or with `manage.py review --approve N --at now`."
)
READ_IT = "Read it (/api/inbound), then send its id as heard with your yes."


class ApprovalSerializer(shapes.RoundSerializer):
    """One item of the queue with the text as it would leave, and each file that goes with it."""

    workspace = serializers.CharField(source="workspace.slug", read_only=True)
    draft = serializers.UUIDField(source="draft.uuid", read_only=True)
    person = serializers.UUIDField(source="draft.person.uuid", read_only=True)
    person_name = serializers.CharField(source="draft.person.full_name", read_only=True)
    address = serializers.CharField(source="revision.address", read_only=True)
    sender = serializers.SerializerMethodField(
        help_text="Who an e-mail comes from, as its reader sees it; empty on other channels."
    )
    subject = serializers.CharField(source="revision.subject", read_only=True)
    text = serializers.CharField(source="revision.text", read_only=True)
    html = serializers.CharField(source="revision.html", read_only=True)
    attachments = shapes.AttachmentSerializer(
        source="revision.attachments", many=True, read_only=True
    )
    author = serializers.CharField(source="by_label", read_only=True)
    author_kind = serializers.CharField(source="by_kind", read_only=True)

    class Meta(shapes.RoundSerializer.Meta):
        fields = (
            *shapes.RoundSerializer.Meta.fields, "workspace", "draft", "person", "person_name",
            "channel", "touch", "purpose", "address", "sender", "subject", "text", "html",
            "attachments", "confidence", "notes", "author", "author_kind", "receipt",
        )  # fmt: skip

    def get_sender(self, row: Approval) -> str:
        return senders.shown(row.workspace, row.channel)


class ItemSerializer(ApprovalSerializer):
    """One item alone, with what its author wrote it from and how sure they were."""

    template = serializers.CharField(source="draft.template", read_only=True)
    reasoning = serializers.SerializerMethodField(
        help_text="Why the author is as sure as `confidence` says; of an edited text, before it."
    )

    way = serializers.SerializerMethodField(
        help_text="Of what waits: how its channel would carry it, or that it cannot (too long)."
    )

    class Meta(ApprovalSerializer.Meta):
        fields = (*ApprovalSerializer.Meta.fields, "template", "reasoning", "way")

    def get_way(self, row: Approval) -> str:
        return windows.told(row, at=timezone.now())

    def get_reasoning(self, row: Approval) -> str:
        return queue.story_of(row).reasoning


class ApprovalFilter(Filters):
    rare = frozenset({"person"})
    status = django_filters.ChoiceFilter(choices=ApprovalStatus.choices)
    priority = django_filters.ChoiceFilter(
        choices=[(str(label), str(label)) for label in Priority.labels], method="by_priority"
    )
    channel = django_filters.ChoiceFilter(choices=Channel.choices)
    touch = django_filters.ChoiceFilter(choices=Touch.choices)
    purpose = django_filters.ChoiceFilter(choices=Purpose.choices)
    person = django_filters.UUIDFilter(field_name="draft__person__uuid")

    class Meta:
        model = Approval
        fields = ("status", "priority", "channel", "touch", "purpose", "person")

    def by_priority(self, rows: QuerySet[Approval], name: str, value: str) -> QuerySet[Approval]:
        return rows.filter(priority=dict(zip(Priority.labels, Priority.values, strict=True))[value])


class AboutText(StrictSerializer):
    """Which text was read: the decision is about exactly that one."""

    server_side = StrictSerializer.server_side - {"digest"}
    digest = serializers.CharField(max_length=67)


class DecideBody(AboutText):
    scheduled_for = shapes.Instant(
        required=False, error_messages={"null": KEEPS},
        help_text="When it may leave at the earliest. Left out, the time asked for stays.",
    )  # fmt: skip


class YesBody(DecideBody):
    """A yes to this text. `heard` is asked where they wrote since it was first asked for,
    `seen_hidden` and `seen_private` where the text has what nobody sees at a glance."""

    heard = serializers.IntegerField(
        min_value=0, max_value=BIGGEST, required=False,
        help_text="The `id` of the newest message of theirs you have read, as /api/inbound says.",
    )  # fmt: skip
    seen_sender = serializers.CharField(
        max_length=600, required=False, allow_blank=True,
        help_text="The `sender` you have read: 409 `stale` where it is another by now.",
    )  # fmt: skip
    seen_scheduled_for = shapes.Moment(
        required=False, allow_null=True, write_only=True,
        help_text="The `scheduled_for` you have read, null for none: 409 `stale` where the time is "
        "another by now and the body names none.",
    )  # fmt: skip
    seen_hidden = serializers.BooleanField(
        default=False, help_text="You have seen the hidden characters of the text."
    )
    seen_private = serializers.BooleanField(
        default=False, help_text="You have read the personal data that the review page masks."
    )


class EditBody(shapes.TextBody, DecideBody):
    """Other words, for the text with this digest."""


class EditYesBody(shapes.TextBody, YesBody):
    """Other words for the text with this digest, and a yes to them."""


class RejectBody(AboutText):
    reason = serializers.CharField(max_length=500)


class FeedbackBody(AboutText):
    feedback = serializers.CharField(max_length=2000)


class EmptyBody(StrictSerializer):
    """Nothing to say."""


class QueuePages(Pages):
    """What waits, critical first; there is an index for it."""

    orders = {"queue": queue.ORDER, **Pages.orders}


class RoundPages(QueuePages):
    """The queue's order only where what waits is asked for; of everything, the newest first."""

    def usual(self, request: Request) -> Order:
        waiting = request.query_params.get("status") == "pending"
        return self.orders["queue" if waiting else "newest"]


class Approvals(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """Review rounds: newest first; with `status=pending` critical first, then the oldest."""

    resource = "approvals"
    rows = Approval.objects.select_related("workspace", "revision", "draft__person")
    serializer_class = ApprovalSerializer
    filterset_class = ApprovalFilter
    pagination_class = RoundPages

    def get_serializer_class(self) -> type[ApprovalSerializer]:
        return ApprovalSerializer if self.action == "list" else ItemSerializer

    def _item(self) -> Approval:
        """The item, for somebody who may decide at all: agents never get further."""
        if not self.principal.is_user:
            raise NotAllowed(
                f"Agent {self.principal.label} may not decide about messages. A person with the "
                "role reviewer has to do this."
            )
        item: Approval = self.get_object()
        return item

    def _tell(self, item: Approval) -> Response:
        return Response(ItemSerializer(self.rows.get(pk=item.pk)).data)

    def _decide(self, act: Callable[..., Approval], body: type[StrictSerializer]) -> Response:
        item, words = self._item(), self.read(body)
        done = act(item.pk, **words, by=self.principal, at=self.now)
        return self._tell(done)

    def _yes(self, body: type[StrictSerializer]) -> tuple[Approval, dict[str, Any]]:
        """The item and the body, with what of theirs was read: Stale where they wrote since."""
        item, words = self._item(), self.read(body)
        if "heard" not in words:
            words["heard"] = bulk.all_read(item, remedy=READ_IT)
        if "seen_scheduled_for" in words:
            words["seen_time"] = items.in_seconds(words.pop("seen_scheduled_for"))
        return item, words

    @extend_schema(request=YesBody, responses=ItemSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str = "") -> Response:
        """Say yes to exactly the text with this digest. 409 where they wrote and it is unread, and
        where it has hidden characters or masked personal data and the body does not say they were
        seen."""
        item, words = self._yes(YesBody)
        done = services.approve(item.pk, **words, by=self.principal, at=self.now)
        answer = self._tell(done)
        transaction.on_commit(tasks.wake_sender)
        return answer

    @extend_schema(request=EditBody, responses=ItemSerializer)
    @action(detail=True, methods=["post"])
    def edit(self, request: Request, pk: str = "") -> Response:
        """Save an edit; the item stays in the queue."""
        item, words = self._item(), self.read(EditBody)
        if words.get("scheduled_for"):
            raise Refused("An edit keeps its time; approve it with a new one.", "no_text")
        done = services.edit(
            item.pk, _words(item, words), by=self.principal, at=self.now, digest=words["digest"]
        )
        return self._tell(done)

    @extend_schema(request=EditYesBody, responses=ItemSerializer)
    @action(detail=True, methods=["post"], url_path="edit-and-approve")
    def edit_and_approve(self, request: Request, pk: str = "") -> Response:
        """Save an edit and say yes to it; where the rules change it, it is saved only (409)."""
        item, words = self._yes(EditYesBody)
        done = services.edit_and_approve(
            item.pk, _words(item, words), by=self.principal, at=self.now, digest=words["digest"],
            scheduled_for=words.get("scheduled_for"), heard=words.get("heard"),
            seen_time=words.get("seen_time"), seen_sender=words.get("seen_sender"),
            seen_hidden=words["seen_hidden"], seen_private=words["seen_private"],
        )  # fmt: skip
        transaction.on_commit(tasks.wake_sender)
        return self._tell(done)

    @extend_schema(request=RejectBody, responses=ItemSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, pk: str = "") -> Response:
        """Say no to the text with this digest: the message ends, and its author reads why."""
        return self._decide(services.reject, RejectBody)

    @extend_schema(request=FeedbackBody, responses=ItemSerializer)
    @action(detail=True, methods=["post"], url_path="request-changes")
    def request_changes(self, request: Request, pk: str = "") -> Response:
        """The text with this digest goes back to its author with what should change."""
        return self._decide(services.return_, FeedbackBody)

    @extend_schema(request=EmptyBody, responses=ItemSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str = "") -> Response:
        """Take an approval back before it is taken for sending; answers the new round."""
        return self._decide(services.undo, EmptyBody)

    @extend_schema(request=EmptyBody, responses=ItemSerializer)
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: str = "") -> Response:
        """More time for an undecided item."""
        return self._decide(extending.extend, EmptyBody)


def _words(item: Approval, words: dict[str, Any]) -> drafts.Text:
    told = {name: words[name] for name in ("subject", "text", "html") if name in words}
    return drafts.edited(item.draft, item.revision, **told)
