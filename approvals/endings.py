"""How a round ended, where its status alone does not tell: for the list and its filter."""

from __future__ import annotations

from django.db.models import QuerySet

from approvals.models import Approval, ApprovalStatus

# What the filter asks by, its words, the statuses it is among and the reasons that tell it.
ENDINGS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "sent_back": ("Sent back", (ApprovalStatus.WITHDRAWN,), ("changes_requested",)),
    "by_author": (
        "Withdrawn by its author",
        (ApprovalStatus.WITHDRAWN,),
        ("withdrawn_by_author",),
    ),
    "by_stop": (
        "Ended by a stop",
        (ApprovalStatus.WITHDRAWN, ApprovalStatus.REJECTED),
        ("emergency_stop", "person_stopped", "person_desist", "person_blocked"),
    ),
}
EVERY = "Withdrawn, for any reason"
_WORDS = {
    (str(status), reason): words
    for words, statuses, reasons in ENDINGS.values()
    for status in statuses
    for reason in reasons
}


def told(approval: Approval) -> str:
    """The status in words, or what ended the round where that says more."""
    known = _WORDS.get((approval.status, approval.closed_reason))
    return known or approval.outcome


def choices() -> list[tuple[str, str]]:
    """For the filter: each status, and beside the one that says little what it may mean."""
    every = {**dict(ApprovalStatus.choices), ApprovalStatus.WITHDRAWN: EVERY}
    plain = [(str(value), str(words)) for value, words in every.items()]
    return [*plain, *((name, words) for name, (words, _, _) in ENDINGS.items())]


def among(rows: QuerySet[Approval], name: str) -> QuerySet[Approval]:
    """Those of these rows that ended so."""
    _, statuses, reasons = ENDINGS[name]
    return rows.filter(status__in=statuses, closed_reason__in=reasons)
