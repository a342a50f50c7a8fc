"""What no pattern can say: shouting, chat abbreviations, empty text, feelings that rise.

Each detector answers with stretches of the folded text; none of them ever fails a message.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Sequence
from operator import itemgetter

import re2

from safety.contract.leaning import LEANS, heaviest, leaning
from safety.contract.normalise import Folded, fold
from safety.contract.signature import signature

Stretch = tuple[int, int]

# Of words in capitals behind one another `re` tries every beginning, and with "I'I'" every way to
# part them: a short line took it for ever.
_LOUD = re2.compile(r"(?:\b[A-Z][A-Z']+\b[ ,\-]*){4,}!+|!{4,}")
_MARKS = re.compile(r"!{2,}")
_CAPITALS = re.compile(r"(?:\b[A-Z]{2,}\b[ ,.!\-]*){9,}")
_MAY_BE_CAPITALS = re2.compile(r"(?:[A-Z]{2,}[^a-zA-Z0-9]+){8}[A-Z]{2,}")
_LONG_WORD = re.compile(r"\b[A-Z]{4,}\b")
_CHAT = re2.compile(
    r"\b(?:lol|lmao|rofl|omg|brb|ttyl|idk|imo|tbh|wanna|gonna|gotta|gimme|lemme|dunno|cuz|coz|bcoz"
    r"|u|ur|r|y|c|n|b|l8r|l8|gr8|m8|b4|2day|2moro|2nite|4u|thx|plz|pls|kinda|sorta|ya|yo|bro|dude"
    r"|sup|luv|xoxo|hun|wassup|whatcha|aint|init|dat|dis|nuthin|somethin|rite|wud|shud|cud)\b"
)
HELLO = (
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|greetings|hola|buenos d[ií]as"
    r"|bonjour|hallo|guten (?:tag|morgen)|ol[áa]|ciao|buongiorno)"
)
_GREETED = r"there|all|you|sir|madam|team|everyone"
_GREETING_ONLY = re.compile(rf"\W*(?:{HELLO}|yo|sup|test)?(?:[ ,]+(?:{_GREETED}))?\W*")
# "Dear Mr. Li:" alone on its line: up to five names or words for whom one greets, or any one word.
# Its names are looked ahead at, for what `){0,5}+` says Python before 3.11.5 does wrongly.
_WHOM = (
    rf"(?:[ ,&]++(?:(?i:(?:mr|mrs|ms|dr|prof)\.?|{_GREETED}|everybody|both|again|folks|friends?"
    r"|colleagues?|customers?|hiring|manager|and|or|to|my|de|van|von|der)(?!\w)"
    r"|[^\W\d_a-z](?:\.|[\w'-]*+(?<=[a-z]))?(?!\w))){0,5}"
)
_GREETING_LINE = re.compile(
    rf"\W*+(?i:{HELLO}|yo|sup)\b(?:(?=(?P<whom>{_WHOM}))(?P=whom)|[ ,]++\w[\w'-]*+)[^\w\n?]*+\n"
)
_FEELING = re.compile(
    r"\b(?:love|hate|hurt|desperate|desperately|beg|begging|please please|heartbroken|miss you"
    r"|need you|angry|furious|never|always|cry|crying|alone|lonely|betrayed|disappointed|ignore"
    r"|ignoring|unbearable|forever|die|dying|terrible|awful|so much|urgent|immediately|must)\b"
)
# "Ines from Porto just bought", with the capitals that tell a place from a department.
_NAMED = r"[A-Z][\w.'-]*"
_BOUGHT = (
    r"(?:[Bb]ought|[Pp]urchased|[Oo]rdered|[Bb]ooked|[Cc]laimed|[Ss]aved|[Ss]ubscribed|[Ss]igned up"
    r"|[Jj]oined|[Gg]rabbed|[Aa]dded|[Vv]iewed|made a purchase)"
)
_NAMED_BUYER = re2.compile(
    (
        rf"(?m)^\W*(?:A \w+|{_NAMED}(?: {_NAMED}){{0,2}}) (?:[Ii]n|[Ff]rom|[Nn]ear) {_NAMED}"
        rf"(?:(?: {_NAMED}){{0,3}}(?:,\s*{_NAMED}(?: {_NAMED}){{0,3}}){{0,3}} (?:has |have )?"
        rf"(?:[Jj]ust|[Rr]ecently) {_BOUGHT}\b"
        rf"|(?: {_NAMED}){{0,3}}(?:,\s*{_NAMED}(?: {_NAMED}){{0,3}}){{1,3}} {_BOUGHT}\b"
        rf"|(?: {_NAMED}){{0,2}} {_BOUGHT} (?:[A-Z0-9\"]|the [A-Z]))"
        rf"|^\W*{_NAMED} [A-Z](?:\. (?:just |recently )?| (?:just |recently )){_BOUGHT}\b"
        rf"|^\W*(?:A \w+|{_NAMED}) (?:[Ii]n|[Ff]rom) {_NAMED}[^.!?\n]{{0,60}}\bago\b"
    ).replace(" ", r"\s+")
)
# A heading as magazines write it: nearly every word begins with a capital.
_HEADING_WORD = re.compile(r"[A-Za-z][\w'’-]*")
_SMALL_WORDS = frozenset(
    ("a", "an", "the", "of", "and", "or", "to", "in", "on", "at", "by", "for", "from", "with")
)
# What the program puts below every e-mail; no word of it is the author's. Also in small letters.
FOOTER = re.compile(
    r"(?im)^[ \t]*--[ \t]*$(?=(?:\n[^\n]*){1,8}\n[^\n]*would rather not hear from us[^\n]*\s*\Z)"
)
_FOOTER_LINES = 10  # as many as FOOTER reads: with the dashes on top
CHAT_WORDS = 4
HEADING_WORDS = 4
LONGEST_HEADING = 200
MANY_MARKS = 3
CHAT_READ = 5_000
RISING_TEXTS = 3
RISING_BY = 3


def shouting(folded: Folded) -> list[Stretch]:
    """Four or more words in capitals that end in `!`, long capitals, or many `!`."""
    found = [m.span() for m in _LOUD.finditer(folded.cased)] if "!" in folded.cased else []
    marks = [m.span() for m in _MARKS.finditer(folded.cased)] if "!!" in folded.cased else []
    if len(marks) >= MANY_MARKS and not found:
        found = marks
    if not _MAY_BE_CAPITALS.search(folded.cased):
        return found
    loud = tuple(found)
    for run in _CAPITALS.finditer(folded.cased):
        before = bisect(loud, run.start(), key=itemgetter(0))
        is_told = before and run.start() < loud[before - 1][1]
        if not is_told and len(_LONG_WORD.findall(run[0])) >= 5:
            found.append(run.span())
    return found


def chat_speak(folded: Folded) -> list[Stretch]:
    """A mail with four or more different chat abbreviations; a few are nobody's business."""
    words = [m.span() for m in _CHAT.finditer(folded.text[:CHAT_READ])]
    different = {folded.text[a:b] for a, b in words}
    return words if len(different) >= CHAT_WORDS else []


def named_buyer(folded: Folded) -> list[Stretch]:
    """A stranger by name and place who has just bought."""
    return [m.span() for m in _NAMED_BUYER.finditer(folded.cased[:CHAT_READ])]


def is_heading(cased: str) -> bool:
    """Whether a line is written as magazines write headings: Capitals On Nearly Every Word."""
    if len(cased) > LONGEST_HEADING:
        return False
    words = [word for word in _HEADING_WORD.findall(cased) if word.lower() not in _SMALL_WORDS]
    capital = sum(word[0].isupper() for word in words)
    return len(words) >= HEADING_WORDS and capital >= len(words) - 1 and not cased.isupper()


def empty(folded: Folded) -> list[Stretch]:
    """No word at all, or nothing beyond a greeting, whatever footer stands below."""
    own = folded.text[: footer_of(folded.text)].rstrip()
    return [] if len(own) > 60 or not _GREETING_ONLY.fullmatch(own) else [(0, len(own))]


def footer_of(text: str) -> int:
    """Where the program's own footer begins; the length of a text that has none."""
    if "--" not in text:
        return len(text)
    start = len(text.rstrip())
    for _ in range(_FOOTER_LINES):
        start = text.rfind("\n", 0, max(start, 0))
    found = FOOTER.search(text, start + 1)
    return found.start() if found else len(text)


def intensity(text: str) -> int:
    """How strongly a text is worded: strong words, capitals and exclamation marks."""
    folded = fold(text)
    marks = min(folded.text.count("!"), 5)
    loud = min(sum(len(word) >= 4 for word in _LONG_WORD.findall(folded.cased)), 5)
    return marks + loud + 2 * len(_FEELING.findall(folded.text))


def is_rising(texts: Sequence[str]) -> bool:
    """Whether the last three texts were each worded more strongly than the one before."""
    if len(texts) < RISING_TEXTS:
        return False
    last = [intensity(text) for text in texts[-RISING_TEXTS:]]
    return last[0] < last[1] < last[2] and last[2] - last[0] >= RISING_BY


def leaning_on(folded: Folded) -> list[Stretch]:
    """The sentence that speaks most for it, where a text as a whole works on its reader. Greeting,
    signature and footer are no part of the whole: they speak for nothing and would water it down.
    """
    own = folded.cased[: footer_of(folded.cased)]
    greeting = _GREETING_LINE.match(own)
    start = greeting.end() if greeting else 0
    text = own[start : signature(own)[0]].lower()
    if leaning(text) <= LEANS:
        return []
    first, last = heaviest(text)
    return [(start + first, start + last)]


DETECTORS: dict[str, Callable[[Folded], list[Stretch]]] = {
    "shouting": shouting,
    "chat_speak": chat_speak,
    "empty": empty,
    "named_buyer": named_buyer,
    "leaning": leaning_on,
}
