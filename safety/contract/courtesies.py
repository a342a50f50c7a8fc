"""What stands around what a letter says: whom it greets, who signs it, and the notices that legal
departments and programs put below (`rules/notices.toml`). Pure.

What was learnt of requests to stop was learnt without them. "Dear Mira," and "Best regards, Anna"
are short, call somebody and speak of nothing, as many a request does, and "If you received this in
error, please delete it" asks for something, but not us.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from safety.contract.accounts import Span
from safety.contract.likeness import likeness
from safety.contract.rulebook import RULES_DIR, compiled
from safety.contract.signature import PARTING, closings, signature

# In English, German, Spanish, French, Portuguese, Italian and Dutch; accents are folded away.
_HELLO = (
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|greetings|hola|estimad[oa]s?"
    r"|querid[oa]s?|buen(?:os|as) (?:dias|tardes)|bonjour|bonsoir|cher|chere|chers|hallo|moin"
    r"|lieb(?:e|er|es)|guten (?:tag|morgen|abend)|gruezi|sehr geehrte[rs]?|werte[rs]?|ola"
    r"|bom dia|boa tarde|prezad[oa]s?|car[oaie]|ciao|buongiorno|buonasera|gentile|salve"
    r"|egregi[oa]|beste|geachte|goedemorgen|goedemiddag)"
)
_TITLE = (
    r"(?:mr|mrs|ms|miss|dr|prof|sir|madam|sr|sra|senor|senora|m|mme|monsieur|madame|herr|frau"
    r"|damen|herren|dott|dottoressa|signor|signora|there|all|team|everyone|und|and|y|et|e|or|de"
    r"|da|van|von|der|zusammen|tutti|todos|tous)\.?"
)
_NAMES = rf"(?:(?i:{_TITLE})|[^\W\d_a-z][\w.'-]{{0,40}})"
# A line of its own, at the beginning: "Dear Mr. Li:", "Liebe Anna", "Bonjour,".
_GREETING = re.compile(
    rf"\s*(?i:{_HELLO})(?:[ ,]{{1,3}}{_NAMES}){{0,5}} ?[,:!.]{{0,3}}[ \t]*(?=\n)"
)
_NAME_LINE = re.compile(
    r"\n[ \t]*\n[ \t]*([^\W\d_a-z][\w.'-]{0,40}(?: [^\W\d_a-z][\w.'-]{0,40}){0,2}),?\s*$"
)
NO_NAME = 1.5  # what reads so much like a request is no name
_NAMED = re.compile(
    r"\n[ \t]*\n[ \t]*[^\W\d_a-z][\w.'-]{0,40}(?: [^\W\d_a-z][\w.'-]{0,40}){0,2},?[ \t]*\n"
)
# A line of signs; of underscores the folded text has blanks.
_RULED = re.compile(r"\n(?:[ \t]*[-=*~][-=*~ ]{4,}|[ \t]{16,})(?=\n)")
_WORD = re.compile(r"[^\W_]+")
# "Vielen Dank für den Prospekt, aber ...": what is thanked for says nothing about what is asked.
_THANKS = re.compile(
    r"(?:(?<=[.!?;:,\n])|\A)[ \t]*(?:(?:many|kind|big|very|really|do|much|muchas|muchisimas|mil"
    r"|muito|molte|mille|vielen|herzlichen|besten|schonen|lieben|hartelijk|veel|le|la|vi|ti|les|os|je"
    r"|nous|vous|i|we|ok|okay|ja|yes|hi|hello|hallo|bonjour|hola|ola|ciao) ){0,4}"
    r"(?:thanks|thank you|thx|appreciate|danke?|bedankt|gracias|agradezco|agradecemos|agradeco"
    r"|merci|remercie|remercions|obrigad[oa]|grazie|ringrazio|ringraziamo)\b"
    r"[^.!?;\n,]{0,120}?(?:,| -+ )(?:[ \t]*(?:but|aber|jedoch|pero|mais|mas|ma|maar|doch)\b)?"
)
_CALL = re.compile(rf"\s*(?i:{_HELLO})(?!\w)(?:[ ,]+(?i:{_TITLE})(?!\w))*")


def courtesies(cased: str, orders: frozenset[str]) -> Iterator[Span]:
    """The greeting and the signatures of a folded text, its capital letters as they were.

    One that has any of the words `orders` in it is none: "Dear all, Unsubscribe" asks for that.
    Nor is one whose names are none: "Danke, kein Bedarf" is signed by nobody.
    """
    greeting = _GREETING.match(cased)
    first, last = signature(cased)
    name = _NAME_LINE.search(cased) if first == last else None
    if name:
        first, last = name.start(1), len(cased)
    for place in ((0, greeting.end() if greeting else 0), (first, last), *closings(cased)):
        words = _WORD.findall(cased[slice(*place)].lower())
        if words and not orders.intersection(words) and not _wants(cased[slice(*place)]):
            yield place


def _wants(cased: str) -> bool:
    """Whether what stands where names stand reads like a request."""
    text = cased.lower()
    if any(pattern.search(text) for pattern in _wanted()):
        return True
    begun = _CALL.match(text) or PARTING.match(text)
    return likeness(text[begun.end() :] if begun else text)[0] > NO_NAME


def without_thanks(text: str) -> str:
    """A folded text with blanks for each clause that thanks and is followed by another."""
    return _THANKS.sub(lambda found: " " * len(found[0]), text)


def ways_out(text: str, programs: list[Span]) -> Iterator[Span]:
    """Lines of a folded text, outside `programs`, that read as a list's own way out."""
    for pattern in _ways_out():
        for start, end in (found.span() for found in pattern.finditer(text)):
            if not any(first < end and start < last for first, last in programs):
                yield start, end


def notices(text: str) -> Iterator[Span]:
    """The notices in a folded text, in small letters."""
    for kind in ("patterns", "lines"):
        for start, end in _standing(kind, text):
            if not any(each.search(text[start:end]) for each in _wanted()):
                yield start, end


@lru_cache(maxsize=1)
def stays() -> tuple[Any, Any]:
    """What no rule takes out as meant otherwise, and what tells that an order is about our list."""
    return compiled(_file()["kept"]), compiled(_file()["listed"])


@lru_cache(maxsize=1)
def _ways_out() -> tuple[Any, ...]:
    """A bang or a question mark is no program's."""
    return tuple(compiled(rf"^[^\w\n]*(?:{each})[^\w\n!?]*$") for each in _file()["ways_out"])


@lru_cache(maxsize=1)
def _wanted() -> tuple[Any, ...]:
    """What only a request says."""
    return tuple(map(compiled, _file()["wants"]))


def signed(cased: str) -> int:
    """Where a folded text is signed or a line is drawn, else its end: programs write below."""
    places = [start for start, _ in closings(cased)]
    places += [found.start() for found in _RULED.finditer(cased)]
    return min((start for start in places if _WORD.search(cased[:start])), default=len(cased))


def of_programs(cased: str, *, beside: bool = False) -> Iterator[Span]:
    """What programs wrote into a folded text, its capital letters as they were.

    Warnings stand above it, and how to leave a list below its signature, or below what it quotes
    (`beside`: their own words stand elsewhere). None of it if it is all they say: who sends the
    line that tells how to leave asks to leave.
    """
    text = cased.lower()
    found = [*_standing("anywhere", text)]
    for start, end in sorted(_standing("above", text)):
        if not _WORD.search(_without(text, found)[:start]):
            found.append((start, end))
    if below := [*_standing("below", text)]:
        named = _NAMED.search(cased)
        first = 0 if beside else min(signed(cased), named.end() if named else len(cased))
        found += [(start, end) for start, end in below if start >= first]
    if beside or _WORD.search(_without(text, found)):
        yield from found


def _standing(kind: str, text: str) -> Iterator[Span]:
    for pattern, asks in _notices(kind):
        for each in pattern.finditer(text):
            if not asks.search(each[0]):  # the mark before it ends another sentence
                yield each.end() - len(each[0].lstrip(".!? \n")), each.end()


def _without(text: str, places: list[Span]) -> str:
    for start, end in places:
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return text


@lru_cache(maxsize=8)
def _notices(kind: str) -> tuple[tuple[Any, Any], ...]:
    """Each pattern of this kind, and what makes of what it finds no notice after all."""
    read = _file()
    asks = compiled(read[{"patterns": "ours", "lines": "asks"}.get(kind, "first")])
    pieces = [(f"{{{name}}}", read[name]) for name in ("end", "mail", "whose")]
    return tuple((compiled(_whole(pattern, pieces)), asks) for pattern in read[kind])


def _whole(pattern: str, pieces: list[tuple[str, str]]) -> str:
    for name, piece in pieces:
        pattern = pattern.replace(name, piece)
    return pattern


@lru_cache(maxsize=1)
def _file() -> dict[str, Any]:
    return tomllib.loads((RULES_DIR / "notices.toml").read_text("utf-8"))
