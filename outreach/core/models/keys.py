"""Keys by which programs and colleagues come in without a browser. Only a hash is stored."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from outreach.core.models.base import Authored
from outreach.core.models.workspace import Agent, Workspace


class ApiKey(Authored):
    """One key of one agent, or of one colleague within one workspace. Shown once, when it is made.

    `prefix` finds the row and may be shown; `digest` is the SHA-256 of the whole key, which holds
    256 random bits, so that a slow password hash would add nothing.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="api_keys")
    agent = models.ForeignKey(
        Agent, on_delete=models.CASCADE, null=True, blank=True, related_name="keys"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="api_keys",
    )
    label = models.CharField(max_length=120, help_text="Where it is used.")
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    digest = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: until revoked.")
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "api_keys"
        verbose_name = "API key"
        constraints = [
            models.CheckConstraint(
                name="api_key_of_one_agent_or_one_user",
                condition=Q(agent__isnull=False, user__isnull=True)
                | Q(agent__isnull=True, user__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.agent or self.user}"
