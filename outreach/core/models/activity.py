"""The log: append-only rows without personal data, sealed into one hash chain.

Rows hold ids, codes and digests, never a name, an address or a text, so that erasing a person
touches none of them. Triggers on both databases refuse updates and deletes.
"""

from __future__ import annotations

from typing import Any

from django.db import models

from outreach.core.models.base import PrincipalKind
from outreach.core.models.workspace import Workspace

# What pages call what the log calls by its model.
NAMED = {
    "draft": "message", "systemcontrol": "control", "inboundmessage": "incoming message",
    "contact": "noted message", "coolingoff": "rest", "duplicate": "pair of records",
    "providerevent": "event", "apikey": "API key", "recheck": "second look",
    "voiceprofile": "voice", "webhookevent": "webhook event", "agentrun": "agent run",
    "researchsnapshot": "research", "artifact": "plan or script",
    "platformtemplate": "WhatsApp template",
}  # fmt: skip


class Activity(models.Model):
    """One act, told in the transaction that did it. Only `core.activity.record` writes here."""

    workspace = models.ForeignKey(
        Workspace, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    by_kind = models.CharField(max_length=6, choices=PrincipalKind.choices)
    by_id = models.CharField(max_length=64)
    verb = models.CharField(max_length=64)
    object_type = models.CharField(max_length=32)
    object_id = models.CharField(max_length=64)
    digest = models.CharField(max_length=67, blank=True)
    codes: models.JSONField[Any, Any] = models.JSONField(default=dict, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "activity_timeline"
        verbose_name_plural = "activities"
        indexes = [
            models.Index(fields=["workspace", "-id"], name="activity_of_workspace"),
            models.Index(fields=["workspace", "at"], name="activity_by_time"),
            models.Index(fields=["workspace", "verb", "-id"], name="activity_by_verb"),
            models.Index(fields=["object_type", "object_id"], name="activity_of_object"),
        ]

    def __str__(self) -> str:
        return f"{self.happened().capitalize()}: {self.about()}"

    def happened(self) -> str:
        """The verb in words."""
        return self.verb.partition(".")[2].replace("_", " ")

    def about(self) -> str:
        """The object by the name that pages give its kind, and its number."""
        return f"{NAMED.get(self.object_type, self.object_type)} {self.object_id}"


class Seal(models.Model):
    """One link of the chain: `hash` covers the previous hash and the whole activity."""

    seq = models.BigIntegerField(primary_key=True)
    activity = models.OneToOneField(Activity, on_delete=models.PROTECT, related_name="seal")
    hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "activity_seals"

    def __str__(self) -> str:
        return f"Seal {self.seq}"
