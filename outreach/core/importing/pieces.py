"""The words of one person in pasted text: which is the name, the position, the company.

What an address is, its form says; the first words beside it are the name, unless a legal form or
the word of a role says that they are not. Nothing here is certain, which is what the preview is
for. Pure.
"""

from __future__ import annotations

import re

from outreach.core import name_words, names
from outreach.core.importing.table import Record

EMAIL = re.compile(r"[^\s,;|<>\"'()\[\]:/]+@[^\s,;|<>\"'()\[\]/@]+\.[^\s,;|<>\"'()\[\]/@]{2,}")
PROFILE = re.compile(r"(?:https?://)?(?:[\w-]+\.)?linkedin\.com/(?:in|pub)/[^\s,;|<>)\]]+", re.I)
LINK = re.compile(r"(?:https?://|www\.)[^\s,;|<>)]+", re.IGNORECASE)
PHONE = re.compile(r"(?:\+|\b00|\(0|\b0)?\(?\d[\d ()./\u00a0-]{6,18}\d")
LABELS = (
    r"(?:e-?mail|mail|tel(?:efon|ephone|\.)?|phone|mob(?:ile|il|\.)?|cell|handy|fon|direct|"
    r"office|fax|web|linkedin|[tmepfw]|携帯|電話|手机|电话)"
)
LABEL = re.compile(rf"\b{LABELS}\s*[:.：]\s*", re.IGNORECASE)
LONE_LABEL = re.compile(LABELS, re.IGNORECASE)
FAX = re.compile(rf"(?:\b(?:tele)?fax\w*|(?<![\w.])f)\.?\s*:?\s*{PHONE.pattern}", re.IGNORECASE)
FOR = re.compile(r"^(?:i\. ?[AV]\.|ppa\.|p\. ?p\.)\s*", re.IGNORECASE)  # signing for somebody
BETWEEN = re.compile(r"\t+|\s{2,}|\s+[-–—•·|/]+\s+|[|;•·\n]|,\s*|\s+[-–—]\s*$")
UNCUT = re.compile(r"\t+|\s{2,}|\s*[|;•·]\s*")  # a company's line in a signature keeps its commas
AT = re.compile(r"\s+(?:at|@|bei|chez|en|presso|bij)\s+(?=[^\s])")
# Left over where the address was the object: "Fritz at fritz@…". Small letters only: An is a name.
LEADS_TO = re.compile(r"\s+(?:at|under|via|on|or|unter|per|über|oder|à|au|sur|ou|su|presso|en|o)$")
# Words of a sentence about somebody. Those of the first kind are nobody's name in any case.
ASKING = frozenset({
    "please", "kindly", "contact", "bitte", "kontakt", "kontaktieren", "wenden", "ansprechpartner",
    "ansprechpartnerin", "ansprechperson", "veuillez", "contacter", "contactez", "contactar",
    "contacto", "contattare", "contatto",
})  # fmt: skip
TELLING = frozenset({
    "ask", "write", "send", "reach", "met", "is", "ist", "est", "schreiben", "schreib", "fragen",
})  # fmt: skip
LEGAL = re.compile(
    r"\b(?:gmbh|ag|kg|inc|ltd|llc|llp|corp|plc|s\.?a\.?|s\.?r\.?l|s\.?p\.?a|b\.?v|n\.?v|oy|ab|"
    r"a/s|co|limited|company|group|university|universität|institut\w*|bank)\b\.?"
    r"|株式会社|有限会社|合同会社|有限公司|주식회사|\bsp\. ?z ?o\. ?o\.|\b(?:ооо|зао|оао|пао)\b",
    re.IGNORECASE,
)
ROLE = re.compile(  # words of a position, whose line is not the name
    r"\b(?:director|manager|head of|chief|c[efto]o|founder|partner|president|vp|engineer|developer|"
    r"consultant|assistant|sales|marketing|vertrieb|einkauf|\w*leit(?:er|erin|ung)|vorstand|"
    r"geschäftsführ\w+|berat\w+|directeur|directrice|responsable|gerente|direttore)\b|[部課室係長員]$",
    re.IGNORECASE,
)
BULLET = re.compile(r"^\s*(?:[-*•·–>]+|\d{1,4}[.)])\s+")
# Longer than any address, or more blanks than any column needs: patterns take the square of them.
OVERLONG = re.compile(r"[^\s,;|<>\"'()\[\]]{501,}|\s{21,}")


def bounded(line: str) -> str:
    """The line with what is overlong in it cut, so that no line takes minutes."""
    return OVERLONG.sub(_shortened, line) if len(line) > 20 else line


def _shortened(found: re.Match[str]) -> str:
    return found[0][:20] if found[0].isspace() else f"{found[0][:40].replace('@', ' ')}…"


def has_address(line: str) -> bool:
    """Whether a mailbox, a profile or a number stands in it."""
    line = bounded(line)
    return bool(EMAIL.search(line) or PROFILE.search(line) or phones_in(line))


def phones_in(text: str) -> list[str]:
    """The numbers in it; eight to ten bare digits are as often a date or a code."""
    bare = LINK.sub(" ", EMAIL.sub(" ", text))
    return [
        found.strip()
        for found in PHONE.findall(bare)
        if 8 <= sum(c.isdigit() for c in found) <= 15 and not re.fullmatch(r"[\d.\- ]{8,10}", found)
    ]


def _without_addresses(text: str, phones: list[str]) -> str:
    rest = PROFILE.sub(" | ", text)
    rest = EMAIL.sub(" | ", re.sub(r"mailto:", "", rest, flags=re.IGNORECASE))
    rest = LABEL.sub(" | ", LINK.sub(" | ", rest))
    for phone in phones:
        rest = rest.replace(phone, " | ")
    return rest


def person(line: int, text: str) -> Record:
    """One person's record: name, position, company and the addresses, a line each."""
    text = FAX.sub(" ", BULLET.sub("", names.clean_lines(text)))
    mailboxes = list(dict.fromkeys(found.rstrip(".") for found in EMAIL.findall(text)))
    profiles = list(dict.fromkeys(PROFILE.findall(text)))
    phones = phones_in(text)
    words = _pieces(_without_addresses(text, phones))
    if "\n" in text:  # streets and registers are nobody's position
        words = [word for word in words if not re.search(r"\d", word)] or words
    name, position, company = _sorted(words)
    if _is_sentence(name):
        name, position, company = _named_in(name), "", ""
    if len(words) == 2 and "<" in text and _is_word(words[0]) and _is_word(words[1]):
        name, position = ", ".join(words), ""  # "Meier, Anna" <anna@…>
    cells = [name, position, company, "\n".join(mailboxes), "\n".join(phones), "\n".join(profiles)]
    return line, cells


def _pieces(text: str) -> list[str]:
    text = re.sub(r"\(([^()]*)\)", lambda m: f"| {m[1]} |" if LEGAL.search(m[1]) else m[0], text)
    found = (
        piece.strip(" \t.,:;<>[]\"'|-–—")
        for line in text.split("\n")
        for piece in _cut(line, is_signature="\n" in text)
    )
    pieces: list[str] = []
    for piece in found:
        if piece.count("(") != piece.count(")"):
            piece = piece.strip("() ")
        if not re.search(r"\w", piece) or LONE_LABEL.fullmatch(piece):
            continue
        if pieces and re.fullmatch(LEGAL, piece):  # "Acme, Inc."
            pieces[-1] = f"{pieces[-1]}, {piece}"
        elif len(pieces) != 1 or not names.is_degrees(piece):  # "Emily Clarke, CPA"
            pieces.append(FOR.sub("", LEADS_TO.sub("", piece)))
    return pieces


def _cut(line: str, *, is_signature: bool) -> list[str]:
    if not is_signature or not LEGAL.search(line):
        return BETWEEN.split(line)
    head, comma, rest = line.partition(", ")
    if comma and ROLE.search(head) and not LEGAL.search(head):  # "Director, Hill & Sons Ltd"
        return [head, *UNCUT.split(rest)]
    return UNCUT.split(line)


def _sorted(pieces: list[str]) -> tuple[str, str, str]:
    """Name, position and company: in this order, unless a legal form says which is the company."""
    if not pieces:
        return "", "", ""
    first = next((piece for piece in pieces if not is_thing(piece)), pieces[0])
    if is_thing(pieces[0]) and len(first.split()) > 1:  # the company or the role stands on top
        pieces = [first, *(piece for piece in pieces if piece != first)]
    name, *rest = pieces
    if rest and _is_word(name) and _is_word(rest[0]) and not rest[0].isupper():
        name = f"{name} {rest.pop(0)}"
    parts = [part for piece in rest for part in AT.split(piece)]
    head = AT.split(name)
    if len(head) > 1:
        name, parts = head[0], [*head[1:], *parts]
    company = next((part for part in parts if LEGAL.search(part)), "")
    if not company and len(parts) > 1:
        company = parts[1]
    position = next((part for part in parts if part != company), "")
    return name, position, company


def _is_sentence(text: str) -> bool:
    words = re.findall(r"[^\W\d_]+", text)
    return any(word.lower() in ASKING for word in words) or (
        any(word in TELLING for word in words) and any(word[0].isupper() for word in words)
    )


def _named_in(sentence: str) -> str:
    """Whom a sentence names: "Fritz" of "Please contact Fritz". Empty where that is not clear.

    The last capitalised words, for one begins with a capital whoever it is about; the first only
    before "is", or before another capital.
    """
    words = re.findall(r"[\w.'’-]+", sentence)
    runs: list[list[str]] = [[]]
    for number, word in enumerate(words):
        after = words[number + 1] if number + 1 < len(words) else ""
        opens = number == 0 and not (after in TELLING or after[:1].isupper())
        if word[0].isupper() and word.lower() not in ASKING | TELLING and not opens:
            runs[-1].append(word)
        elif not (runs[-1] and word in name_words.PARTICLES):
            runs.append([])
        else:
            runs[-1].append(word)
    found = next((run for run in reversed(runs) if run), [])
    while found and found[-1] in name_words.PARTICLES:
        found.pop()
    return " ".join(found)


def is_thing(piece: str) -> bool:
    return bool(LEGAL.search(piece) or ROLE.search(piece))


def _is_word(text: str) -> bool:
    return " " not in text and text[:1].isupper() and text.replace("-", "").isalpha()


def names_somebody(line: str) -> bool:
    """Whether words stand in a line beside its addresses and their labels."""
    return bool(_pieces(_without_addresses(line, phones_in(line))))
