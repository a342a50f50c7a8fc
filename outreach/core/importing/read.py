"""A path, bytes or stream to a table: what the file is, its content decides, never its name.

`read_file` goes through the whole file once and refuses it for any structural fault, so that
nothing is stored of a file that is broken further down.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from outreach.core.importing import (
    archive,
    columns,
    delimited,
    encoding,
    kinds,
    passed,
    pasted,
    pieces,
    source,
    vcard,
    workbook,
)
from outreach.core.importing.source import BadFile, Source
from outreach.core.importing.spool import of_rows
from outreach.core.importing.table import Passed, Table, survey

FORMATS = ("auto", "linkedin", "csv", "vcard", "text")
Mapped = Mapping[str, str] | None


def read_file(
    content: Path | str | bytes | BinaryIO,
    *,
    name: str = "",
    format: str = "auto",
    encoding: str = "",
    mapping: Mapped = None,
) -> Table:
    """The table in a path, bytes or stream, or BadFile with one sentence.

    `mapping` says what columns mean: header word or number to a field of `columns.MAPPABLE`.
    """
    if format not in FORMATS:
        raise BadFile(f"{format!r} is no format. Use {', '.join(FORMATS)}.")
    place = source.of(content, name)
    head = next(iter(place.chunks()), b"")
    if kinds.is_zip(head):
        return survey(_packed(place, format, encoding, mapping), mapping)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        kinds.refuse_locked(place)
    return survey(_text(place, format, encoding, mapping), mapping)


def _text(place: Source, wanted: str, forced: str, mapping: Mapped) -> Table:
    found = encoding.detect(place, forced)
    head = delimited.head_of(place, found.codec)
    if wanted == "vcard" or (wanted == "auto" and vcard.is_vcard(head)):
        _refuse_mapping(mapping, place.name, "a vCard")
        return vcard.read(place, found)
    if wanted == "text" or (wanted == "auto" and not mapping and _is_prose(head, place.name)):
        _refuse_mapping(mapping, place.name, "text")
        return pasted.read(place, found)
    return delimited.read(place, found, head, wanted=wanted, mapping=mapping)


def _refuse_mapping(mapping: Mapped, name: str, kind: str) -> None:
    if mapping:
        raise BadFile(f"{name} is read as {kind}, which has no columns: leave --map away.")


def _is_prose(head: list[str], name: str) -> bool:
    """Text without a header line: its first line is no table, or tells of somebody already."""
    _, cells, _ = delimited.find_header(head, name)
    if columns.read_header(cells).identifies:
        return False
    has_table = len([cell for cell in cells if cell]) > 1
    first = next((line for line in head if line.strip()), "")
    if has_table and not pieces.has_address(first):
        return False
    return any(pieces.has_address(line) for line in head)


def _packed(place: Source, wanted: str, forced: str, mapping: Mapped) -> Table:
    digest = _digest_of(place)
    with archive.opened(place) as packed:
        if archive.is_workbook(packed, place.name):
            return workbook.read(place, digest, mapping=mapping)
        found = archive.members(packed)
        connections = archive.by_name(found, "connections.csv")
        if connections is None:
            inner = archive.unpack(packed, archive.only_list(packed, place.name), place.name)
            return _inner(inner, wanted, forced, mapping)
        people = archive.unpack(packed, connections, place.name)
        made = _text(people, wanted, forced, mapping)
        return _with_history(made, packed, found, place.name, digest)


def _digest_of(place: Source) -> str:
    digest = hashlib.sha256()
    for chunk in place.chunks():
        digest.update(chunk)
    return digest.hexdigest()


def _inner(place: Source, wanted: str, forced: str, mapping: Mapped) -> Table:
    """The one list in an archive: text or a workbook, never another archive."""
    head = next(iter(place.chunks()), b"")
    if not kinds.is_zip(head):
        return _text(place, wanted, forced, mapping)
    with archive.opened(place) as packed:
        if not archive.is_workbook(packed, place.name):
            raise BadFile(f"{place.name} is an archive in an archive. Unpack it first.")
    return workbook.read(place, _digest_of(place), mapping=mapping)


def _with_history(
    made: Table,
    packed: zipfile.ZipFile,
    found: dict[str, zipfile.ZipInfo],
    name: str,
    digest: str,
) -> Table:
    """LinkedIn's full archive: its messages and invitations, read as soon as they are found."""
    places = {
        key: archive.unpack(packed, info, name)
        for key in ("messages", "invitations", "profile")
        if (info := archive.by_name(found, f"{key}.csv")) is not None
    }
    made = replace(made, name=name, encoding=replace(made.encoding, digest=digest))
    messages, invitations = places.get("messages"), places.get("invitations")
    if messages is None and invitations is None:
        return made
    try:
        owner = passed.owner_of(messages, invitations, passed.name_in(places.get("profile")))
        if not owner:
            raise BadFile("whose archive it is cannot be told from it.")
        rows: Iterator[Passed] = chain(
            passed.messages_of(messages, owner) if messages else (),
            passed.invitations_of(invitations, owner) if invitations else (),
        )
        spool = of_rows(name, ((row.profile, row.is_ours, row.at, row.key) for row in rows))
    except BadFile as error:
        said = f"Messages and invitations were left out: {error}"
        return replace(made, notices=(*made.notices, said))
    return replace(made, history=lambda: (Passed(*row) for row in spool.rows()))
