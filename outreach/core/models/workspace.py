"""The tenant, the people who work in it, and the programs that propose to it."""

from __future__ import annotations

import zoneinfo

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q


def validate_zone(name: str) -> None:
    """Refuse a zone that IANA does not know; never fall back to UTC silently."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(
            "%(name)s is not an IANA time zone. Use a name such as Europe/Zurich.",
            params={"name": name},
        )


class User(AbstractUser):
    """A colleague. `is_operator` is a right on the whole system, beside workspace roles."""

    is_operator = models.BooleanField(
        default=False, help_text="May set and lift the controls of the whole system."
    )

    class Meta(AbstractUser.Meta):
        db_table = "users"


class Autonomy(models.TextChoices):
    """What an agent's request may become (SPEC §5). Strictest first."""

    ASSISTED = "assisted", "Assisted: drafts only"
    GOVERNANCE = "governance", "Governance: always reviewed"
    MANAGED = "managed", "Managed: reviewed while Safe Mode is on"
    AUTOPILOT = "autopilot", "Autopilot: needs Safe Mode off"


class Workspace(models.Model):
    """The tenant. Safe Mode is on and autonomy is managed unless an admin decides otherwise."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_zone])
    safe_mode = models.BooleanField(default=True)
    autonomy_mode = models.CharField(
        max_length=10, choices=Autonomy.choices, default=Autonomy.MANAGED
    )
    four_eyes = models.BooleanField(
        default=False, help_text="The author of a message may not approve it."
    )
    approval_expiry_hours = models.PositiveSmallIntegerField(
        default=72, validators=[MinValueValidator(1), MaxValueValidator(720)]
    )
    sender_name = models.CharField(max_length=120, blank=True)
    sender_address = models.EmailField(
        blank=True, help_text="From address of e-mails; empty: DEFAULT_FROM_EMAIL."
    )
    unsubscribe_address = models.EmailField(
        blank=True, help_text="Where List-Unsubscribe mails go; empty: the sender's address."
    )
    postal_address = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "workspaces"
        constraints = [
            models.CheckConstraint(
                name="workspace_safe_mode_excludes_autopilot",
                condition=~Q(safe_mode=True, autonomy_mode="autopilot"),
                violation_error_message="Autopilot needs Safe Mode off. Choose managed, or "
                "switch Safe Mode off first.",
            ),
            models.CheckConstraint(
                name="workspace_expiry_is_positive",
                condition=Q(approval_expiry_hours__gte=1),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """Rising rights within one workspace."""

    VIEWER = "viewer", "Viewer"
    CREATOR = "creator", "Creator"
    REVIEWER = "reviewer", "Reviewer"
    ADMIN = "admin", "Admin"


class Membership(models.Model):
    """One user's role in one workspace."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.VIEWER)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "memberships"
        constraints = [
            models.UniqueConstraint(fields=["user", "workspace"], name="membership_once")
        ]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.workspace}"


class Agent(models.Model):
    """A program that proposes. Its key is stored hashed; no scope approves, sends or switches."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="agents")
    name = models.CharField(max_length=120)
    scopes = models.JSONField(default=list, blank=True)
    autonomy_override = models.CharField(max_length=10, choices=Autonomy.choices, blank=True)
    key_hash = models.CharField(max_length=64, blank=True, editable=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "agents"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="agent_name_once")
        ]

    def __str__(self) -> str:
        return self.name
