"""When a workflow runs by itself. Everything else that is timed stands in `outreach.celery`."""

from __future__ import annotations

from typing import Any

from django.db import models

from outreach.core.models import Workspace
from outreach.core.models.base import Authored
from workflows.models.runs import Run


class Schedule(Authored):
    """A workflow at a time of day on some weekdays, in the workspace's zone.

    It runs in the name of who saved it last, and stops when that right is gone.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="schedules")
    workflow = models.CharField(max_length=40)
    options: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    weekdays: models.JSONField[Any, Any] = models.JSONField(
        default=list, help_text="0 is Monday, 6 is Sunday."
    )
    time_of_day = models.TimeField(help_text="In the workspace's time zone.")
    is_enabled = models.BooleanField(default=True)
    next_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_run = models.ForeignKey(
        Run, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )
    last_error = models.CharField(max_length=500, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "workflow_schedules"
        indexes = [models.Index(fields=["is_enabled", "next_at"], name="schedule_due")]

    def __str__(self) -> str:
        return f"{self.workflow} at {self.time_of_day:%H:%M}"
