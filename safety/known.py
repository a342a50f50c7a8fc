"""Everything the gate reads, for all messages at once: people, what passed, addresses, controls.

Two statements by hand, because the sender asks them again for every wave. The rest is asked only
where it matters: texts for words not yet judged, counts where somebody complained.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Count

from outreach.core import inbox, sql, suppression
from outreach.core.history import MEMORY
from outreach.core.models import Channel, Contact, Draft, Person, Revision
from safety import controls, override
from safety.contract import frequency
from safety.contract.markup import to_text
from safety.contract.quoting import seems_to_quote
from safety.law.table import TABLE
from safety.question import ConsentOnFile

COMPLAINTS_FOR = timedelta(days=TABLE.guard.days)
NOWHERE: suppression.Place = (0, "", "")

_PERSON = (
    "id", "merged_into_id", "status", "status_reason", "automation_enabled",
    "automation_disabled_reason", "time_zone", "country", "facts", "account_id", "account_hearsay",
    "follows_us",
)  # fmt: skip
# Each person, and whom they were found to be.
PEOPLE = """
SELECT {p}, {h} FROM people p LEFT JOIN people h ON h.id = p.merged_into_id
WHERE p.id IN ({people})
"""
# What passed in the memory of the rules, rests that still hold, reasons to write that stand (a
# withdrawal ends what any record of the human being had agreed to before), numbers (which tell a
# country and a zone) and what merged records say of both, oldest first; and who has the addresses
# that these messages go to.
AROUND = """
SELECT 'contact' AS kind, human_id AS whose, channel AS a, direction AS b,
  at, NULL AS until, draft_id AS draft, id
FROM contacts WHERE human_id {among} AND at > %s AND voided_at IS NULL
UNION ALL
SELECT 'rest', human_id, cause, '', at, until, NULL, id
FROM cooling_offs WHERE human_id {among} AND until > %s
UNION ALL
SELECT 'consent', coalesce(p.merged_into_id, p.id), c.channel, c.basis,
  c.at, c.expires_at, NULL, c.id
FROM consents c JOIN people p ON p.id = c.person_id
WHERE (p.id {among} OR p.merged_into_id {among}) AND c.withdrawn_at IS NULL
  AND NOT EXISTS (
    SELECT 1 FROM consents w JOIN people o ON o.id = w.person_id
    WHERE coalesce(o.merged_into_id, o.id) = coalesce(p.merged_into_id, p.id)
      AND (o.id {among} OR o.merged_into_id {among})
      AND w.channel = c.channel AND w.withdrawn_at >= c.at)
UNION ALL
SELECT 'phone', person_id, normalised, '', NULL, NULL, NULL, id
FROM addresses WHERE person_id {among} AND channel IN ('whatsapp', 'phone')
UNION ALL
SELECT 'phone', p.merged_into_id, a.normalised, '', NULL, NULL, NULL, a.id
FROM people p JOIN addresses a ON a.person_id = p.id
WHERE p.merged_into_id {among} AND a.channel IN ('whatsapp', 'phone')
UNION ALL
SELECT 'place', merged_into_id, country, time_zone, NULL, NULL, NULL, id
FROM people WHERE merged_into_id {among} AND (country <> '' OR time_zone <> '')
UNION ALL
SELECT 'owner', coalesce(p.merged_into_id, p.id), a.channel, a.normalised,
  NULL, NULL, a.workspace_id, a.id
FROM {places} JOIN addresses a ON a.workspace_id = given.column1
  AND a.channel = given.column2 AND a.normalised = given.column3
JOIN people p ON p.id = a.person_id
ORDER BY 5, 8
"""


class Passed(NamedTuple):
    """One message that left or arrived."""

    contact: frequency.Contact
    draft: int | None


@dataclass(slots=True)
class Around:
    """What AROUND found, by human being; `owners` by place."""

    contacts: dict[int, list[Passed]] = field(default_factory=lambda: defaultdict(list))
    rests: dict[int, list[frequency.Contact]] = field(default_factory=lambda: defaultdict(list))
    consents: dict[int, list[ConsentOnFile]] = field(default_factory=lambda: defaultdict(list))
    phones: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    places: dict[int, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    owners: dict[suppression.Place, int] = field(default_factory=dict)

    def last_out(self, human: int) -> list[Passed]:
        """The last two messages that left to them."""
        rows = self.contacts.get(human, [])
        return [row for row in rows if row.contact.direction == "out" and row.draft][-2:]


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that was read."""

    state: controls.Controls
    people: dict[int, Person]
    around: Around
    standing: suppression.Standing
    left: dict[int, int]
    emergencies: dict[int, str]
    sent_texts: dict[int, str]
    received: dict[int, tuple[str, ...]]


def read(
    drafts: Sequence[Draft], *, at: datetime, state: controls.Controls | None, words: bool
) -> Known:
    """`words`: whether some of these were not judged yet, so that earlier texts matter."""
    people = people_of({draft.person_id for draft in drafts})
    places = [place_of(draft) for draft in drafts]
    around = around_of(people.values(), at=at, places=places)
    standing = suppression.standing(places, complaints_since=at - COMPLAINTS_FOR)
    return Known(
        state=state or controls.read(),
        people=people,
        around=around,
        standing=standing,
        left=messages_left(standing.complaints, at),
        emergencies=override.unspent(draft.current for draft in drafts if draft.current),
        sent_texts=_sent_texts(around) if words else {},
        received=_received(drafts, people),
    )


def place_of(draft: Draft) -> suppression.Place:
    words = draft.current
    return draft.workspace_id, draft.channel, words.address if words else ""


def people_of(ids: Collection[int]) -> dict[int, Person]:
    """These people with the columns rules look at, each with whom they were merged into."""
    rows = sql.fetch(
        PEOPLE,
        [*ids],
        p=", ".join(f"p.{name}" for name in _PERSON),
        h=", ".join(f"h.{name}" for name in _PERSON),
        people=sql.marks(len(ids)),
    )
    return {row[0]: _person(row) for row in rows}


def _person(row: tuple[Any, ...]) -> Person:
    own, other = row[: len(_PERSON)], row[len(_PERSON) :]
    return _one(own, merged_into=None if other[0] is None else _one(other))


def _one(values: Sequence[Any], **points_at: Person | None) -> Person:
    person = sql.instance(Person, _PERSON, values, **points_at)
    person.facts = json.loads(person.facts)
    person.automation_enabled = bool(person.automation_enabled)  # SQLite keeps numbers
    return person


def around_of(
    people: Iterable[Person], *, at: datetime, places: Collection[suppression.Place] = ()
) -> Around:
    """What stands around these people and places at this moment, which is now.

    What we sent and rests are committed, so they have happened, whatever another sender's clock
    said. What arrived counts from its own time on: it only ever allows more.
    """
    found = Around()
    among, humans = sql.among({person.human_id for person in people})
    values = [humans, sql.from_moment(at - MEMORY), humans, sql.from_moment(at)]
    asked, wanted = sql.table("bigint text text", sorted(set(places)) or [NOWHERE])
    rows = sql.fetch(AROUND, [*values, *[humans] * 7, *wanted], among=among, places=asked)
    for kind, whose, a, b, began, until, draft, _ in rows:
        moment, end = sql.to_moment(began), sql.to_moment(until)
        if kind == "phone":
            found.phones[whose].append(a)
        elif kind == "place":
            found.places[whose].append((a, b))
        elif kind == "owner":
            found.owners[draft, a, b] = whose
        elif kind == "contact":
            when = min(moment, at) if b == "out" else moment
            contact = frequency.Contact(platform=a, at=when, direction=b)
            found.contacts[whose].append(Passed(contact, draft))
        elif kind == "rest":
            found.rests[whose].append(
                frequency.Contact("", min(moment, at), "cooling_off", until=end, cause=a)
            )
        else:
            found.consents[whose].append(ConsentOnFile(a, b, moment, end))
    return found


def messages_left(workspaces: Iterable[int], at: datetime) -> dict[int, int]:
    """Messages that left, for workspaces with complaints: elsewhere nobody asks."""
    ids = list(workspaces)
    if not ids:
        return {}
    rows = Contact.objects.filter(
        workspace__in=ids,
        direction=Contact.Direction.OUT,
        at__gt=at - COMPLAINTS_FOR,
        voided_at__isnull=True,
    )
    return dict(rows.values_list("workspace").annotate(Count("pk")).order_by())


def _sent_texts(around: Around) -> dict[int, str]:
    """Texts by draft of the last messages that left to each human: rising intensity is judged."""
    ids = [row.draft or 0 for human in around.contacts for row in around.last_out(human)]
    if not ids:
        return {}
    rows = Draft.objects.filter(pk__in=ids, current__isnull=False)
    return dict(rows.values_list("pk", "current__text"))


def _received(drafts: Sequence[Draft], people: dict[int, Person]) -> dict[int, tuple[str, ...]]:
    """What they wrote by e-mail, by human being; asked only for texts that seem to quote it."""
    humans = {
        people[draft.person_id].human_id
        for draft in drafts
        if draft.channel == Channel.EMAIL and draft.current and _may_quote(draft.current)
    }
    return inbox.texts_of(humans, channel=Channel.EMAIL) if humans else {}


def _may_quote(words: Revision) -> bool:
    """Whether a part passes for one with a quote. Mark-up is full of ">": its words are asked."""
    return seems_to_quote(words.text) or bool(words.html and seems_to_quote(to_text(words.html)))
