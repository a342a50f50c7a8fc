"""Whose human being open approvals count for, when two records become one or come apart again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from approvals import rounds
from approvals.models import Approval
from approvals.rounds import OPEN
from outreach.core.models.people import PersonStatus
from outreach.core.people import canonical
from outreach.core.principal import Principal

STOPPER = Principal.system("stopper")
LABELS: dict[str, str] = {
    PersonStatus.DESIST: "asked us to stop",
    PersonStatus.BLOCKED: "was blocked",
}


def lock(human_ids: Iterable[int]) -> None:
    """Hold every open approval of these people, in id order, so that no claim takes one."""
    rows = Approval.objects.filter(OPEN, human__in=list(human_ids)).order_by("pk")
    list(rows.select_for_update(of=("self",), no_key=True).values_list("pk", flat=True))


def follow(record_ids: Iterable[int], human_id: int) -> int:
    """Open approvals of messages to these records count for that human being; how many."""
    rows = Approval.objects.filter(OPEN, draft__person__in=list(record_ids))
    return rows.update(human_id=human_id)


def of_now(rows: Iterable[Approval], *, at: datetime) -> str:
    """New rounds of what had left or might have: a merge or a stop meanwhile did not touch the old
    ones. Those to somebody who may not be written to any more end at once; why, or "" for none.
    """
    told = ""
    for row in rows:
        human = canonical(row.draft.person)
        Approval.objects.filter(pk=row.pk).exclude(human=human).update(human=human)
        if human.status != PersonStatus.ACTIVE:
            told = stopped(human.status, human.status_reason)
            rounds.end([row], reason="person_stopped", sentence=told, by=STOPPER, at=at)
    return f"{told.rstrip('.')}." if told else ""


def stopped(status: str, reason: str) -> str:
    """Why the messages to a stopped person end, as their reviewers and authors read it."""
    label = LABELS.get(status, "is stopped")
    said = reason if reason.startswith(label) else f"{label}: {reason}"
    return f"This person {said if reason else label}"
