"""Who asked us to stop, kept on this machine: a restored backup forgets whoever did so since.

Beside the head of the log, a file of DATA_DIR gets a line for each suppression and each person
that was stopped or let go: keyed digests, uuids, codes and times, never an address, a name or a
text. The last line of each counts. What is new is read off the log, from the last seal on.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from approvals.humans import LABELS
from channels import own_files, stop
from outreach.core import restoring, suppression
from outreach.core.batches import batches
from outreach.core.clock import DAY, by_clock
from outreach.core.models import Channel, Person, Seal, Suppression, Workspace
from outreach.core.models.people import PersonStatus
from outreach.core.people import PersonRefused, canonical, has_asked
from outreach.core.principal import Principal

logger = logging.getLogger(__name__)
KEEPER = Principal.system("kept stops")
VERBS = (
    "safety.suppressed", "safety.suppression_lifted", "people.desist", "people.blocked",
    "people.active", "people.unblocked", "people.desist_lifted", "people.merged",
    "people.unmerged",
)  # fmt: skip
STOPPED = (PersonStatus.BLOCKED, PersonStatus.DESIST)
AT_ONCE = 500
AFTERWARDS = "put back after the database had gone back in time"
Item = TypeVar("Item")
Line = dict[str, Any]


# --- Keeping -------------------------------------------------------------------------------------


def keep(log: str, head: int) -> None:
    """Append what was stopped or let go up to this seal; at first all that stands.

    One statement where something was sealed since, and at most two more where it was such a thing.
    """
    path, last = _file_of(log), own_files.read(_upto_of(log))
    if last and path.exists() and last[0] >= head:
        return
    try:
        for lines in _since(last[0], head) if last and path.exists() else _all():
            _append(path, lines)
    except OSError as error:
        logger.warning("Who asked us to stop could not be kept in %s: %s", path, error)
        return
    own_files.keep(_upto_of(log), str(head))


def _since(last: int, head: int) -> Iterator[list[Line]]:
    sealed = Seal.objects.filter(seq__gt=last, seq__lte=head, activity__verb__in=VERBS)
    ids: dict[str, set[int]] = {"suppression": set(), "person": set()}
    of = ("activity__object_type", "activity__object_id", "activity__codes")
    for kind, number, codes in sealed.values_list(*of):
        if kind in ids:
            ids[kind].add(int(number))
        if "into" in codes:  # what a merge or its undoing changed is told of one record alone
            ids["person"].add(codes["into"])
    for some in _parts(sorted(ids["suppression"])):
        yield [_of_suppression(row) for row in Suppression.objects.filter(pk__in=some)]
    for some in _parts(sorted(ids["person"])):
        yield [_of_person(row) for row in _records(Q(pk__in=some) | Q(merged_into__in=some))]


def _all() -> Iterator[list[Line]]:
    """All that stands. An empty part first: the file says that it was begun."""
    yield []
    for rows in batches(Suppression.objects.filter(lifted_at=None)):
        yield [_of_suppression(row) for row in rows]
    stopped = Q(status__in=STOPPED) | Q(merged_into__status__in=STOPPED)
    for people in batches(_records(stopped)):
        yield [_of_person(row) for row in people]


def _records(which: Q) -> QuerySet[Person]:
    return Person.objects.filter(which).select_related("merged_into")


def _of_suppression(row: Suppression) -> Line:
    return {
        "digest": row.digest,
        "workspace": row.workspace_id,
        "channel": row.channel,
        "key": row.key_id,
        "reason": row.reason,
        "at": row.at.isoformat(),
        "complained": row.complained_at.isoformat() if row.complained_at else None,
        "stands": row.lifted_at is None,
    }


def _of_person(row: Person) -> Line:
    """As the human being stands: a backup of before a merge has each of their records by itself."""
    human = canonical(row)
    stands = [PersonStatus.BLOCKED] if _is_blocked(human) else []
    stands += [PersonStatus.DESIST] if has_asked(human) else []
    since = human.status_at or human.updated_at
    return {
        "person": str(row.uuid),
        "workspace": row.workspace_id,
        "at": since.isoformat(),
        "stands": [str(each) for each in stands],
    }


def _is_blocked(row: Person) -> bool:
    return row.status == PersonStatus.BLOCKED or bool(row.block_beneath)


def _append(path: Path, lines: Sequence[Line]) -> None:
    """On the disk when it returns. It begins a line: the one before may have been torn."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a") as file:
        file.write(f"\n{text}")
        file.flush()
        os.fsync(file.fileno())


def _file_of(log: str) -> Path:
    return Path(settings.DATA_DIR) / "stops" / log


def _upto_of(log: str) -> Path:
    return Path(settings.DATA_DIR) / "stops" / f"{log}.upto"


# --- Putting back --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Person:
    """As the last line about somebody says."""

    uuid: UUID
    workspace_id: int
    at: datetime
    stands: tuple[str, ...]


@dataclass(slots=True)
class PutBack:
    """How many hold again, and how many could not."""

    addresses: int = 0
    people: int = 0
    other_key: int = 0
    gone: int = 0

    @property
    def sentence(self) -> str:
        said = ""
        if self.addresses or self.people:
            who = f"{_count(self.addresses, 'address')} and {_count(self.people, 'person')}"
            said = f"{who} who asked us to stop since were put back."
        if self.other_key:
            of = _count(self.other_key, "address")
            said += f" {of} kept with another SUPPRESSION_KEY could not be."
        return said.strip()


def _count(number: int, what: str) -> str:
    many = {"address": "addresses", "person": "people"}
    return f"{number} {what if number == 1 else many[what]}"


def put_back(log: str, *, at: datetime) -> PutBack:
    """Stop again whom the database has forgotten; what stands is left. Repeating it is harmless.

    What belongs to a workspace or a person that is not there is left out.
    """
    told = PutBack()
    try:
        addresses, people = _read(_file_of(log))
    except OSError as error:
        logger.warning("Who asked us to stop since could not be read: %s", error)
        return told
    places = set(Workspace.objects.values_list("pk", flat=True))
    mine = suppression.key_id()
    told.other_key = sum(key != mine for key, _ in addresses)
    ours = [known for key, known in addresses if key == mine]
    there = [known for known in ours if known.workspace_id in places]
    told.gone = len(ours) - len(there)
    for some in _parts(there):
        told.addresses += restoring.suppressions(some, by=KEEPER, at=at)
    for part in _parts(people):
        _stop_people(part, told, at)
    _upto_of(log).unlink(missing_ok=True)  # its numbers are of the lost past: begun anew
    logger.warning(
        "Who was stopped since: %s put back, %s put back, %s kept with another key, %s of a "
        "workspace or person that is not there",
        *(_count(told.addresses, "address"), _count(told.people, "person")),
        *(told.other_key, told.gone),
    )
    return told


def _stop_people(kept: Sequence[_Person], told: PutBack, at: datetime) -> None:
    found = Person.objects.filter(uuid__in=[each.uuid for each in kept])
    rows = {row.uuid: row for row in found.select_related("merged_into", "workspace")}
    done = set()
    for each in kept:
        row = rows.get(each.uuid)
        if row is None or row.workspace_id != each.workspace_id:
            told.gone += 1
            continue
        human = canonical(row)
        has = {PersonStatus.BLOCKED: _is_blocked(human), PersonStatus.DESIST: has_asked(human)}
        due = [status for status in has if status in each.stands and not has[status]]
        due = [status for status in due if (human.pk, status) not in done]  # by another record
        try:
            for status in due:
                why = f"{LABELS[status]} on {by_clock(each.at, DAY)}; {AFTERWARDS}"
                stop.stop_person(row, status, reason=why, by=KEEPER, at=at)
        except PersonRefused:
            told.gone += 1  # erased
            continue
        told.people += bool(due)
        done |= {(human.pk, status) for status in due}


def _read(path: Path) -> tuple[list[tuple[str, restoring.Known]], list[_Person]]:
    """What stood at last, the addresses with the name of their key. What is torn is left out."""
    last: dict[tuple[Any, ...], tuple[str, restoring.Known] | _Person | None] = {}
    with path.open(errors="replace") as file:
        for text in file:
            try:
                line = json.loads(text)
                person, at = line.get("person"), datetime.fromisoformat(line["at"])
                if person:
                    one = _Person(UUID(person), int(line["workspace"]), at, tuple(line["stands"]))
                    last[one.uuid,] = one if one.stands else None
                else:
                    known = _known(line, at)
                    key = (known.workspace_id, known.channel, known.digest)
                    last[key] = (line["key"], known) if line["stands"] else None
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
    found = [each for each in last.values() if each]
    people = [each for each in found if isinstance(each, _Person)]
    return [each for each in found if not isinstance(each, _Person)], people


def _known(line: Line, at: datetime) -> restoring.Known:
    """Raises ValueError for what no version of ours wrote."""
    complained = line["complained"]
    return restoring.Known(
        workspace_id=int(line["workspace"]),
        channel=Channel(line["channel"]).value,
        digest=str(line["digest"]),
        reason=Suppression.Reason(line["reason"]).value,
        at=at,
        complained_at=datetime.fromisoformat(complained) if complained else None,
    )


def _parts(items: Sequence[Item]) -> Iterable[Sequence[Item]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))
