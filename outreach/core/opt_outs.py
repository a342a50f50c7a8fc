"""An opt-out counts the human being: it spreads to every address that is known as theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db.models import Q

from outreach.core.models import Address, Channel, Person, Suppression, Workspace
from outreach.core.models.consent import SuppressionReason
from outreach.core.principal import Principal
from outreach.core.suppression import (
    GRAVITY,
    Place,
    digest_of,
    form_of,
    other_channel,
    same_mailbox,
    suppress,
)

# What a human being told us, and not what became of one mailbox.
OPT_OUTS = [each for each in GRAVITY if GRAVITY[each] >= GRAVITY[SuppressionReason.UNSUBSCRIBE]]
FOLLOWER = Principal.system("opt-out")
AT_ONCE = 200  # mailboxes of one statement: SQLite bounds how deep a condition may be
Ways = Mapping[str, Address]  # the addresses of one human being, by digest


def follow(people: Iterable[int], *, at: datetime) -> list[int]:
    """Where one of their addresses was opted out, suppress the others too, but for what a person
    lifted since; returns the suppressions that hold by this alone. What two human beings share,
    such as `team+ann@` and `team+bob@`, tells nothing of either. Called wherever addresses come
    together."""
    theirs = _ways(people)
    digests = [digest for ways in theirs for digest in ways]
    known = {row.digest: row for row in Suppression.objects.filter(digest__in=digests)}
    open_ = [(ways, told) for ways in theirs if _due(ways, known, told := _told(ways, known))]
    shared = _shared([ways[row.digest] for ways, told in open_ for row in told])
    made: list[int] = []
    for ways, told in open_:
        alone = [row for row in told if row.digest not in shared]
        for digest in _due(ways, known, alone):
            row, held = ways[digest], digest in known and known[digest].lifted_at is None
            row_of = suppress(
                row.workspace, row.channel, row.normalised,
                reason=_reason(alone), by=FOLLOWER, at=at, since=_since(alone),
            )  # fmt: skip
            made += [] if held else [row_of.pk]
            _close_other(row, reason=_reason(alone), at=at, since=_since(alone))
    return made


def _close_other(row: Address, *, reason: str, at: datetime, since: datetime) -> None:
    """Close a number on the other channel as well, unless it was ever closed or lifted there."""
    channel = other_channel(row, row.person.human_id)
    digest = digest_of(row.workspace_id, channel, row.normalised) if channel else ""
    if channel and not Suppression.objects.filter(digest=digest).exists():
        suppress(
            row.workspace, channel, row.normalised, reason=reason, by=FOLLOWER, at=at, since=since
        )


def follow_addresses(
    workspace: Workspace, channel: str, addresses: Collection[str], *, at: datetime
) -> list[int]:
    """What `follow` does, for whoever has these addresses, which were just opted out."""
    rows = Address.objects.filter(workspace=workspace, channel=channel)
    owners: set[int] = set()
    told = sorted(set(addresses))
    for start in range(0, len(told), AT_ONCE):
        some = told[start : start + AT_ONCE]
        wanted = Q(normalised__in=[form_of(channel, each) for each in some])
        if channel == Channel.EMAIL:
            wanted |= _tagged(some)
        owners.update(rows.filter(wanted).values_list("person_id", flat=True))
    return follow(owners, at=at) if owners else []


def spread(workspace: Workspace, places: Collection[Place], *, at: datetime) -> None:
    """Another list says that whoever has these addresses wants no more: their others close, too,
    but for what a person lifted. Needs a transaction."""
    digests = {digest_of(*place) for place in places}
    wanted = [address for _, _, address in places]
    owners = Address.objects.filter(workspace=workspace, normalised__in=wanted)
    theirs = _ways(dict.fromkeys(row.person_id for row in owners))
    shared = _shared([row for ways in theirs for digest, row in ways.items() if digest in digests])
    due = {
        digest: row
        for ways in theirs
        if (ways.keys() & digests) - shared
        for digest, row in ways.items()
    }
    known = set(Suppression.objects.filter(digest__in=due).values_list("digest", flat=True))
    for digest, row in due.items():
        if digest not in known:
            suppress(
                row.workspace, row.channel, row.normalised,
                reason=SuppressionReason.IMPORT, by=FOLLOWER, at=at,
            )  # fmt: skip


def _ways(people: Iterable[int]) -> list[dict[str, Address]]:
    """What each of these human beings has, on all of their records."""
    humans = Person.objects.filter(pk__in=list(people)).values_list("pk", "merged_into_id")
    wanted = {into or pk for pk, into in humans}
    records = Person.objects.filter(Q(pk__in=wanted) | Q(merged_into__in=wanted))
    rows = Address.objects.filter(person__in=records.values("pk"))
    found: dict[int, dict[str, Address]] = {}
    for row in rows.select_related("workspace", "person"):
        digest = digest_of(row.workspace_id, row.channel, row.normalised)
        found.setdefault(row.person.human_id, {})[digest] = row
    return list(found.values())


def _told(ways: Ways, known: Mapping[str, Suppression]) -> list[Suppression]:
    rows = [known[digest] for digest in ways if digest in known]
    return [row for row in rows if row.lifted_at is None and row.reason in OPT_OUTS]


def _due(ways: Ways, known: Mapping[str, Suppression], told: list[Suppression]) -> list[str]:
    """Which of their addresses do not obey yet what they told us."""
    if not told:
        return []
    wanted, since = GRAVITY[_reason(told)], _since(told)
    due = []
    for digest in ways:
        row = known.get(digest)
        if row is not None and row.lifted_at is None and GRAVITY[row.reason] >= wanted:
            continue
        if row is None or row.lifted_at is None or row.lifted_at < since:
            due.append(digest)
    return due


def _reason(told: list[Suppression]) -> str:
    """The gravest. A complaint was about one mailbox and counts once; of the others their owner
    wants no more."""
    gravest = max(GRAVITY[row.reason] for row in told)
    return list(GRAVITY)[min(gravest, GRAVITY[SuppressionReason.STOP_REQUEST])]


def _since(told: list[Suppression]) -> datetime:
    return max(row.at for row in told)


def _shared(addresses: Collection[Address]) -> set[str]:
    """The digests among these that addresses of several human beings have."""
    mail = [row for row in addresses if row.channel == Channel.EMAIL]
    humans: dict[str, set[int]] = {}
    for start in range(0, len(mail), AT_ONCE):
        some = mail[start : start + AT_ONCE]
        plain = [form_of(row.channel, row.normalised) for row in some]
        found = Address.objects.filter(
            Q(normalised__in=plain) | _tagged(row.normalised for row in some),
            channel=Channel.EMAIL,
            workspace__in={row.workspace_id for row in some},
        )
        for row in found.select_related("person"):
            digest = digest_of(row.workspace_id, row.channel, row.normalised)
            humans.setdefault(digest, set()).add(row.person.human_id)
    return {digest for digest, owners in humans.items() if len(owners) > 1}


def _tagged(addresses: Iterable[str]) -> Q:
    """The same mailboxes under a tag, which few addresses have."""
    wanted = Q()
    for each in addresses:
        wanted |= same_mailbox(each)
    return Q(Q(normalised__contains="+"), wanted)
