"""An address that a server refuses as not there: nothing more goes to it, as after a bounce. And a
server that says no to everybody, which is not believed."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import Error, transaction

from approvals.models import Approval
from approvals.rounds import UNTAKEN
from channels.base import Fault, Outcome, Receipt
from channels.look import Cleared
from channels.models import Delivery, DeliveryStatus
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

FINAL = re.compile(r"5\d\d\b")

FEWEST, DOMAINS = 4, 3  # of them one after the other, with none between that was taken
SAID = "It said: "
EVERYBODY = (
    "our mail server refused everybody as not there, at several domains, so it is out of order or "
    "not meant for mail to others"
)
EVERY_ONE = (
    "our mail server refused every message for good, to several domains, so it is out of order, "
    "not meant for mail to others, or takes nothing from this sender"
)
TOOK = (DeliveryStatus.SENT, DeliveryStatus.UNKNOWN)  # a body went out: its recipient was taken


@dataclass(frozen=True, slots=True)
class _Past:
    """One message that was refused for good."""

    place: int  # its workspace
    domain: str
    gone: bool  # as not there
    blamed: bool  # on the server, and not believed


def is_gone(receipt: Receipt, approval: Approval) -> bool:
    """Whether the other side said of this recipient, clearly, that there is no such address."""
    refused = receipt.outcome is Outcome.REFUSED and receipt.stage == "rcpt"
    return refused and approval.channel == Channel.EMAIL and GONE.match(receipt.reply) is not None


def blame_the_relay(rows: Sequence[Cleared], receipts: Sequence[Receipt]) -> list[Receipt]:
    """A wave's receipts. Where the server says no for good to everybody, at several domains, the
    fault is not theirs and not the messages': nobody is suppressed, the channel is paused for a
    person, and the messages wait. A wave of few is judged with those before it."""
    wave = [
        _Past(
            row.approval.workspace_id,
            _domain(row.approval.revision.address),
            is_gone(one, row.approval),
            blamed=False,
        )
        for one, row in zip(receipts, rows, strict=True)
        if _is_final(one, row.approval)
    ]
    if not wave or len(wave) < len(rows):
        return list(receipts)
    past = _before(FEWEST - len(wave)) if len(wave) < FEWEST else []
    together = wave + past
    if len(together) < FEWEST or len({each.domain for each in together}) < DOMAINS:
        return list(receipts)
    what = EVERYBODY if all(each.gone for each in together) else EVERY_ONE
    if what is EVERY_ONE and _others_wait({each.place for each in together}):
        return list(receipts)  # it may be this one's sender: the others find out
    believed = sum(each.gone and not each.blamed for each in past)
    who = (
        f"{believed} of those before it were suppressed for that; look at them"
        if believed
        else "Nobody was suppressed"
    )
    return [
        replace(
            one,
            outcome=Outcome.TRY_LATER,
            fault=Fault.POLICY,
            reply=f"{what}. {who}. {SAID}{one.reply}",
        )
        for one in receipts
    ]


def _is_final(receipt: Receipt, approval: Approval) -> bool:
    refused = receipt.outcome is Outcome.REFUSED and approval.channel == Channel.EMAIL
    return refused and FINAL.match(receipt.reply) is not None


def _before(count: int) -> list[_Past]:
    """The last so many messages, where each was refused for good and none between was taken.

    Never raises: what came of this wave is still to be recorded.
    """
    try:
        rows = _lately(count)
    except Error as error:
        logger.warning("What came before these refusals cannot be read: %s", error)
        return []
    found = []
    for status, evidence, address, place in rows:
        blamed, _, reply = str(evidence.get("reply", "")).rpartition(SAID)
        if status != DeliveryStatus.FAILED or not FINAL.match(reply):
            return []
        at_rcpt = evidence.get("stage") == "rcpt"
        found.append(
            _Past(place, _domain(address), at_rcpt and GONE.match(reply) is not None, bool(blamed))
        )
    return found


def _others_wait(places: set[int]) -> bool:
    """Whether other workspaces have e-mail to send, and these are one alone; also where nobody can
    tell, since then nothing is known against the server."""
    due = Approval.objects.filter(UNTAKEN, channel=Channel.EMAIL, dry_run=False)
    try:
        return len(places) == 1 and due.exclude(workspace__in=places).exists()
    except Error as error:
        logger.warning("What else is to be sent cannot be read: %s", error)
        return True


def _lately(count: int) -> list[tuple[str, dict[str, Any], str, int]]:
    ended = Delivery.objects.filter(
        channel=Channel.EMAIL, status__in=(*TOOK, DeliveryStatus.FAILED)
    ).order_by("-since", "-pk")
    told = ("status", "evidence", "approval__revision__address", "workspace_id")
    return list(ended.values_list(*told)[:count])


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


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
