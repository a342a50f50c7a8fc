"""Each attempt to hand over an approved message. The row in `sending` is the intent."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from approvals import quota
from approvals.models import Approval
from outreach.core.models import Channel, Person, User, Workspace


class DeliveryStatus(models.TextChoices):
    """What became of one attempt."""

    SENDING = "sending", "Being sent"  # the committed intent; its owner alone may transmit
    SENT = "sent", "Sent"  # the other side said yes
    FAILED = "failed", "Failed"  # certainly did not leave
    UNKNOWN = "unknown", "Outcome unknown"  # may have left: a person decides, never a machine
    RELEASED = "released", "Not sent"  # the last look said no: nothing was handed over
    MANUAL = "manual", "Sent by hand"  # a person says that they sent it
    SIMULATED = "simulated", "Simulated"  # dry run: exactly what would have left


ARROWS: dict[str, frozenset[str]] = {
    DeliveryStatus.SENDING: frozenset(
        {
            DeliveryStatus.SENT,
            DeliveryStatus.FAILED,
            DeliveryStatus.UNKNOWN,
            DeliveryStatus.RELEASED,
        }
    ),
    DeliveryStatus.UNKNOWN: frozenset({DeliveryStatus.SENT, DeliveryStatus.FAILED}),
    DeliveryStatus.MANUAL: frozenset({DeliveryStatus.RELEASED}),
    DeliveryStatus.SENT: frozenset(),
    DeliveryStatus.FAILED: frozenset({DeliveryStatus.SENT}),  # a person's word, a receipt after
    DeliveryStatus.RELEASED: frozenset(),
    DeliveryStatus.SIMULATED: frozenset(),
}


class Delivery(models.Model):
    """One attempt to send one approval. `sender`, `place`, `boot_id` say who holds the intent."""

    Status = DeliveryStatus

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="deliveries")
    approval = models.ForeignKey(
        Approval, on_delete=models.PROTECT, related_name="deliveries", db_index=False
    )
    human = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=9, choices=Channel.choices)
    status = models.CharField(max_length=9, choices=DeliveryStatus.choices)
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    attempt = models.PositiveSmallIntegerField(default=1)
    sender = models.UUIDField(null=True, blank=True)
    place = models.CharField(max_length=120, blank=True)
    boot_id = models.CharField(max_length=64, blank=True)
    since = models.DateTimeField()
    quota_day = models.DateField(
        null=True, blank=True, editable=False, help_text="The local day whose quota it used."
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    provider_id = models.CharField(max_length=255, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    evidence: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    settled_by_label = models.CharField(max_length=150, blank=True)

    class Meta:
        db_table = "deliveries"
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["approval"],
                condition=Q(status__in=["sending", "sent", "unknown", "manual"]),
                name="delivery_at_most_one_per_approval",
            ),
            models.UniqueConstraint(
                fields=["approval"],
                condition=Q(status="simulated"),
                name="delivery_simulated_once",
            ),
            models.UniqueConstraint(
                fields=["human"],
                condition=Q(status="sending"),
                name="delivery_one_in_flight_per_human",
            ),
            models.CheckConstraint(
                name="delivery_intent_names_its_owner",
                condition=~Q(status="sending")
                | (Q(sender__isnull=False) & ~Q(place="") & ~Q(boot_id="")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["status", "since"],
                name="delivery_open",
                condition=Q(status__in=["sending", "unknown"]),
            ),
            models.Index(fields=["approval", "-id"], name="delivery_of_approval"),
            models.Index(fields=["channel", "since"], name="delivery_of_channel"),
            models.Index(
                fields=["provider_id"],
                name="delivery_by_provider_id",
                condition=~Q(provider_id=""),
            ),
        ]

    @property
    def counted(self) -> tuple[Approval, date]:
        """What its quotas give back where it certainly did not leave, and of which day.

        The day it was counted for: the workspace may be in another zone by now.
        """
        of = self.approval
        return of, self.quota_day or quota.local_day(of.workspace, self.since)

    def __str__(self) -> str:
        return f"Delivery {self.pk} of #{self.approval_id}: {self.status}"

    @property
    def decided_anew(self) -> bool:
        """Whether nobody knew, and a person let a new decision stand in its place: its status is
        `failed`, so that another may be sent, but that it failed nobody says."""
        return self.status == DeliveryStatus.FAILED and (
            (self.evidence or {}).get("answer") == "send_again"
        )

    @property
    def outcome(self) -> str:
        """What became of it, for people."""
        return "Unknown, decided anew" if self.decided_anew else str(self.get_status_display())

    @property
    def look(self) -> str:
        """The status whose colours it is shown in."""
        return str(DeliveryStatus.UNKNOWN if self.decided_anew else self.status)


class Claim(models.Model):
    """Who copied an approved message to send it by hand (`claims`): one colleague at a time."""

    approval = models.OneToOneField(Approval, on_delete=models.CASCADE, related_name="claim")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()

    class Meta:
        db_table = "by_hand_claims"

    def __str__(self) -> str:
        return f"#{self.approval_id} by user {self.user_id} since {self.since:%H:%M}"


class PlatformTemplate(models.Model):
    """A text that WhatsApp approved beforehand, word for word as approved, with {{1}}, {{2}} …

    Outside the 24 hours after their last message only such a text can go there.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="platform_templates", db_index=False
    )
    name = models.CharField(
        max_length=512,
        validators=[
            RegexValidator(r"^[a-z0-9_]+$", "Small letters, digits and _ only, as WhatsApp has it.")
        ],
    )
    language = models.CharField(
        max_length=15,
        default="en",
        validators=[RegexValidator(r"^[a-z]{2,3}(_[A-Z]{2})?$", "Such as en, en_US or pt_BR.")],
    )
    body = models.TextField(
        max_length=1024, help_text="Exactly as WhatsApp approved it, with {{1}}, {{2}} …"
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "message_templates"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name", "language"], name="platform_template_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"


class EventKind(models.TextChoices):
    """What a provider tells us. What we do not know is kept and counted as other."""

    MESSAGE = "message", "A message to us"
    SENT = "sent", "Accepted by the provider"
    DELIVERED = "delivered", "Delivered"
    READ = "read", "Read"
    FAILED = "failed", "Failed at the provider"
    BOUNCED = "bounced", "Bounced"
    COMPLAINED = "complained", "Complained"
    UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
    OTHER = "other", "Other"


class ProviderEvent(models.Model):
    """One event as a provider told it, once: stored before it is judged.

    `delivery` is the message of ours it speaks of; without one it is an orphan. `bounced` and
    `digest` (the address, keyed) count soft bounces. A message's words move to the inbox. `tries`
    and `retry_at` are of judging that failed; in the end it is set aside, and `judged_at` is set.
    """

    Kind = EventKind

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, null=True, related_name="provider_events"
    )
    provider = models.CharField(max_length=40)
    event_id = models.CharField(max_length=255)
    kind = models.CharField(max_length=12, choices=EventKind.choices)
    at = models.DateTimeField()
    payload: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    delivery = models.ForeignKey(
        Delivery, on_delete=models.SET_NULL, null=True, related_name="events"
    )
    digest = models.CharField(max_length=64, blank=True)
    bounced = models.CharField(max_length=4, blank=True, help_text="hard or soft")
    result = models.CharField(max_length=200, blank=True)
    tried_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True)
    set_aside_at = models.DateTimeField(null=True)
    judged_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "provider_events"
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="provider_event_once")
        ]
        indexes = [
            models.Index(
                fields=["tried_at", "id"],
                name="provider_event_open",
                condition=Q(judged_at__isnull=True),
            ),
            models.Index(
                fields=["set_aside_at"],
                name="provider_event_set_aside",
                condition=Q(set_aside_at__isnull=False),
            ),
            models.Index(
                fields=["digest", "at"],
                name="provider_event_bounces",
                condition=Q(bounced="soft"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} event {self.event_id}: {self.kind}"


class ChannelHealth(models.Model):
    """How a channel of this installation fares: its breaker, and a pause that a person lifts."""

    channel = models.CharField(max_length=9, choices=Channel.choices, unique=True)
    troubles = models.PositiveSmallIntegerField(default=0)
    rests = models.PositiveSmallIntegerField(default=0)
    rest_until = models.DateTimeField(null=True, blank=True)
    paused = models.CharField(max_length=300, blank=True, help_text="Why; empty: not paused.")
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "channel_health"
        verbose_name_plural = "channel health"

    def __str__(self) -> str:
        return f"{self.channel}: {self.paused or 'works'}"
