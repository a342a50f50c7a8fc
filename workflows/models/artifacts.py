"""What workflows make besides drafts: shortlists, plans, call scripts, sequences, research.

Rows about many people name them by number only, so that erasing a person leaves no name here;
a row about one person goes with that person.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from outreach.core.models import Account, Person, Workspace
from workflows.models.runs import Run


class ArtifactKind(models.TextChoices):
    """What it is; the page that shows it is chosen by this."""

    SHORTLIST = "shortlist", "Shortlist"
    DAILY_PLAN = "daily_plan", "Daily plan"
    CALL_SCRIPT = "call_script", "Call script"
    SEQUENCE = "sequence", "Follow-up sequence"


class Artifact(models.Model):
    """One result of a run, complete in `data`; nothing in it acts by itself."""

    Kind = ArtifactKind

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="artifacts", db_index=False
    )
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="artifacts", db_index=False)
    kind = models.CharField(max_length=11, choices=ArtifactKind.choices)
    person = models.ForeignKey(
        Person,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="artifacts",
        db_index=False,
    )
    title = models.CharField(max_length=300)
    data: models.JSONField[Any, Any] = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    # Of a sequence: nothing more of it will be submitted. Only `workflows.sequences` writes these.
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    closed_reason = models.CharField(max_length=200, blank=True, editable=False)

    class Meta:
        db_table = "artifacts"
        verbose_name = "plan or script"  # as the menu calls them
        verbose_name_plural = "plans and scripts"
        constraints = [
            models.UniqueConstraint(
                fields=["run", "kind"],
                name="artifact_once_in_a_run",
                condition=Q(person__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["run", "kind", "person"], name="artifact_once_for_a_person"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "kind", "-id"], name="artifact_of_kind"),
            models.Index(fields=["person", "kind"], name="artifact_of_person"),
            models.Index(
                fields=["id"],
                name="sequence_open",
                condition=Q(kind="sequence", closed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ResearchSnapshot(models.Model):
    """What was known of a company on a day: people, past, pasted text, sources, gaps."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="snapshots")
    account = models.ForeignKey(Account, models.CASCADE, related_name="snapshots", db_index=False)
    run = models.ForeignKey(
        Run, on_delete=models.SET_NULL, null=True, related_name="snapshots", db_index=False
    )
    data: models.JSONField[Any, Any] = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "research_snapshots"
        constraints = [
            models.UniqueConstraint(fields=["run", "account"], name="snapshot_once_in_a_run")
        ]
        indexes = [models.Index(fields=["account", "-id"], name="snapshot_of_account")]

    def __str__(self) -> str:
        return f"{self.account} on {self.created_at:%Y-%m-%d}"
