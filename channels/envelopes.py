"""From an approved message to the envelope an adapter carries: nothing is added to the words."""

from __future__ import annotations

from datetime import datetime
from email.utils import formataddr, parseaddr
from functools import lru_cache

from django.conf import settings

from approvals.models import Approval
from channels import headers, windows
from channels.base import Envelope
from outreach.core.files import Carried
from outreach.core.models import Channel, Workspace


def sender_of(workspace: Workspace) -> str:
    """`Name <address>` of the workspace, else DEFAULT_FROM_EMAIL."""
    name, address = _parts(settings.DEFAULT_FROM_EMAIL)
    return _mailbox(workspace.sender_name or name, workspace.sender_address or address)


@lru_cache(maxsize=64)
def _mailbox(name: str, address: str) -> str:
    return formataddr((name, address), charset="utf-8")


@lru_cache(maxsize=64)
def _parts(mailbox: str) -> tuple[str, str]:
    return parseaddr(mailbox)


def envelope_of(
    approval: Approval, *, token: str, at: datetime, files: tuple[Carried, ...] = ()
) -> Envelope:
    """As it would leave at `at`. Needs `approval` with its draft, revision and workspace loaded.

    `files` are the contents of the revision's attachments (`core.files.contents`).
    """
    revision, workspace = approval.revision, approval.workspace
    email = approval.channel == Channel.EMAIL
    return Envelope(
        token=token,
        channel=approval.channel,
        recipient=revision.address,
        sender=sender_of(workspace) if email else "",
        subject=revision.subject,
        text=revision.text,
        html=revision.html,
        message_id=headers.message_id(approval, workspace) if email else "",
        headers=headers.of(approval) if email else (),
        attachments=files,
        **windows.terms_of(approval, at=at),
    )
