"""What a workflow did: runs and their steps, kept so that a failed run goes on where it stopped."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from outreach.core.models import Agent, Workspace
from outreach.core.models.base import Authored


class RunStatus(models.TextChoices):
    """Where a run, or one of its steps, stands."""

    WAITING = "waiting", "Waiting"  # not begun
    RUNNING = "running", "Running"  # somebody works on it
    DONE = "done", "Done"  # finished; never done again
    FAILED = "failed", "Failed"  # the error is told; may be resumed
    CANCELLED = "cancelled", "Cancelled"  # a person ended it between steps


# Of runs and steps alike. Only the engine walks these arrows. From running back to waiting: the
# worker fell silent and somebody asked to go on.
TRANSITIONS: dict[str, frozenset[str]] = {
    RunStatus.WAITING: frozenset({RunStatus.RUNNING, RunStatus.CANCELLED}),
    RunStatus.RUNNING: frozenset(
        {RunStatus.DONE, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.WAITING}
    ),
    RunStatus.FAILED: frozenset({RunStatus.WAITING, RunStatus.CANCELLED}),
    RunStatus.DONE: frozenset(),
    RunStatus.CANCELLED: frozenset(),
}


class Run(Authored):
    """One run of a workflow. `options` is what was asked, `result` what came of it.

    `by` is who asked for it, `agent` in whose name it writes. `claim` names the one worker that
    may write for it; every transaction of a run begins by asking whether it still does.
    """

    Status = RunStatus

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="runs", db_index=False
    )
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="runs")
    name = models.CharField(max_length=40)
    options: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    status = models.CharField(
        max_length=9, choices=RunStatus.choices, default=RunStatus.WAITING, editable=False
    )
    result: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    error = models.CharField(max_length=500, blank=True)
    claim = models.CharField(max_length=32, blank=True, editable=False)
    seen_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When somebody last worked on it or asked for it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "workflow_runs"
        constraints = [
            models.CheckConstraint(
                name="run_running_has_claim", condition=~Q(status="running") | ~Q(claim="")
            )
        ]
        indexes = [
            models.Index(
                fields=["status", "seen_at"],
                name="run_to_pick_up",
                condition=Q(status__in=["waiting", "running"]),
            ),
            # What an agent sees of them: its own, the newest first.
            models.Index(fields=["workspace", "by_kind", "by_id", "-id"], name="run_of_author"),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk} of {self.name} ({self.status})"


class Step(models.Model):
    """One named step of a run, with what went in, what came out, and how often it was tried."""

    Status = RunStatus

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps", db_index=False)
    no = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=40)
    status = models.CharField(
        max_length=9, choices=RunStatus.choices, default=RunStatus.WAITING, editable=False
    )
    attempt = models.PositiveSmallIntegerField(default=0)
    input: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    output: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    error = models.CharField(max_length=500, blank=True)
    done_count = models.PositiveIntegerField(default=0)
    total_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "workflow_run_steps"
        constraints = [models.UniqueConstraint(fields=["run", "no"], name="step_numbered_once")]

    def __str__(self) -> str:
        return f"Step {self.no} {self.name} ({self.status})"
