"""What passed between us and a person, in order: our messages and theirs, each with its words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from outreach.core import inbox
from outreach.core.models import Contact, InboundMessage, Person

SHOWN = 30


@dataclass(frozen=True, slots=True)
class Entry:
    """One message. `message` is theirs, `contact` the record that something passed."""

    at: datetime
    contact: Contact | None = None
    message: InboundMessage | None = None


def of(human: Person, *, most: int = SHOWN) -> list[Entry]:
    """The newest `most` entries, newest first; a message of theirs stands for its contact."""
    theirs = list(inbox.of_human(human)[:most])
    told = {f"in:{row.workspace_id}:{row.key}" for row in theirs}
    contacts = (
        Contact.objects.filter(human=human).select_related("draft__current").order_by("-at")[:most]
    )
    entries = [Entry(row.received_at, message=row) for row in theirs]
    entries += [Entry(row.at, contact=row) for row in contacts if row.key not in told]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:most]
