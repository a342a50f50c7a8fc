"""Which of the texts that WhatsApp approved beforehand a message would travel as.

The receipt names it: under another template the same words are another message at WhatsApp, with
its own header, buttons and price. Which way a message takes is settled at the door (`channels`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from approvals.models import Approval
from outreach.core.placeholders import filled_in


class Fitted(NamedTuple):
    """A template, and what this text puts into its places."""

    row: Any
    values: tuple[str, ...]


def in_use(approval: Approval) -> list[Any]:
    """The workspace's, oldest first: of two with the same words the older one is taken."""
    return list(approval.workspace.platform_templates.filter(is_active=True).order_by("pk"))


def fitting(approval: Approval) -> Fitted | None:
    """The first that says exactly this text; None if none does."""
    for row in in_use(approval):
        values = filled_in(row.body, approval.revision.text)
        if values is not None:
            return Fitted(row, values)
    return None


def name_of(approval: Approval) -> str:
    """Its name as people and receipts have it; empty where no template says this text."""
    found = fitting(approval)
    return named(found.row.name, found.row.language) if found else ""


def named(name: str, language: str) -> str:
    return f"“{name}” ({language})"
