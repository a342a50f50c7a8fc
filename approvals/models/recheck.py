"""A second look at what was approved by rule."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from approvals.models.approval import Approval
from outreach.core.models import Workspace


class Recheck(models.Model):
    """An approval by rule put before a person afterwards: would they have given it?

    Apart from the approval, because the answer is about the rules: it changes nothing that was
    decided or sent. Written by `approvals.rechecking` only.
    """

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    approval = models.OneToOneField(Approval, models.PROTECT, related_name="recheck")
    drawn_at = models.DateTimeField()
    would_approve = models.BooleanField(null=True, blank=True)
    reason = models.TextField(blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    answered_by_label = models.CharField(max_length=150, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "message_approvals_rechecked"
        constraints = [
            models.CheckConstraint(
                name="recheck_answered_by_somebody",
                condition=Q(
                    would_approve__isnull=True, answered_by__isnull=True, answered_at__isnull=True
                )
                | Q(
                    would_approve__isnull=False,
                    answered_by__isnull=False,
                    answered_at__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="recheck_against_with_reason",
                condition=Q(would_approve__isnull=True) | Q(would_approve=True) | ~Q(reason=""),
            ),
        ]
        indexes = [models.Index(fields=["workspace", "answered_at"], name="recheck_answered")]

    def __str__(self) -> str:
        words = {None: "not looked at yet", True: "agreed", False: "would not have approved"}
        return f"second look at #{self.approval_id}: {words[self.would_approve]}"
