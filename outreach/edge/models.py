"""What the doors themselves remember: answers given once already, and what webhooks still owe."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.db import models
from django.db.models import Q

from outreach.core.models import Agent, Workspace
from outreach.core.models.base import Authored


class KeptAnswer(Authored):
    """The answer to one request with an `Idempotency-Key`, given again if it is repeated.

    `key` is the digest of the key that was given. `http_status` is 0 while the first request is
    still being worked on.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="Of method, path and body.")
    http_status = models.PositiveSmallIntegerField(default=0)
    body: models.JSONField[Any, Any] = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "kept_answers"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "by_kind", "by_id", "key"], name="kept_answer_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.by_label}: {self.http_status or 'under way'}"


class Webhook(Authored):
    """An address of a program that is told of decisions and deliveries, and how it fares.

    `read_up_to` is the seal of the log up to which events were put down for it.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="webhooks")
    agent = models.ForeignKey(
        Agent,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="webhooks",
        help_text="Only what this agent wrote; empty: everything of the workspace.",
    )
    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    url = models.CharField(max_length=500)
    families: models.JSONField[Any, Any] = models.JSONField(default=list)
    secret_number = models.PositiveIntegerField(default=1, editable=False)
    rotated_at = models.DateTimeField(null=True, blank=True, editable=False)
    enabled = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=300, blank=True)
    read_up_to = models.BigIntegerField(default=0, editable=False)
    failing_since = models.DateTimeField(null=True, blank=True, editable=False)
    arrived_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "webhooks"

    def __str__(self) -> str:
        return f"webhook {self.pk} of {self.agent or self.workspace}"


class WebhookEvent(models.Model):
    """One event for one webhook: the outbox. `uuid` names it to the receiver, however often sent.

    `body` holds the very bytes to be sent, and nothing once it arrived or was given up.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="told", db_index=False)
    uuid = models.UUIDField(default=uuid4, unique=True, editable=False)
    activity = models.BigIntegerField(null=True, blank=True, help_text="Empty: a test.")
    kind = models.CharField(max_length=30)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True, help_text="Empty: arrived or given up.")
    attempts = models.PositiveSmallIntegerField(default=0)
    tried_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    http_status = models.PositiveSmallIntegerField(default=0)
    fault = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "webhook_events"
        constraints = [
            models.UniqueConstraint(fields=["webhook", "activity"], name="webhook_event_once")
        ]
        indexes = [
            models.Index(
                fields=["webhook", "due_at"],
                name="webhook_event_due",
                condition=Q(due_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"

    @property
    def words(self) -> str:
        """Its kind as a page says it."""
        return self.kind.replace(".", " ")

    @property
    def state(self) -> str:
        """arrived, waits or given up."""
        if self.arrived_at is not None:
            return "arrived"
        return "waits" if self.due_at is not None else "given up"
