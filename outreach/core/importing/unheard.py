"""What unread columns and notes say against writing: told with its line, and asked, never lost.

A word such as "unsubscribed" speaks anywhere; a yes or a no only under a header that is about
consent, for "Married: no" is nobody's refusal. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from outreach.core.importing.columns import Columns, fold
from outreach.core.importing.refusals import (
    BILLING,
    LONGEST,
    NO_WORDS,
    NOT_IN,
    OPTED_OUT,
    STAYED,
    Refusals,
    is_from_all,
    plainly,
)

# Of a folded header. What means an opt-out, and what may be about consent either way.
ABOUT_REFUSING = re.compile(
    "unsub|opt(?:ed)?out|dnc$|^dnc|donot(?:contact|e?mail|market|send)|noconsent|consentwithd|consentrevok|withdrawnconsent|widerrufen|blacklist|blocklist|"
    "abmeld|abgemeldet|abbestell|ausgetragen|werbesperr|werbewider|kontaktsperr|robinson|"
    "nichtkontakt|nichtanschr|keinewerb|desabonn|desinscri|nepascontact|bloctel|desuscri|nocontact|"
    "disiscri|noncontatt|descadastr|naocontat|uitgeschreven|uitschrijf|afgemeld|nietmail|avregistr|"
    "avanmal|avmeldt|afmeldt|kielto|wypisan|odhlas|nekontakt|leiratkoz|dezabon|отписа|отписк|"
    "відписа|відписк|απεγγραφ|配信停止|購読解除|退订|退訂|取消订阅|取消訂閱|수신거부|구독취소|구독해지"
)
ABOUT_CONSENT = re.compile(
    f"{ABOUT_REFUSING.pattern}|newsletter|mailinglist|opt(?:ed)?in|consent|subscri|gdpr|permission|"
    "mayemail|maycontact|cancontact|canemail|einwilligung|zustimmung|werbung|werbeerl|dsgvo|"
    "kontakterlaub|abonn|rgpd|infolettre|suscri|boletin|consenso|inscrito|"
    "lgpd|nieuwsbrief|toestemming|nyhetsbrev|nyhedsbrev|samtyck|samtykk|prenumer|uutiskirj|"
    "suostumu|markkinointi|zgoda|subskry|rodo$|souhlas|suhlas|odbernov|hirlevel|hozzajarul|"
    "feliratkoz|abonat|consimt|abonelik|bulten|kvkk|рассылк|подписк|подписан|соглас|розсилк|"
    "підписк|підписан|згода|συγκατα|συναιν|メルマガ|配信|購読|同意|订阅|訂閱|수신|구독|동의|اشتراك|موافق|דיוור|"
    "הסכמה|langganan|persetujuan|dongy|dangky"
)
# A no that is a word: a 0 under "Newsletters opened" is a count.
NO = frozenset(fold(word) for word in NO_WORDS.split("|") if len(word) > 1 or ord(word) > 255) - {
    "",
    "none",
    "off",
    "00",
}
KNOWN = OPTED_OUT | NOT_IN
ASKED = (
    "Line {line} of {name} says {word} in the column {column!r}, which {read}: whoever "
    "wants no more would come in as if they had said nothing. Say with --map or on the import's "
    "page what the column means: “opted out” (opted_out) where yes means that they refused, "
    "“agreed to be written to” (opted_in) where yes means that they agreed, “notes” (notes) where "
    "they are notes, of which those that say so close their row, or that it is not read (-) where "
    "it means nothing."
)
NOT_READ = "nobody reads"
AS_NOTES = "is read as notes and closes no address until you say so"
TOLD = (
    "Line {line} says {word} in {column!r}, which closes no address. If they want no more, "
    "suppress their addresses."
)
TOLD_OF_A_NOTE = (
    "Line {line} says {word} in {column!r}: the addresses of whoever says so there come in "
    "suppressed."
)
NAMES = ("full_name", "first_name", "last_name")
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Heard:
    """A row that may refuse: whose it is, and the words in the file's own spelling."""

    line: int
    name: str
    words: str
    column: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.name or 'nobody named'}: “{self.words}” ({self.column})"


class Unheard:
    """Looks through the columns of one table that are not read, or are notes."""

    def __init__(
        self, header: Sequence[str], columns: Columns, mapping: Mapping[str, str] | None
    ) -> None:
        said = {fold(word) for word in mapping or {}}
        self.notes = columns.get("notes", ())
        self.is_note = False  # what was found
        read = {index for indexes in columns.values() for index in indexes}.difference(self.notes)
        self.header = header
        self.columns = columns
        self.refusals = Refusals(columns, header)
        self.looked_at = [
            (index, _kind(cell))
            for index, cell in enumerate(header)
            if index not in read
            and not {fold(cell), str(index + 1)} & said
            and fold(cell) != BILLING
        ]
        self.found: tuple[int, str, str] | None = None  # line, word, column
        self.heard: list[Heard] = []  # the first rows that do

    def look(self, line: int, cells: Sequence[str]) -> None:
        """Note the first cell that refuses, in a row that nothing else closes."""
        if len(self.heard) >= SHOWN:
            return
        for index, kind in self.looked_at:
            if index >= len(cells) or not cells[index] or not _refuses(cells[index], kind):
                continue
            if len(cells) >= len(self.header) and is_from_all(self.refusals.read(cells)):
                return
            column = self.header[index].strip() or str(index + 1)
            if self.found is None:
                self.found = line, _told(cells[index].strip()), column
                self.is_note = index in self.notes
            self.heard.append(Heard(line, self._who(cells), cells[index].strip(), column))
            return

    def _who(self, cells: Sequence[str]) -> str:
        """The name in a row as it stands there, else its first address."""
        for names in (NAMES, ("email", "phone", "whatsapp", "profile")):
            found = [
                cells[index].strip()
                for name in names
                for index in self.columns.get(name, ())
                if index < len(cells) and cells[index].strip()
            ]
            if found:
                return " ".join(found if names is NAMES else found[:1])[:LONGEST]
        return ""

    def asked(self, name: str, line: int) -> str:
        """The question that the file waits for."""
        _, word, column = self.found or (0, "", "")
        read = AS_NOTES if self.is_note else NOT_READ
        return ASKED.format(line=line, name=name, word=word, column=column, read=read)

    def told(self) -> str:
        """The same where columns cannot be given a meaning, or empty."""
        if self.found is None:
            return ""
        line, word, column = self.found
        sentence = TOLD_OF_A_NOTE if self.is_note else TOLD
        return sentence.format(line=line, word=word, column=column)


def _told(cell: str) -> str:
    """Words that say nothing of anybody as they are; else no more than that something is there."""
    word = cell if (fold(cell) or cell) in KNOWN else plainly(cell)
    return repr(word) if word else "something"


def _kind(header: str) -> str:
    word = fold(header)
    if ABOUT_REFUSING.search(word):
        return "refusing"
    return "consent" if ABOUT_CONSENT.search(word) else ""


@lru_cache(maxsize=8192)
def _refuses(cell: str, kind: str) -> bool:
    """Whether a cell says, as a whole, that somebody wants no more, or may say so."""
    cell = cell.strip()
    if not cell or len(cell) > LONGEST or (not kind and cell[0].isdigit()):
        return False
    if plainly(cell):
        return True
    word = fold(cell)
    if kind == "refusing":
        return (word or cell) not in STAYED
    return kind == "consent" and word in NO
