"""Titles and companies as one speaks of them in an English sentence. Pure.

"Data Scientist" becomes "a Data Scientist", "VP, Sales" "VP for Sales", "Acme GmbH" "Acme". A title
that names no person who does the work ("Procurement") gives nothing: its field is said instead.
"""

from __future__ import annotations

import re
from functools import lru_cache

RANKS = re.compile(
    r"(?i)^(?:(?:senior|executive|global|interim|group|deputy|regional|associate|assistant) )*"
    r"(?:[se]?vp|avp|vice[- ]president|director|head|chief)$"
)
# One of them in a company: "as CEO at Acme", never "as a CEO".
SINGLE = re.compile(
    r"(?i)^(?:[\w-]+ )*?(?:chief|head|c[a-z]o|ciso|president|[se]?vp|avp|vice[- ]president|"
    r"(?:co-?)?founder|owner|chair(?:man|woman|person)?|director|dean|provost|"
    r"counsel|principal|lead|editor-in-chief|(?:general|managing) (?:manager|partner|editor))\b"
)
MANY_OWNERS = re.compile(r"(?i)\b(?:product|process|service|data) owner\b")
FOREIGN = re.compile(
    r"(?i)(?:leiter|führer|inhaber|gründer|meister|berater|entwickler|ingenieur|referent|"
    r"arbeiter|vorstand|prokurist|einkäufer)(?:in)?\b|^(?:direct(?:eur|rice)|responsab[il]+e|"
    r"fondat\w+|gérante?|cheff?e? d\w*|ingénieure?|chargée?|associée?|directora?|gerente|jef[ea]|"
    r"fundadora?|amministrat\w+|direttor[ea]|diretora?|sóci[oa])\b"
)
DOERS = re.compile(
    r"(?i)^(?:\w+(?:ers?|ors?|ists?|ians?|yst|eer)|accountant|consultant|assistant|attendant|"
    r"sergeant|architect|agent|superintendent|correspondent|associate|executive|representative|"
    r"fellow|expert|coach|nurse|attorney|counsellor|member|intern|trainee|apprentice|chef|pilot|"
    r"postdoc|scholar|secretary|paralegal|clerk|scrum-?master|solicitor|advocate|delegate)$"
)
NO_DOERS = frozenset(
    {
        "customer", "consumer", "computer", "career", "water", "paper", "power", "order", "center",
        "cyber", "peer", "user", "other", "floor", "labor", "labour", "sector", "motor", "number",
        "newer", "better",
    }
)  # fmt: skip
SPOKEN_AS_U = re.compile(r"(?i)^(?:u(?:ni|se|sa|ti|x|i\b|k\b|s\b)|eu|one\b)")
LETTERS_WITH_VOWEL = frozenset("AEFHILMNORSX")
BRACKETS = re.compile(r"\s*\([^()]*\)")
TAIL = re.compile(r",\s+|\s+[-–—]\s+|\s*/\s+|\s+/\s*")
STOPS = re.compile(r"(?i)\s+(?:of|for|to|in|&|and|von|de|der|für|with)\s+|\s*/\s*")
# "the owner of", "an investor in": nobody works as that at a company.
OWNS = re.compile(r"(?i)(?:^|(?:^| )co-?)owner$|\b(?:investor|shareholder)$")
GRADE = re.compile(r" (?:[IVX]{1,4}|[1-9])$")
SLOGAN = re.compile(r"[^\W\d_]{6,}\.|[.!]$")
LEGAL_FORM = re.compile(
    r"(?i)(?:,\s*|\s+)(?:gmbh & co\.?(?: kg(?:aa)?)?|g?mbh|ag|kg|kgaa|ohg|ug|se|inc|"
    r"incorporated|ltd|limited|llc|llp|corp|corporation|plc|s\.?a\.?s?|s\.?[àa] ?r\.? ?l|"
    r"s\.?r\.?l|s\.?p\.?a|b\.?v|n\.?v|oyj?|ab|aps|a/?s|pty|ltda?|"
    r"lda|s\.?l|n\.a|sp\. z o\.o|mbb|e\.\s?k|gbr|asa|a\.s|(?:spol\.? )?s\.? ?r\.? ?o|d\.o\.o|"
    r"d\.d|kft|k\.k|tbk|fze)\.?$"
)
# Before the name or after it, mostly without a space.
EASTERN = (
    r"株式会社|有限会社|合同会社|㈱|[(\uff08]株[)\uff09]|股份有限公司|有限责任公司|有限公司|"
    r"주식회사|유한회사|㈜"
)
EASTERN_FORM = re.compile(rf"^(?:{EASTERN})\s*|\s*(?:{EASTERN})$")
RUSSIAN_FORM = re.compile(r"^(?:ООО|ОАО|ЗАО|ПАО|АО|ТОО)\s+[«\"„]?([^«»\"„“]+)[»\"“]?$")
WITH_ARTICLE = re.compile(
    r"^(?:(?:University|City|Ministry|Department|Institute|Canton|Museum) of |"
    r"Max Planck Institute\b|(?:\w+ )?Red Cross$)"
)
RANK_IN_SMALL = re.compile(r"^(?:[es]?vp|c[eftiomrp]o|ciso)\b")
BRACKETS_LAST = re.compile(r"\s+\([^()]*\)$")


@lru_cache(maxsize=20_000)
def role(title: str) -> str:
    """What may stand after "as": "Head of Data", "an Account Executive"; empty where it is unsure.

    `title` is a cell that may be said (`facts.position`).
    """
    if not title or SLOGAN.search(title) or re.match(r"(?i)(?:the|an?|my)\s", title):
        return ""
    words = RANK_IN_SMALL.sub(lambda found: found[0].upper(), _shortened(title))
    if OWNS.search(words):
        return ""
    if FOREIGN.search(words):
        return words
    who = GRADE.sub("", STOPS.split(words, maxsplit=1)[0])
    if SINGLE.match(who) and not MANY_OWNERS.search(who):
        return words
    last = who.split(" ")[-1]
    if not DOERS.match(last) or last.casefold() in NO_DOERS:
        return ""
    is_bare = words.casefold().startswith("professor of ") or last.casefold().endswith("s")  # many
    return words if is_bare else f"{_article(words)} {words}"


def _shortened(title: str) -> str:
    """Without brackets and without what follows a comma, unless only a rank would be left."""
    head, *rest = TAIL.split(BRACKETS.sub("", title), maxsplit=1)
    if rest and RANKS.match(head):
        return f"{head} for {TAIL.split(rest[0], maxsplit=1)[0]}"
    return head.strip()


def _article(words: str) -> str:
    first = re.split(r"[\s/&-]", words, maxsplit=1)[0]
    if SPOKEN_AS_U.match(first):
        return "a"
    if first.isupper() and len(first) <= 4:
        return "an" if first[0] in LETTERS_WITH_VOWEL else "a"
    return "an" if first[:1].casefold() in "aeiouäöüàéèíóú" else "a"


@lru_cache(maxsize=20_000)
def company(name: str) -> str:
    """Acme for "Acme GmbH", "the University of Leeds"; the name itself where nothing is to do."""
    words = name
    while (shorter := _shorter(words)) != words and _stands_alone(shorter):
        words = shorter
    return f"the {words}" if WITH_ARTICLE.match(words) else words


def _shorter(words: str) -> str:
    words = RUSSIAN_FORM.sub(r"\1", EASTERN_FORM.sub("", words))
    return BRACKETS_LAST.sub("", LEGAL_FORM.sub("", words))


def _stands_alone(words: str) -> bool:
    letters = sum(char.isalpha() for char in words)
    return letters > 1 and not re.search(r"(?i)(?:&|\band|\bund|\bet)$", words.strip())
