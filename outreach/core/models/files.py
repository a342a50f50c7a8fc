"""Files that go with messages: one row for each content of a workspace, named by its SHA-256."""

from __future__ import annotations

from django.db import models

from outreach.core.models.base import Authored
from outreach.core.models.workspace import Workspace


class File(Authored):
    """One content. A revision names it by `sha256`; what it is called stands in the revision.

    The bytes are in the database, so that whoever has a backup of it has every approved message
    whole. They are never changed; whoever carries them hashes them again.
    """

    workspace = models.ForeignKey(
        Workspace, on_delete=models.CASCADE, related_name="files", db_index=False
    )
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    head = models.BinaryField(help_text="The first bytes: what it really is.")
    content = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "message_files"
        constraints = [
            models.UniqueConstraint(fields=["workspace", "sha256"], name="file_kept_once")
        ]

    def __str__(self) -> str:
        return f"File {self.sha256[:12]} of {self.size} bytes"
