"""What each scope of an agent opens, in words; its code, which programs and the log use, behind."""

from __future__ import annotations

from collections.abc import Iterable

from outreach.core.permissions import SCOPES

OPENS = {
    "people:read": "Look people and companies up",
    "people:write": "Write people and companies down, and import them",
    "drafts:write": "Write messages, and ask for their review",
    "messages:schedule": "Ask for a time to send at",
    "workflows:run": "Run workflows",
    "actions:validate": "Have a text judged without storing it",
    "reviews:read": "Read the queue, and the messages and runs of others",
    "audit:read": "Read safety events and the timeline; export what it may read",
}
CHOICES = [(name, f"{OPENS[name]} ({name})") for name in SCOPES]


def told(names: Iterable[str]) -> list[str]:
    """These scopes as the form names them; one of another version by its code."""
    words = dict(CHOICES)
    return [words.get(name, name) for name in names]
