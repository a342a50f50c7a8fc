"""Closing by hand what can never be judged: an operator has read it, and it asks us to stop nobody.

It keeps its words and is judged by nothing any more. Whoever was held for it stays held until a
person lets them go.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from channels import aside, bounces, events, settle
from channels.meta_events import STOPPED_MARKETING
from channels.models import EventKind, ProviderEvent
from outreach.core import activity, suppression, visible
from outreach.core.models import Channel
from outreach.core.permissions import require_operator
from outreach.core.principal import Principal

LONGEST = 170
REQUESTS = (EventKind.COMPLAINED, EventKind.UNSUBSCRIBED)


class CloseRefused(Exception):
    """This event cannot be closed now; the sentence says why and what to do."""


def close(pk: int, *, reason: str, by: Principal, at: datetime) -> ProviderEvent:
    """An operator's word, with a reason, that nothing in it asks us to stop.

    Raises NotAllowed, NotSetAside, and CloseRefused for what is a request by its very kind.
    """
    require_operator(by)
    why = reason.strip()
    if not visible.signs(why):
        raise CloseRefused("Say why: what is it, and how do you know that it asks for no stop?")
    if len(why) > LONGEST:
        raise CloseRefused(f"The reason has {len(why)} letters; at most {LONGEST} are kept.")
    row = aside.rows().filter(pk=pk).first()
    if row is None:
        raise aside.NotSetAside(aside.FASTER.format(pk))
    _refuse_request(row)
    with transaction.atomic():
        won = aside.rows().filter(pk=pk).update(set_aside_at=None, result=f"closed by hand: {why}")
        if won != 1:
            raise aside.NotSetAside(aside.FASTER.format(pk))
        told = activity.entry("channels.event_closed", row, kind=row.kind, tries=row.tries)
        activity.record(told, by=by, at=at)
    row.refresh_from_db()
    return row


def _refuse_request(row: ProviderEvent) -> None:
    """What is a request to stop whatever it says is closed once its address is suppressed
    everywhere; of whom nobody can tell, it asks for nobody."""
    codes = row.payload.get("codes")
    is_marketing = isinstance(codes, list) and STOPPED_MARKETING in codes
    if row.kind not in REQUESTS and not is_marketing:
        return
    channel = str(row.payload.get("channel") or Channel.EMAIL)
    delivery = row.delivery or settle.quoted(channel, **events.ids(row.payload))
    address = bounces.address_of(delivery) or str(row.payload.get("recipient", ""))
    if not address:
        return
    places = [delivery.workspace] if delivery else events.concerned(row)
    left = [each.name for each in places if not suppression.is_suppressed(each, channel, address)]
    if left:
        raise CloseRefused(
            f"This event is itself a request to stop ({row.get_kind_display().lower()}), and its "
            f"address is not suppressed in {', '.join(left)}. Nothing was closed. Suppress it "
            "there (manage.py suppression add, or the admin's suppression list) and close it then."
        )
