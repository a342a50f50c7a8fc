"""Which old code page a file is in: the words of its own header prove it. Pure.

Any byte is some letter in Windows-1252, so nothing there can be believed by itself; but a header of
several words that we know reads so in one code page only.
"""

from __future__ import annotations

import re

from outreach.core.importing import columns

# By how often exports come in them; of two that fit alike the first counts.
PAGES = (
    "cp1252", "cp1250", "cp1254", "cp1251", "cp1253", "cp932", "gb18030", "big5", "cp949",
    "cp1255", "cp1256", "koi8-r", "cp866", "iso8859-2", "iso8859-9",
)  # fmt: skip
LEAST = 3  # words of a header
HEAD_LINES = 30
BETWEEN = re.compile(r"[;,\t|]")


def by_header(head: bytes, *, is_1252_likely: bool = True) -> str:
    """The code page in which a line of this file is a header; empty where that proves nothing.

    What Windows-1252 reads as well is left to it, unless it is known not to be that.
    """
    lines = head.splitlines()[:HEAD_LINES]
    best, most = "", LEAST - 1
    for page in PAGES if is_1252_likely else PAGES[1:]:
        found = max((_known(line, page) for line in lines if not line.isascii()), default=0)
        if found > most:
            best, most = page, found
    return "" if best == "cp1252" else best


def _known(line: bytes, page: str) -> int:
    """How many cells of this line are words of a header, one at least beyond ASCII."""
    try:
        cells = BETWEEN.split(line.decode(page))
    except UnicodeDecodeError:
        return 0
    known = [cell for cell in cells if columns.meaning(cell.strip(" \"'"))]
    return len(known) if any(not cell.isascii() for cell in known) else 0
