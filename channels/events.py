"""Events of providers: stored in one statement, judged after, one effect each in any order.

Messages come first: among them may be a request to stop. What nobody can place yet (our own
record of the sending may be a moment late) is tried again for ten minutes, then it is an orphan.
What fails is tried again a few times, then set aside for a person (`channels.aside`); who wrote a
message that could not be heard is held.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from channels import aside, bounces, inbound, matching, receiving, settle
from channels.incoming import Incoming
from channels.mail.reading import clean, cleaned
from channels.meta_events import STOPPED_MARKETING, Event
from channels.models import Delivery, DeliveryStatus, EventKind, ProviderEvent
from outreach.core import suppression
from outreach.core.models import Address, Channel, Workspace
from outreach.core.models.consent import SuppressionReason
from outreach.core.patience import READING, impatient
from outreach.core.people import canonical

PROVES = {EventKind.SENT, EventKind.DELIVERED, EventKind.READ}
TRIED_FOR = timedelta(minutes=10)
AT_ONCE = 5.0  # seconds a webhook may spend on judging; the sweep does the rest
BATCH = 500
ORPHAN = "it speaks of no message of ours"
UNHEARD = "wrote something that could not be taken in: a person must look"
logger = logging.getLogger(__name__)


def take(events: Sequence[Event], *, at: datetime) -> int:
    """Store these events, judge what is new, and return how many were. Never in a transaction."""
    fresh = _open_among(keep(events, at=at))
    with impatient(READING):  # who holds a record holds up neither the others nor a thread
        judge(fresh, at=at, seconds=AT_ONCE)
    return len(fresh)


def keep(events: Sequence[Event], *, at: datetime) -> set[tuple[str, str]]:
    """Store these events, which the sweep judges; returns by what they are known."""
    rows = [_row(event, at) for event in events]
    for start in range(0, len(rows), BATCH):
        ProviderEvent.objects.bulk_create(rows[start : start + BATCH], ignore_conflicts=True)
    return {(row.provider, row.event_id) for row in rows}


def sweep(*, at: datetime, most: int = 2000) -> int:
    """Judge what is still open, such as after a crash; returns how many were looked at."""
    due = Q(retry_at__isnull=True) | Q(retry_at__lte=at)
    rows = ProviderEvent.objects.filter(due, judged_at__isnull=True)
    found = list(rows.order_by(F("tried_at").asc(nulls_first=True), "id")[:most])
    with impatient(READING):
        judge(found, at=at, seconds=3 * AT_ONCE)
    return len(found)


def _row(event: Event, at: datetime) -> ProviderEvent:
    """As it is stored. Whatever a provider told, the database can hold it: else none of its
    neighbours would be stored either, and one of them may be a request to stop."""
    name = clean(event.event_id)
    if len(name) > 255:
        name = f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
    return ProviderEvent(
        provider=event.provider[:40],
        event_id=name,
        kind=event.kind,
        at=min(event.at or at, at),
        payload=cleaned(event.payload),
        judged_at=at if event.kind == EventKind.OTHER else None,
    )


def _open_among(keys: Iterable[tuple[str, str]]) -> list[ProviderEvent]:
    """The stored, not yet tried rows of these events. Who else judges them does no harm."""
    by_provider: dict[str, list[str]] = {}
    for provider, name in keys:
        by_provider.setdefault(provider, []).append(name)
    found: list[ProviderEvent] = []
    for provider, names in by_provider.items():
        for start in range(0, len(names), BATCH):
            found += ProviderEvent.objects.filter(
                provider=provider,
                event_id__in=names[start : start + BATCH],
                judged_at__isnull=True,
                tried_at__isnull=True,
            )
    return sorted(found, key=lambda row: row.pk)


# --- Judging -------------------------------------------------------------------------------------


def judge(rows: Sequence[ProviderEvent], *, at: datetime, seconds: float) -> None:
    """Do what these events ask for, messages first, for so many seconds."""
    until = time.monotonic() + seconds
    single = {EventKind.MESSAGE, EventKind.BOUNCED, EventKind.COMPLAINED, EventKind.UNSUBSCRIBED}
    first = [row for row in rows if row.kind in single]
    for row in sorted(first, key=lambda row: row.kind != EventKind.MESSAGE):
        if time.monotonic() > until:
            return
        try:
            _judge_one(row, at=at)
        except Exception as fault:
            logger.exception("Event %s cannot be judged.", row.pk)
            _hold_its_writer(row, at=at)
            aside.failed(row, fault, at=at)
    receipts = [row for row in rows if row.kind not in single]
    for start in range(0, len(receipts), BATCH):
        if time.monotonic() > until:
            return
        _judge_batch(receipts[start : start + BATCH], at=at)


def _hold_its_writer(row: ProviderEvent, *, at: datetime) -> None:
    """What cannot be heard at the second try, a minute later, may be a request to stop: nothing
    goes to whoever sent it until a person has looked. It is tried on even where this fails."""
    if row.kind != EventKind.MESSAGE or not row.tries:
        return
    channel, sender = (str(row.payload.get(name, "")) for name in ("channel", "sender"))
    try:
        people = {address.person for address in matching.senders(channel, sender)}
        for human in {canonical(person) for person in people}:
            inbound.hold(human, UNHEARD, at=at)
    except Exception:
        logger.exception("Nobody could be held for event %s.", row.pk)


def _judge_one(row: ProviderEvent, *, at: datetime) -> None:
    if row.kind == EventKind.MESSAGE:
        stored = receiving.take_in(Incoming.from_dict(row.payload), at=at)
        row.workspace = stored[0].workspace
        row.payload = {}  # the words are in the inbox now, and only there
        _done(row, f"inbound message {stored[0].pk}", at, "payload")
        return
    row.delivery = settle.quoted(str(row.payload.get("channel", Channel.EMAIL)), **ids(row.payload))
    recipient = str(row.payload.get("recipient", ""))
    address = bounces.address_of(row.delivery) or recipient
    places = [row.delivery.workspace] if row.delivery else concerned(row)
    if row.delivery is not None and not row.payload.get("never_left"):
        settle.arrived_by_event(row.delivery.pk, event=row.kind, at=at)
    if not places or not address:
        _done(row, ORPHAN, at)
        return
    row.workspace = places[0]
    row.judged_at = at
    words = [_apply(row, place, address, at=at) for place in places]
    _done(row, words[0], at)


def _apply(row: ProviderEvent, place: Workspace, address: str, *, at: datetime) -> str:
    if row.kind == EventKind.BOUNCED:
        permanent = bool(row.payload.get("permanent"))
        return bounces.bounced(row, place, address, permanent=permanent, at=at)
    # Who never had the address never wrote to it: a complaint told there is an opt-out, and
    # nothing to slow down for.
    if row.kind == EventKind.COMPLAINED and (row.delivery or _knows(place, address)):
        bounces.complained(place, address, at=at)
        return "complained: the address is suppressed"
    return _unsubscribe(row, place, address, at=at)


def _knows(place: Workspace, address: str) -> bool:
    known = matching.theirs(Channel.EMAIL, address)
    return Address.objects.filter(known, workspace=place, channel=Channel.EMAIL).exists()


def _unsubscribe(row: ProviderEvent, place: Workspace, address: str, *, at: datetime) -> str:
    channel = str(row.payload.get("channel") or row.provider)
    found = Address.objects.filter(
        matching.theirs(channel, address), workspace=place, channel=channel
    ).select_related("person__workspace", "person__merged_into")
    for each in dict.fromkeys([address, *(row.normalised for row in found)]):
        suppression.suppress(
            place,
            channel,
            each,
            reason=SuppressionReason.UNSUBSCRIBE,
            by=inbound.INBOUND,
            at=at,
        )
    if not found or channel != Channel.EMAIL:
        return "unsubscribed: the address is suppressed"
    near = matching.nearest(found, channel, address)
    for person in {each.person.human_id: each.person for each in near}.values():
        inbound.unsubscribed(person, channel, at=at)
    return "unsubscribed: nothing more is sent to them"


def concerned(row: ProviderEvent) -> list[Workspace]:
    """Every workspace that has this recipient. Where none has, an opt-out holds in each of them:
    the address may come in later. A bounce of nobody's is nobody's."""
    channel = str(row.payload.get("channel") or Channel.EMAIL)
    recipient = str(row.payload.get("recipient", ""))
    if not recipient:
        return []
    known = matching.anywhere(channel, recipient, [channel])
    places = Workspace.objects.order_by("pk")
    found = list(places.filter(pk__in=known.values("workspace")))
    return found or ([] if row.kind == EventKind.BOUNCED else list(places))


def ids(payload: dict[str, object]) -> dict[str, str]:
    return {name: str(payload.get(name, "")) for name in ("token", "provider_id", "message_id")}


def _done(row: ProviderEvent, result: str, at: datetime, *more: str) -> None:
    """Only what judging found is written: the rest may have been erased meanwhile."""
    row.result, row.judged_at, row.tried_at = result[:200], at, at
    row.save(update_fields=["workspace", "delivery", "result", "judged_at", "tried_at", *more])


# --- Receipts ------------------------------------------------------------------------------------


def _judge_batch(rows: Sequence[ProviderEvent], *, at: datetime) -> None:
    """All of them, and each by itself where they fail together: one holds up no other."""
    try:
        _judge_receipts(rows, at=at)
    except Exception as fault:
        logger.exception("%s receipts from event %s on cannot be judged.", len(rows), rows[0].pk)
        if len(rows) == 1:
            aside.failed(rows[0], fault, at=at)
            return
        for row in rows:
            _judge_batch([row], at=at)


def _judge_receipts(rows: Sequence[ProviderEvent], *, at: datetime) -> None:
    """Sent, delivered, read, failed: tied to our delivery; what was unknown has arrived."""
    found = _deliveries(rows)
    orphans = {row.pk: row.created_at for row in rows if _delivery_of(row, found) is None}
    old = {pk for pk, created_at in orphans.items() if created_at < at - TRIED_FOR}
    with transaction.atomic():
        for numbers, judged_at in ((orphans.keys() - old, None), (old, at)):
            ProviderEvent.objects.filter(pk__in=numbers).update(
                tried_at=at, judged_at=judged_at, result=ORPHAN
            )
    for row in rows:
        delivery = _delivery_of(row, found)
        if delivery is not None:
            row.delivery, row.workspace_id, row.tried_at = delivery, delivery.workspace_id, at
            _judge_receipt(row, delivery, at=at)
            row.save(update_fields=["delivery", "workspace", "tried_at", "result", "judged_at"])


def _judge_receipt(row: ProviderEvent, delivery: Delivery, *, at: datetime) -> None:
    if delivery.status == DeliveryStatus.SENDING:
        row.result = "its sending is not recorded yet"
        return
    row.result, row.judged_at = row.kind, at
    if row.kind in PROVES and delivery.status in (DeliveryStatus.UNKNOWN, DeliveryStatus.FAILED):
        number = str(row.payload.get("provider_id", ""))
        settle.arrived_by_event(delivery.pk, event=row.kind, at=at, provider_id=number)
    if row.kind == EventKind.FAILED and delivery.status == DeliveryStatus.SENT:
        with transaction.atomic():
            bounces.came_back(delivery, row.kind, at=at)
    if STOPPED_MARKETING in (row.payload.get("codes") or ()):
        address = bounces.address_of(delivery)
        row.result = _unsubscribe(row, delivery.workspace, address, at=at)


def _deliveries(rows: Sequence[ProviderEvent]) -> dict[tuple[str, str], Delivery]:
    """Deliveries by (channel, provider's id) and (channel, our token), in two statements."""
    tokens = {token for row in rows if (token := _token(row)) is not None}
    numbers = {str(row.payload.get("provider_id", "")) for row in rows} - {""}
    ids = {str(row.payload.get("message_id", "")).strip("<>") for row in rows} - {""}
    wanted = Q(token__in=tokens) | Q(provider_id__in=numbers | ids)
    deliveries: QuerySet[Delivery] = Delivery.objects.filter(wanted).select_related(
        "workspace", "approval__revision"
    )
    found: dict[tuple[str, str], Delivery] = {}
    for delivery in deliveries.order_by("pk"):
        found[delivery.channel, str(delivery.token)] = delivery
        if delivery.provider_id:
            found[delivery.channel, delivery.provider_id] = delivery
    return found


def _token(row: ProviderEvent) -> UUID | None:
    try:
        return UUID(str(row.payload.get("token", "")))
    except ValueError:
        return None


def _delivery_of(row: ProviderEvent, found: dict[tuple[str, str], Delivery]) -> Delivery | None:
    channel = str(row.payload.get("channel") or row.provider)
    token = _token(row)
    number = str(row.payload.get("provider_id", ""))
    return found.get((channel, str(token))) or found.get((channel, number))
