"""Whether two names may be one human being's, and when they are clearly two people's. Pure.

Only what leaves no doubt is two people: a name in another script, an initial, half a name, a
name for short, a slip of the pen or a new family name may all be the same person's.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from outreach.core.name_words import DEGREES, NOBODY, ORGANISATION, PARTICLES
from outreach.core.names import is_nobody

# Names that one person goes by; what merely begins alike (Alex, Alexander) is known without.
SHORT = """
abigail abby gail|albert al bert albie|alessandro alexander alex sandro sandy sascha sasha xander
alexandra alessandra alex sandra sandy sascha sasha|andrew andy drew andreas andre andi ann anna
anne annie nan nancy anja hannah|anthony tony anton toni antonio|barbara barb babs bärbel benjamin
ben benny|bernhard bernard bernd bernie|catherine katherine kathryn katharina katarina catarina
kate katie kathy cathy kat katja käthe kitty trina|charles charlie chuck karl carl carlos
charlotte charlie lotte lottie|christopher chris kit topher christoph christian christine
christina chris tina christa kristin kristina kirsten|daniel dan danny dani|david dave
davy|deborah debbie deb dmitry dmitri dima mitya|donald don donny|dorothy dorothea dot dottie dora
doris|edward ed eddie ted teddy ned edmund eduard edwin|eleanor elena ellen nell nora helen helena
lena ellie|elizabeth elisabeth eliza liz lizzie beth betsy betty bess libby lisa elsa elsie elise
lisbeth isabel isabella bella ilse sissi|emily emilia em millie|ernest ernie ernst|evgeny yevgeny
eugene zhenya gene florence flo florian flo|francis frank frankie fran franz francesco francisco
paco pancho franziska frances franzi fanny sissy ziska|frederick fred freddy fritz friedrich rick
frederic federico|gabriel gabriele gabriela gabi gaby|george georgie georg jorge giorgio jurij
jörg jürgen|gerald gerry jerry gerhard gerd gert|gregory greg gregor grigory|guillermo william
wilhelm will bill billy willy willi liam guillaume memo helmut|hans johannes johann john johnny
jack jan juan jean giovanni ivan hansi jonas hannes sean ian evan vanya|harold harry hal henry
heinrich heinz hank heiner enrico enrique henri henrik hein|hubert bert|isaac ike|jacob jakob jake
jack james jim jimmy jamie jaime diego giacomo jacques köbi|jennifer jen jenny|jessica jess
jessie|joachim jochen achim jo|joseph joe joey jo josef sepp pepe jose giuseppe beppe beppo peppe
youssef|joshua josh|judith judy|kenneth ken kenny kimberly kim|konstantin constantine kostya
costa|lawrence laurence larry laurie lorenz lorenzo leonard leo len lenny leonhard leonardo|louis
lewis lou ludwig luis luigi gino lutz|lucille lucy lucia luzia|manuel manu manolo emanuel|margaret
maggie meg peggy marge margie greta gretchen rita daisy margarete margarita margherita grete
gretel|maria mary marie mia mimi molly polly mitzi masha mariechen marija|martha marty
martin|matthew matt matthias mats matteo mateo hias|maximilian max maxi michael mike mick mickey
micha michel miguel michele misha mischa mikhail|natalia natalie nat natasha tasha|nathaniel
nathan nat nate|nicholas nick nicky nico niko nikolaus nikolai klaus claus kolya niklas nicolas
nicola|oliver ollie oli|olga olya|patrick pat paddy patricia pat patty trish tricia paul paolo
pablo pavel|peter pete pietro pedro piotr pierre petra|philip phil pip philipp felipe rebecca
becky becca|richard rick ricky dick rich ricardo riccardo|robert rob bob bobby robbie robin
roberto bert|ronald ron ronnie|rudolf rudi rudy rolf ralf ralph raoul|ruth ruthie|samuel samantha
sam sammy|sebastian seb basti bastian wastl|sergei sergey sergio serge|stanley stan|stephen steven
steve stefan stephan steffen esteban stefano etienne|susan susanne susanna suzanne sue susie suzie
sanna sanne|svetlana sveta lana|tatiana tanja tanya|theodore ted teddy theo teodor dorian|theresa
teresa terry tess tessa resi|thomas tom tommy tomas tommaso|timothy tim timmy|ulrich uli ulli
ulrike ulla valentin valentina val vali|vladimir vova volodya wladimir|veronica veronika ronnie
vroni|victor vic viktor vittorio victoria vicky vicki tori viktoria|vincent vince vinnie vincenzo
vinzenz|virginia ginny ginger|walter walt wally|yuri juri jurij|zachary zach zack
"""
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_PARTS = re.compile(r"[\s,;/()\[\]\"“”«»‐‑–-]+")
_BRACKETS = re.compile(r"[(\[].*?[)\]]")
_INNER = re.compile(r"[^\w]|_|\d")
_NO_NAMES = ORGANISATION | NOBODY
_BESIDE = DEGREES | PARTICLES
SHORTEST, LONG = 3, 4  # of what a longer name may begin with; of what may hide a slip


def are_two(one: str, other: str, *, is_shared: bool = False) -> bool:
    """Whether two names are clearly two people's.

    `is_shared`: they have a mailbox that several people read (office@), so that two given names
    are two people's as well: of one family, or where no more than those is known.
    """
    a, b = _read(one), _read(other)
    if a is None or b is None or a.scripts != b.scripts:
        return False
    left = [part for part in a.parts if not any(_akin(part, each) for each in b.parts)]
    right = [part for part in b.parts if not any(_akin(part, each) for each in a.parts)]
    nothing_in_common = len(left) == len(a.parts) and len(right) == len(b.parts)
    if nothing_in_common and len(a.parts) > 1 and len(b.parts) > 1:
        return True
    # A family name may change; who is called otherwise is somebody else.
    return is_shared and a.parts[0] in left and b.parts[0] in right and not (a.short or b.short)


def words(name: str) -> list[str]:
    """The words of a name as they are compared: folded, with initials and without titles,
    degrees and particles."""
    found = (folded(word) for word in _PARTS.split(name.replace(".", " ")))
    return [word for word in found if word and word not in _BESIDE]


def is_called(one: str, other: str) -> bool:
    """Whether one folded word of a name may stand for the other: equal, or for short."""
    short, long = sorted((_plain(one), _plain(other)), key=len)
    if short == long or (len(short) >= SHORTEST and long.startswith(short)):
        return True
    return bool(_groups().get(one, _NONE) & _groups().get(other, _NONE))


class _Read:
    __slots__ = ("parts", "scripts", "short")

    def __init__(self, parts: list[str], scripts: frozenset[str], short: bool) -> None:
        self.parts, self.scripts, self.short = parts, scripts, short


@lru_cache(maxsize=4_096)
def _read(name: str) -> _Read | None:
    """The parts of a name that say who it is; None where it says nobody. `short`: it begins with
    an initial."""
    plain = _BRACKETS.sub(" ", name)
    words = [word for word in _PARTS.split(_turned(plain)) if word]
    if not words or is_nobody(words) or "@" in name:
        return None
    plain_words = [folded(word) for word in words]
    if any(word in _NO_NAMES for word in plain_words):
        return None
    kept = [word for word in plain_words if word and word not in _BESIDE]
    parts = [word for word in kept if len(word) > 1 or not word.isascii()]
    scripts = frozenset(
        unicodedata.name(char, "UNKNOWN").split(" ")[0] for part in parts for char in part
    )
    return _Read(parts, scripts, len(kept[0]) == 1) if parts else None


def _turned(name: str) -> str:
    """ "Doe, John" as it is said."""
    last, comma, first = name.partition(",")
    return f"{first} {last}" if comma and "," not in first else name


def folded(word: str) -> str:
    """A word without accents, letter case and signs."""
    word = unicodedata.normalize("NFKD", word.casefold().translate(_LETTERS))
    return _INNER.sub("", "".join(c for c in word if not unicodedata.combining(c)))


def _plain(word: str) -> str:
    """ "mueller" as "muller", which "Müller" is folded to."""
    return re.sub("(?<=[aou])e", "", word)


def _akin(one: str, other: str) -> bool:
    """Equal, the one for short of the other, or a slip apart."""
    short, long = sorted((one, other), key=len)
    if len(short) >= SHORTEST and long.startswith(short):
        return True
    if one == other or _groups().get(one, _NONE) & _groups().get(other, _NONE):
        return True
    return len(long) >= LONG and _is_slip(short, long)


_NONE: frozenset[int] = frozenset()


@lru_cache(maxsize=1)
def _groups() -> dict[str, frozenset[int]]:
    found: dict[str, frozenset[int]] = {}
    for number, group in enumerate(SHORT.split("|")):
        for word in group.split():
            found[folded(word)] = found.get(folded(word), _NONE) | {number}
    return found


def _is_slip(short: str, long: str) -> bool:
    """One letter more, less or another: Meier and Meyer, Müller and Mueller."""
    start = next(
        (at for at, pair in enumerate(zip(short, long, strict=False)) if pair[0] != pair[1]),
        len(short),
    )
    if len(short) == len(long):
        return short[start + 1 :] == long[start + 1 :]
    return len(long) == len(short) + 1 and short[start:] == long[start + 1 :]
