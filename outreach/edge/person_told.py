"""What became of somebody's messages when they were stopped, and which addresses are closed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from approvals import rounds
from approvals.models import Approval, ApprovalStatus
from channels import quiet, stop
from outreach.core import suppression
from outreach.core.models import Address, Draft, Person
from outreach.core.models.drafts import DraftStatus
from outreach.core.models.people import PersonStatus
from outreach.core.principal import Principal
from outreach.edge.insisting import insist, seen

SUPPRESSED_APART = (
    "The record is stopped, not its addresses: only their own request (an answer, an unsubscribe "
    "link) or Suppressed addresses in the admin puts those on the list that outlives a lifting."
)


def open_rounds(person: Person) -> list[int]:
    """The rounds of this human being that wait, or are approved and unsent."""
    rows = Approval.objects.filter(rounds.OPEN, human__in=stop.human_ids(person))
    return list(rows.order_by("pk").values_list("pk", flat=True))


def block(person: Person, *, reason: str, by: Principal) -> Iterator[str]:
    """Block this human being and wait for what is in flight; each line as soon as it is known."""
    at, waiting = timezone.now(), open_rounds(person)
    how: dict[str, Any] = {"reason": reason, "by": by, "at": at}
    ids = insist(lambda: stop.stop_person(person, PersonStatus.BLOCKED, **how))
    yield f"{person.full_name} is blocked."
    yield from ended(person, waiting)
    yield from seen(lambda: quiet.wait(quiet.scope_of(humans=ids), set_at=at)).lines()


def ended(person: Person, were_open: Iterable[int]) -> list[str]:
    """A sentence for what ended, for drafts that stay, and for what is not closed by it."""
    rows = Approval.objects.filter(pk__in=list(were_open)).order_by("pk")
    gone = [f"#{row.pk}" for row in rows if row.status == ApprovalStatus.REJECTED]
    left = [f"#{row.pk}" for row in rows if row.status != ApprovalStatus.REJECTED]
    drafts = Draft.objects.filter(
        person__in=stop.human_ids(person), status=DraftStatus.DRAFT
    ).count()
    lines = [f"Rejected: {', '.join(gone)}."] if gone else []
    if left:
        lines.append(f"Not ended yet, another has them: {', '.join(left)}.")
    lines = lines or ["Nothing of theirs was waiting."]
    if drafts:
        are = "1 draft stays and cannot" if drafts == 1 else f"{drafts} drafts stay and cannot"
        lines.append(f"{are} be submitted.")
    return [*lines, SUPPRESSED_APART]


@dataclass(frozen=True, slots=True)
class Ways:
    """How many addresses of a human being are known, and how many of them nothing may go to."""

    known: int
    closed: int

    @property
    def are_open(self) -> bool:
        return self.closed < self.known

    def sentence(self) -> str:
        """What stands against writing to them beside their own standing; empty where nothing."""
        if not self.known:
            return "Nothing can be sent: no address of theirs is known."
        if not self.are_open:
            only = "their only address is" if self.known == 1 else "all their addresses are"
            return f"Nothing is sent: {only} suppressed."
        return f"Not by {self.closed} of their {self.known} addresses." if self.closed else ""


def ways_of(records: Iterable[Person], closed: set[int]) -> Ways:
    """An address that two of the records have is one."""
    places = {
        (row.workspace_id, row.channel, row.normalised): row.pk in closed
        for person in records
        for row in person.addresses.all()
    }
    return Ways(len(places), sum(places.values()))


def closed_among(records: Iterable[Person]) -> set[int]:
    """The addresses of these records that are on the suppression list, by their numbers."""
    ways = {
        row.pk: (row.workspace_id, row.channel, row.normalised)
        for person in records
        for row in person.addresses.all()
    }
    closed = suppression.suppressed_among(set(ways.values()))
    return {pk for pk, way in ways.items() if way in closed}


def unreachable_among(humans: Collection[int]) -> set[int]:
    """Those human beings of a page all of whose addresses are suppressed: two statements."""
    rows = Address.objects.filter(Q(person__in=humans) | Q(person__merged_into__in=humans))
    ways: dict[int, set[suppression.Place]] = defaultdict(set)
    for row in rows.select_related("person"):
        ways[row.person.human_id].add((row.workspace_id, row.channel, row.normalised))
    closed = suppression.suppressed_among(set().union(*ways.values()))
    return {human for human, places in ways.items() if places <= closed}
