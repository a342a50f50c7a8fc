"""What programs copy above a quoted mail, from whom it was, to whom, when and about what; and the
marks they put before a subject. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

ANSWERS = ("re:", "re :", "aw:", "rv:", "sv:", "antw:", "res:", "ris:", "r:", "回复", "回覆")
FORWARDS = ("fw:", "fwd:", "wg:", "tr:", "tr :", "enc:", "i:", "doorst:", "vs:", "转发", "轉寄")
_MARKS = (*ANSWERS, *FORWARDS)
_ABOUT = re.compile(
    r"(?:subject|betreff|objet|asunto|assunto|oggetto|onderwerp|主题|主旨)[\s*]{0,9}[:：]\*?(.*)",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:from|von|de|da|van|发件人|寄件者|sent|date|to|cc|bcc|copie?|kopie|gesendet|datum|an"
    r"|envoy[ée]|[àa]|enviado(?: el)?|para|fecha|enviada|data|inviato|aan|verzonden|发送时间|收件人"
    r"|寄件日期)[\s*]{0,9}[:：]\*?\s*(.*)",
    re.IGNORECASE,
)
_LINE = re.compile(
    r"\s*-{2,}\s*(?:original message|forwarded message|urspr[üu]ngliche nachricht|weitergeleitete"
    r" nachricht|message d'origine|message transf[ée]r[ée]|mensaje original|mensagem original"
    r"|messaggio originale|oorspronkelijk bericht|原始邮件|原始郵件)\s*-{2,}\s*",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"<?(?:mailto:)?[\w.+'-]{1,64}@[\w.-]{1,255}>?")
_CLOCK = re.compile(r"\d{1,2}[:.h]\d{2}")
# A name, a day, a month or a zone; a sentence has more small words than these.
_PIECES = re.compile(r"[^\s,;()<>\"']+")
_SMALL = frozenset((
    "um", "uhr", "at", "the", "de", "of", "von", "van", "der", "da", "le", "à", "alle",
    "ore", "las", "los", "el", "kl", "via", "am", "pm", "a.m.", "p.m.", "et", "und", "and", "y",
))  # fmt: skip
_DAYS = re.compile(  # where these are written small
    r"(?:lun|mar|mer|mie|jeu|jue|ven|vie|sam|s[aá]b|dim|dom|gio|seg|ter|qua|qui|sex|maa|din|woe|don"
    r"|vri|zat|zon|jan|ene|f[eé][bv]|mar|apr|abr|avr|ma[iyg]|jui?n|giu|jui?l|lug|ago|ao[uû]|aug|sep"
    r"|set|oct|okt|ott|out|nov|dec|d[eé]c|dez|dic|gen|mrt|mei|mi[eé]|m[aå]r|lu|ma|di|wo|do|vr|za|zo)"
    r"[^\W\d_]{0,8}\.?(?:-feira)?",
    re.IGNORECASE,
)


def heads(lines: Sequence[str], numbers: Iterable[int], subjects: Iterable[str]) -> set[int]:
    """Of these lines those that a program copied: two or more together, one with an address or a
    time. The line of the subject is one where the subject is ours; else it may ask for something.
    """
    ours = {_bare(without_marks(each, _MARKS)) for each in subjects}
    found: set[int] = set()
    run: list[int] = []
    among = set(numbers)
    found |= {number for number in among if _LINE.fullmatch(lines[number])}
    for number in range(len(lines) + 1):
        bare = lines[number].strip(" \t>*_") if number in among else ""
        if bare and (_ABOUT.fullmatch(bare) or _is_named(bare)):
            run.append(number)
        else:
            found |= _of_a_head(lines, run, ours)
            run = []
    return found


def _of_a_head(lines: Sequence[str], run: list[int], ours: set[str]) -> set[int]:
    if len(run) < 2 or not any(
        _ADDRESS.search(lines[number]) or _CLOCK.search(lines[number]) for number in run
    ):
        return set()
    about = {number: _ABOUT.fullmatch(lines[number].strip(" \t>*_")) for number in run}
    return {
        number
        for number, found in about.items()
        if not found or not found[1].strip() or _bare(without_marks(found[1], _MARKS)) in ours
    }


def _is_named(line: str) -> bool:
    """Whether it holds names, addresses and times only."""
    found = _LABEL.fullmatch(line)
    if not found:
        return False
    pieces = _PIECES.findall(_ADDRESS.sub(" ", found[1]))
    return all(
        piece[0].isupper()
        or not any(sign.isalpha() and sign.islower() for sign in piece)
        or piece.casefold() in _SMALL
        or _DAYS.fullmatch(piece)
        for piece in pieces
    )


def _bare(text: str) -> str:
    return " ".join(text.split()).casefold()


def without_marks(subject: str, marks: Sequence[str] = ANSWERS) -> str:
    """A subject without the marks of an answer in front."""
    return _front(tuple(marks)).sub("", subject, count=1).strip()


@lru_cache(maxsize=4)
def _front(marks: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?:\s*(?:{'|'.join(map(re.escape, marks))})[:：]?)*", re.IGNORECASE)


def beside(subject: str, ours: str) -> str | None:
    """What a subject says beside ours, such as the number of a ticket; None where ours is not in
    it, or within a sentence. The marks of an answer and of a forwarded mail say nothing."""
    said, known = subject.casefold(), without_marks(ours).casefold()
    place = said.rfind(known) if known else -1
    if place < 0 or len(said) != len(subject):
        return None
    above, below = without_marks(subject[:place], _MARKS), subject[place + len(known) :]
    if above[-1:].isalpha() or below.lstrip()[:1].isalpha() or below[:1].isalnum():
        return None
    return f"{above} {below}".strip()
