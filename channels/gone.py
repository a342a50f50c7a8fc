"""An address that a server refuses as not there: nothing more goes to it, as after a bounce."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from approvals.models import Approval
from channels.base import Fault, Outcome, Receipt
from channels.look import Cleared
from outreach.core import suppression
from outreach.core.models import Channel
from outreach.core.models.consent import SuppressionReason
from outreach.core.principal import Principal

logger = logging.getLogger(__name__)
SENDER = Principal.system("sender")
NO_MORE = ". Nothing more goes to this address: it is suppressed."
# RFC 3463, at RCPT: no such mailbox or domain, or they moved. Not 5.1.0, which many a server says
# of our own address there, nor 5.2.1, which some say of a rate; by a report these count.
GONE = re.compile(r"5\d\d 5\.1\.(?:1|2|3|6|10)(?!\d)")

FEWEST, DOMAINS = 4, 3  # of a wave, none of which was taken
EVERYBODY = (
    "our mail server refused everybody as not there, at several domains, so it is out of order or "
    "not meant for mail to others, and nobody was suppressed. It said: "
)


def is_gone(receipt: Receipt, approval: Approval) -> bool:
    """Whether the other side said of this recipient, clearly, that there is no such address."""
    refused = receipt.outcome is Outcome.REFUSED and receipt.stage == "rcpt"
    return refused and approval.channel == Channel.EMAIL and GONE.match(receipt.reply) is not None


def blame_the_relay(rows: Sequence[Cleared], receipts: Sequence[Receipt]) -> list[Receipt]:
    """A wave's receipts. Where the server says of everybody, at several domains, that there is no
    such address, it is out of order and the people are there: nobody is suppressed, the channel is
    paused for a person, and the messages wait."""
    pairs = list(zip(receipts, rows, strict=True))
    if len(pairs) < FEWEST or not all(is_gone(one, row.approval) for one, row in pairs):
        return list(receipts)
    domains = {row.approval.revision.address.rpartition("@")[2].lower() for row in rows}
    if len(domains) < DOMAINS:
        return list(receipts)
    later, policy = Outcome.TRY_LATER, Fault.POLICY
    return [
        replace(one, outcome=later, fault=policy, reply=f"{EVERYBODY}{one.reply}")
        for one in receipts
    ]


def suppress(approval: Approval, at: datetime) -> bool:
    """As after a bounce for good. What failed is recorded even where the list cannot be written."""
    place, address = approval.workspace, approval.revision.address
    try:
        with transaction.atomic():
            suppression.suppress(
                place, Channel.EMAIL, address, reason=SuppressionReason.BOUNCE, by=SENDER, at=at
            )
    except Exception:
        logger.exception("The address of #%s was not suppressed.", approval.pk)
        return False
    return True
