"""What people sent us: their own words, what they quoted, and what became of it.

It lives in core because a reviewer reads the incoming message beside the answer. It is stored
before it is judged; `outreach.core.inbox` alone writes `status`.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from outreach.core.models.base import Channel
from outreach.core.models.drafts import Draft
from outreach.core.models.people import Person
from outreach.core.models.workspace import Workspace


class InboundKind(models.TextChoices):
    """What sort of message arrived."""

    MESSAGE = "message", "Message"  # somebody wrote
    AUTO_REPLY = "auto_reply", "Automatic reply"  # their mail program did
    BOUNCE = "bounce", "Delivery report"
    COMPLAINT = "complaint", "Spam complaint"


class InboundStatus(models.TextChoices):
    NEW = "new", "Not read yet"  # stored, not judged: the sweep takes it up
    NEEDS_PERSON = "needs_person", "A person must look"
    WANTS_REPLY = "wants_reply", "Wants an answer"
    ANSWERED = "answered", "Answer drafted"
    HANDLED = "handled", "Handled"


class Verdict(models.TextChoices):
    """Whether they ask us to stop."""

    NONE = "none", "No request to stop"
    STOP = "stop", "Asked us to stop"
    UNCLEAR = "unclear", "May ask us to stop"


class Alert(models.TextChoices):
    """Why the next message to this person is critical (SPEC §5)."""

    LEGAL = "legal", "Legal threat"
    DISTRESS = "distress", "Distress"
    COMPLAINT = "complaint", "Complaint"
    UNCLEAR_STOP = "unclear_stop", "May ask us to stop"


class InboundMessage(models.Model):
    """One message to us, once: `key` names it within workspace and channel.

    `text` is what they wrote themselves, `quoted` what they left of earlier mail. `person` is
    the canonical row, or nobody yet. `received_at` is their time, never later than ours.
    """

    Kind = InboundKind
    Status = InboundStatus

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="inbound", db_index=False)
    person = models.ForeignKey(
        Person,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="inbound",
        db_index=False,
    )
    channel = models.CharField(max_length=9, choices=Channel.choices)
    kind = models.CharField(max_length=10, choices=InboundKind.choices, default=InboundKind.MESSAGE)
    status = models.CharField(
        max_length=12, choices=InboundStatus.choices, default=InboundStatus.NEW, editable=False
    )
    verdict = models.CharField(max_length=7, choices=Verdict.choices, default=Verdict.NONE)
    alert = models.CharField(max_length=12, choices=Alert.choices, blank=True)
    key = models.CharField(max_length=64, editable=False)
    message_id = models.CharField(max_length=998, blank=True, help_text="As its sender named it.")
    sender = models.CharField(max_length=320, help_text="The address it came from.")
    sender_name = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=998, blank=True)
    text = models.TextField(blank=True)
    quoted = models.TextField(blank=True)
    reason = models.CharField(max_length=300, blank=True, help_text="Why it stands as it does.")
    details: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    in_reply_to = models.ForeignKey(
        Draft, on_delete=models.SET_NULL, null=True, blank=True, related_name="replies"
    )
    reply = models.OneToOneField(
        Draft, on_delete=models.SET_NULL, null=True, blank=True, related_name="answers"
    )
    received_at = models.DateTimeField()
    judged_at = models.DateTimeField(null=True, blank=True)
    handled_by_label = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "inbound_messages"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel", "key"], name="inbound_message_once"
            ),
            models.CheckConstraint(
                name="inbound_wants_reply_of_somebody",
                condition=~Q(status="wants_reply") | Q(person__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-received_at"], name="inbound_of_person"),
            models.Index(fields=["workspace", "status", "-id"], name="inbound_by_status"),
            models.Index(fields=["id"], name="inbound_not_read", condition=Q(status="new")),
            models.Index(
                fields=["received_at"],
                name="inbound_complaints",
                condition=Q(kind="complaint") | Q(alert__in=["complaint", "legal"]),
            ),
        ]

    def __str__(self) -> str:
        return f"Message {self.pk} from {self.sender_name or self.sender} by {self.channel}"
