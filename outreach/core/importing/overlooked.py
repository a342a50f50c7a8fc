"""Columns whose cells are addresses though their word says nothing to us: told of, not read.

Not read, for they may be another's: who keeps the contact, an assistant, who recommended them.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from outreach.core.importing.columns import Columns, fold
from outreach.core.importing.ways import MAILBOX

LOOKED_AT = 500  # rows
# A number with its +: without one eight digits are as often a date or a customer.
NUMBER = re.compile(r"\+\d[\d ()./\u00a0-]{6,18}")
NOTICE = (
    "The column {column!r} holds {what} and is not read. If they are theirs, say that the column "
    "means {field}, or rename it to {word} and import the file again."
)
KINDS = (
    # Column fields any of which is enough, what the cells look like, and how both are called.
    (("email",), MAILBOX, "e-mail addresses", "e-mail", "Email"),
    (("phone", "whatsapp"), NUMBER, "phone numbers", "phone", "Phone"),
)


def notice(
    header: Sequence[str],
    columns: Columns,
    rows: Iterable[Sequence[str]],
    mapping: Mapping[str, str] | None,
) -> tuple[str, ...]:
    """A sentence for each such column, where no column was found for addresses of its kind.

    A column of which a person said what it means is left in peace.
    """
    said = {fold(word) for word in mapping or {}}
    read = {index for indexes in columns.values() for index in indexes}
    unread = [
        index
        for index, cell in enumerate(header)
        if index not in read and fold(cell) not in said and str(index + 1) not in said
    ]
    kinds = [kind for kind in KINDS if columns.keys().isdisjoint(kind[0])]
    if not unread or not kinds:
        return ()
    cells: dict[int, list[str]] = {index: [] for index in unread}
    for row in rows:
        for index in unread:
            if index < len(row) and (text := row[index].strip()):
                cells[index].append(text)
    return tuple(
        NOTICE.format(column=header[index] or str(index + 1), what=what, field=field, word=word)
        for _, form, what, field, word in kinds
        for index in unread
        if 2 * sum(1 for text in cells[index] if form.fullmatch(text)) > len(cells[index])
    )
