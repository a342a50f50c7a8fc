"""Who may be written to, and why not the others: one statement, whatever the number of people.

It speaks of human beings: addresses, drafts and contacts of duplicate records count for the one
record that stands for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from outreach.core import sql
from outreach.core.models import Address, Contact, CoolingOff, Draft, Person, Workspace
from outreach.core.models.drafts import DraftStatus
from outreach.core.models.people import PersonStatus

OPEN = (DraftStatus.DRAFT, DraftStatus.PENDING_APPROVAL, DraftStatus.APPROVED)
REJECTED_FOR = timedelta(days=90)
# The first half of an advisory lock's key: any number that no other part of the program uses.
LOCK_CLASS = 0x1393
# Why somebody is left out; a person counts under the first that applies.
REASONS = {
    "no_address": "no address on this channel",
    "unreachable": "no address at all",
    "not_connected": "not connected with us on LinkedIn",
    "connected": "connected with us on LinkedIn already",
    "desist": "asked us to stop",
    "blocked": "blocked by us",
    "automation_off": "automation is off for them",
    "resting": "must be left in peace for a while",
    "open_message": "another message to them is open",
    "contacted": "in contact lately",
    "rejected": "a message to them was rejected lately",
    "suppressed": "their address is suppressed",
    "beyond_limit": "beyond the limit of this run",
}


def one_at_a_time(workspace_id: int) -> None:
    """Until the transaction ends nobody else here is told whom to write to: of two runs at once the
    second sees what the first wrote. SQLite has one writer at a time anyway."""
    if connection.vendor == "postgresql":
        sql.fetch("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_CLASS, workspace_id])


def written_by(origin: str, ids: Sequence[int]) -> set[int]:
    """Those human beings who have a message of this origin, also on a record merged since."""
    theirs = Q(person__in=ids) | Q(person__merged_into__in=ids)
    rows = Draft.objects.filter(theirs, origin=origin)
    return set(rows.values_list(Coalesce("person__merged_into", "person"), flat=True))


def judged(
    workspace: Workspace,
    channel: str = "",
    *,
    at: datetime,
    quiet_days: int,
    ids: Iterable[int] | None = None,
    origin: str = "",
    connected: bool | None = None,
) -> QuerySet[Person, tuple[int, str]]:
    """(person, reason) of everybody or of `ids`; an empty reason means: may be written to.

    Those we are connected with latest come first. Drafts of `origin` do not count as open.
    Without a channel any address will do. `connected` asks for people we are, or are not yet,
    connected with on LinkedIn.
    """
    people = Person.objects.filter(workspace=workspace, merged_into__isnull=True)
    if ids is not None:
        people = people.filter(pk__in=ids)
    address = _theirs(Address.objects.filter(channel=channel) if channel else Address.objects.all())
    drafts = _theirs(Draft.objects.filter(status__in=OPEN).exclude(origin=origin or "-"))
    lately = Contact.objects.filter(
        human=OuterRef("pk"), voided_at__isnull=True, at__gt=at - timedelta(days=quiet_days)
    )
    # What a reviewer said no to must not be back in the queue with the next run.
    refused = _theirs(
        Draft.objects.filter(status=DraftStatus.REJECTED, updated_at__gt=at - REJECTED_FOR)
    )
    rests = CoolingOff.objects.filter(human=OuterRef("pk"), until__gt=at)
    return (
        people.annotate(
            reason=Case(
                When(~address, then=Value("no_address" if channel else "unreachable")),
                *_by_connection(connected),
                When(status=PersonStatus.DESIST, then=Value("desist")),
                When(status=PersonStatus.BLOCKED, then=Value("blocked")),
                When(automation_enabled=False, then=Value("automation_off")),
                When(Exists(rests), then=Value("resting")),
                When(drafts, then=Value("open_message")),
                When(Exists(lately), then=Value("contacted")),
                When(refused, then=Value("rejected")),
                default=Value(""),
            )
        )
        .order_by(F("connected_on").desc(nulls_last=True), "pk")
        .values_list("pk", "reason")
    )


def _by_connection(connected: bool | None) -> list[When]:
    if connected is None:
        return []
    reason = "not_connected" if connected else "connected"
    return [When(connected_on__isnull=connected, then=Value(reason))]


def choose(rows: Iterable[tuple[int, str]], limit: int) -> dict[str, Any]:
    """The first `limit` who may be written to, and how many are left out for what reason."""
    chosen: list[int] = []
    excluded: Counter[str] = Counter()
    for pk, reason in rows:
        if reason:
            excluded[reason] += 1
        elif len(chosen) < limit:
            chosen.append(pk)
        else:
            excluded["beyond_limit"] += 1
    return {"people": chosen, "selected": len(chosen), "excluded": dict(excluded)}


def _theirs(rows: QuerySet) -> Exists:  # type: ignore[type-arg]
    """Whether the human being has such a row, on the record itself or on a duplicate."""
    own = Exists(rows.filter(person=OuterRef("pk")))
    return own | Exists(rows.filter(person__merged_into=OuterRef("pk")))  # type: ignore[return-value]
