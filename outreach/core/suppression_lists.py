"""Suppression lists: bring one along as CSV, list what stands (`edge.exporting` takes it away).

Only keyed hashes are stored, so a list names an address only where a person still has it; the
rest are digests, which another installation with the same key can take in again.
"""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from outreach.core import activity, cells, opt_outs, suppression
from outreach.core.addresses import BadAddress, normalise
from outreach.core.batches import batches
from outreach.core.models import Address, Channel, Suppression, Workspace
from outreach.core.models.consent import SuppressionReason
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal

COLUMNS = ("channel", "address", "digest", "key_id", "reason", "at")
MOST_ROWS = 100_000
BATCH = 2_000
LARGEST = 20 * 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")
NAMES = {
    "channel": ("channel", "kanal", "platform"),
    "address": ("address", "email", "e-mail", "email address", "recipient", "phone", "number"),
    "digest": ("digest",),
    "key_id": ("key_id",),
    "reason": ("reason",),
    "at": ("at", "date", "created_at", "created", "since"),
}


class BadList(ValueError):
    """The file cannot be taken in; the sentence says which line and what to do."""


@dataclass(slots=True)
class Taken:
    """What an import did. `errors` are (line, sentence); with any of them nothing was stored."""

    rows: int = 0
    new: int = 0
    known: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: an address, or the digest of one made with our key."""

    line: int
    channel: str
    address: str = ""
    digest: str = ""
    reason: str = SuppressionReason.IMPORT


# --- Out -----------------------------------------------------------------------------------------


def rows_of(workspace: Workspace, *, channel: str = "") -> Iterator[dict[str, str]]:
    """What stands in this workspace, the newest first, with the address where one is known."""
    for rows in batches_of(workspace, Q(channel=channel) if channel else Q()):
        yield from rows


def batches_of(workspace: Workspace, which: Q) -> Iterator[list[dict[str, str]]]:
    """The same in batches, of those rows that `which` names."""
    found = Suppression.objects.filter(which, workspace=workspace, lifted_at__isnull=True)
    with _addresses(workspace) as address_of:
        for rows in batches(found, newest_first=True):
            yield [
                {
                    "channel": row.channel,
                    "address": address_of(row),
                    "digest": row.digest,
                    "key_id": row.key_id,
                    "reason": row.reason,
                    "at": row.at.astimezone(UTC).isoformat(),
                }
                for row in rows
            ]


@contextmanager
def _addresses(workspace: Workspace) -> Iterator[Callable[[Suppression], str]]:
    """Tells the address behind a digest, of the people who are still there; else nothing.

    In a private file that is gone afterwards: all addresses of a workspace are too many for memory.
    """
    with closing(sqlite3.connect("", check_same_thread=False)) as kept:
        kept.execute("CREATE TABLE known (digest, address, PRIMARY KEY (digest)) WITHOUT ROWID")
        for rows in batches(Address.objects.filter(workspace=workspace)):
            found = [
                (row.normalised, *suppression.digests_of(workspace.pk, row.channel, row.normalised))
                for row in rows
            ]
            own = [(digest, address) for address, digest, *_ in found]
            kept.executemany("INSERT OR REPLACE INTO known VALUES (?, ?)", own)
            # Of a number's other form, which somebody may have as their own.
            other = [(digest, address) for address, _, *more in found for digest in more]
            kept.executemany("INSERT OR IGNORE INTO known VALUES (?, ?)", other)

        def address_of(row: Suppression) -> str:
            found = kept.execute("SELECT address FROM known WHERE digest = ?", [row.digest])
            return str((found.fetchone() or [""])[0])

        yield address_of


# --- In ------------------------------------------------------------------------------------------


def import_csv(raw: bytes, workspace: Workspace, *, by: Principal, at: datetime) -> Taken:
    """Take in a list: everything or nothing, each address once. Raises BadList for the file.

    Without a column for the channel every row is an e-mail address. A digest counts only if it
    was made with this installation's key.
    """
    require(by, Verb.STOP_PERSON, workspace)
    taken = Taken()
    rows = list(_read(raw, taken))
    if taken.errors:
        return taken
    try:
        with transaction.atomic():
            for start in range(0, len(rows), BATCH):
                _take(workspace, rows[start : start + BATCH], taken, by=by, at=at)
            told = activity.entry("imports.suppressions", workspace, rows=len(rows), new=taken.new)
            activity.record(told, by=by, at=at)
    except IntegrityError:
        raise BadList(
            "Somebody suppressed one of these addresses meanwhile; nothing was stored. Import the "
            "list again."
        ) from None
    return taken


def _take(
    workspace: Workspace, rows: list[Row], taken: Taken, *, by: Principal, at: datetime
) -> None:
    """What stands is known, what was lifted holds again, the rest is new: all of it at once."""
    wanted: dict[str, Row] = {}
    forms: dict[str, str] = {}
    for row in rows:
        own = suppression.digests_of(workspace.pk, row.channel, row.address)
        digest = suppression.as_one(forms, (row.digest,) if row.digest else own)
        taken.known += digest in wanted
        wanted.setdefault(digest, row)
    found = Suppression.objects.filter(workspace=workspace, digest__in=forms)
    found = found.order_by(F("lifted_at").asc(nulls_last=True))  # what stands has the last word
    stands = list(found.values_list("digest", "lifted_at"))
    lifted = {forms[digest]: at for digest, at in stands}
    moved = lifted.keys() - {digest for digest, _ in stands}
    fresh = {digest: row for digest, row in wanted.items() if digest not in lifted}
    made = Suppression.objects.bulk_create(
        Suppression(
            workspace=workspace, channel=row.channel, digest=digest, reason=row.reason, at=at,
            key_id=suppression.key_id(), complained_at=at if _complains(row) else None,
            **by.fields(),
        )
        for digest, row in fresh.items()
    )  # fmt: skip
    entries = [
        activity.entry("safety.suppressed", row, channel=row.channel, reason=row.reason)
        for row in made
    ]
    activity.record(*entries, by=by, at=at)
    again = [digest for digest, when in lifted.items() if when is not None]
    for digest in dict.fromkeys([*again, *filter(lambda each: wanted[each].address, moved)]):
        row = wanted[digest]  # of a mailbox it comes under the one form
        if row.digest:
            _by_digest(workspace, row, by=by, at=at)
        else:
            suppression.suppress(
                workspace, row.channel, row.address, reason=row.reason, by=by, at=at
            )
    for channel in {row.channel for row in rows}:
        told = [row.address for row in rows if row.address and row.channel == channel]
        opt_outs.follow_addresses(workspace, channel, told, at=at)
    taken.new += len(made) + len(again)
    taken.known += len(lifted) - len(again)


def _complains(row: Row) -> bool:
    return bool(row.address) and row.reason == SuppressionReason.COMPLAINT


def _by_digest(workspace: Workspace, row: Row, *, by: Principal, at: datetime) -> None:
    made, _ = Suppression.objects.update_or_create(
        workspace=workspace,
        channel=row.channel,
        digest=row.digest,
        defaults={
            "lifted_at": None, "lifted_reason": "", "reason": row.reason, "at": at,
            "key_id": suppression.key_id(), **by.fields(),
        },
    )  # fmt: skip
    entry = activity.entry("safety.suppressed", made, channel=row.channel, reason=row.reason)
    activity.record(entry, by=by, at=at)


def _read(raw: bytes, taken: Taken) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(_text(raw)), _dialect(raw))
    try:
        head = [cell.strip().casefold() for cell in next(reader, [])]
        places = _places(head)
        for number, cells in enumerate(reader, start=2):
            if not any(cell.strip() for cell in cells):
                continue
            taken.rows += 1
            if taken.rows > MOST_ROWS:
                raise BadList(f"The file has more than {MOST_ROWS:,} rows. Split it.")
            values = {
                name: _plain(cells[place]) for name, place in places.items() if place < len(cells)
            }
            try:
                yield _row(number, values)
            except ValueError as fault:
                taken.errors.append((number, str(fault)))
    except csv.Error as fault:
        raise BadList(f"Line {reader.line_num} is no CSV: {fault}.") from None


def _text(raw: bytes) -> str:
    if len(raw) > LARGEST:
        raise BadList(f"The file is larger than {LARGEST // 1024 // 1024} MB. Split it.")
    if not raw.strip():
        raise BadList("The file is empty.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise BadList(f"Byte {fault.start} is not UTF-8. Save the file as UTF-8.") from None
    if "\0" in text:
        raise BadList("The file holds NUL bytes: it is no CSV.")
    return text


def _dialect(raw: bytes) -> Any:
    first = raw.partition(b"\n")[0]
    delimiter = max((b",", b";", b"\t"), key=first.count).decode()

    class Dialect(csv.excel):
        pass

    Dialect.delimiter = delimiter
    Dialect.strict = True
    return Dialect


def _places(head: list[str]) -> dict[str, int]:
    found = {
        name: next((head.index(word) for word in words if word in head), -1)
        for name, words in NAMES.items()
    }
    if found["address"] < 0 and found["digest"] < 0:
        raise BadList(
            f"No column is called address or email. Found: {', '.join(head) or 'nothing'}."
        )
    return {name: place for name, place in found.items() if place >= 0}


def _plain(cell: str) -> str:
    return cells.plain(cell.strip())


def _row(line: int, values: dict[str, str]) -> Row:
    channel = values.get("channel", "").casefold() or str(Channel.EMAIL)
    if channel not in Channel.values:
        raise ValueError(f"{channel!r} is no channel. Known: {', '.join(Channel.values)}.")
    reason = values.get("reason", "").casefold()
    reason = reason if reason in SuppressionReason.values else str(SuppressionReason.IMPORT)
    address, digest = values.get("address", ""), values.get("digest", "")
    if address:
        try:
            return Row(line, channel, address=normalise(channel, address), reason=reason)
        except BadAddress as fault:
            raise ValueError(str(fault)) from None
    if not _DIGEST.fullmatch(digest):
        raise ValueError("It has neither an address nor a digest of 64 hexadecimal digits.")
    if values.get("key_id") != suppression.key_id():
        raise ValueError(
            "Its digest was made with another key, so nobody can tell whom it means. "
            "Export it where the key is, or set that SUPPRESSION_KEY."
        )
    return Row(line, channel, digest=digest, reason=reason)
