"""Lines to our own people: the outbox, and how far the log was read for it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from outreach.core.models import Workspace


class Notice(models.Model):
    """One line to a colleague or to the team's chat: the outbox. Never text of a message.

    `key` says what it tells of, so that it is told once however many schedulers there are.
    """

    key = models.CharField(max_length=120, unique=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="notices")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="notices",
        help_text="Who gets it by e-mail; empty: the team's chat.",
    )
    subject = models.CharField(max_length=200)
    body = models.TextField()
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True, help_text="Empty: sent or given up.")
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    fault = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "notices"
        indexes = [
            models.Index(fields=["due_at"], name="notice_due", condition=Q(due_at__isnull=False))
        ]

    def __str__(self) -> str:
        return f"{self.subject} ({'sent' if self.sent_at else 'not sent'})"


class NoticeMark(models.Model):
    """How far the activity log was read for notices."""

    name = models.CharField(max_length=20, unique=True)
    activity_id = models.BigIntegerField(default=0)

    class Meta:
        db_table = "notice_marks"

    def __str__(self) -> str:
        return f"{self.name}: read up to activity {self.activity_id}"
