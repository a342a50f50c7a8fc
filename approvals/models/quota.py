"""How many messages left in one local day, of a workspace and of an agent."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from outreach.core.models import Agent, Workspace


class QuotaUse(models.Model):
    """How many messages of one workspace, or of one agent, left in one local day.

    Written by `approvals.quota` only, and only by an UPDATE that demands that room is left.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="quota_uses")
    agent = models.ForeignKey(
        Agent, on_delete=models.CASCADE, null=True, blank=True, related_name="quota_uses"
    )
    day = models.DateField()
    used = models.PositiveIntegerField(default=0)
    lim = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: no limit.")
    warned_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        db_table = "quota_uses"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "day"],
                condition=Q(agent__isnull=True),
                name="quota_once_per_workspace_and_day",
            ),
            models.UniqueConstraint(
                fields=["agent", "day"],
                condition=Q(agent__isnull=False),
                name="quota_once_per_agent_and_day",
            ),
        ]

    def __str__(self) -> str:
        whose = self.agent or self.workspace
        return f"{whose} on {self.day}: {self.used} of {self.lim or 'any number'}"
