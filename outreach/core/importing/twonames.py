"""Two columns that are both read as the whole name and name another in one row: asked, not guessed.

`Name: Muster GmbH` beside `Ansprechpartner: Peter Muster` is a company and its person; `Name: Eva
Frei` beside it is a person and who looks after her. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations

from outreach.core.importing.columns import Columns, fold

# Other spellings of the same human being, as programs and telephones write them.
SPELLINGS = frozenset(
    ["displayname", "fileas", "formattedname", "savedname", "publicname", "pushname"]
)
CONTACT = re.compile(
    "ansprech|kontakt|contact|contato|contatto|interlocut|referente|osobakont|yhteyshenk|担当者|"
    "담당자|联系人|聯絡人|контакт|kapcsolattarto|ilgilikisi"
)
ASKED = (
    "Line {line} of {name} has one name in the column {one!r} and another in {other!r}, and both "
    "are read as the name of the person. Say with --map or on the import's page what they are: "
    "“company” (company) for the one that names a firm, or that the one that names somebody else "
    "is not read (-)."
)


class TwoNames:
    """Looks for the first row of one table in which two columns of names differ."""

    def __init__(
        self, header: Sequence[str], columns: Columns, mapping: Mapping[str, str] | None
    ) -> None:
        said = {fold(word) for word in mapping or {}}
        whole = [
            index
            for index in columns.get("full_name", ())
            if not {fold(header[index]), str(index + 1)} & said
            and fold(header[index]) not in SPELLINGS
        ]
        self.header = header
        # Of each pair the cells that make one name together, and the column of the other.
        self.pairs: list[tuple[tuple[int, ...], int]] = [
            ((one,), other) for one, other in combinations(whole, 2)
        ]
        parts = columns.get("first_name", ())[:1] + columns.get("last_name", ())[:1]
        contacts = [index for index in whole if CONTACT.search(fold(header[index]))]
        if parts:
            self.pairs += [(parts, index) for index in contacts]
        self.found: tuple[int, str, str] | None = None

    def look(self, line: int, cells: Sequence[str]) -> None:
        if self.found is not None:
            return
        for ones, other in self.pairs:
            if len(cells) <= max(*ones, other):
                continue
            one, two = _words(" ".join(cells[at] for at in ones)), _words(cells[other])
            if one - two and two - one:
                self.found = line, self.header[ones[-1]].strip(), self.header[other].strip()
                return

    def asked(self, name: str, line: int) -> str:
        """The question that the file waits for."""
        _, one, other = self.found or (0, "", "")
        return ASKED.format(line=line, name=name, one=one, other=other)


def _words(text: str) -> set[str]:
    return {word for word in map(fold, text.replace(",", " ").split()) if word}
