"""Who an e-mail comes from, as its reader sees it: its workspace's choice, else the server's."""

from __future__ import annotations

from email.utils import formataddr, parseaddr
from functools import lru_cache

from django.conf import settings

from outreach.core.addresses import in_a_labels
from outreach.core.models import Channel, Workspace


def of(workspace: Workspace) -> str:
    """`Name <address>` of the workspace, else DEFAULT_FROM_EMAIL, as a header takes it."""
    return _mailbox(*_named(workspace))


def shown(workspace: Workspace, channel: str) -> str:
    """The same for people's eyes; empty for a channel that shows an account of its own."""
    if channel != Channel.EMAIL:
        return ""
    name, address = _named(workspace)
    return f"{name} <{address}>".strip()


def chosen(workspace: Workspace) -> str:
    """What the workspace itself says, which is all that older receipts name."""
    return f"{workspace.sender_name} <{workspace.sender_address}>".strip()


def _named(workspace: Workspace) -> tuple[str, str]:
    name, address = _parts(settings.DEFAULT_FROM_EMAIL)
    return workspace.sender_name or name, workspace.sender_address or address


@lru_cache(maxsize=64)
def _mailbox(name: str, address: str) -> str:
    return formataddr((name, in_a_labels(address)), charset="utf-8")


@lru_cache(maxsize=64)
def _parts(mailbox: str) -> tuple[str, str]:
    return parseaddr(mailbox)
