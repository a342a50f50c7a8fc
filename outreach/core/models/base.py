"""Words shared by every table: channels, purposes, touches, and who acted."""

from __future__ import annotations

from django.db import models


class Channel(models.TextChoices):
    """Where a message can go. LinkedIn and phone are handed to a person, never automated."""

    EMAIL = "email", "E-mail"
    WHATSAPP = "whatsapp", "WhatsApp"
    INSTAGRAM = "instagram", "Instagram"
    LINKEDIN = "linkedin", "LinkedIn"
    PHONE = "phone", "Phone"


class Purpose(models.TextChoices):
    """The payload's `message_type` (seed D). Unknown is judged as promotional."""

    INFORMATIONAL = "informational", "Informational"
    PROMOTIONAL = "promotional", "Promotional"
    PERSONAL = "personal", "Personal"
    FOLLOW_UP = "follow_up", "Follow-up"
    WORK_UPDATE = "work_update", "Work update"
    TRANSACTIONAL = "transactional", "Transactional"


class Touch(models.TextChoices):
    """Seed C's message type: computed from history, never taken from the caller."""

    INITIAL = "initial", "Initial"
    REPLY = "reply", "Reply"
    FOLLOW_UP = "follow_up", "Follow-up"


class PrincipalKind(models.TextChoices):
    USER = "user", "Person"
    AGENT = "agent", "Agent"
    SYSTEM = "system", "System"


class Authored(models.Model):
    """Who wrote this row: kind, id within the kind, and a label for the tired eye."""

    by_kind = models.CharField(max_length=6, choices=PrincipalKind.choices, editable=False)
    by_id = models.CharField(max_length=64, editable=False)
    by_label = models.CharField(max_length=150, editable=False)

    class Meta:
        abstract = True


class Heartbeat(models.Model):
    """When a part of the running system last said that it lives; `healthz` reads it."""

    name = models.CharField(max_length=32, unique=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "heartbeats"

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S} UTC"
