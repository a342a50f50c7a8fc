"""Which variant of a message somebody got, so that what came of each can be compared."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from outreach.core.models import Draft, Person, Workspace
from outreach.core.models.base import Authored


class Experiment(Authored):
    """Variants of one template. The first is what everybody gets without the experiment.

    `planned` is decided before the first message: nothing is claimed until each variant has
    been sent to so many people. It runs until `ended_at`.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="experiments")
    name = models.CharField(max_length=120)
    channel = models.CharField(max_length=9)
    variants: models.JSONField[Any, Any] = models.JSONField(default=list)
    control = models.CharField(max_length=40, editable=False, help_text="The first variant.")
    planned = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "experiments"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel", "control"],
                name="experiment_one_at_a_time",
                condition=Q(ended_at__isnull=True),
            ),
            models.CheckConstraint(name="experiment_is_planned", condition=Q(planned__gte=1)),
        ]

    def __str__(self) -> str:
        return self.name


class Assignment(models.Model):
    """The variant of one human being: the same for ever within its experiment."""

    experiment = models.ForeignKey(
        Experiment, on_delete=models.CASCADE, related_name="assignments", db_index=False
    )
    human = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    variant = models.CharField(max_length=40)
    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        db_table = "experiment_assignments"
        constraints = [
            models.UniqueConstraint(fields=["experiment", "draft"], name="assigned_draft_once")
        ]
        indexes = [models.Index(fields=["experiment", "human"], name="assigned_to_human")]

    def __str__(self) -> str:
        return f"{self.variant} for person {self.human_id}"
