"""Imports as rows: who brought which file when, what became of it, and what it takes to undo it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from outreach.core.models.base import Authored
from outreach.core.models.people import Person
from outreach.core.models.workspace import Workspace


class ImportStatus(models.TextChoices):
    PREVIEW = "preview", "Being looked at"  # waits for the job, or the job is at it
    READY = "ready", "Waiting for your word"
    APPLYING = "applying", "Being imported"
    APPLIED = "applied", "Imported"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Refused"
    UNDONE = "undone", "Undone"


class Import(Authored):
    """One file on its way in. `first_person` and `last_person` bound the ids of who is new."""

    Status = ImportStatus

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="imports")
    status = models.CharField(max_length=9, choices=ImportStatus.choices, editable=False)
    file = models.CharField(max_length=300)
    format = models.CharField(max_length=16, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    options = models.JSONField(default=dict, blank=True)
    report = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    first_person = models.BigIntegerField(default=0)
    last_person = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "imports"
        indexes = [
            models.Index(
                fields=["id"],
                name="import_to_do",
                condition=Q(status__in=["preview", "applying"]),
            )
        ]
        constraints = [
            models.CheckConstraint(
                name="import_applied_has_time",
                condition=~Q(status__in=["applied", "undone"]) | Q(applied_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.file}: {self.get_status_display().lower()}"

    @property
    def is_running(self) -> bool:
        return self.status in (ImportStatus.PREVIEW, ImportStatus.APPLYING)

    @property
    def proof(self) -> str:
        """What consents of this import name as their source."""
        return f"{self.file[:240]}, {self.created_at:%Y-%m-%d}, import {self.pk}"


class ImportPart(models.Model):
    """A piece of the uploaded file, or of the report by row. Gone when nobody needs it any more."""

    of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="parts", db_index=False)
    kind = models.CharField(max_length=6)
    no = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        db_table = "import_parts"
        constraints = [
            models.UniqueConstraint(fields=["of", "kind", "no"], name="import_part_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.no} of import {self.of_id}"


class ImportChange(models.Model):
    """The empty fields of one known person that an import filled: undoing empties them again."""

    of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="changes")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    fields = models.JSONField()

    class Meta:
        db_table = "import_changes"

    def __str__(self) -> str:
        return f"import {self.of_id} filled {', '.join(self.fields)} of person {self.person_id}"


class DuplicateReason(models.TextChoices):
    NAME_AND_COMPANY = "name_company", "Same name and company"
    ONE_ROW = "one_row", "One row of a file has addresses of both"


class DuplicateDecision(models.TextChoices):
    OPEN = "open", "To decide"
    MERGED = "merged", "Merged"
    DIFFERENT = "different", "Two people"


class Duplicate(models.Model):
    """Two records that may be one human being: a suggestion, until a person has decided."""

    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="+", db_index=False)
    one = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+", db_index=False)
    other = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=12, choices=DuplicateReason.choices)
    decision = models.CharField(
        max_length=9, choices=DuplicateDecision.choices, default=DuplicateDecision.OPEN
    )
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "duplicates"
        constraints = [
            models.UniqueConstraint(fields=["one", "other"], name="duplicate_once"),
            models.CheckConstraint(name="duplicate_in_order", condition=Q(one__lt=F("other"))),
        ]
        indexes = [models.Index(fields=["workspace", "decision"], name="duplicate_to_decide")]

    def __str__(self) -> str:
        return f"{self.one_id} and {self.other_id}: {self.get_reason_display()}"


class Merge(Authored):
    """Two records declared one human being; `before` and `after` are what its undoing needs."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    kept = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="merges")
    merged = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    moved = models.JSONField(default=list, help_text="Older duplicates that pointed at `merged`.")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "merges"
        constraints = [
            models.UniqueConstraint(
                fields=["merged"], name="merge_once", condition=Q(undone_at__isnull=True)
            )
        ]

    def __str__(self) -> str:
        return f"{self.merged_id} into {self.kept_id}"
