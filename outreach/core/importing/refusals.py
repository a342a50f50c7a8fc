"""What a row says against writing to somebody: an opt-out, no calls, a dead mailbox. Pure.

It is kept with the file's own words, so that the report says why an address came in suppressed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from outreach.core.importing import dates
from outreach.core.importing.columns import Columns, fold, meaning
from outreach.core.importing.ways import CHANNELS
from outreach.core.models import Channel
from outreach.core.plurals import plural

YES_WORDS = (
    "true|yes|y|1|x|ja|oui|si|sim|da|tak|evet|да|はい|是|checked|wahr|vrai|verdadero|verdadeiro|vero|"
    "waar|prawda|doğru|истина|✓|✔|☑|✅"
)
NO_WORDS = (
    "false|no|n|0|00|off|nein|non|nie|não|nee|nej|nei|ei|ne|nem|nu|hayır|нет|ні|не|όχι|いいえ|否|"
    "아니요|falsch|faux|falso|onwaar|fałsz|yanlış|ложь|none|unchecked|not opted out|"
    "not unsubscribed|☐|□|[]|[ ]"
)
# Whose list says so may not be written to, whatever the column asks, and one nobody reads is asked.
PLAINLY_REFUSED = (
    "unsubscribed|unsubscribe|unsub|opted out|opt out|optout|no consent|consent withdrawn|"
    "consent revoked|do not email|do not contact|do not mail|do not call|dnc|never subscribed|"
    "non subscribed|not subscribed|not opted in|unsubscribed by admin|stop|blocklisted|blacklisted|"
    "abgemeldet|abbestellt|ausgetragen|newsletter abgemeldet|newsletter abbestellt|keine werbung|"
    "kein newsletter|keine e-mails|keine mails|nicht kontaktieren|nicht anschreiben|werbesperre|"
    "werbewiderspruch|einwilligung widerrufen|keine einwilligung|désabonné|désabonnée|désinscrit|"
    "désinscrite|ne pas contacter|pas de newsletter|sans consentement|stop pub|dado de baja|"
    "dada de baja|desuscrito|desuscrita|no suscrito|no contactar|sin consentimiento|no molestar|"
    "disiscritto|disiscritta|non iscritto|non contattare|senza consenso|descadastrado|"
    "descadastrada|não contatar|não contactar|sem consentimento|uitgeschreven|afgemeld|"
    "niet mailen|niet benaderen|geen toestemming|avregistrerad|avanmäld|avprenumererad|"
    "ej kontakt|avmeldt|ikke kontakt|afmeldt|må ikke kontaktes|ei saa ottaa yhteyttä|"
    "peruuttanut tilauksen|wypisany|wypisana|wypisano|nie kontaktować|brak zgody|odhlášen|"
    "odhlášena|odhlášený|odhlášená|odhlásený|odhlásená|nekontaktovat|nekontaktovať|bez souhlasu|"
    "bez súhlasu|leiratkozott|leiratkozva|nem járult hozzá|dezabonat|dezabonată|a nu se contacta|"
    "fără consimțământ|abonelikten çıktı|abonelikten çıkmış|izin yok|iletişime geçmeyin|отписан|"
    "отписана|отписался|отписалась|отказ от рассылки|не писать|нет согласия|відписаний|"
    "відписана|відписався|відписалася|немає згоди|διαγράφηκε από τη λίστα|χωρίς συγκατάθεση|"
    "配信停止|購読解除|配信拒否|同意なし|退订|已退订|取消订阅|已取消订阅|退訂|已退訂|取消訂閱|"
    "수신거부|수신 거부|구독취소|구독 취소|구독해지|구독 해지|"
    "ألغى الاشتراك|إلغاء الاشتراك|غير مشترك|הסיר את עצמו|הוסר מרשימת התפוצה|"
    "ביטל הרשמה|berhenti berlangganan|tidak setuju|đã hủy đăng ký|hủy đăng ký"
)
# The same in a column about it; elsewhere "out" and "never" tell of much, and "baja" is Spanish
# for low.
REFUSED_WORDS = (
    f"{PLAINLY_REFUSED}|out|baja|archived|never|complained|complaint|spam complaint|withdrawn|"
    "revoked|denied|declined|refused|rejected|suppressed|inactive|non-marketing contact|widerrufen|"
    "widersprochen|abgelehnt|gesperrt|nicht erteilt|inaktiv|refusé|retiré|rechazado|revocado|"
    "rifiutato|revocato|negato|recusado|retirado|geweigerd|ingetrokken|nej tack|odmowa|odmítnuto|"
    "refuzat|reddedildi|отказ|отказался|відмова|拒否|拒绝|거부"
)
AGREED_WORDS = (
    "subscribed|active|opted in|opt in|in|resubscribed|aktiv|angemeldet|abonniert|abonné|actif|"
    "inscrit|activo|suscrito|attivo|iscritto|ativo|inscrito|actief|geabonneerd|marketing contact|"
    "double opt in|single opt in|doi|still subscribed|abonnée|inscrite|suscrita|iscritta|inscrita|"
    "assinante|ingeschreven|aangemeld|prenumererar|tilmeldt|påmeldt|tilaaja|zapisany|zapisana|"
    "subskrybent|odebírá|přihlášen|přihlášena|prihlásený|feliratkozott|feliratkozva|abonat|"
    "abonată|abone|подписан|подписана|подписался|підписаний|підписана|εγγεγραμμένος|購読中|配信中|"
    "配信希望|订阅|已订阅|訂閱|已訂閱|구독|구독중|구독 중|수신동의|"
    "수신 동의|مشترك|רשום|מנוי|berlangganan|đã đăng ký|đăng ký"
)
# In a column about agreeing these agree; "confirmed" under an opt-out confirms that.
GIVEN_WORDS = (
    "agreed|consented|granted|given|accepted|confirmed|allowed|permitted|explicit|erteilt|erlaubt|"
    "zugestimmt|eingewilligt|einverstanden|bestätigt|accordé|donné|accepté|aceptado|concedido|dado|"
    "accettato|concesso|dato|aceito|akkoord|gegeven|toegestaan|godkänd|samtyckt|udělen|udzielona|"
    "wyrażona|megadva|acordat|verildi|onaylı|согласен|согласна|есть|同意|동의|setuju|đồng ý"
)
# In a column about opting out these speak of the mailbox, not of what its owner wants.
DEAD_WORDS = "bounced|hard bounced|hard bounce|cleaned|invalid|undeliverable"
ALIVE_WORDS = (
    "valid|verified|ok|deliverable|delivered|soft|soft bounce|soft bounced|temporary|transient|"
    "unverified|guessed|extrapolated|catch all|accept all|likely to engage|user managed"
)


def _word(cell: str) -> str:
    """A cell to be compared; of nothing but signs the signs themselves."""
    return fold(cell) or cell


def _words(*lists: str) -> frozenset[str]:
    return frozenset(_word(word) for words in lists for word in words.split("|"))


OPTED_OUT = _words(YES_WORDS, REFUSED_WORDS)
STAYED = _words(NO_WORDS, AGREED_WORDS, ALIVE_WORDS)
OPTED_IN = _words(YES_WORDS, AGREED_WORDS, GIVEN_WORDS)
NOT_IN = _words(NO_WORDS, REFUSED_WORDS)
PLAINLY = _words(PLAINLY_REFUSED)
DEAD = _words(DEAD_WORDS)
# In a column about bounces everything is a bounce for good but these.
ALIVE = _words(NO_WORDS, ALIVE_WORDS, "never|active")
MOMENT = re.compile(r"\d{5,13}(?:\.\d+)?")  # a date as Excel or a computer counts it
DATED = re.compile(r"\d{1,4}[-/.]\d\d?[-/.]\d{2,4}")  # "unsubscribed at"
# HubSpot's word for whom it bills: no opt-out, so it closes nothing unless somebody says so.
BILLING = "marketingcontactstatus"
BILLING_NOTICE = (
    "{column} tells whom HubSpot bills for, not who opted out: it suppresses nobody. If it means "
    "that here, say that the column means opted out."
)
BY_PHONE = (str(Channel.PHONE), str(Channel.WHATSAPP))
UNKNOWN_NOTICE = (
    "{column} has words not known here: {words}. They count as a refusal. Write yes or no, or say "
    "that the column means nothing."
)
WHOLLY = ("opted_out", "opted_in")  # what these refuse closes every channel
PASSED_NOTICE = (
    "{column} is free text: only a yes, a date or a sentence that refuses closes its row. Not "
    "taken for a refusal: {words}. Where one is, write yes in its cell and look at the file again."
)
AGREED_NOTICE = (
    "{column} says who agreed. That closes nobody's address, and no consent is recorded of it: a "
    "list does not show what they read. To record why we may write to them, choose it when "
    "importing (--basis, or “Why we may write to them”)."
)
LONGEST = 60  # characters of a cell that may be a word, or a few with a mark between them
MARKS = re.compile(r"[,;|/\n]|[.!?](?:\s|$)")
# What a refusal is made polite or final by, and means the same without.
POLITE = re.compile(
    r"\b(?:please|pls|any ?more|again|bitte|mehr|svp|più|más|alsjeblieft|meer)\b", re.IGNORECASE
)
# In a longer text: a refusal word for word, or a no beside a word for writing and calling. Asian
# scripts put no spaces between words.
SAYS = re.compile(
    "|".join(
        re.escape(word) if word[0] > "\u2e80" else rf"(?<!\w){re.escape(word)}(?!\w)"
        for word in PLAINLY_REFUSED.split("|")
    ),
    re.IGNORECASE,
)
NEGATES = re.compile(
    r"(?<!\w)(?:no|not|never|nicht|nie|niemals|kein\w*|ne|pas|plus|jamais|non|mai|nunca|jamás|não|"
    r"niet|geen|nooit|ikke|inte|aldrig|nie|не|don['’]?t)(?!\w)",
    re.IGNORECASE,
)
REACHES = re.compile(
    r"schr[ei]|kontakt|mail|werb|newsletter|contact|contat|writ|anruf|call|écri|appel|escrib|"
    r"escrev|scriv|schrijv|skriv|pisa|пис|звон",
    re.IGNORECASE,
)
LONGEST_WORD = 30
MOST_WORDS = 12


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing may go by one channel: the column and what stands in it."""

    column: str
    words: str
    is_bounce: bool = False


Refused = dict[str, Refusal]  # by channel


def notice(header: Sequence[str], columns: Columns) -> tuple[str, ...]:
    """What is to be said of columns that look like an opt-out and are none."""
    read = columns.get("opted_out", ())
    return tuple(
        BILLING_NOTICE.format(column=cell.strip())
        for index, cell in enumerate(header)
        if fold(cell) == BILLING and index not in read
    )


class Refusals:
    """Reads what the rows of one table say against writing.

    What it does not know is a refusal, and is counted so that the report can name it. With
    `hears_notes` a note closes its row too where it is as a whole a plain refusal, whatever
    somebody said that the notes are.
    """

    def __init__(
        self, columns: Columns, header: Sequence[str], *, hears_notes: bool = False
    ) -> None:
        self.cells = [
            (_kind(name, header[index]), index, header[index].strip())
            for name in (*WHOLLY, "do_not_call", "bounced")
            for index in columns.get(name, ())
        ]
        if hears_notes:
            self.cells += [
                ("notes", index, header[index].strip())
                for name, indexes in columns.items()
                for index in indexes
                if name not in WHOLLY and "notes" in (name, meaning(header[index]))
            ]
        self.unknown: dict[str, Counter[str]] = {}  # rows by column and word
        self.passed: dict[str, Counter[str]] = {}  # of free text, what was taken for no refusal
        self.agreed: dict[str, None] = {}  # columns in which somebody did

    def read(self, cells: Sequence[str]) -> Refused:
        """By channel, the gravest first; empty when nothing stands against writing."""
        found: Refused = {}
        for name, index, column in self.cells:
            cell = cells[index].strip()
            if not cell:
                continue
            channels, is_bounce, is_known = _meaning(name, cell)
            if not is_known:
                _note(self.unknown if channels else self.passed, column, cell)
            if name == "opted_in" and not channels:
                self.agreed[column] = None
            for channel in channels:
                if channel not in found:
                    found[channel] = Refusal(column, _shown(column, cell), is_bounce)
        return found

    def told(self, *, has_basis: bool) -> tuple[str, ...]:
        """A sentence for each column with words that nobody here knows, each with its rows, and
        for each that says who agreed where no consent is recorded."""
        unknown = tuple(
            sentence.format(
                column=column,
                words=", ".join(f"{word} ({plural(n, 'row')})" for word, n in counts.most_common()),
            )
            for sentence, every in ((UNKNOWN_NOTICE, self.unknown), (PASSED_NOTICE, self.passed))
            for column, counts in every.items()
        )
        agreed = () if has_basis else tuple(self.agreed)
        return unknown + tuple(AGREED_NOTICE.format(column=column) for column in agreed)


def _kind(name: str, header: str) -> str:
    """How a column is read: one for notes of which somebody said that it means opted out holds
    other words as well."""
    is_free = name == "opted_out" and meaning(header) == "notes"
    return "free_text" if is_free else name


def _note(counted: dict[str, Counter[str]], column: str, cell: str) -> None:
    counts = counted.setdefault(column, Counter())
    word = repr(cell[:LONGEST_WORD])
    if "@" in cell or (word not in counts and len(counts) >= MOST_WORDS):
        word = "other text"  # an address, or a column of free text
    counts[word] += 1


def is_from_all(refused: Refused) -> bool:
    """Whether they want no more at all: neither a bounce nor "do not call" closes a profile."""
    return str(Channel.LINKEDIN) in refused


@lru_cache(maxsize=8192)
def plainly(cell: str) -> str:
    """The part of a cell that is as a whole a plain refusal; empty where none is."""
    cell = cell.strip()
    parts = (cell, *MARKS.split(cell)) if len(cell) <= LONGEST else ()
    return next((each.strip() for each in parts if fold(POLITE.sub("", each)) in PLAINLY), "")


def _says(cell: str) -> bool:
    """Whether a text that may be long speaks of a refusal."""
    text = " ".join(POLITE.sub("", cell).split())
    return bool(plainly(cell) or SAYS.search(text)) or bool(
        NEGATES.search(cell) and REACHES.search(cell)
    )


def _meaning(name: str, cell: str) -> tuple[tuple[str, ...], bool, bool]:
    """The channels this cell closes, whether it is for a bounce, and whether it was understood."""
    if name == "notes":
        return tuple(CHANNELS.values()) if plainly(cell) else (), False, True
    word = _word(cell)
    is_dead = word not in ALIVE if name == "bounced" else word in DEAD
    if name != "do_not_call" and is_dead:
        return (str(Channel.EMAIL),), True, True
    is_date = bool(DATED.match(cell) or MOMENT.fullmatch(cell) or dates.parse(cell))
    is_free = word in OPTED_IN or is_date if name == "opted_in" else word in STAYED
    if name == "bounced" or is_free:
        return (), False, True
    if name == "free_text" and not (word in OPTED_OUT or is_date or _says(cell)):
        return (), False, False
    is_known = word in NOT_IN if name == "opted_in" else word in OPTED_OUT or is_date
    closed = BY_PHONE if name == "do_not_call" else tuple(CHANNELS.values())
    return closed, False, is_known


def _shown(column: str, cell: str) -> str:
    """What a server said may name the mailbox; then the column is enough."""
    return column if "@" in cell else f"{column}: {cell[:LONGEST]}"
