"""Companies, the people we may contact, and where each can be reached."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q

from outreach.core import names
from outreach.core.models.base import Channel
from outreach.core.models.workspace import Workspace, validate_zone


class Account(models.Model):
    """A company. `key` is its folded name, so that one company is one row."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="accounts", db_index=False
    )
    name = models.CharField(max_length=300)
    key = models.CharField(max_length=300, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "accounts"
        constraints = [models.UniqueConstraint(fields=["workspace", "key"], name="account_once")]

    def __str__(self) -> str:
        return self.name


class PersonStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    DESIST = "desist", "Asked us to stop"
    BLOCKED = "blocked", "Blocked by us"


class Person(models.Model):
    """A human being. Duplicates point at the canonical row by `merged_into`.

    Limits, stops and opt-outs follow the human being: ask `human_id`, never `id`, for them.
    """

    Status = PersonStatus

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="people", db_index=False)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.ForeignKey(
        Account, on_delete=models.SET_NULL, null=True, blank=True, related_name="people"
    )
    account_hearsay = models.BooleanField(
        default=False, editable=False,
        help_text="Only an agent told the company: no law is kinder by it.",
    )  # fmt: skip
    first_name = models.CharField(max_length=200, blank=True)
    last_name = models.CharField(max_length=200, blank=True)
    full_name = models.CharField(max_length=400)
    greeting_name = models.CharField(
        max_length=200, blank=True, help_text="Empty: drafts greet without a name."
    )
    position = models.CharField(max_length=400, blank=True)
    profile_url = models.CharField(max_length=500, blank=True)
    connected_on = models.DateField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, validators=[validate_zone])
    country = models.CharField(max_length=2, blank=True)
    former_names: models.JSONField[Any, Any] = models.JSONField(
        default=list, blank=True, editable=False,
        help_text="Names before this one, so that an erasure finds what is said under them.",
    )  # fmt: skip
    notes = models.TextField(blank=True)
    facts = models.JSONField(default=dict, blank=True)
    follows_us = models.BooleanField(null=True, blank=True)
    source = models.CharField(max_length=300, blank=True)

    status = models.CharField(
        max_length=8, choices=PersonStatus.choices, default=PersonStatus.ACTIVE, editable=False
    )
    status_reason = models.CharField(max_length=500, blank=True, editable=False)
    status_at = models.DateTimeField(null=True, blank=True, editable=False)
    desisted_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The last request to stop, kept for ever."
    )
    desist_beneath = models.BooleanField(
        default=False,
        editable=False,
        help_text="Blocked while a request to stop stood that nobody has lifted since.",
    )
    block_beneath = models.CharField(
        max_length=500, blank=True, editable=False,
        help_text="Why they were blocked, where a request to stop lies over a block.",
    )  # fmt: skip
    automation_enabled = models.BooleanField(default=True, editable=False)
    automation_disabled_reason = models.CharField(max_length=500, blank=True, editable=False)
    automation_disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    erased_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When everything known of them went."
    )
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="duplicates"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "people"
        verbose_name_plural = "people"
        constraints = [
            models.CheckConstraint(
                name="person_stop_has_reason",
                condition=Q(status="active") | (Q(status_at__isnull=False) & ~Q(status_reason="")),
            ),
            models.CheckConstraint(
                name="person_automation_off_has_reason",
                condition=Q(automation_enabled=True)
                | (Q(automation_disabled_at__isnull=False) & ~Q(automation_disabled_reason="")),
            ),
            models.CheckConstraint(
                name="person_not_merged_into_itself",
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")),
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "status"], name="person_by_status"),
            models.Index(fields=["workspace", "full_name"], name="person_by_name"),
            models.Index(fields=["workspace", "profile_url"], name="person_by_profile"),
            models.Index(
                fields=["desisted_at"],
                name="person_desisted",
                condition=Q(desisted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def is_nameless(self) -> bool:
        """Whether an address stands where the name would: nobody has told us one."""
        return names.is_nameless(self.first_name, self.last_name, self.full_name)

    @property
    def human_id(self) -> int:
        """The canonical row's id: one human being, whatever the number of records."""
        return self.merged_into_id or self.pk


class Address(models.Model):
    """One way to reach one person. One address belongs to one person of a workspace."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="addresses", db_index=False
    )
    person = models.ForeignKey(Person, models.CASCADE, related_name="addresses", db_index=False)
    channel = models.CharField(max_length=9, choices=Channel.choices)
    normalised = models.CharField(max_length=320)
    raw = models.CharField(max_length=500)
    source = models.ForeignKey(
        "core.Import", on_delete=models.PROTECT, null=True, blank=True, related_name="addresses",
        help_text="The import that brought it.",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "addresses"
        verbose_name_plural = "addresses"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel", "normalised"], name="address_belongs_to_one_person"
            )
        ]
        indexes = [models.Index(fields=["person", "channel"], name="address_of_person")]

    def __str__(self) -> str:
        return f"{self.raw} ({self.channel})"
