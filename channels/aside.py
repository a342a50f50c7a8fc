"""Events that cannot be judged: tried a few times, ever later, then set aside for a person.

Nothing is dropped: what is set aside keeps what the provider told, until a person has it tried
again or closes it (`channels.closing`); nobody whom it names is erased before.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from channels.models import ProviderEvent
from outreach.core import activity
from outreach.core.permissions import require_operator
from outreach.core.principal import Principal

TRIES = 6
FIRST_WAIT = timedelta(minutes=1)  # then 2, 4, 8 and 16: the last try is half an hour later
FASTER = "Event {} is not set aside (any more): somebody was faster."
JUDGE = Principal.system("provider")
logger = logging.getLogger(__name__)


class NotSetAside(LookupError):
    """This event does not (any more) wait for a person."""


def rows() -> QuerySet[ProviderEvent]:
    """What is set aside, the newest first."""
    return ProviderEvent.objects.filter(set_aside_at__isnull=False).order_by("-set_aside_at", "-pk")


def is_last_try(row: ProviderEvent) -> bool:
    """Whether this event is set aside if it fails now."""
    return row.tries + 1 >= TRIES


def failed(row: ProviderEvent, fault: Exception, *, at: datetime) -> None:
    """Judging this event failed: it is tried once more, later; the last time it is set aside.

    Who judged it meanwhile has the better word.
    """
    tries, last = row.tries + 1, is_last_try(row)
    with transaction.atomic():
        won = ProviderEvent.objects.filter(
            pk=row.pk, tries=row.tries, judged_at__isnull=True
        ).update(
            tries=tries,
            tried_at=at,
            retry_at=at + FIRST_WAIT * 2**row.tries,
            judged_at=at if last else None,
            set_aside_at=at if last else None,
            result=f"it cannot be judged ({type(fault).__name__})",
        )
        if won and last:
            told = activity.entry("channels.event_set_aside", row, kind=row.kind, tries=tries)
            activity.record(told, by=JUDGE, at=at)
    if won and last:
        logger.error(
            "Event %s is set aside after %s tries: a person must look at it, under Events set "
            "aside in the admin.", row.pk, tries,
        )  # fmt: skip


def give_back(pk: int, *, by: Principal, at: datetime) -> ProviderEvent:
    """An operator wants it judged again: it is open as if it had never been tried."""
    require_operator(by)
    with transaction.atomic():
        won = rows().filter(pk=pk).update(
            tries=0, tried_at=None, retry_at=None, judged_at=None, set_aside_at=None, result=""
        )  # fmt: skip
        if won != 1:
            raise NotSetAside(FASTER.format(pk))
        row = ProviderEvent.objects.get(pk=pk)
        told = activity.entry("channels.event_tried_again", row, kind=row.kind)
        activity.record(told, by=by, at=at)
    return row
