"""The log: `record` in the caller's transaction, `seal` a little later, `verify` at any time.

A row names objects by type and id and carries codes and digests, never a name, an address or a
text. Sealing is apart from writing so that no two transactions wait for one chain head
(docs/decisions/0004); what is not yet sealed is at most some seconds old.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import Q

from outreach.core import sql
from outreach.core.digest import canonical, sha256
from outreach.core.models import Activity, Seal
from outreach.core.principal import Principal

DOMAIN = b"outreach/seal/v1\0"
GENESIS = "0" * 64
BATCH = 1000
request_id: ContextVar[str] = ContextVar("request_id", default="")
# What is called once a person's act of this verb is committed. Whoever sees further than core puts
# it here, and it only wakes somebody: the log is read whether it was called or not.
wakes: dict[str, Callable[[], None]] = {}

INSERT = (
    "INSERT INTO activity_timeline (workspace_id, by_kind, by_id, verb, object_type, object_id, "
    "digest, codes, request_id, at) SELECT * FROM {rows}"
)
TYPES = "bigint text text text text text text jsonb text timestamptz"
# The subjects a verb may begin with. A verb outside them is a typing error, and refused.
SUBJECTS = (
    "people.", "drafts.", "approvals.", "channels.", "safety.", "workflows.", "workspaces.",
    "imports.", "audit.", "exports.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One act about to be told."""

    verb: str
    object_type: str
    object_id: str
    workspace_id: int | None
    digest: str = ""
    codes: dict[str, Any] = field(default_factory=dict)


def entry(verb: str, obj: models.Model, *, digest: str = "", **codes: Any) -> Entry:
    """An entry about a row; its workspace is the row's."""
    workspace_id = obj.pk if obj._meta.model_name == "workspace" else obj.workspace_id  # type: ignore[attr-defined]
    return Entry(verb, str(obj._meta.model_name), str(obj.pk), workspace_id, digest, codes)


def record(*entries: Entry, by: Principal, at: datetime) -> None:
    """Tell what is being done, in the transaction that does it. Raises outside of one."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("An activity is recorded in the transaction of the act it tells of.")
    for item in entries:
        if not item.verb.startswith(SUBJECTS):
            raise ValueError(f"{item.verb} is no registered activity.")
    door = {"door": by.door} if by.door else {}
    told = [
        (
            item.workspace_id,
            str(by.kind),
            by.id,
            item.verb,
            item.object_type,
            item.object_id,
            item.digest,
            {**item.codes, **door},
            request_id.get(),
            sql.from_moment(at),
        )
        for item in entries
    ]
    sql.insert(INSERT, TYPES, told)
    if by.is_user:  # the sender's own transactions have nothing to wait for
        for call in {wakes[item.verb] for item in entries if item.verb in wakes}:
            transaction.on_commit(call, robust=True)


def content(row: Activity) -> dict[str, Any]:
    """Every column of an activity that is chained, as an export shows it."""
    return {
        "id": row.pk,
        "workspace": row.workspace_id,
        "by_kind": row.by_kind,
        "by_id": row.by_id,
        "verb": row.verb,
        "object_type": row.object_type,
        "object_id": row.object_id,
        "digest": row.digest,
        "codes": row.codes,
        "request_id": row.request_id,
        "at": row.at.astimezone(UTC).isoformat(timespec="microseconds"),
    }


def link(previous: str, row: Activity) -> str:
    """The hash of one link: over the previous hash and what the activity says."""
    return sha256(DOMAIN, previous.encode(), canonical(content(row)))


def seal(*, most: int = 50 * BATCH) -> int:
    """Chain what is not yet chained; returns how many rows. Two sealers at once: one yields."""
    sealed = 0
    while sealed < most:
        try:
            count = _seal_batch()
        except IntegrityError:
            return sealed  # another sealer took these numbers; the rows are sealed
        sealed += count
        if count < BATCH:
            break
    return sealed


def seal_all() -> None:
    """Chain everything that is not yet chained, however much; another sealer at work does it."""
    while seal():
        pass


def _seal_batch() -> int:
    with transaction.atomic():
        head = Seal.objects.order_by("-seq").first()
        seq, previous = (head.seq, head.hash) if head else (0, GENESIS)
        links = []
        for row in Activity.objects.filter(seal__isnull=True).order_by("id")[:BATCH]:
            seq, previous = seq + 1, link(previous, row)
            links.append(Seal(seq=seq, activity=row, hash=previous))
        Seal.objects.bulk_create(links)
    return len(links)


Entered = tuple[Seal, Activity | None]  # None: it is gone


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found. `bad` names the first bad entry; None means that the chain holds."""

    checked: int
    head: str
    bad: str | None = None


def verify() -> Verification:
    """Seal what is open, then follow the chain from its beginning to its head."""
    seal()
    previous, checked = GENESIS, 0
    entries = _chain()
    one = next(entries, None)
    while one is not None:
        after = next(entries, None)
        fault = _fault(previous, checked + 1, one, after)
        if fault:
            return Verification(checked, previous, fault)
        previous, checked, one = one[0].hash, checked + 1, after
    return Verification(checked, previous, missing_guard())


def _chain() -> Iterator[Entered]:
    last = 0
    while True:
        seals = list(Seal.objects.filter(seq__gt=last).order_by("seq")[:5000])
        if not seals:
            return
        there = Activity.objects.filter(seal__seq__gt=last, seal__seq__lte=seals[-1].seq)
        rows = {row.pk: row for row in there}
        yield from ((each, rows.get(each.activity_id)) for each in seals)
        last = seals[-1].seq


# --- What is wrong, by what is really missing or changed -----------------------------------------


def _fault(previous: str, due: int, one: Entered, after: Entered | None) -> str:
    """What is wrong with an entry, empty if it holds. `after` is the one that follows."""
    found, row = one
    if found.seq != due:
        return _gap(previous, due, one)
    if row is None:
        return f"activity {found.activity_id} was removed: its seal {found.seq} is there"
    if link(previous, row) == found.hash:
        return ""
    what = f"activity {row.pk} (seal {found.seq}, {row.verb} on {row.object_type} {row.object_id})"
    if after is not None and after[1] is not None:
        then = after[0].hash
        if link(found.hash, after[1]) == then:
            return f"{what} was changed: its seal is what the next one stands on"
        if link(link(previous, row), after[1]) == then:
            return f"seal {found.seq} was changed: activity {row.pk} is what the next one stands on"
        if link(previous, after[1]) in (found.hash, then):
            return f"entries {found.seq} and {after[0].seq} changed places"
    return f"{what} does not match its seal: the row or its seal was changed"


def _gap(previous: str, due: int, one: Entered) -> str:
    found, row = one
    count = found.seq - due
    seals = f"seal {due} was" if count == 1 else f"seals {due} to {found.seq - 1} were"
    entries = f"entry {due} was" if count == 1 else f"entries {due} to {found.seq - 1} were"
    rest = f"seal {found.seq} follows seal {due - 1}" if due > 1 else f"the first is {found.seq}"
    # What lost its seal was sealed once more since, at the end, or waits for it.
    left = Activity.objects.filter(Q(seal__isnull=True) | Q(seal__seq__gt=found.seq))
    rows = list(left.filter(pk__lt=found.activity_id).order_by("pk")[: count + 1])
    if row is not None and len(rows) == count:
        for each in rows:
            previous = link(previous, each)
        if link(previous, row) == found.hash:
            ids = ", ".join(str(each.pk) for each in rows[:10])
            return f"{seals} removed: what was sealed is there (activity {ids}); {rest}"
    return f"{entries} removed, activity and seal: {rest}"


def missing_guard() -> str | None:
    """The sentence for a log whose insert-only triggers are gone, else None."""
    from outreach.core.triggers import missing

    gone = missing()
    if not gone:
        return None
    return f"the insert-only trigger on {', '.join(gone)} is missing: rows could be changed unseen"


def head() -> tuple[int, str]:
    """The newest seal's number and hash: keep it elsewhere to notice a cut-off tail."""
    found = Seal.objects.order_by("-seq").first()
    return (found.seq, found.hash) if found else (0, GENESIS)


def of(obj: models.Model) -> Iterable[Activity]:
    """What was done to one row, oldest first."""
    return Activity.objects.filter(
        object_type=obj._meta.model_name, object_id=str(obj.pk)
    ).order_by("id")
