"""Bounces and complaints: an address that does not exist or whose owner complains gets no more.

A hard bounce suppresses at once, soft ones when three come within two weeks. A report by mail can
be forged by anybody, so it counts only if it speaks of a message of ours or of an address we
wrote to. A complaint is never doubted.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from channels import inbound, settle
from channels.mail.reports import Failure, Report
from channels.models import Delivery, EventKind, ProviderEvent
from outreach.core import activity, history, inbox, opt_outs, suppression
from outreach.core.models import Activity, Channel, InboundMessage, Workspace
from outreach.core.models.consent import SuppressionReason
from outreach.core.models.inbound import Alert, InboundKind, InboundStatus
from outreach.core.people import canonical

SOFT_LIMIT = 3
SOFT_SPAN = timedelta(days=14)
BY_MAIL = "mail"
COMPLAINED = "complained about our mail: a person must look"


def of_mail(row: InboundMessage, *, at: datetime) -> None:
    """Do what a report that came by mail asks for, and close its row.

    It takes effect in the workspace of the message it names, whichever mailbox it came to.
    """
    report = Report.from_dict(row.details["report"])
    delivery = settle.quoted(Channel.EMAIL, message_id=report.original)
    if delivery is not None:
        settle.arrived_by_event(delivery.pk, event=f"a {report.kind} by mail", at=at)
    if delivery is not None and delivery.workspace_id == row.workspace_id:
        row.person = canonical(delivery.approval.draft.person)
        row.in_reply_to = delivery.approval.draft
    status, reason = _apply(row, report, delivery, at=at)
    with transaction.atomic():
        inbox.judged(row, status, reason=reason, by=inbound.INBOUND, at=at)


def _apply(
    row: InboundMessage, report: Report, delivery: Delivery | None, *, at: datetime
) -> tuple[str, str]:
    if report.kind == InboundKind.COMPLAINT:
        address = address_of(delivery) or report.complainant
        if not address:
            return InboundStatus.NEEDS_PERSON, "a complaint that names nobody"
        complained(delivery.workspace if delivery else row.workspace, address, at=at)
        row.alert = Alert.COMPLAINT
        if row.person is not None:
            inbound.to_the_top(row.person, COMPLAINED, at=at)
        return InboundStatus.HANDLED, "complained: the address is suppressed"
    words = [
        _of_failure(row, failure, delivery, at=at)
        for failure in report.failures
        if delivery is not None or _written_to(row.workspace, failure.recipient).exists()
    ]
    if not words:
        return InboundStatus.NEEDS_PERSON, "a delivery report about no message of ours"
    return InboundStatus.HANDLED, "; ".join(words)


def _of_failure(
    row: InboundMessage, failure: Failure, delivery: Delivery | None, *, at: datetime
) -> str:
    # A forwarding address bounces under its own name; what we wrote to is what must rest.
    address = address_of(delivery) or failure.recipient
    place = delivery.workspace if delivery else row.workspace
    event = ProviderEvent(
        workspace=place,
        provider=BY_MAIL,
        event_id=f"{row.workspace_id}:{row.key}:{failure.recipient}"[:255],
        kind=EventKind.BOUNCED,
        at=row.received_at,
        payload={"status": failure.status, "said": failure.said},
        delivery=delivery,
        judged_at=at,
    )
    return bounced(event, place, address, permanent=failure.permanent, at=at)


def _written_to(workspace: Workspace, address: str) -> QuerySet[Delivery]:
    return Delivery.objects.filter(
        workspace=workspace, channel=Channel.EMAIL, approval__revision__address__iexact=address
    )


def address_of(delivery: Delivery | None) -> str:
    return delivery.approval.revision.address if delivery is not None else ""


def bounced(
    event: ProviderEvent, workspace: Workspace, address: str, *, permanent: bool, at: datetime
) -> str:
    """Count this bounce once and suppress where it is due; returns what was done, in words."""
    event.bounced = history.HARD if permanent else "soft"
    event.digest = suppression.digest_of(workspace.pk, Channel.EMAIL, address)
    with transaction.atomic():
        if event.pk:
            event.save(update_fields=["bounced", "digest", "workspace", "delivery", "judged_at"])
        else:
            ProviderEvent.objects.bulk_create([event], ignore_conflicts=True)
        # Where no message is named, it is of the newest to that address.
        rows = _written_to(workspace, address).filter(status__in=settle.LEFT)
        if about := event.delivery or rows.order_by("-pk").first():
            came_back(about, event.bounced, at=at)
        soft = ProviderEvent.objects.filter(
            bounced="soft",
            digest=event.digest,
            at__gt=event.at - SOFT_SPAN,
            at__lte=event.at + SOFT_SPAN,
        ).count()
        if not permanent and soft < SOFT_LIMIT:
            return f"bounced for now ({soft} of {SOFT_LIMIT})"
        suppression.suppress(
            workspace,
            Channel.EMAIL,
            address,
            reason=SuppressionReason.BOUNCE,
            by=inbound.INBOUND,
            at=at,
        )
    return "bounced for good: the address is suppressed"


def came_back(delivery: Delivery, kind: str, *, at: datetime) -> None:
    """Tell of a message, once, that it did not reach them: what would build on it asks the log.

    Not of an attempt that was decided anew: what was sent in its place may have. Needs a
    transaction.
    """
    if delivery.status not in settle.LEFT:
        return
    verb, number = history.CAME_BACK, str(delivery.approval.draft_id)
    told = Activity.objects.filter(object_type="draft", object_id=number, verb=verb)
    if not told.filter(codes__kind=kind).exists():
        codes = {"kind": kind, "delivery": delivery.pk}
        entry = activity.Entry(verb, "draft", number, delivery.workspace_id, codes=codes)
        activity.record(entry, by=inbound.INBOUND, at=at)


def complained(workspace: Workspace, address: str, *, at: datetime) -> None:
    """Somebody told their provider that our mail is spam: none of their addresses gets more."""
    with transaction.atomic():
        row = suppression.suppress(
            workspace,
            Channel.EMAIL,
            address,
            reason=SuppressionReason.COMPLAINT,
            by=inbound.INBOUND,
            at=at,
        )
        opt_outs.follow_addresses(workspace, Channel.EMAIL, [address], at=at)
        activity.record(activity.entry("channels.complained", row), by=inbound.INBOUND, at=at)
