"""What the doors themselves remember: answers already given to a program that asks twice."""

from __future__ import annotations

from typing import Any

from django.db import models

from outreach.core.models import Workspace
from outreach.core.models.base import Authored


class KeptAnswer(Authored):
    """The answer to one request with an `Idempotency-Key`, given again if it is repeated.

    `http_status` is 0 while the first request is still being worked on.
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
