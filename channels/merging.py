"""Merging two records of one human being, and taking them apart: never with a message in flight.

Open approvals are locked first (no claim takes a locked one), then the two people (no intent and no
approval about them can be written), then deliveries are read: nothing can begin in between.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction

from approvals import humans, taking
from channels import inbound, matching
from channels.models import Delivery, DeliveryStatus
from channels.stop import STOPPER, human_ids
from outreach.core import merging, suppression
from outreach.core.merging import MergeRefused
from outreach.core.models import Address, Contact, InboundMessage, Merge, Person
from outreach.core.models.people import PersonStatus
from outreach.core.principal import Principal


def merge(
    kept: Person,
    merged: Person,
    *,
    by: Principal,
    at: datetime,
    take: Collection[str] = (),
    seen: str = "",
) -> Merge:
    """Declare two records one human being. Refused while a message to either is in flight.

    `take` names fields whose value is the merged record's; `seen` is `digest` of what the person
    who decides has seen. The stricter standing counts from now on, and what waits obeys it.
    """
    merging.check(kept, merged, take)
    with transaction.atomic():
        ids = [*human_ids(kept), *human_ids(merged)]
        _hold(ids)
        fresh = {row.pk: row for row in Person.objects.filter(pk__in=[kept.pk, merged.pk])}
        one, other = fresh[kept.pk], fresh[merged.pk]
        if seen and seen != digest(one, other):
            raise MergeRefused("One of the two was changed meanwhile. Look at both again.")
        row = merging.merge(one, other, take=take, by=by, at=at)
        humans.follow(ids, one.pk)
        if one.status != PersonStatus.ACTIVE:
            sentence = f"This person is stopped: {one.status_reason}"
            taking.end_for_human(ids, sentence=sentence, by=STOPPER, at=at)
    return row


def undo(row: Merge, *, by: Principal, at: datetime) -> None:
    """Take two records apart. Refused while a message to the human being is in flight."""
    with transaction.atomic():
        _hold(human_ids(row.kept))
        held = Merge.objects.select_for_update(of=("self",)).get(pk=row.pk)
        merging.undo(held, by=by, at=at)
        _give_back(held)
        for record in (held.kept_id, held.merged_id):
            records = human_ids(Person.objects.get(pk=record))
            humans.follow(records, record)


def _give_back(row: Merge) -> None:
    """What came in from the other human being is theirs again: by the address it came from, and by
    what it answers where nobody of the two has that. What waits for them would leave unread."""
    records = [row.merged_id, *row.moved]
    mine, theirs = _addresses(human_ids(row.kept)), _addresses(records)
    came = InboundMessage.objects.filter(person=row.kept_id).select_related("in_reply_to")
    for message in came.order_by("pk"):
        exact = matching.forms(message.channel, message.sender)
        forms = {suppression.form_of(message.channel, each) for each in exact}
        answered = message.in_reply_to.person_id if message.in_reply_to else None
        if mine & {*exact} or not (theirs & forms or (answered in records and not mine & forms)):
            continue
        InboundMessage.objects.filter(pk=message.pk).update(person=row.merged_id)
        key = inbound.contact_key(inbound.key_of(message))
        Contact.objects.filter(key=key, human=row.kept_id).update(human=row.merged_id)


def _addresses(records: Collection[int]) -> set[str]:
    """What these have, as written and as one mailbox."""
    rows = Address.objects.filter(person__in=records).values_list("channel", "normalised")
    return {form for channel, each in rows for form in (each, suppression.form_of(channel, each))}


def digest(kept: Person, merged: Person) -> str:
    """What a page has shown of two records: it changes with either."""
    return f"{kept.updated_at.isoformat()} {merged.updated_at.isoformat()}"


def _hold(ids: Iterable[int]) -> None:
    humans.lock(ids)
    list(Person.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    flying = Delivery.objects.filter(human__in=ids, status=DeliveryStatus.SENDING)
    if flying.exists():
        raise MergeRefused(
            "A message to one of the two is being sent now. Try again when it has an outcome."
        )
