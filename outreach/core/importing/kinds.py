"""What a file is by its first bytes, and what to do with one that nobody here can read."""

from __future__ import annotations

import codecs
import re

from outreach.core.importing.source import BadFile, Source

AS_CSV = "Open it and save it as CSV UTF-8."
EXPORT = "Export the list as CSV from where it was made."
UNPACK = "Unpack it and import the CSV in it, such as Connections.csv."
BY_MARK: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x05\x06", "an empty ZIP archive", UNPACK),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Outlook file", AS_CSV),
    (b"%PDF", "a PDF", EXPORT),
    (b"\x1f\x8b", "a compressed file (gzip)", UNPACK),
    (b"7z\xbc\xaf", "a compressed archive (7z)", UNPACK),
    (b"Rar!", "a compressed archive (RAR)", UNPACK),
    (b"BZh", "a compressed file (bzip2)", UNPACK),
    (b"\xfd7zXZ", "a compressed file (xz)", UNPACK),
    (b"\x89PNG", "a picture", EXPORT),
    (b"\xff\xd8\xff", "a picture", EXPORT),
    (b"GIF8", "a picture", EXPORT),
    (b"SQLite format 3", "a database", EXPORT),
    (b"{\\rtf", "a word processor's file (RTF)", EXPORT),
    (b"\x7fELF", "a program", EXPORT),
    (b"MZ\x90\x00", "a program", EXPORT),
)
BY_TEXT: tuple[tuple[str, str, str], ...] = (
    (r"<!doctype html|<html", "a web page", "Use the site's export, which gives a CSV file."),
    (r"<\?xml", "XML", EXPORT),
    (r"#!\s*/|@echo off|<\?php", "a program (a script)", EXPORT),
    (r"[{\[]\s*[\"{\[]", "JSON", EXPORT),
)


ZIP = b"PK\x03\x04"
LOCKED = "EncryptedPackage".encode("utf-16-le")


def is_zip(head: bytes) -> bool:
    return head.startswith(ZIP)


def refuse(head: bytes, name: str) -> None:
    """Raise BadFile when the first bytes are those of a file that nobody here can read."""
    for mark, kind, remedy in BY_MARK:
        if head.startswith(mark):
            raise BadFile(f"{name} is {kind}, not a list of people. {remedy}")
    text = head.removeprefix(codecs.BOM_UTF8)[:200].decode("latin-1").strip().lower()
    for pattern, kind, remedy in BY_TEXT:
        if re.match(pattern, text):
            raise BadFile(f"{name} is {kind}, not a list of people. {remedy}")


def refuse_binary(head: bytes, name: str) -> None:
    """Raise BadFile for bytes that are no text in any code page: every fiftieth is a control."""
    controls = sum(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in head)
    if controls > len(head) // 50:
        raise BadFile(
            f"{name} is no text, so not a list of people: {controls} of its first {len(head)} "
            f"bytes are control characters. {EXPORT} Text in UTF-16 is read with --encoding utf-16."
        )


def refuse_locked(place: Source) -> None:
    """An Excel workbook with a password is an old-style container with one telling name in it."""
    tail = b""
    for chunk in place.chunks():
        if LOCKED in tail + chunk:
            raise BadFile(
                f"{place.name} is protected by a password. Open it, save it without one, and "
                "import that."
            )
        tail = chunk[-len(LOCKED) :]
