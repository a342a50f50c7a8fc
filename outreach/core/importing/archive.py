"""Zip archives: LinkedIn's full export with its messages and invitations, or one list in a zip.

What an archive says it holds is an upper bound that zipfile keeps to, so sizes are judged before
anything is unpacked; members are unpacked to unnamed files, archives in archives never.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from outreach.core.importing import source
from outreach.core.importing.source import BadFile, Source

MAX_MEMBERS = 10_000
LISTS = (".csv", ".tsv", ".txt", ".vcf", ".vcard", ".xlsx")
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, UnicodeDecodeError)


@contextmanager
def opened(place: Source) -> Iterator[zipfile.ZipFile]:
    """The archive, its faults turned into one sentence."""
    try:
        with place.opened() as handle, zipfile.ZipFile(handle) as archive:
            if any(info.header_offset < 0 for info in archive.infolist()):
                raise zipfile.BadZipFile("its beginning is missing")
            if len(archive.infolist()) > MAX_MEMBERS:
                raise BadFile(
                    f"{place.name} holds more than {MAX_MEMBERS:,} files. Unpack it and import "
                    "the list in it."
                )
            yield archive
    except DAMAGED:
        raise BadFile(
            f"{place.name} is cut off or damaged. Download or save it again and check its size."
        ) from None
    except NotImplementedError:
        raise BadFile(
            f"{place.name} is packed in a way that is not read here. Unpack it and import the "
            "list in it."
        ) from None


OFFICE = {"word/": "a Word document", "ppt/": "a PowerPoint presentation"}


def is_workbook(archive: zipfile.ZipFile, name: str) -> bool:
    """Whether this is an Excel workbook; BadFile for its sisters, which hold no list."""
    names = archive.namelist()
    kind = next((what for part, what in OFFICE.items() if any(n.startswith(part) for n in names)),
                "an OpenDocument file" if "META-INF/manifest.xml" in names else "")  # fmt: skip
    if kind and not members(archive):
        raise BadFile(
            f"{name} is {kind}, which is not read here. Save the list in it as .xlsx or CSV UTF-8."
        )
    return "[Content_Types].xml" in names


def members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Lists in the archive by their path; what a Mac adds beside them is none."""
    return {
        info.filename: info
        for info in archive.infolist()
        if info.filename.lower().endswith(LISTS)
        and not info.filename.startswith("__MACOSX/")
        and not info.filename.rsplit("/", 1)[-1].startswith(".")
    }


def by_name(found: dict[str, zipfile.ZipInfo], name: str) -> zipfile.ZipInfo | None:
    """The member with this file name, in whatever folder; the one nearest to the top."""
    hits = [path for path in found if path.rsplit("/", 1)[-1].lower() == name]
    return found[min(hits, key=len)] if hits else None


def unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Source:
    """One member as a source of its own."""
    refuse_size(info, name)
    refuse_locked(info, name)
    with archive.open(info) as handle:
        return source.of(handle, f"{info.filename.rsplit('/', 1)[-1]} in {name}")  # type: ignore[arg-type]


def refuse_size(info: zipfile.ZipInfo, name: str, most: int = 0) -> None:
    limit = most or source.MAX_BYTES
    if info.file_size > limit:
        raise BadFile(
            f"{info.filename} in {name} grows to {info.file_size / 1024 / 1024:,.0f} MB when "
            f"unpacked; at most {limit / 1024 / 1024:,.0f} MB are read. Export fewer people, or "
            "save it as CSV UTF-8 in several files."
        )


def refuse_locked(info: zipfile.ZipInfo, name: str) -> None:
    if info.flag_bits & 1:
        raise BadFile(
            f"{name} is protected by a password. Unpack it with the password and import the list "
            "in it."
        )


def only_list(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """The one list in an archive that is no LinkedIn export."""
    found = members(archive)
    if not found:
        raise BadFile(
            f"{name} is a ZIP archive without a list of people (CSV, vCard or Excel). Import the "
            "file that holds them."
        )
    if len(found) > 1:
        names = ", ".join(sorted(found)[:6]) + (" …" if len(found) > 6 else "")
        raise BadFile(
            f"{name} holds {len(found)} lists: {names}. Unpack it and import the one you mean."
        )
    return next(iter(found.values()))
