"""How each text came about: engine, model, version of the prompt, tokens, cost, time."""

from __future__ import annotations

from django.db import models

from outreach.core.models import Agent, Workspace
from workflows.models.runs import Run


class Outcome(models.TextChoices):
    DONE = "done", "Written"
    FELL_BACK = "fell_back", "Written from the template instead"
    FAILED = "failed", "Failed"


class AgentRun(models.Model):
    """One call of a model, or one batch of a template. Numbers and codes only, never a text."""

    Outcome = Outcome

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="agent_runs")
    agent = models.ForeignKey(
        Agent, on_delete=models.PROTECT, null=True, related_name="agent_runs", db_index=False
    )
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="agent_runs")
    engine = models.CharField(max_length=20)
    model = models.CharField(max_length=120, blank=True)
    prompt_version = models.CharField(max_length=80)
    outcome = models.CharField(max_length=9, choices=Outcome.choices)
    reason = models.CharField(max_length=300, blank=True)
    texts = models.PositiveIntegerField(default=0)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    milliseconds = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "agent_runs"
        indexes = [models.Index(fields=["agent", "-id"], name="agent_run_of_agent")]

    def __str__(self) -> str:
        return f"{self.engine} {self.outcome}, {self.texts} texts"
