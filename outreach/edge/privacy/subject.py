"""Whom it is about: every record of one human being, and the names and addresses they are known by.

Addresses are also those a message went to or came from, kept by no record any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.db.models import Q

from channels import stop
from outreach.core.models import (
    Account,
    Address,
    Channel,
    Draft,
    File,
    InboundMessage,
    Merge,
    Person,
    Revision,
    Workspace,
)
from outreach.core.models.inbound import InboundKind
from outreach.core.people import canonical
from outreach.edge.privacy import cutting
from outreach.edge.privacy.cutting import Words

Way = tuple[str, str]  # channel, address


@dataclass(frozen=True)
class Subject:
    """One human being of one workspace, as known when this was made.

    `people` are the numbers of all their records, `companies` those of which we know nobody else,
    `files` those that went with messages to them alone.
    `wide` are `words` and their positions: only for texts about their own company.
    """

    human: Person
    people: tuple[int, ...]
    drafts: tuple[int, ...]
    companies: tuple[int, ...]
    ways: tuple[Way, ...]
    words: Words
    wide: Words
    files: tuple[int, ...] = ()

    @property
    def workspace(self) -> Workspace:
        return self.human.workspace

    @property
    def sent_from(self) -> Q:
        """Messages of nobody that came from one of their addresses."""
        found = Q(pk__in=[])
        for channel, address in self.ways:
            found |= Q(channel=channel, sender__iexact=address)
        return found & Q(workspace=self.workspace, person__isnull=True)


def of(person: Person) -> Subject:
    """Everything that names this human being, read now."""
    human = canonical(person)
    people = stop.human_ids(person)
    records = list(Person.objects.filter(pk__in=people))
    drafts = dict(Draft.objects.filter(person__in=people).values_list("pk", "uuid"))
    ways = _not_of_others(dict.fromkeys(_ways(records, people)), human.workspace_id, people)
    names, addresses = list(_names(records)), _written(ways)
    words = cutting.words(
        people=people,
        drafts=drafts,
        uuids=[*(str(each.uuid) for each in records), *map(str, drafts.values())],
        names=names,
        addresses=addresses,
    )
    more = cutting.words(names=names, addresses=[*(each.position for each in records), *addresses])
    wide = replace(words, alone=more.alone, pattern=more.pattern)
    files = _files(human.workspace_id, people)
    return Subject(
        human, tuple(people), tuple(drafts), _companies(people), ways, words, wide, files
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


def _ways(records: Iterable[Person], people: list[int]) -> Iterable[Way]:
    for channel, form, raw in Address.objects.filter(person__in=people).values_list(
        "channel", "normalised", "raw"
    ):
        yield channel, form
        yield channel, raw
    for each in records:
        if each.profile_url:
            yield Channel.LINKEDIN, each.profile_url
    sent = Revision.objects.filter(draft__person__in=people).exclude(address="")
    yield from sent.values_list("draft__channel", "address").distinct().order_by("address")
    # The sender of a delivery report is a mail server, and that is nobody's.
    heard = InboundMessage.objects.filter(person__in=people, kind=InboundKind.MESSAGE)
    yield from (
        heard.exclude(sender="").values_list("channel", "sender").distinct().order_by("sender")
    )


def _not_of_others(ways: Iterable[Way], workspace_id: int, people: list[int]) -> tuple[Way, ...]:
    """Without addresses that are another person's by now."""
    found = list(ways)
    rows = Address.objects.filter(
        workspace=workspace_id, normalised__in=[address for _, address in found]
    ).exclude(person__in=people)
    taken = set(rows.values_list("channel", "normalised"))
    return tuple(way for way in found if way not in taken)


def _names(records: Iterable[Person]) -> Iterable[str]:
    ids = []
    for each in records:
        ids.append(each.pk)
        yield each.full_name
        yield f"{each.first_name} {each.last_name}"
        yield f"{each.last_name} {each.first_name}"
        yield f"{each.last_name}, {each.first_name}"
    for row in Merge.objects.filter(kept__in=ids, merged__in=ids):
        yield from (str(side.get("full_name", "")) for side in (row.before, row.after))
    heard = InboundMessage.objects.filter(person__in=ids, kind=InboundKind.MESSAGE)
    yield from heard.values_list("sender_name", flat=True).distinct().order_by("sender_name")


def _written(ways: Iterable[Way]) -> list[str]:
    """Addresses as texts have them: profiles with and without their host, numbers without a +."""
    found = []
    for channel, address in ways:
        found.append(address)
        if channel == Channel.LINKEDIN:
            found.append(address.partition("://")[2].removeprefix("www.").rstrip("/"))
        if channel in (Channel.PHONE, Channel.WHATSAPP):
            found.append(address.removeprefix("+"))
    return found
