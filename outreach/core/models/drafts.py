"""A message on its way: the draft and its revisions. A revision is the text as it would leave."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.text import Truncator

from outreach.core.models.base import Authored, Channel, Purpose, Touch
from outreach.core.models.people import Person
from outreach.core.models.voice import VoiceProfile
from outreach.core.models.workspace import Workspace

OPENING = 60  # characters a line of a list has room for


class DraftStatus(models.TextChoices):
    """Where a message stands. "Scheduled" is shown for approved with a time, never stored."""

    DRAFT = "draft", "Draft"  # being written, or returned to its author with the reason
    PENDING_APPROVAL = "pending_approval", "Pending approval"  # in the queue
    APPROVED = "approved", "Approved"  # a person said yes; also while its outcome is unknown
    SENT = "sent", "Sent"  # left, by the program or by a person's hand
    REJECTED = "rejected", "Rejected"  # ended by a person or by a stop


TRANSITIONS: dict[str, frozenset[str]] = {
    # To `sent` from a draft, the queue or from rejected: only when a person says that they wrote by
    # hand before or against a stop. It is a fact, so it is recorded.
    DraftStatus.DRAFT: frozenset(
        {DraftStatus.PENDING_APPROVAL, DraftStatus.REJECTED, DraftStatus.SENT}
    ),
    DraftStatus.PENDING_APPROVAL: frozenset(
        {DraftStatus.APPROVED, DraftStatus.DRAFT, DraftStatus.REJECTED, DraftStatus.SENT}
    ),
    DraftStatus.APPROVED: frozenset(
        {
            DraftStatus.SENT,
            DraftStatus.PENDING_APPROVAL,
            DraftStatus.DRAFT,
            DraftStatus.REJECTED,
        }
    ),
    # Only when a person takes back that they sent it by hand.
    DraftStatus.SENT: frozenset({DraftStatus.PENDING_APPROVAL}),
    DraftStatus.REJECTED: frozenset({DraftStatus.SENT}),
}


class Draft(Authored):
    """One message to one person on one channel. Only `core.drafts.move` writes `status`."""

    Status = DraftStatus

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="drafts", db_index=False)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    person = models.ForeignKey(Person, models.PROTECT, related_name="drafts", db_index=False)
    channel = models.CharField(max_length=9, choices=Channel.choices)
    touch = models.CharField(max_length=9, choices=Touch.choices, default=Touch.INITIAL)
    purpose = models.CharField(max_length=13, choices=Purpose.choices, default=Purpose.PROMOTIONAL)
    status = models.CharField(
        max_length=16, choices=DraftStatus.choices, default=DraftStatus.DRAFT, editable=False
    )
    status_reason = models.CharField(max_length=500, blank=True, editable=False)
    current = models.OneToOneField(
        "Revision", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    scheduled_for = models.DateTimeField(null=True, blank=True)
    template = models.CharField(max_length=120, blank=True)
    origin = models.CharField(
        max_length=64, blank=True, help_text="What made it, such as workflow-run:12."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "message_drafts"
        constraints = [
            models.CheckConstraint(
                name="draft_leaves_only_with_text",
                condition=Q(status__in=["draft", "rejected"]) | Q(current__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "status"], name="draft_by_status"),
            models.Index(fields=["person", "status"], name="draft_of_person"),
            # What an agent sees of them: its own, the newest first.
            models.Index(fields=["workspace", "by_kind", "by_id", "-id"], name="draft_of_author"),
            models.Index(fields=["workspace", "created_at"], name="draft_by_time"),
        ]

    def __str__(self) -> str:
        return f"Message {self.pk} by {self.channel} ({self.status})"


class Revision(Authored):
    """The complete text as it would leave: insert-only, bound to its digest.

    A trigger on both databases refuses updates and deletes; erasure may empty the personal
    fields once (`erased_at`), the digest stays.
    """

    draft = models.ForeignKey(Draft, models.PROTECT, related_name="revisions", db_index=False)
    no = models.PositiveIntegerField()
    address = models.CharField(max_length=320, blank=True)
    subject = models.CharField(max_length=998, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    attachments: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    confidence = models.PositiveSmallIntegerField(null=True, blank=True)
    confidence_parts: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    reasoning = models.TextField(blank=True)
    context: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    # How well it fits the voice of its author, computed when it was written.
    voice = models.ForeignKey(VoiceProfile, on_delete=models.PROTECT, null=True, related_name="+")
    voice_score = models.PositiveSmallIntegerField(null=True, blank=True)
    voice_reasons: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    digest = models.CharField(max_length=67)
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "message_revisions"
        constraints = [
            models.UniqueConstraint(fields=["draft", "no"], name="revision_numbered_once"),
            models.CheckConstraint(
                name="revision_confidence_is_a_percentage",
                condition=Q(confidence__isnull=True) | Q(confidence__lte=100),
            ),
        ]

    def __str__(self) -> str:
        return f"Revision {self.no} of message {self.draft_id}"

    @property
    def opening(self) -> str:
        """What a line of a list tells it by: its subject, or else how its text begins."""
        words = " ".join((self.subject.strip() or self.text[: 4 * OPENING]).split())
        return Truncator(words).chars(OPENING) or "no text"
