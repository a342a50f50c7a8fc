"""The tenant, the people who work in it, and the programs that propose to it."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q

from outreach.core.clock import by_clock
from outreach.core.models.base import Authored


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

    def save(self, *args: Any, **kwargs: Any) -> None:
        """In a transaction, so that who tells of it in the log, when it is saved, is part of it."""
        with transaction.atomic():
            super().save(*args, **kwargs)


class Autonomy(models.TextChoices):
    """What an agent's request may become (SPEC §5). Strictest first."""

    ASSISTED = "assisted", "Assisted: drafts only"
    GOVERNANCE = "governance", "Governance: always reviewed"
    MANAGED = "managed", "Managed: reviewed while Safe Mode is on"
    AUTOPILOT = "autopilot", "Autopilot: needs Safe Mode off"


class Weekday(models.IntegerChoices):
    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


AUTOPILOT_REFUSED = "Autopilot needs Safe Mode off. Choose managed, or switch Safe Mode off first."


DRILL_SLUG = "~stop-drill"  # no form takes a ~, so no workspace of anybody has this name


class Places(models.Manager["Workspace"]):
    """Every workspace but the stop drill's: nothing lists, counts or serves that one."""

    def get_queryset(self) -> models.QuerySet[Workspace]:
        return super().get_queryset().exclude(slug=DRILL_SLUG)


class Workspace(models.Model):
    """The tenant. Safe Mode is on and autonomy is managed unless an admin decides otherwise.

    `auto_approve_by` is the admin in whose name the rules may approve; without one they never do.
    """

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
    bulk_approves_normal = models.BooleanField(
        "several of normal priority at once",
        default=False,
        help_text="Reviewers may approve messages of normal priority together, as they may those "
        "of low; a first message is normal. Each text is shown, at most 50 at a time, and what a "
        "rule found, a hold or an attachment still asks for a look of its own. Higher ones never.",
    )
    approval_expiry_hours = models.PositiveSmallIntegerField(
        default=72, validators=[MinValueValidator(1), MaxValueValidator(720)]
    )
    auto_approve_enabled = models.BooleanField(
        default=True,
        editable=False,
        help_text="Has a meaning only while Safe Mode is off and an admin is named.",
    )
    auto_approve_threshold = models.PositiveSmallIntegerField(
        default=90,
        editable=False,
        validators=[MinValueValidator(80), MaxValueValidator(100)],
        help_text="The least confidence that may be approved by rule; never below 80.",
    )
    auto_approve_by = models.ForeignKey(
        "User", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    recheck_percent = models.PositiveSmallIntegerField(
        "look again at",
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Percent of what rules approved that a reviewer looks at again afterwards; at "
        "least one message of a day, whatever stands here.",
    )
    require_approval_for_first_message = models.BooleanField(
        default=True,
        editable=False,
        help_text="Off: a first message is no more urgent than others. Never automatic either way.",
    )
    require_approval_for_desist_history = models.BooleanField(
        default=True,
        editable=False,
        help_text="Off: who once asked us to stop is not critical. Never automatic either way.",
    )
    daily_quota = models.PositiveIntegerField(
        default=20,
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Messages that may leave in one local day. Empty: no limit.",
    )
    weekly_review_day = models.PositiveSmallIntegerField(
        choices=Weekday.choices,
        null=True,
        blank=True,
        help_text="When the weekly report goes to reviewers. Empty: never.",
    )
    sender_name = models.CharField(max_length=120, blank=True)
    sender_address = models.EmailField(
        blank=True, help_text="From address of e-mails; empty: DEFAULT_FROM_EMAIL."
    )
    unsubscribe_address = models.EmailField(
        blank=True, help_text="Where List-Unsubscribe mails go; empty: the sender's address."
    )
    postal_address = models.CharField(max_length=300, blank=True)
    own_words = models.TextField(
        blank=True,
        max_length=10_000,
        help_text="Words or phrases this workspace does not use, one a line. They are taken out "
        "or shown to the reviewer, in addition to the rules that ship.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = Places()
    everywhere = models.Manager["Workspace"]()

    class Meta:
        db_table = "workspaces"
        constraints = [
            models.CheckConstraint(
                name="workspace_safe_mode_excludes_autopilot",
                condition=~Q(safe_mode=True, autonomy_mode="autopilot"),
                violation_error_message=AUTOPILOT_REFUSED,
            ),
            models.CheckConstraint(
                name="workspace_auto_approve_threshold_is_80_to_100",
                condition=Q(auto_approve_threshold__gte=80, auto_approve_threshold__lte=100),
                violation_error_message="The threshold is 80 to 100.",
            ),
            models.CheckConstraint(
                name="workspace_quota_is_positive",
                condition=Q(daily_quota__isnull=True) | Q(daily_quota__gte=1),
                violation_error_message="A quota is 1 or more; leave it empty for no limit.",
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

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", db_index=False)
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
    """A program that proposes, with keys of its own; no scope approves, sends or switches."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="agents", db_index=False)
    name = models.CharField(max_length=120)
    scopes = models.JSONField(default=list, blank=True)
    autonomy_override = models.CharField(max_length=10, choices=Autonomy.choices, blank=True)
    daily_quota = models.PositiveIntegerField(
        default=20,
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Messages of this agent that may leave in one local day. Empty: no limit.",
    )
    voice = models.CharField(
        max_length=60, blank=True, help_text="The voice it writes in. Empty: the house voice."
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "agents"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="agent_name_once"),
            models.CheckConstraint(
                name="agent_quota_is_positive",
                condition=Q(daily_quota__isnull=True) | Q(daily_quota__gte=1),
                violation_error_message="A quota is 1 or more; leave it empty for no limit.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """An override is never looser than Safe Mode; saying so early spares a wrong hope."""
        super().clean()
        place = self.workspace if self.workspace_id else None
        if self.autonomy_override == Autonomy.AUTOPILOT and place and place.safe_mode:
            raise ValidationError({"autonomy_override": AUTOPILOT_REFUSED})


class SettingChange(Authored):
    """A change of what decides what leaves, with the reason in the words of who did it.

    A setting, a control (no workspace: of the whole system) or a person's standing. The activity
    log carries no text; here it can be read, and erased.
    """

    workspace = models.ForeignKey(
        Workspace, models.CASCADE, null=True, related_name="changes", db_index=False
    )
    settings = models.JSONField(default=dict, help_text="Each setting and its new value.")
    reason = models.CharField(max_length=1000, blank=True)
    details = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "setting_changes"
        indexes = [models.Index(fields=["workspace", "-id"], name="setting_change_of_workspace")]

    def __str__(self) -> str:
        names = ", ".join(f"{name} = {value}" for name, value in self.settings.items())
        return f"{names} by {self.by_label} at {by_clock(self.at)}"
