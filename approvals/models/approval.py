"""The approval record: one review round over exactly one revision. A round never reopens."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from outreach.core.models import (
    Channel,
    Draft,
    Person,
    Purpose,
    Revision,
    Touch,
    Workspace,
)
from outreach.core.models.base import Authored


class ApprovalStatus(models.TextChoices):
    """Where a review round stands."""

    PENDING = "pending", "Pending"  # waits for a person
    APPROVED = "approved", "Approved"  # a person said yes to exactly this digest
    AUTO_APPROVED = "auto_approved", "Auto-approved"  # the rules said yes in an admin's name
    REJECTED = "rejected", "Rejected"  # a person or a stop said no; the message ends
    EXPIRED = "expired", "Expired"  # nobody acted in time, or permission ran out unsent
    WITHDRAWN = "withdrawn", "Withdrawn"  # taken back: the reason says by what


GIVEN = (ApprovalStatus.APPROVED, ApprovalStatus.AUTO_APPROVED)

TRANSITIONS: dict[str, frozenset[str]] = {
    ApprovalStatus.PENDING: frozenset(
        {
            ApprovalStatus.APPROVED,
            ApprovalStatus.AUTO_APPROVED,
            ApprovalStatus.REJECTED,
            ApprovalStatus.EXPIRED,
            ApprovalStatus.WITHDRAWN,
        }
    ),
    # Out of a given approval only while nobody has taken it for sending (`taken_at` is null).
    ApprovalStatus.APPROVED: frozenset(
        {ApprovalStatus.WITHDRAWN, ApprovalStatus.EXPIRED, ApprovalStatus.REJECTED}
    ),
    ApprovalStatus.AUTO_APPROVED: frozenset(
        {ApprovalStatus.WITHDRAWN, ApprovalStatus.EXPIRED, ApprovalStatus.REJECTED}
    ),
    ApprovalStatus.REJECTED: frozenset(),
    ApprovalStatus.EXPIRED: frozenset(),
    ApprovalStatus.WITHDRAWN: frozenset(),
}


class Priority(models.IntegerChoices):
    """How soon a person should look. Sorted descending: critical first."""

    LOW = 0, "low"
    NORMAL = 1, "normal"
    HIGH = 2, "high"
    CRITICAL = 3, "critical"


# How a withdrawn round ended, where the word says less than what happened.
OUTCOMES = {
    "changes_requested": "Sent back",
    "emergency_stop": "Taken back by the emergency stop",
    "dry_run_off": "Taken back when dry run ended",
}


class Approval(Authored):
    """One review round. `by_*` is who submitted (the author four-eyes compares with).

    `taken_at` is the one row that decides between sending and everything else: a claim sets it
    where it is null; every other way out of a given approval demands that it is null.
    """

    Status = ApprovalStatus

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="approvals")
    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="approvals")
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="approvals")
    human = models.ForeignKey(Person, models.PROTECT, related_name="approvals", db_index=False)
    channel = models.CharField(max_length=9, choices=Channel.choices)
    touch = models.CharField(max_length=9, choices=Touch.choices)
    purpose = models.CharField(max_length=13, choices=Purpose.choices)
    digest = models.CharField(max_length=67)

    status = models.CharField(
        max_length=13, choices=ApprovalStatus.choices, default=ApprovalStatus.PENDING
    )
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    priority_reasons: models.JSONField[Any, Any] = models.JSONField(default=list, blank=True)
    confidence = models.PositiveSmallIntegerField(null=True, blank=True)
    notes = models.TextField(blank=True, help_text="From the author to the reviewer.")
    decision: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    routing: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    receipt: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)

    created_at = models.DateTimeField()
    scheduled_for = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(help_text="A pending round ends then, unanswered.")
    due_at = models.DateTimeField(null=True, blank=True, help_text="When it may be taken.")
    quota_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Equal to `due_at`: a quota holds it."
    )
    send_before = models.DateTimeField(
        null=True, blank=True, help_text="Permission is not for ever."
    )
    taken_at = models.DateTimeField(null=True, blank=True, editable=False)

    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="decisions",
    )
    decided_by_label = models.CharField(max_length=150, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    heard = models.BigIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="The newest message of theirs when it was approved; 0: none had come.",
    )
    dry_run = models.BooleanField(
        default=False, help_text="Given while dry run was on: never sends."
    )
    rejection_reason = models.TextField(blank=True)
    closed_reason = models.CharField(max_length=64, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    edited = models.BooleanField(default=False, help_text="The reviewer changed the text.")

    class Meta:
        db_table = "message_approvals"
        verbose_name_plural = "queue"
        constraints = [
            models.UniqueConstraint(
                fields=["draft"],
                condition=Q(status="pending")
                | Q(status__in=["approved", "auto_approved"], taken_at__isnull=True),
                name="approval_one_open_round_per_draft",
            ),
            models.CheckConstraint(
                name="approval_given_by_somebody_over_something",
                condition=~Q(status__in=["approved", "auto_approved"])
                | (
                    Q(
                        decided_by__isnull=False,
                        decided_at__isnull=False,
                        due_at__isnull=False,
                        send_before__isnull=False,
                    )
                    & ~Q(digest="")
                ),
            ),
            models.CheckConstraint(
                name="approval_rejected_with_reason",
                condition=~Q(status="rejected") | ~Q(rejection_reason=""),
            ),
            models.CheckConstraint(
                name="approval_taken_only_when_given",
                condition=Q(taken_at__isnull=True) | ~Q(status="pending"),
            ),
        ]
        indexes = [
            # With what the queue asks besides its order, so that it is counted, and a late page
            # of it found, without a look at a single row.
            models.Index(
                F("priority").desc(),
                "created_at",
                "id",
                name="approval_queue_whole_order",
                condition=Q(status="pending"),
                include=["workspace"],
            ),
            models.Index(
                fields=["scheduled_for", "id"],
                name="approval_scheduled",
                condition=Q(status="pending", scheduled_for__isnull=False),
            ),
            models.Index(
                fields=["due_at", "id"],
                name="approval_due",
                condition=Q(status__in=["approved", "auto_approved"], taken_at__isnull=True),
            ),
            models.Index(
                fields=["human", "due_at", "id"],
                name="approval_due_of_human",
                condition=Q(status__in=["approved", "auto_approved"], taken_at__isnull=True),
            ),
            models.Index(fields=["human", "status"], name="approval_of_human"),
            models.Index(
                fields=["workspace", "decided_at"],
                name="approval_decided",
                condition=Q(decided_at__isnull=False),
            ),
            models.Index(
                fields=["workspace", "closed_at"],
                name="approval_closed",
                condition=Q(closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_priority_display()} {self.status}"

    @property
    def taken_back(self) -> bool:
        """Whether it was given and has ended since: `decided_by` gave it, and did not end it."""
        return bool(self.receipt) and self.status != ApprovalStatus.PENDING and not self.is_given

    @property
    def outcome(self) -> str:
        """The status in words, for where it stands beside who did it."""
        known = OUTCOMES.get(self.closed_reason) if self.status == ApprovalStatus.WITHDRAWN else ""
        return known or str(self.get_status_display())

    @property
    def is_given(self) -> bool:
        return self.status in GIVEN

    @property
    def is_open(self) -> bool:
        return self.status == ApprovalStatus.PENDING or (self.is_given and self.taken_at is None)


class Opened(models.Model):
    """Who looks at an item just now. It tells the others and never holds anybody up."""

    approval = models.ForeignKey(Approval, models.CASCADE, related_name="openings", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "message_approvals_opened"
        unique_together = [("approval", "user")]

    def __str__(self) -> str:
        return f"#{self.approval_id} by user {self.user_id} since {self.opened_at:%H:%M}"
