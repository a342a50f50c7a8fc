"""Whom a row is about in which somebody is named, where no column points at a person.

By the numbers and addresses that it carries, never by a name: a row that only mentions somebody is
another's, and of it their part alone is told or cut.
"""

from __future__ import annotations

import json
from typing import Any

from django.db import models

from channels import matching
from channels.incoming import Incoming
from channels.models import EventKind, ProviderEvent
from outreach.edge.models import KeptAnswer, WebhookEvent
from outreach.edge.privacy.subject import Subject

ADDRESSED = ("recipient", "sender")


def provided(row: ProviderEvent, who: Subject) -> bool:
    """It speaks of no message of another's, and of no other address than theirs."""
    if row.delivery_id is not None:
        return False  # theirs are found by it
    ways = [str(row.payload[key]) for key in ADDRESSED if row.payload.get(key)]
    return not ways or any(who.words.in_text(way) for way in ways)


def is_here(row: models.Model, who: Subject) -> bool:
    """Whether it may be told in their workspace. A message that nobody could take in has none: it
    is told where it would have been heard."""
    if not isinstance(row, ProviderEvent) or row.workspace_id is not None:
        return True
    if row.kind != EventKind.MESSAGE or not row.payload:
        return True
    try:
        found = matching.matches(Incoming.from_dict(row.payload))
    except (KeyError, TypeError, ValueError):  # what it says cannot be read
        return False
    return who.workspace in {match.workspace for match in found}


def answered(row: KeptAnswer, who: Subject) -> bool:
    """The answer is their message or their record, or a run that was asked for with them."""
    return who.words.is_meant(row.body) or who.words.is_meant(row.body.get("options"))


def announced(row: WebhookEvent, who: Subject) -> bool:
    """It tells of a message of theirs."""
    said = data_of(row.body)
    return who.words.is_meant(said.get("data") if isinstance(said, dict) else None)


def data_of(body: str) -> Any:
    """A body as data; as it is where it is none any more."""
    try:
        return json.loads(body)
    except ValueError:
        return body
