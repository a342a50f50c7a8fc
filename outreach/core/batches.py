"""A table read from end to end without ever being in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
SIZE = 1000


def batches(
    rows: QuerySet[Row], *, size: int = SIZE, newest_first: bool = False
) -> Iterator[list[Row]]:
    """These rows by their number, some at a time, up to the newest there is at the beginning.

    Each batch is a statement of its own: nothing stays open while a slow reader takes his time.
    So each row is as it stood when it was read, and one deleted meanwhile is not there.
    """
    newest = rows.model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
    if newest is None:
        return
    left = rows.filter(pk__lte=newest).order_by("-pk" if newest_first else "pk")
    found = list(left[:size])
    while found:
        yield found
        if len(found) < size:
            return
        last = found[-1].pk
        found = list(left.filter(**{"pk__lt" if newest_first else "pk__gt": last})[:size])
