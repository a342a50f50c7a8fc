"""The inbox: named reads of what people wrote to us, and the only writer of its status.

Workflows ask `waiting_for_answer` on the beat and say `answered` with the draft they made; the
review page asks `beside`, the tier table asks `alerts_of`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from outreach.core import activity, erasure
from outreach.core.models import Draft, InboundMessage, Person, Workspace
from outreach.core.models.inbound import InboundKind, InboundStatus
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal

OPEN = (InboundStatus.NEW, InboundStatus.NEEDS_PERSON, InboundStatus.WANTS_REPLY)
JUDGED = ("status", "reason", "judged_at", "verdict", "alert", "details", "person", "in_reply_to")
TEXTS_READ = 50


class InboxRefused(Exception):
    """The message cannot be changed so; the sentence says why and what to do."""


# --- Reading -------------------------------------------------------------------------------------


def of_human(person: Person) -> QuerySet[InboundMessage]:
    """What this human being wrote, on every record of theirs, newest first."""
    human = person.human_id
    return InboundMessage.objects.filter(
        Q(person_id=human) | Q(person__merged_into_id=human)
    ).order_by("-received_at", "-id")


def beside(draft: Draft) -> QuerySet[InboundMessage]:
    """What a reviewer reads beside this draft, the newest first: the message it answers, else their
    last one on its channel, and whatever came in from them since, by any channel; of somebody who
    never wrote on its channel the last one by another."""
    linked = InboundMessage.objects.filter(reply=draft).order_by("id")
    theirs = of_human(draft.person).filter(kind=InboundKind.MESSAGE)
    last = theirs.filter(channel=draft.channel)
    first = Coalesce(*(Subquery(each.values("pk")[:1]) for each in (linked, last, theirs)))
    return theirs.filter(pk__gte=first).order_by("-pk")


def newest(draft: Draft) -> int:
    """The number of the newest message that a reviewer reads beside this draft; 0 for none."""
    return beside(draft).values_list("pk", flat=True).first() or 0


def last_of(person: Person) -> int:
    """The number of the newest message this human being wrote, by whatever channel; 0 for none."""
    return of_human(person).filter(kind=InboundKind.MESSAGE).aggregate(no=Max("pk"))["no"] or 0


def texts_of(human_ids: Iterable[int], *, channel: str) -> dict[int, tuple[str, ...]]:
    """The last texts each human wrote on a channel, newest first, whole: own words and quotes."""
    found: dict[int, list[str]] = {}
    ids = list(human_ids)
    rows = InboundMessage.objects.filter(
        Q(person_id__in=ids) | Q(person__merged_into_id__in=ids),
        kind=InboundKind.MESSAGE,
        channel=channel,
    ).select_related("person")
    for row in rows.order_by("-received_at", "-id")[: TEXTS_READ * max(1, len(ids))]:
        if row.person is not None:
            found.setdefault(row.person.human_id, []).append(f"{row.text}\n{row.quoted}")
    return {human: tuple(texts) for human, texts in found.items()}


def waiting_for_answer(workspace: Workspace | None = None) -> QuerySet[InboundMessage]:
    """Messages of known people that want an answer and have no draft yet, oldest first."""
    rows = InboundMessage.objects.filter(
        status=InboundStatus.WANTS_REPLY, reply__isnull=True
    ).select_related("workspace", "person__merged_into", "in_reply_to")
    return (rows.filter(workspace=workspace) if workspace else rows).order_by("id")


def alerts_of(human_ids: Iterable[int]) -> dict[int, str]:
    """The alert of the last message each human wrote, where it is one (SPEC §5)."""
    ids = list(human_ids)
    rows = (
        InboundMessage.objects.filter(
            Q(person_id__in=ids) | Q(person__merged_into_id__in=ids),
            kind__in=[InboundKind.MESSAGE, InboundKind.COMPLAINT],
        )
        .order_by("received_at", "id")
        .values_list("person_id", "person__merged_into_id", "alert")
    )
    last = {merged or person: alert for person, merged, alert in rows}
    return {human: alert for human, alert in last.items() if alert}


# --- Writing -------------------------------------------------------------------------------------


def judged(
    message: InboundMessage, status: str, *, reason: str, by: Principal, at: datetime
) -> InboundMessage:
    """Note how a stored message was judged. Needs a transaction; the caller set its fields.

    Nothing is noted of one that was handled meanwhile, as when its writer was erased.
    """
    message.status, message.reason, message.judged_at = status, reason[:300], at
    waiting = InboundMessage.objects.filter(pk=message.pk, status=InboundStatus.NEW)
    if not waiting.update(**{name: getattr(message, name) for name in JUDGED}):
        return message
    entry = activity.entry(
        "channels.inbound_read",
        message,
        channel=message.channel,
        kind=message.kind,
        verdict=message.verdict,
        alert=message.alert,
        status=str(status),
    )
    activity.record(entry, by=by, at=at)
    return message


def answered(message: InboundMessage, draft: Draft, *, by: Principal, at: datetime) -> None:
    """Say which draft answers this message. Refused if another one does already."""
    require(by, Verb.WRITE_DRAFTS, message.workspace)
    if draft.workspace_id != message.workspace_id:
        raise InboxRefused("The draft belongs to another workspace than the message.")
    with transaction.atomic():
        won = InboundMessage.objects.filter(
            pk=message.pk, reply__isnull=True, status__in=OPEN
        ).update(reply=draft, status=InboundStatus.ANSWERED, reason="an answer was drafted")
        if won != 1:
            raise InboxRefused(f"Message {message.pk} is answered or handled already.")
        entry = activity.entry("channels.inbound_answered", message, draft=draft.pk)
        activity.record(entry, by=by, at=at)
    message.refresh_from_db()


def assigned(message: InboundMessage, human: Person, *, by: Principal, at: datetime) -> None:
    """A colleague says who wrote this: it waits to be judged again, as theirs."""
    require(by, Verb.WRITE_PEOPLE, message.workspace)
    if human.workspace_id != message.workspace_id:
        raise InboxRefused("That person belongs to another workspace.")
    if message.kind != InboundKind.MESSAGE:
        raise InboxRefused("Only what somebody wrote can be assigned to a person.")
    with transaction.atomic():
        if erasure.hold([human.pk]):
            raise InboxRefused(
                "That person was erased. Write down a new person and assign it to them."
            )
        won = InboundMessage.objects.filter(pk=message.pk, person__isnull=True).update(
            person=human, status=InboundStatus.NEW
        )
        if won != 1:
            raise InboxRefused(f"Message {message.pk} has a person already.")
        entry = activity.entry("channels.inbound_assigned", message, person=human.pk)
        activity.record(entry, by=by, at=at)
    message.refresh_from_db()


def handle(message_id: int, *, by: Principal, at: datetime, reason: str = "") -> InboundMessage:
    """A colleague has dealt with it: nothing waits for it any more."""
    message = InboundMessage.objects.select_related("workspace").get(pk=message_id)
    require(by, Verb.WRITE_PEOPLE, message.workspace)
    with transaction.atomic():
        won = InboundMessage.objects.filter(pk=message.pk, status__in=OPEN).update(
            status=InboundStatus.HANDLED,
            handled_by_label=by.label[:150],
            reason=(reason.strip() or f"handled by {by.label}")[:300],
        )
        if won != 1:
            raise InboxRefused(f"Message {message.pk} is handled or answered already.")
        activity.record(activity.entry("channels.inbound_handled", message), by=by, at=at)
    message.refresh_from_db()
    return message
