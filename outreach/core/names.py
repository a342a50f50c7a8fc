"""People's and companies' names as written in exports: cleaning, splitting, how to greet. Pure.

A greeting name is given only when there is no doubt. An empty one makes a draft greet without a
name, which nobody minds; "Hello Dr.," or "Hello Nguyen," is remembered.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from outreach.core.name_words import (
    ALSO_FAMILY,
    ALSO_GIVEN,
    BETWEEN,
    DEGREES,
    FAMILY_FIRST,
    NO_GREETING,
    NOBODY,
    ORGANISATION,
    PARTICLES,
    SUFFIXES,
    TITLES,
    bare,
    fold,
)

# Direction marks and other invisible signs that names carry out of web pages. The joiners
# U+200C/D stay: Persian, Indic scripts and emoji need them.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
SPACES = re.compile(r"\s+")
BRACKETS = re.compile(
    r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|（[^（）]*）|«[^«»]*»|“[^“”]*”|(?<!\w)\"[^\"]*\""
)
PLAIN_FIRST = re.compile(r"[A-Z][a-z]{2,}", re.ASCII)
PLAIN_TEXT = re.compile(r"[!-~]+(?: [!-~]+)*", re.ASCII)
# Behind the given name, as their father's. In Latin letters -ovich ends family names, too.
PATRONYMIC = re.compile(
    r"(?:[оеё]вич|[ьмтк]ич|[оеёії]вна|ична|йович|ovna|evna|ichna|ivna)\Z", re.IGNORECASE
)
INNER_MARKS = "'’ʼ`´·-‐‑־\u200c\u200d"


PHD = re.compile(r"\bph\.?\s+d\b\.?(?!['’])", re.IGNORECASE)  # written as two words
# A mailbox, a number or a profile.
ADDRESS = re.compile(r"\S+@\S+|\+[\d ()./-]{6,}|(?:www\.)?linkedin\.com/\S+", re.IGNORECASE)


def is_nameless(first: str, last: str, full: str) -> bool:
    """Whether an address stands where nobody has told us a name."""
    return not first and not last and bool(ADDRESS.fullmatch(full))


@dataclass(frozen=True, slots=True)
class Name:
    """A human being's name as stored. `greeting` is empty when in doubt."""

    first: str
    last: str
    full: str
    greeting: str


def clean(text: str) -> str:
    """One line, single spaces, composed letters, nothing invisible. Signs and emoji stay."""
    if PLAIN_TEXT.fullmatch(text):
        return text
    text = INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    return SPACES.sub(" ", CONTROL.sub(" ", text)).strip()


def clean_lines(text: str) -> str:
    """Like `clean`, for notes: line ends stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(clean(line) for line in text.split("\n")).strip()


def of_person(first: str, last: str, full: str = "") -> Name:
    """A name from its cells, already cleaned; `full` counts only where the others are empty."""
    if first and last:
        return Name(first, last, full or f"{first} {last}", greeting(first))
    whole = first or last or full
    if first and not _is_several(first):
        return Name(first, "", full or first, greeting(first))
    if last and not first:
        return Name("", last, full or last, "")
    return _split(whole)


def _is_several(text: str) -> bool:
    return len(text.split()) > 1


def _split(whole: str) -> Name:
    """First and last of a name written in one cell: "Dr. Anna Meier", "Meier, Anna", "Anna M."."""
    parts = [part.strip() for part in whole.split(",")]
    kept = [part for part in parts if part and not is_degrees(part)] or parts
    if kept == parts[:1] and len(parts) == 2 and _is_called(*parts):
        kept = parts  # "Chen, Ma"
    if len(kept) == 1 and kept[0] != parts[0] and _is_family(parts[0], whole):
        kept.insert(0, parts[0])  # "Ma, Jack"
    is_titled, parts = any(bare(part) in DEGREES for part in parts), kept
    if is_nobody(whole.split()):
        return Name("", "", whole, "")
    if len(parts) == 2:
        last, first = parts
        return Name(first, last, f"{first} {last}", greeting(first))
    if len(parts) > 2:
        return Name("", "", whole, "")  # a list of words: which is the name nobody can tell
    tokens = PHD.sub("PhD", parts[0]).split()
    names = _without_titles(tokens)
    if len(names) == 1 and (is_titled or names[0] != tokens[0]):
        return Name("", names[0], whole, "")  # "Herr Müller" says the family name
    if len(names) > 1 and fold(names[0]) in PARTICLES - ALSO_GIVEN:
        return Name("", "", whole, "")  # "von Arx", "El Khatib Omar": it begins with the family
    if len(names) < 2:
        return Name(names[0] if names else "", "", whole, greeting(names[0]) if names else "")
    if len(names) == 3 and PATRONYMIC.search(names[2]) and not PATRONYMIC.search(names[1]):
        names = [f"{names[1]} {names[2]}", names[0]]  # "Петров Иван Сергеевич"
    first, last = names[0], " ".join(names[1:])
    return Name(first, last, whole, greeting(first) if _is_western(names) else "")


def is_nobody(tokens: list[str]) -> bool:
    """Whether the words name several people, or stand where nobody gave a name."""
    between = tokens[1:-1]
    return any(bare(token) in NOBODY for token in tokens) or any(
        token in BETWEEN or (len(token) > 1 and token.casefold() in BETWEEN) for token in between
    )


def is_degrees(text: str) -> bool:
    """Whether these are only titles and degrees, as behind a name: MBA, Ph.D., Dr."""
    return all(bare(token) in DEGREES for token in PHD.sub("PhD", text).split())


def _is_family(word: str, whole: str) -> bool:
    """Whether what could be a degree is written as a family name that leads a whole name."""
    alike = len(word) == 2 and (whole.isupper() or whole.islower())
    return bare(word) in ALSO_FAMILY and word.isalpha() and (word.istitle() or alike)


def _is_called(last: str, first: str) -> bool:
    """Whether a word that may be a degree is a given name behind the family name alone."""
    return len(last.split()) == 1 and bare(first) in ALSO_FAMILY and first.istitle()


def untitled(full: str) -> str:
    """A whole name to compare by, never to store: without titles before it and degrees behind."""
    name, *behind = full.split(",")
    if len(name.split()) < 2 or not all(is_degrees(part) for part in behind):
        name = full.replace(",", " ")
    tokens = [token for token in name.split() if bare(token)]
    while len(tokens) > 2 and bare(tokens[0]) in TITLES:
        tokens.pop(0)
    while len(tokens) > 2 and bare(tokens[-1]) in DEGREES and not _is_family(tokens[-1], full):
        tokens.pop()
    return " ".join(tokens)


def _without_titles(tokens: list[str]) -> list[str]:
    names = list(tokens)
    while len(names) > 1 and bare(names[0]) in TITLES:
        if names[0].istitle() and names[0].isalpha() and bare(names[0]) in FAMILY_FIRST:
            break  # "Ma Long"; who is a master of arts writes "MA" or "M.A."
        names.pop(0)
    while len(names) > 2 and bare(names[-1]) in SUFFIXES:
        names.pop()
    return names


def _is_western(names: list[str]) -> bool:
    """Whether the given name surely stands first in a name written in one cell."""
    if any(bare(token) in ORGANISATION for token in names):
        return False
    if fold(names[0]) in FAMILY_FIRST:
        return False
    if names[0].isupper() and not names[-1].isupper():
        return False  # "DUPONT Marie": capitals mark the family name
    plain = [t for t in names[1:-1] if not _is_initial(t) and fold(t) not in PARTICLES]
    return len(plain) <= 1


@lru_cache(maxsize=20_000)
def greeting(first: str) -> str:
    """How to address somebody whose given-name cell says `first`; empty when in doubt."""
    if PLAIN_FIRST.fullmatch(first):
        folded = first.lower()
        return "" if folded in NO_GREETING else first
    text = _letters_only(first)
    if text is None:
        return ""
    tokens = text.split()
    while len(tokens) > 1 and _is_initial(tokens[-1]):
        tokens.pop()  # "John F." is greeted as John
    if not 1 <= len(tokens) <= 3 or any(not _is_word(token) for token in tokens):
        return ""
    if any(bare(token) in ORGANISATION for token in tokens) or bare(tokens[0]) in NO_GREETING:
        return ""
    if is_nobody(tokens):
        return ""
    return " ".join(
        token if index and token in PARTICLES else _cased(token)
        for index, token in enumerate(tokens)
    )


def _letters_only(first: str) -> str | None:
    """The cell without brackets, emoji, titles and degrees; None when what is left is no plain
    name."""
    text = BRACKETS.sub(" ", first).partition(",")[0]
    text = " ".join(word for word in text.split() if bare(word) not in TITLES)
    text = "".join(c for c in text if unicodedata.category(c) not in ("So", "Sk", "Cs", "Co")
                   and c not in "\ufe0f\u20e3")  # fmt: skip
    kept = INNER_MARKS + ". "
    if any(unicodedata.category(c)[0] not in "LM" and c not in kept for c in text):
        return None  # digits, @, &, slashes, pipes: a couple, a slogan, an address
    scripts = {_script(c) for c in text if c.isalpha()}
    return text if len(scripts) == 1 and "" not in scripts else None


def _is_word(token: str) -> bool:
    """A name that can be spoken: two letters or more, no initials, no abbreviation."""
    bare = token.strip(INNER_MARKS)
    letters = sum(c.isalpha() for c in bare)
    if letters < 2 or "." in bare:
        return False
    return not (letters == 2 and bare.isupper() and bare.isascii())  # "JP" may be initials


def _is_initial(token: str) -> bool:
    return bool(re.fullmatch(r"\w\.?", token)) or bool(re.fullmatch(r"(?:\w\.)+\w?", token))


def _cased(token: str) -> str:
    """JOHN and john become John; McKenzie and d'Arcy stay."""
    token = token.strip("`´·")
    if token.isupper() or token.islower():
        return "".join(
            c.title() if i == 0 or (not token[i - 1].isalpha() and token[i - 1] in "-‐‑") else c
            for i, c in enumerate(token.lower())
        )
    return token


def _script(char: str) -> str:
    """The script's name, as Unicode spells it in the letter's own name.

    Han, kana and Hangul names give nothing: there a given name alone is no way to greet.
    """
    name = unicodedata.name(char, "UNKNOWN").split(" ")[0]
    return "" if name in ("CJK", "HANGUL", "HIRAGANA", "KATAKANA", "UNKNOWN") else name


@lru_cache(maxsize=20_000)
def company_key(name: str) -> str:
    """The folded name of a company, so that "ACME®  Inc." and "Acme Inc" are one account."""
    text = unicodedata.normalize("NFKC", re.sub("[™®©℠]", "", name)).casefold()
    text = SPACES.sub(" ", text).strip(" .,;")
    return (text or name.casefold())[:300]
