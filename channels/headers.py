"""What stands above an e-mail beside the words: the way to stop, the thread, who pressed send."""

from __future__ import annotations

import re
from email.utils import parseaddr
from functools import lru_cache

from django.conf import settings

from approvals.models import Approval, ApprovalStatus
from channels import unsubscribe
from channels.models import Delivery, DeliveryStatus
from outreach.core.addresses import in_a_labels
from outreach.core.models import Channel, InboundMessage, Touch, Workspace

Header = tuple[str, str]
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,200}@[!-;=?A-~]{1,200}>")
LEFT = (DeliveryStatus.SENT, DeliveryStatus.UNKNOWN)


def of(approval: Approval) -> tuple[Header, ...]:
    """The headers of this e-mail. Needs `approval` with its draft and workspace loaded."""
    return (*stopping(approval, approval.workspace), *automatic(approval), *thread(approval))


@lru_cache(maxsize=64)
def _address(mailbox: str) -> str:
    return parseaddr(mailbox)[1]


def message_id(approval: Approval, workspace: Workspace) -> str:
    """Stable over all attempts at one approval; a new approval gets a new one."""
    address = workspace.sender_address or _address(settings.DEFAULT_FROM_EMAIL)
    domain = settings.MESSAGE_ID_DOMAIN or in_a_labels(address).rpartition("@")[2] or "localhost"
    return f"<{approval.draft.uuid}.{approval.pk}@{domain}>"


def stopping(approval: Approval, workspace: Workspace) -> tuple[Header, ...]:
    """RFC 2369 and 8058: where a mail program's unsubscribe button posts, and where it writes."""
    address = (
        workspace.unsubscribe_address
        or workspace.sender_address
        or _address(settings.DEFAULT_FROM_EMAIL)
    )
    subject = f"unsubscribe%20{approval.draft.uuid}"  # as RFC 6068 writes a blank
    mailto = f"<mailto:{in_a_labels(address)}?subject={subject}>"
    url = unsubscribe.link(approval.draft.uuid)
    if not url:
        return (("List-Unsubscribe", mailto),)
    return (
        ("List-Unsubscribe", f"<{url}>, {mailto}"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )


def automatic(approval: Approval) -> tuple[Header, ...]:
    """RFC 3834: what no person looked at says so, and out-of-office programs do not answer it."""
    if approval.status != ApprovalStatus.AUTO_APPROVED:
        return ()
    kind = "auto-replied" if approval.touch == Touch.REPLY else "auto-generated"
    return (("Auto-Submitted", kind),)


def thread(approval: Approval) -> tuple[Header, ...]:
    """RFC 5322: an answer names the message it answers, so that it stands below it."""
    if approval.touch != Touch.REPLY:
        return ()
    theirs = _answered(approval)
    if theirs is None or not _MESSAGE_ID.fullmatch(theirs.message_id):
        return ()
    earlier = _ours(theirs) if theirs.in_reply_to_id else ""
    references = f"{earlier} {theirs.message_id}".strip()
    return (("In-Reply-To", theirs.message_id), ("References", references))


def _answered(approval: Approval) -> InboundMessage | None:
    """The message this draft was written to answer, else the last one they wrote before it."""
    rows = InboundMessage.objects.filter(channel=Channel.EMAIL, kind=InboundMessage.Kind.MESSAGE)
    made_for = rows.filter(reply=approval.draft_id).first()
    if made_for is not None:
        return made_for
    before = rows.filter(person=approval.human_id, received_at__lte=approval.created_at)
    return before.order_by("-received_at", "-pk").first()


def _ours(theirs: InboundMessage) -> str:
    """The Message-ID of ours that they answered."""
    row = (
        Delivery.objects.filter(approval__draft=theirs.in_reply_to_id, status__in=LEFT)
        .select_related("approval__draft", "approval__workspace")
        .order_by("-pk")
        .first()
    )
    return message_id(row.approval, row.approval.workspace) if row else ""
