"""Whether a text greets somebody else than whom it goes to: "Hi Priya," to Nadia Karim.

A warning, never a verdict: what may be the same person's (a name for short, an initial, another
script, a former name) is not told, and a person decides about the rest.
"""

from __future__ import annotations

import re
import unicodedata

from outreach.core import name_words, names, same_name
from outreach.core.models import Person


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_R = r"(?:\(r\)|[/:*_]-?r)?"  # "Liebe(r)", "Liebe:r"
_ENGLISH = r"hi|hiya|hello|hey|dear(?:est)?|good (?:morning|afternoon|evening|day)|greetings"
_HELLO = (
    rf"(?P<english>{_ENGLISH})"
    rf"|hallo|lieb(?:es|ster|ste|er|e){_R}|(?:sehr )?(?:geehrte|verehrte|werte)[rs]?{_R}"
    r"|guten (?:tag|morgen|abend)|gr(?:ü|ue)(?:ß|ss) (?:gott|dich)|gr(?:ü|ue)ezi|moin|servus"
    r"|bonjour|bonsoir|salut|coucou|ch[eè]re?s?"
    r"|hola|estimad[oa]s?|querid[oa]s?|apreciad[oa]s?|buen[oa]s (?:d[ií]as|tardes|noches)"
    r"|ciao|buongiorno|buonasera|salve|car[oa]|gentil(?:e|issim[oa])|egregi[oa]"
    r"|ol[áa]|oi|bom dia|boa (?:tarde|noite)|prezad[oa]s?|car[oa]s"
    r"|hoi|beste|geachte|lieve|goede(?:morgen|middag|navond|ndag)|hej|hei"
)
_GREETING = re.compile(rf"\W*(?:{_HELLO})(?![\w.])(?P<rest>.*)", re.IGNORECASE)
_END = re.compile(r"[,:;!?(\u2014\u2013\u2026]|\.\.+|\s-+(?=\s)|(?<=[^\W\d_]{3})\.(?=\s|$)")
_AFTER = ("", ",", ":", "!", ".", "\u2014", "\u2013", "-")  # behind "Hi, Priya", which is a name
_EDGES = re.compile(r"^[\W_]+|[^\w.]+$")
_ALSO_DEAR = re.compile(r"(?:lieb|querid|estimad|geehrt|verehrt)\w+")
_TWO_INITIALS = re.compile(r"\b([A-Z])([A-Z])\b")
# What may stand small between the greeting and the name.
_BETWEEN = frozenset(["there", "again", "my", "our", "to", "dear", "mon", "ma", "mi", "mein",
                      "meine", "cher", "chère", "chere", "caro", "cara", "sehr"])  # fmt: skip
# Whom a text greets that greets nobody by name.
_GROUP = _words(
    """
all anybody anyone audience board both candidate candidates client clients colleague colleagues
committee community customer customers department everybody everyone folk folks friend friends
guests guys hiring human resources ladies gentlemen madam maam sir sirs manager management member
members neighbour neighbours neighbor neighbors office one owner partner partners people recipient
reader readers recruiter subscriber subscribers supplier support team teams them there user users
valued world you your yall alle allerseits beisammen damen herren freund freunde freundin
freundinnen ihr kolleginnen kollegen kollege kollegin kunde kunden kundin kundinnen leute lieben
mitglieder nachbarn partnerin teilnehmer teilnehmerinnen zusammen grusse gruesse tous toutes tout
ami amis amie amies cliente collegue collegues equipe messieurs mesdames todos todas amigo amiga
amigos amigas clientes colega colegas companero companeros equipo senores senoras tutti tutte
amici amico amica colleghi collega signori allen allemaal iedereen collegas klant heren dames
mevrouwen vrienden boys girls babe darling honey sweetheart holder fyi
"""
)
# What begins a sentence behind a greeting without a comma, and is nobody's name.
_STARTERS = _words(
    """
a about according after all also an and are as at attached because before but by can
congratulations could did do does enclosed first following for from further good great happy has
have here hope how i if im in is it its ive just kind let many me most new no not now of on once or
our please quick regarding re reminder so some sorry thank thanks that the these they this to today
tomorrow update was we welcome were what when where which while why with would yes yesterday anbei
bitte danke das der die eine ein es gerne heute hier ich vielen wie wir zu merci je nous suite
voici votre gracias le los te grazie ecco obrigado obrigada segue bedankt hierbij ik wij
"""
)
# What an English sentence of the writer may begin with where no sign parts it from the name before
# it: "Hi Priya looking forward ..."; in "Hi Customs ask for ..." what looks like a name is its
# subject.
_GOES_ON = (_STARTERS - {"me", "of", "on", "to"}) | _words(
    """
any apologies attached below best checking cheers congrats delighted enclosed fyi getting glad got
heard hey hi hoping id ill im isnt lets let long looking lovely may might much my next nice noticed
okay ok per pleased reaching read received saw see sending shall should sure thats theres thought
touching trust wanted want need weve well what whats whens wheres will wondering writing
wont dont didnt havent your youre youve
"""
)
# After these a question goes on with whom or what it is about: "are we still on", not "is back".
_VERBS = _words("are can could did do does has have is may might should shall was were will would")
_ASKED = _words(
    """
all any anyone everybody everyone everything he i it my our she that the there these they this
those we you your
"""
)
_TITLES = _words(
    """
ambassador chair chairman chairwoman councillor dekan director direktor direktorin doctora doktor
doktorin minister pastor president prasident prasidentin presidente principal professora
professore professorin professeur profesor profesora docteur dottore dottoressa dott ssa avvocato
ingegnere mesdemoiselles mademoiselle senhor senhora senhores senhoras heer familie fam family
famille familia famiglia reverend dear
"""
)
_AND = frozenset([*name_words.BETWEEN, "&"])
_UNNAMED = name_words.ORGANISATION | name_words.NOBODY


def other_name(text: str, full_name: str, company: str = "") -> str:
    """Whom the first line greets by name, where that is none of `full_name`'s; else empty.

    `full_name` may have every name that the person goes by. Of several who are greeted it is
    enough that one is the person; a company's own name is nobody's.
    """
    line = next((line for line in text.splitlines() if line.strip()), "")
    found = _GREETING.match(unicodedata.normalize("NFC", line[:300]))
    if found is None:
        return ""
    said, beside = _greeted(found["rest"], is_english=bool(found["english"]))
    own = same_name.words(names.ADDRESS.sub(" ", full_name))
    called = same_name.words(
        " ".join(_TWO_INITIALS.sub(r"\1 \2", each) for each in [said, *beside])
    )
    at = set(same_name.words(company)) - name_words.ORGANISATION
    if not called or not own or _UNNAMED.intersection(own) or set(own) == at:
        return ""
    if at.issuperset(called) or _scripts(own).isdisjoint(_scripts(called)):
        return ""
    return "" if any(_fits(each, own) for each in called) else said


def of(person: Person, text: str) -> str:
    """Whom this text greets who is not this person, by any name that we have of them."""
    records = [person, person.merged_into] if person.merged_into else [person]
    known = [
        name
        for row in records
        for name in (row.full_name, row.first_name, row.last_name, row.greeting_name)
    ]
    known += [str(name) for row in records for name in row.former_names]
    whole = " ".join(known)
    if not other_name(text, whole):
        return ""  # without a look at their company, which most often is not read yet
    return other_name(text, whole, " ".join(str(row.account) for row in records if row.account))


def warning(person: Person, text: str) -> str:
    """The same as a sentence for whoever decides."""
    name = of(person, text)
    return f"Greets {name}, but goes to {person.full_name}." if name else ""


def _greeted(rest: str, *, is_english: bool) -> tuple[str, list[str]]:
    """The name that follows the greeting as it is written, and those behind commas; none where
    no capital letter says that it is one."""
    chunk, sign, rest = _chunk(rest)
    said, is_whole = _names(chunk)
    is_apart = not said and is_whole and sign == ","
    if is_apart:
        chunk, sign, rest = _chunk(rest)
        said, is_whole = _names(chunk)
    if not said or (is_apart and not (is_whole and sign in _AFTER)):
        return "", []
    if is_english and not is_whole and not _goes_on(chunk):
        return "", []
    beside = []
    while sign == "," and is_whole:
        chunk, sign, rest = _chunk(rest)
        more, is_whole = _names(chunk)
        if is_whole and more:
            beside.append(more)
    return said, beside


def _chunk(rest: str) -> tuple[str, str, str]:
    """What stands before the next sign, the sign, and what stands behind it."""
    found = _END.search(rest)
    while found and found[0] == "." and _is_title(rest[: found.start()].split()[-1]):  # "Prof."
        found = _END.search(rest, found.end())
    if found is None:
        return rest, "", ""
    return rest[: found.start()], found[0].strip()[:1], rest[found.end() :]


def _is_title(word: str) -> bool:
    folded = same_name.folded(word)
    return folded in name_words.TITLES or folded in _TITLES


def _names(chunk: str) -> tuple[str, bool]:
    """The names with which this begins, and whether nothing else follows them."""
    kept: list[str] = []
    for raw in chunk.split():
        word = _EDGES.sub("", raw)
        folded = same_name.folded(word)
        is_small = word[:1].islower()
        if is_small and (
            word in _BETWEEN or _ALSO_DEAR.match(word) or folded in name_words.PARTICLES
        ):
            continue
        if folded in _GROUP or folded in _UNNAMED - _TITLES or (not kept and folded in _STARTERS):
            return "", False
        if raw in _AND or folded in _AND:
            kept += [raw] if kept else []
        elif word[:1].isalpha() and not is_small and not _is_title(word):
            kept.append(word)
        elif word and not _is_title(word):
            return "" if word[0].isdecimal() else _joined(kept), False  # "Hi Unit 3 has stopped"
    return _joined(kept), True


def _goes_on(chunk: str) -> bool:
    """Whether a sentence of the writer begins behind the name, rather than that it is the name's:
    by the first small word after it, and after a verb by the next."""
    words = [_EDGES.sub("", raw) for raw in chunk.split()]
    capital = next(place for place, word in enumerate(words) if word[:1].isupper())
    if "t" in words[capital].replace("’", "'").split("'")[1:]:
        return False  # "Hi Don't let the rain stop you"
    rest = words[capital:]
    small = next((place for place, word in enumerate(rest) if word[:1].islower()), None)
    after = [_letters(word) for word in rest[small:][:2]] if small is not None else []
    if after and after[0] in _VERBS:
        return after[-1] in _ASKED
    return not after or after[0] in _GOES_ON


def _letters(word: str) -> str:
    return "".join(char for char in word.casefold() if char.isalpha())


def _joined(kept: list[str]) -> str:
    while kept and kept[-1].casefold() in _AND:
        kept.pop()
    return " ".join(kept[:6])


def _fits(called: str, own: list[str]) -> bool:
    """Whether somebody of these names may be called so."""
    if len(called) == 1 and called.isascii():
        return any(each[0] == called for each in own)
    whole = {each for each in own if len(each) > 1 or not each.isascii()}
    if any(same_name.is_called(called, each) for each in whole):
        return True
    if not called.isascii() and any(each in called or called in each for each in whole):
        return True  # scripts without blanks: the name with its honorific
    return len(whole) < 2 and any(each == called[0] for each in own)


def _scripts(words: list[str]) -> set[str]:
    return {unicodedata.name(char, "?").split(" ")[0] for word in words for char in word}
