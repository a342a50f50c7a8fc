"""Reading the queue: its order, its filters, its counts and the neighbours of one item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from approvals import endings
from approvals.models import Approval, ApprovalStatus, Priority
from outreach.core import accents
from outreach.core.models import (
    Account,
    Address,
    Channel,
    Person,
    Purpose,
    Revision,
    Touch,
)

ORDER = ("-priority", "created_at", "pk")
FEW = 500  # people or companies a search names one by one
COUNT_LIMIT = 1000  # beyond it the page says "1000+" instead of counting a million rows
PHONE = "phone_for_zone"


def readable(rows: QuerySet[Approval]) -> QuerySet[Approval]:
    """With everything a line of the list or the review page needs, in one statement."""
    # By the human being, who stands in the row: a page is found without its drafts. The oldest
    # number, as the gate has it; by "id" alone PostgreSQL may walk all addresses to find it.
    human = OuterRef(OuterRef("human"))
    records = Person.objects.filter(Q(pk=human) | Q(merged_into=human))
    phones = Address.objects.filter(
        person__in=records.values("pk"), channel__in=[Channel.WHATSAPP, Channel.PHONE]
    )
    return rows.select_related(
        "workspace", "revision", "human", "draft__person__account", "draft__person__merged_into"
    ).annotate(**{PHONE: Subquery(phones.order_by(F("id") + 0).values("normalised")[:1])})


CHOICES: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "status": (
        "Status",
        [
            *endings.choices(),
            ("all", "All"),
        ],
    ),
    "priority": (
        "Priority",
        [(str(value), str(label).title()) for value, label in reversed(Priority.choices)],
    ),
    "channel": ("Channel", [(str(value), str(label)) for value, label in Channel.choices]),
    "purpose": ("Purpose", [(str(value), str(label)) for value, label in Purpose.choices]),
    "touch": ("Touch", [(str(value), str(label)) for value, label in Touch.choices]),
}
DEFAULT_STATUS = str(ApprovalStatus.PENDING)


def narrowed(rows: QuerySet[Approval], wanted: Mapping[str, str]) -> QuerySet[Approval]:
    """These rows by the filters in the address."""
    for name in CHOICES:
        rows = narrow_one(rows, name, wanted.get(name, ""))
    return search(rows, wanted.get("q", ""))


def narrow_one(rows: QuerySet[Approval], name: str, value: str) -> QuerySet[Approval]:
    """By one filter; a value that is no choice is passed over, a missing status means pending."""
    if name == "status":
        if value == "all":
            return rows
        if value in endings.ENDINGS:
            return endings.among(rows, value)
        return rows.filter(status=value if value in ApprovalStatus.values else DEFAULT_STATUS)
    return rows.filter(**{name: value}) if value in dict(CHOICES[name][1]) else rows


def search(rows: QuerySet[Approval], words: str) -> QuerySet[Approval]:
    """By the number of the review or of the message, or by every word in the person's or the
    company's name, or in their address."""
    text = words.replace("\0", " ").strip()
    number = text.removeprefix("#")
    if number.isdecimal() and len(text) < 19:
        rounds = Approval.objects.filter(draft=int(number)).order_by("-pk")
        numbered = rows.filter(pk__in=[int(number), *rounds.values_list("pk", flat=True)[:FEW]])
        if number != text or numbered.exists():
            return numbered
    parts = accents.words(text)
    if not parts:
        return rows
    asked = [(("full_name__icontains", word), _works_at(word)) for word in parts]
    people = Person.objects.all()
    for name, company in asked:
        people = people.filter(Q(name) | Q(company))
    humans = people.values_list(Coalesce("merged_into_id", "id"), flat=True)
    # A few numbers lead the planner to the index of each human. Where very many match, it is
    # quicker to walk the queue in its order and to look at each human until the page is full.
    few = list(humans[: FEW + 1])
    if len(few) <= FEW:
        found = rows.filter(human__in=few)
        return found if few and found.exists() else rows.filter(human__in=_wider(parts))
    merged = people.filter(merged_into__isnull=False).values("merged_into_id")
    wanted = Q()
    for name, company in asked:
        wanted &= Q((f"human__{name[0]}", name[1])) | Q((f"human__{company[0]}", company[1]))
    return rows.filter(wanted | Q(human__in=merged))


def _wider(words: list[str]) -> QuerySet[Any]:
    """Whom the words find by their address, or without their accents: Élodie by "elodie".

    It looks at everybody, so only where no name was found.
    """
    people = Person.objects.all()
    for word in words:
        like = accents.pattern(word)
        by_address = Q(addresses__normalised__icontains=word.casefold())
        people = people.filter(by_address | Q(full_name__regex=like) | Q(account__name__regex=like))
    return people.values_list(Coalesce("merged_into_id", "id"), flat=True)


def _works_at(word: str) -> tuple[str, Any]:
    """At a company of this name: by numbers, so that each name is asked of its own index."""
    named = Account.objects.filter(name__icontains=word).values_list("pk", flat=True)
    few = list(named[: FEW + 1])
    return ("account__in", few) if len(few) <= FEW else ("account__name__icontains", word)


class Neighbours(NamedTuple):
    """What stands before and after an item; `wraps`: after the last comes the first again."""

    previous: int | None
    following: int | None
    wraps: bool


def neighbours(
    rows: QuerySet[Approval], item: Approval, also: Sequence[Subquery] = ()
) -> Neighbours:
    """The pending ones around this item, which is never its own neighbour.

    One statement; each step in it is one along the queue's own index, however long the queue is.
    What it reads `also` is kept on the item as `read_beside`.
    """
    pending = rows.filter(status=ApprovalStatus.PENDING).exclude(pk=item.pk)
    same = pending.filter(priority=item.priority)
    later = same.filter(created_at__gte=item.created_at).exclude(
        created_at=item.created_at, pk__lt=item.pk
    )
    earlier = same.filter(created_at__lte=item.created_at).exclude(
        created_at=item.created_at, pk__gt=item.pk
    )
    following = Coalesce(
        _first(later.order_by("created_at", "pk")),
        _first(pending.filter(priority__lt=item.priority).order_by(*ORDER)),
    )
    backwards = ("priority", "-created_at", "-pk")
    preceding = Coalesce(
        _first(earlier.order_by("-created_at", "-pk")),
        _first(pending.filter(priority__gt=item.priority).order_by(*backwards)),
    )
    asked = (preceding, following, _first(pending.order_by(*ORDER)))
    found = Approval.objects.filter(pk=item.pk).values_list(*asked, *also).first()
    previous, after, first, *item.read_beside = found or (None, None, None)  # type: ignore[attr-defined]
    return Neighbours(previous, after or first, wraps=after is None and first is not None)


def _first(rows: QuerySet[Approval]) -> Subquery:
    return Subquery(rows.values("pk")[:1])


def oldest(rows: QuerySet[Approval]) -> Approval | None:
    """The pending item that has waited longest: the first of each priority is looked at."""
    pending = rows.filter(status=ApprovalStatus.PENDING).order_by("created_at", "pk")
    found = [pending.filter(priority=value).first() for value in Priority.values]
    waiting = [row for row in found if row is not None]
    return min(waiting, key=lambda row: (row.created_at, row.pk)) if waiting else None


@dataclass(frozen=True, slots=True)
class Counts:
    """How many wait, by priority, counted up to a limit and no further."""

    by_priority: dict[int, int]
    limited: bool

    @property
    def total(self) -> int:
        return sum(self.by_priority.values())

    @property
    def others(self) -> int:
        """How many wait beside one of them."""
        return max(0, self.total - 1)

    @property
    def parts(self) -> list[tuple[str, str]]:
        """`[("5", "pending"), ("2", "high")]`: the line above the list."""
        more = "+" if self.limited else ""
        urgent = [(str(count), word) for word, count in self.urgent.items() if count]
        return [(f"{self.total}{more}", "pending"), *urgent]

    @property
    def urgent(self) -> dict[str, int]:
        """`{"critical": 0, "high": 2}`."""
        found = self.by_priority
        return {str(key.label): found.get(key, 0) for key in (Priority.CRITICAL, Priority.HIGH)}


def counts(rows: QuerySet[Approval]) -> Counts:
    """One statement over at most COUNT_LIMIT + 1 entries of the queue's own index."""
    found = list(
        rows.filter(status=ApprovalStatus.PENDING)
        .order_by(*ORDER)
        .values_list("priority", flat=True)[: COUNT_LIMIT + 1]
    )
    return Counts(dict(Counter(found[:COUNT_LIMIT])), len(found) > COUNT_LIMIT)


def limited(by_priority: dict[int, int]) -> Counts:
    """The same from numbers by priority, the highest first, that were counted up to the limit."""
    kept, room = {}, COUNT_LIMIT
    for priority, count in by_priority.items():
        kept[priority] = min(count, room)
        room -= kept[priority]
    return Counts(kept, sum(by_priority.values()) > COUNT_LIMIT)


def ago(since: datetime, now: datetime) -> str:
    """`2 h ago`, in the largest unit that says enough."""
    return f"{span(now - since)} ago" if now - since >= timedelta(minutes=1) else "just now"


def span(length: timedelta) -> str:
    """`3 d`, `2 d 23 h`, `47 h`, `5 min`: rounded down by less than its last unit."""
    seconds = max(int(length.total_seconds()), 0)
    days, hours = divmod(seconds // 3_600, 24)
    if days >= 2:
        return f"{days} d {hours} h" if hours else f"{days} d"
    for size, unit in ((3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def story_of(approval: Approval) -> Revision:
    """The text that its author's confidence and reasons are about: the one before an edit."""
    now = approval.revision
    if not approval.edited:
        return now
    before = Revision.objects.filter(draft_id=approval.draft_id, no__lt=now.no)
    return before.filter(confidence=approval.confidence).order_by("-no").first() or now


def confidence_of(approval: Approval) -> str:
    """`85 %`; after a reviewer's edit it still is the one of the author's draft, and says so."""
    if approval.confidence is None:
        return "none given"
    return f"{approval.confidence} %{', before the edit' if approval.edited else ''}"
