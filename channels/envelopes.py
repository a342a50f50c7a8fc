"""From an approved message to the envelope an adapter carries: nothing is added to the words."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import Error

from approvals.models import Approval
from channels import headers, windows
from channels.base import Envelope
from channels.look import Cleared, Released
from outreach.core import senders
from outreach.core.files import Carried
from outreach.core.models import Channel

NOT_COMPOSED = "not_composed"
logger = logging.getLogger(__name__)


class CannotCompose(Exception):
    """There is no envelope for this message; the sentence says why."""


def envelope_of(
    approval: Approval, *, token: str, at: datetime, files: tuple[Carried, ...] = ()
) -> Envelope:
    """As it would leave at `at`. Needs `approval` with its draft, revision and workspace loaded.

    `files` are the contents of the revision's attachments (`core.files.contents`). Raises
    CannotCompose for whatever is wrong with this message, and the database's own errors.
    """
    try:
        return _envelope_of(approval, token=token, at=at, files=files)
    except Error:
        raise
    except Exception as fault:
        logger.exception("The envelope of #%s cannot be made.", approval.pk)
        raise CannotCompose(f"It could not be put together for sending: {fault}") from fault


def _envelope_of(
    approval: Approval, *, token: str, at: datetime, files: tuple[Carried, ...]
) -> Envelope:
    revision, workspace = approval.revision, approval.workspace
    email = approval.channel == Channel.EMAIL
    return Envelope(
        token=token,
        channel=approval.channel,
        recipient=revision.address,
        sender=senders.of(workspace) if email else "",
        subject=revision.subject,
        text=revision.text,
        html=revision.html,
        message_id=headers.message_id(approval, workspace) if email else "",
        headers=headers.of(approval) if email else (),
        attachments=files,
        **windows.terms_of(approval, at=at),
    )


def put_together(
    cleared: Sequence[Cleared], *, at: datetime
) -> tuple[list[Cleared], list[Envelope], list[Released]]:
    """What can be carried, its envelopes in the same order, and what goes back to its author.

    One message that cannot be put together must not hold up, or lose, the others of its wave.
    """
    fit, envelopes, unfit = [], [], []
    for item in cleared:
        token = str(item.delivery.token)
        try:
            made = envelope_of(item.approval, token=token, at=at, files=item.files)
        except CannotCompose as no:
            unfit.append(Released(item.delivery, item.approval, "return", NOT_COMPOSED, str(no)))
            continue
        if other := windows.another_template(item.approval, made):
            unfit.append(Released(item.delivery, item.approval, "reopen", *other))
        else:
            envelopes.append(replace(made, leave_by=item.leave_by))
            fit.append(item)
    return fit, envelopes, unfit
