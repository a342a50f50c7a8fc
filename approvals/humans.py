"""Whose human being open approvals count for, when two records become one or come apart again."""

from __future__ import annotations

from collections.abc import Iterable

from approvals.models import Approval
from approvals.rounds import OPEN


def lock(human_ids: Iterable[int]) -> None:
    """Hold every open approval of these people, in id order, so that no claim takes one."""
    rows = Approval.objects.filter(OPEN, human__in=list(human_ids)).order_by("pk")
    list(rows.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def follow(record_ids: Iterable[int], human_id: int) -> int:
    """Open approvals of messages to these records count for that human being; how many."""
    rows = Approval.objects.filter(OPEN, draft__person__in=list(record_ids))
    return rows.update(human_id=human_id)


def of_now(rows: Iterable[Approval]) -> None:
    """New rounds of what had left or might have: a merge meanwhile did not touch the old ones."""
    for row in rows:
        human = row.draft.person.human_id
        Approval.objects.filter(pk=row.pk).exclude(human=human).update(human_id=human)
