"""Switches and brakes, what a rule refused, and declared emergencies.

Written by `controls`, `events` and `override` only.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from outreach.core.models import Draft, Revision, Workspace
from outreach.core.models.base import Authored


class ControlKey(models.TextChoices):
    """Switches are on as shipped (on = working); brakes are off (on = braking)."""

    MESSAGING_ENABLED = "MESSAGING_ENABLED", "Messaging"
    AUTO_REPLY_ENABLED = "AUTO_REPLY_ENABLED", "Auto-reply"
    AUTO_APPROVE_ENABLED = "AUTO_APPROVE_ENABLED", "Auto-approve"
    EXPERIMENT_ENABLED = "EXPERIMENT_ENABLED", "Experiments"
    EMERGENCY_STOP = "EMERGENCY_STOP", "Emergency stop"
    DRY_RUN = "DRY_RUN", "Dry run"


SWITCHES = (
    ControlKey.MESSAGING_ENABLED,
    ControlKey.AUTO_REPLY_ENABLED,
    ControlKey.AUTO_APPROVE_ENABLED,
    ControlKey.EXPERIMENT_ENABLED,
)
BRAKES = (ControlKey.EMERGENCY_STOP, ControlKey.DRY_RUN)


class SystemControl(models.Model):
    """One switch or brake, for the whole system (no workspace) or for one workspace.

    A missing row, an unreadable value or a failed read means stopped.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, null=True, blank=True, related_name="controls"
    )
    control_key = models.CharField(max_length=24, choices=ControlKey.choices)
    enabled = models.BooleanField()
    reason = models.CharField(max_length=500, blank=True)
    by_kind = models.CharField(max_length=6, blank=True)
    by_id = models.CharField(max_length=64, blank=True)
    by_label = models.CharField(max_length=150, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    auto_restore_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "system_controls"
        constraints = [
            models.UniqueConstraint(
                fields=["control_key"],
                condition=Q(workspace__isnull=True),
                name="control_once_for_the_system",
            ),
            models.UniqueConstraint(
                fields=["workspace", "control_key"],
                condition=Q(workspace__isnull=False),
                name="control_once_per_workspace",
            ),
            models.CheckConstraint(
                name="control_brakes_never_restore_themselves",
                condition=~Q(control_key__in=["EMERGENCY_STOP", "DRY_RUN"])
                | Q(auto_restore_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.control_key}: {'on' if self.enabled else 'off'}"

    @property
    def is_braking(self) -> bool:
        """True if this row keeps something from happening."""
        # Anything but a clear yes or no is a value nobody can read, and that is stopped.
        return self.enabled is not (self.control_key not in BRAKES)


ACTS = {
    "send_email": "sending by e-mail",
    "send_whatsapp": "sending by WhatsApp",
    "send_instagram_dm": "sending by Instagram",
    "send_linkedin_message": "writing by LinkedIn",
    "submit": "submitting",
    "edit": "editing",
    "rewrite": "rewriting",
}


class SafetyEvent(Authored):
    """One refusal, hold or rewrite: one row per message and reason, not per attempt (seed A)."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    event_type = models.CharField(max_length=40)
    action_blocked = models.CharField(max_length=300)
    reason = models.CharField(max_length=500)
    code = models.CharField(max_length=64)
    metadata: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    draft = models.ForeignKey(
        Draft, on_delete=models.PROTECT, null=True, blank=True, related_name="safety_events"
    )
    revision = models.ForeignKey(
        Revision, on_delete=models.PROTECT, null=True, blank=True, related_name="safety_events"
    )
    created_at = models.DateTimeField()

    class Meta:
        db_table = "safety_events"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "revision", "code"],
                condition=Q(draft__isnull=False, revision__isnull=False),
                name="safety_event_once_per_message_and_reason",
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "-id"], name="safety_event_of_workspace"),
            models.Index(fields=["workspace", "created_at"], name="safety_event_by_time"),
            models.Index(fields=["workspace", "code", "-id"], name="safety_event_by_code"),
        ]

    @property
    def what(self) -> str:
        """What was refused, held or rewritten, as a person reads it; programs read the column."""
        act, _, number = self.action_blocked.partition(" for message ")
        words = ACTS.get(act, act.replace("_", " "))
        return f"{words}, message {number}" if number else words

    @property
    def named(self) -> str:
        """Its code as a person reads it; search and filters take the code itself."""
        return self.code.replace("_", " ")

    def __str__(self) -> str:
        return f"{self.event_type}: {self.reason}"


class EmergencyCategory(models.TextChoices):
    """The only emergencies there are (seed D). "Urgent" is none of them."""

    MEDICAL = "medical", "Medical emergency"
    SAFETY_THREAT = "safety_threat", "Immediate physical danger"
    SECURITY_BREACH = "security_breach", "Account or system compromised"
    LEGAL_REQUIREMENT = "legal_requirement", "Court order or legal duty"


class EmergencyOverride(Authored):
    """A person's word that one message cannot wait. `used_at`: it has left, and lifts no more."""

    Category = EmergencyCategory

    workspace = models.ForeignKey(Workspace, on_delete=models.PROTECT, related_name="+")
    draft = models.OneToOneField(Draft, on_delete=models.PROTECT, related_name="emergency")
    category = models.CharField(max_length=17, choices=EmergencyCategory.choices)
    justification = models.CharField(max_length=1000)
    declared_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "emergency_overrides"
        constraints = [
            models.CheckConstraint(
                name="emergency_is_justified_by_a_person",
                condition=~Q(justification="") & Q(by_kind="user"),
            )
        ]

    def __str__(self) -> str:
        state = "used" if self.used_at else "declared"
        return f"{self.get_category_display()} for message {self.draft_id}: {state}"
