"""An opt-out counts the human being: it spreads to every address that is known as theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from outreach.core import mailboxes
from outreach.core.models import Address, Channel, Person, Suppression, Workspace
from outreach.core.models.consent import SuppressionReason
from outreach.core.principal import Principal
from outreach.core.suppression import (
    GRAVITY,
    Place,
    digests_of,
    form_of,
    forms_of,
    same_mailbox,
    suppress,
)

# What a human being told us, and not what became of one mailbox.
OPT_OUTS = [each for each in GRAVITY if GRAVITY[each] >= GRAVITY[SuppressionReason.UNSUBSCRIBE]]
FOLLOWER = Principal.system("opt-out")
AT_ONCE = 200  # mailboxes of one statement: SQLite bounds how deep a condition may be
NUMBERED = {Channel.PHONE: Channel.WHATSAPP, Channel.WHATSAPP: Channel.PHONE}
Key = tuple[str, ...]  # the digests of one address
Ways = Mapping[Key, Address]  # the addresses of one human being


def suppress_human(person: Person, *, reason: str, by: Principal, at: datetime) -> int:
    """Suppress every address of the human being, on every channel; returns how many.

    A number for calls is one for WhatsApp, too, and may be brought anew as that.
    """
    human = person.human_id
    rows = Address.objects.filter(
        Q(person_id=human) | Q(person__merged_into_id=human)
    ).select_related("workspace")
    with transaction.atomic():
        for row in rows:
            for channel in filter(None, (row.channel, _other_channel(row, human))):
                suppress(row.workspace, channel, row.normalised, reason=reason, by=by, at=at)
    return len(rows)


def follow(people: Iterable[int], *, at: datetime) -> list[int]:
    """Where one of their addresses was opted out, suppress the others too, but for what a person
    lifted since; returns the suppressions that hold by this alone. What two human beings share,
    such as `team+ann@` and `team+bob@`, tells nothing of either. Called wherever addresses come
    together."""
    theirs = _ways(people)
    known = _known([key for ways in theirs for key in ways])
    open_ = [(ways, told) for ways in theirs if _due(ways, known, told := _told(ways, known))]
    shared = _shared([ways[key] for ways, told in open_ for key in told])
    made: list[int] = []
    for ways, told in open_:
        alone = {key: row for key, row in told.items() if key not in shared}
        for key in _due(ways, known, alone):
            row, held = ways[key], key in known and known[key].lifted_at is None
            row_of = suppress(
                row.workspace, row.channel, row.normalised,
                reason=_reason(alone), by=FOLLOWER, at=at, since=_since(alone),
            )  # fmt: skip
            made += [] if held else [row_of.pk]
            _close_other(row, reason=_reason(alone), at=at, since=_since(alone))
    return made


def _close_other(row: Address, *, reason: str, at: datetime, since: datetime) -> None:
    """Close a number on the other channel as well, unless it was ever closed or lifted there."""
    channel = _other_channel(row, row.person.human_id)
    digests = digests_of(row.workspace_id, channel, row.normalised) if channel else ()
    if channel and not Suppression.objects.filter(digest__in=digests).exists():
        suppress(
            row.workspace, channel, row.normalised, reason=reason, by=FOLLOWER, at=at, since=since
        )


def _other_channel(row: Address, human: int) -> str:
    """By which other channel this number is the same human being's; empty where by none, and where
    another has it there."""
    other = NUMBERED.get(Channel(row.channel), "")
    held = Address.objects.filter(
        workspace=row.workspace_id,
        channel=other,
        normalised__in=forms_of(row.channel, row.normalised),
    ).exclude(Q(person_id=human) | Q(person__merged_into_id=human))
    return "" if not other or held.exists() else str(other)


def follow_addresses(
    workspace: Workspace, channel: str, addresses: Collection[str], *, at: datetime
) -> list[int]:
    """What `follow` does, for whoever has these addresses, which were just opted out."""
    owners = _owners(workspace, channel, addresses)
    return follow(owners, at=at) if owners else []


def _owners(workspace: Workspace, channel: str, addresses: Collection[str]) -> set[int]:
    """Who has one of these addresses, in whichever of its forms."""
    rows = Address.objects.filter(workspace=workspace, channel=channel)
    owners: set[int] = set()
    told = sorted(set(addresses))
    for start in range(0, len(told), AT_ONCE):
        some = told[start : start + AT_ONCE]
        wanted = Q(normalised__in=[form for each in some for form in forms_of(channel, each)])
        if channel == Channel.EMAIL:
            wanted |= _spelt_otherwise(some)
        owners.update(rows.filter(wanted).values_list("person_id", flat=True))
    return owners


def spread(workspace: Workspace, places: Collection[Place], *, at: datetime) -> None:
    """Another list says that whoever has these addresses wants no more: their others close, too,
    but for what a person lifted. Needs a transaction."""
    told = {digest for place in places for digest in digests_of(*place)}
    owners: set[int] = set()
    for channel in {channel for _, channel, _ in places}:
        owners |= _owners(workspace, channel, {each for _, by, each in places if by == channel})
    theirs = _ways(sorted(owners))
    shared = _shared([row for ways in theirs for key, row in ways.items() if told & {*key}])
    due = {
        key: row
        for ways in theirs
        if any(told & {*key} for key in ways.keys() - shared)
        for key, row in ways.items()
    }
    known = _known(list(due))
    for key, row in due.items():
        if key not in known:
            suppress(
                row.workspace, row.channel, row.normalised,
                reason=SuppressionReason.IMPORT, by=FOLLOWER, at=at,
            )  # fmt: skip


def _ways(people: Iterable[int]) -> list[dict[Key, Address]]:
    """What each of these human beings has, on all of their records."""
    humans = Person.objects.filter(pk__in=list(people)).values_list("pk", "merged_into_id")
    wanted = {into or pk for pk, into in humans}
    records = Person.objects.filter(Q(pk__in=wanted) | Q(merged_into__in=wanted))
    rows = Address.objects.filter(person__in=records.values("pk"))
    found: dict[int, dict[Key, Address]] = {}
    for row in rows.select_related("workspace", "person"):
        key = digests_of(row.workspace_id, row.channel, row.normalised)
        found.setdefault(row.person.human_id, {})[key] = row
    return list(found.values())


def _known(keys: Collection[Key]) -> dict[Key, Suppression]:
    """What is on the list of each of them: of two rows the one that holds, the gravest first."""
    wanted = [digest for key in keys for digest in key]
    rows = {row.digest: row for row in Suppression.objects.filter(digest__in=wanted)}
    found = {key: [rows[digest] for digest in key if digest in rows] for key in keys}
    return {
        key: max(of, key=lambda row: (row.lifted_at is None, GRAVITY[row.reason]))
        for key, of in found.items()
        if of
    }


def _told(ways: Ways, known: Mapping[Key, Suppression]) -> dict[Key, Suppression]:
    rows = {key: known[key] for key in ways if key in known}
    return {
        key: row for key, row in rows.items() if row.lifted_at is None and row.reason in OPT_OUTS
    }


def _due(
    ways: Ways, known: Mapping[Key, Suppression], told: Mapping[Key, Suppression]
) -> list[Key]:
    """Which of their addresses do not obey yet what they told us."""
    if not told:
        return []
    wanted, since = GRAVITY[_reason(told)], _since(told)
    due = []
    for key in ways:
        row = known.get(key)
        if row is not None and row.lifted_at is None and GRAVITY[row.reason] >= wanted:
            continue
        if row is None or row.lifted_at is None or row.lifted_at < since:
            due.append(key)
    return due


def _reason(told: Mapping[Key, Suppression]) -> str:
    """The gravest. A complaint was about one mailbox and counts once; of the others their owner
    wants no more."""
    gravest = max(GRAVITY[row.reason] for row in told.values())
    return list(GRAVITY)[min(gravest, GRAVITY[SuppressionReason.STOP_REQUEST])]


def _since(told: Mapping[Key, Suppression]) -> datetime:
    return max(row.at for row in told.values())


def _shared(addresses: Collection[Address]) -> set[Key]:
    """The keys among these that addresses of several human beings have."""
    mail = [row for row in addresses if row.channel == Channel.EMAIL]
    keys: dict[str, set[Key]] = {}  # by the one form of the mailbox
    humans: dict[str, set[int]] = {}
    for start in range(0, len(mail), AT_ONCE):
        some = mail[start : start + AT_ONCE]
        plain = [form_of(row.channel, row.normalised) for row in some]
        found = Address.objects.filter(
            Q(normalised__in=plain) | _spelt_otherwise([row.normalised for row in some]),
            channel=Channel.EMAIL,
            workspace__in={row.workspace_id for row in some},
        )
        for row in found.select_related("person"):
            key = digests_of(row.workspace_id, row.channel, row.normalised)
            keys.setdefault(key[0], set()).add(key)
            humans.setdefault(key[0], set()).add(row.person.human_id)
    return {key for one, owners in humans.items() if len(owners) > 1 for key in keys[one]}


def _spelt_otherwise(addresses: Iterable[str]) -> Q:
    """The same mailboxes under a tag, which few addresses have, and as Google takes them."""
    tagged, googles = Q(), Q(pk__in=[])
    for each in addresses:
        if mailboxes.is_googles(each):
            googles |= same_mailbox(each)
        else:
            tagged |= same_mailbox(each)
    return googles | Q(Q(normalised__contains="+"), tagged) if tagged else googles
