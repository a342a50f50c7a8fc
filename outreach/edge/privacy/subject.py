"""Whom it is about: every record of one human being, and the names and addresses they are known by.

Addresses are also those a message went to or came from, kept by no record any more; names also
those they had before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Q

from channels import stop
from outreach.core import suppression
from outreach.core.models import (
    Account,
    Draft,
    File,
    ImportChange,
    InboundMessage,
    Merge,
    Person,
    Revision,
    Workspace,
)
from outreach.core.models.inbound import InboundKind
from outreach.core.people import canonical
from outreach.core.plurals import plural
from outreach.edge.privacy import cutting
from outreach.edge.privacy import ways as ways_of
from outreach.edge.privacy.cutting import Words
from outreach.edge.privacy.ways import Way

CALLED = ("full_name", "first_name", "last_name", "greeting_name")


@dataclass(frozen=True)
class Subject:
    """One human being of one workspace, as known when this was made.

    `people` are the numbers of all their records, `companies` those of which we know nobody else,
    `files` those that went with messages to them alone, `heard` messages of nobody that came from
    them, or report of them alone.
    `wide` are `words` and their positions, where nobody else has them there: only for texts about
    their own `employers`. `also` are names that whoever asks knows of.
    """

    human: Person
    people: tuple[int, ...]
    drafts: tuple[int, ...]
    companies: tuple[int, ...]
    ways: tuple[Way, ...]
    words: Words
    wide: Words
    files: tuple[int, ...] = ()
    also: tuple[str, ...] = ()
    heard: tuple[int, ...] = ()
    employers: tuple[int, ...] = ()

    @property
    def workspace(self) -> Workspace:
        return self.human.workspace

    @property
    def closing(self) -> tuple[int, int]:
        """How many addresses their erasure closes, however written, and in how many lines."""
        known: dict[str, str] = {}
        forms = [
            (channel, suppression.forms_of(channel, address)) for channel, address in self.ways
        ]
        lines = {(channel, suppression.as_one(known, form)) for channel, form in forms}
        return len({form for _, form in lines}), len(lines)


def told_closing(addresses: int, lines: int) -> str:
    """Both counts in words: the list has a line for each channel of a number."""
    more = f" ({lines} lines: a number stands there for calls and for WhatsApp)"
    return plural(addresses, "address", "addresses") + (more if lines != addresses else "")


def of(person: Person, also: Iterable[str] = ()) -> Subject:
    """Everything that names this human being, read now; `also` are more names of theirs."""
    human = canonical(person)
    people = stop.human_ids(person)
    records = list(Person.objects.filter(pk__in=people))
    drafts = dict(Draft.objects.filter(person__in=people).values_list("pk", "uuid"))
    ways = ways_of.known(records, human.workspace_id, people)
    more = tuple(each for name in also if (each := " ".join(name.split())))
    names, perhaps = _their_own(records, more)
    addresses = ways_of.written(ways)
    words = cutting.words(
        people=people,
        drafts=drafts,
        uuids=[*(str(each.uuid) for each in records), *map(str, drafts.values())],
        names=names,
        addresses=addresses,
        perhaps=perhaps,
        longer=_longer(names, human.workspace_id, people),
    )
    wider = cutting.words(names=names, addresses=[*_positions(records, people), *addresses])
    wide = replace(words, alone=wider.alone, pattern=wider.pattern)
    files = _files(human.workspace_id, people)
    heard = ways_of.heard(human.workspace_id, ways, people)
    employers = tuple(each.account_id for each in records if each.account_id)
    return Subject(
        human, tuple(people), tuple(drafts), _companies(people), ways, words, wide, files, more,
        heard, employers,
    )  # fmt: skip


def _files(workspace_id: int, people: list[int]) -> tuple[int, ...]:
    own: set[str] = set()
    others: set[str] = set()
    texts = Revision.objects.filter(draft__workspace=workspace_id).exclude(attachments=[])
    for person, items in texts.values_list("draft__person", "attachments").order_by("pk"):
        whose = own if person in people else others
        whose.update(str(each.get("sha256", "")) for each in items)
    rows = File.objects.filter(workspace=workspace_id, sha256__in=own - others).order_by("pk")
    return tuple(rows.values_list("pk", flat=True)) if own else ()


def _companies(people: list[int]) -> tuple[int, ...]:
    own = Account.objects.filter(people__in=people)
    others = Person.objects.exclude(pk__in=people).filter(account__in=own)
    rows = own.exclude(pk__in=others.values("account")).distinct().order_by("pk")
    return tuple(rows.values_list("pk", flat=True))


def _positions(records: Iterable[Person], people: list[int]) -> list[str]:
    """What they are at work, where nobody else known there is the same."""
    own = [(each.account_id, each.position) for each in records if each.account_id]
    others = Person.objects.filter(account__in=[pk for pk, _ in own]).exclude(pk__in=people)
    shared = others.values_list("account", "position").distinct().order_by("account", "position")
    taken = {(pk, _one_line(position)) for pk, position in shared}
    return [position for pk, position in own if (pk, _one_line(position)) not in taken]


def _one_line(text: str) -> str:
    return " ".join(text.split()).casefold()


def _their_own(records: Iterable[Person], also: Iterable[str]) -> tuple[list[str], list[str]]:
    """Names they are known by, and those that may be somebody else's: of before, when one was typed
    on the wrong record or both are called so; and what a mail called itself, which is free text."""
    ids, now = [each.pk for each in records], []
    for each in records:
        now += _turned({name: getattr(each, name) for name in CALLED})
    before = [[name] for name in also] + [_turned(each) for each in _former(records, ids)]
    known = _syllables([*now, *(name for forms in before for name in forms)])
    heard = InboundMessage.objects.filter(person__in=ids, kind=InboundKind.MESSAGE)
    signed = heard.values_list("sender_name", flat=True).distinct().order_by("sender_name")
    before += [[name] for name in signed]
    taken = _taken(records, ids, {name for forms in before for name in forms}) - _folded(now)
    odd = {name for name in signed if not _syllables([name]) & known}
    perhaps: list[str] = []
    for forms in before:
        (perhaps if _folded(forms) & taken or set(forms) & odd else now).extend(forms)
    return now, perhaps


def _syllables(names: Iterable[str]) -> set[str]:
    """The words of these, of two letters and more. An address that stands for a name has none:
    whoever wrote from it chose it."""
    folded = (name.casefold() for name in names if "@" not in name)
    return {word for name in folded for word in re.findall(r"[^\W\d_]{2,}", name)}


def _taken(records: Iterable[Person], ids: list[int], names: Iterable[str]) -> set[str]:
    """Those of these names by which another person of the workspace goes."""
    called = Q(pk__in=[])
    for name in filter(None, names):
        called |= Q(full_name__iexact=name)
    others = Person.objects.filter(called, workspace__in={each.workspace_id for each in records})
    return _folded(others.exclude(pk__in=ids).values_list("full_name", flat=True))


def _longer(names: Iterable[str], workspace_id: int, people: list[int]) -> Iterable[str]:
    """Names of others in which one of these is, such as Juan Pérez Gómez beside Juan Pérez."""
    called = Q(pk__in=[])
    for name in {name.strip() for name in names}:
        called |= Q(full_name__icontains=name) if " " in name else Q()
    others = Person.objects.filter(called, workspace=workspace_id).exclude(pk__in=people)
    return others.values_list("full_name", flat=True).order_by("full_name")


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def _former(records: Iterable[Person], ids: list[int]) -> Iterable[dict[str, Any]]:
    """Names as a change, an import or a merge has left them. Of a merge that was undone, one side
    is somebody else's again."""
    for each in records:
        yield from each.former_names
    filled = ImportChange.objects.filter(person__in=ids).order_by("pk")
    yield from filled.values_list("fields", flat=True)
    yield from Merge.objects.filter(kept__in=ids).order_by("pk").values_list("before", flat=True)
    yield from Merge.objects.filter(merged__in=ids).order_by("pk").values_list("after", flat=True)


def _turned(called: dict[str, Any]) -> list[str]:
    """The forms in which texts and tables have a name."""
    full, first, last, greeting = (str(called.get(name, "")) for name in CALLED)
    found = [full, f"{first} {last}", f"{last} {first}", f"{last}, {first}"]
    return [*found, f"{greeting} {last}"] if greeting and last else found
