"""What passed between us and a human being, and the rests they must get."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from outreach.core.models.base import Channel
from outreach.core.models.drafts import Draft
from outreach.core.models.people import Person
from outreach.core.models.workspace import Workspace


class Direction(models.TextChoices):
    OUT = "out", "We wrote"
    IN = "in", "They wrote"


class Contact(models.Model):
    """One message that left or arrived. `certain` is False while its outcome is unknown.

    `human` is the canonical person. A contact a person has declared not to have happened is
    `voided_at`, never deleted.
    """

    Direction = Direction

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="contacts")
    human = models.ForeignKey(Person, models.PROTECT, related_name="contacts", db_index=False)
    channel = models.CharField(max_length=9, choices=Channel.choices)
    direction = models.CharField(max_length=3, choices=Direction.choices)
    at = models.DateTimeField()
    certain = models.BooleanField(default=True)
    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, null=True, related_name="contacts")
    key = models.CharField(max_length=80, unique=True, help_text="What it tells of, once.")
    voided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "contacts"
        indexes = [models.Index(fields=["human", "at"], name="contact_of_human")]
        constraints = [
            models.CheckConstraint(
                name="contact_out_has_draft",
                # What an archive tells of was written elsewhere: there is no draft of it.
                condition=Q(direction="in") | Q(draft__isnull=False) | Q(key__startswith="import:"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.direction} by {self.channel} at {self.at:%Y-%m-%d %H:%M} UTC"


class Cause(models.TextChoices):
    DAILY_LIMIT = "daily_limit", "Daily limit reached"  # 24 h from the message that reached it
    CROSS_PLATFORM = "cross_platform", "Written to on several channels"  # 48 h
    STOP_REQUEST = "stop_request", "Asked us to stop"  # 72 h


class CoolingOff(models.Model):
    """A rest on every channel: not prolonged by attempts, not ended by a reply (SPEC §4)."""

    Cause = Cause

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    human = models.ForeignKey(Person, models.PROTECT, related_name="cooling_offs", db_index=False)
    cause = models.CharField(max_length=14, choices=Cause.choices)
    at = models.DateTimeField()
    until = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "cooling_offs"
        indexes = [models.Index(fields=["human", "until"], name="cooling_off_of_human")]
        constraints = [
            models.CheckConstraint(
                name="cooling_off_ends_after_it_begins", condition=Q(until__gt=models.F("at"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.cause} until {self.until:%Y-%m-%d %H:%M} UTC"
