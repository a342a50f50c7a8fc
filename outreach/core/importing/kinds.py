"""Files that only claim to be a CSV: what they are by their first bytes, and what to do."""

from __future__ import annotations

import codecs
import re

from outreach.core.importing.source import BadFile

AS_CSV = "Open it and save it as CSV UTF-8."
EXPORT = "Export the list as CSV from where it was made."
UNPACK = "Unpack it and import the CSV in it, such as Connections.csv."
BY_MARK: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive", UNPACK),
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
)
BY_TEXT: tuple[tuple[str, str, str], ...] = (
    (r"<!doctype html|<html", "a web page", "Use the site's export, which gives a CSV file."),
    (r"<\?xml", "XML", EXPORT),
    (r"begin:vcard", "a vCard", "Export the contacts as CSV instead."),
    (r"[{\[]\s*[\"{\[]", "JSON", EXPORT),
)


def refuse(head: bytes, name: str) -> None:
    """Raise BadFile when the first bytes are those of another kind of file."""
    kind, remedy = _kind(head)
    if kind:
        raise BadFile(f"{name} is {kind}, not a CSV file. {remedy}")


def _kind(head: bytes) -> tuple[str, str]:
    for mark, kind, remedy in BY_MARK:
        if head.startswith(mark):
            if mark.startswith(b"PK") and (b"xl/" in head or b"[Content_Types]" in head):
                return "an Excel workbook (.xlsx)", AS_CSV
            return kind, remedy
    text = head.removeprefix(codecs.BOM_UTF8)[:200].decode("latin-1").strip().lower()
    for pattern, kind, remedy in BY_TEXT:
        if re.match(pattern, text):
            return kind, remedy
    return "", ""
