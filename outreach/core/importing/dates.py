"""Dates as exports write them: 15 Nov 2023, 11/15/23, "11/4/18, 6:34 PM", 15.11.2023. Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache

MONTHS = (
    "jan janv januar january janvier enero ene gennaio gen janeiro ianuarie januari sty stycznia "
    "oca ocak янв января",
    "feb fev fevr februar february fevrier febrero febbraio fevereiro februari lut lutego sub "
    "subat фев февр февраля",
    "mar mars marz maerz mrz march marzo marco maart mrt marts marca mart мар марта",
    "apr avr avril april abril abr aprile kwi kwietnia nis nisan апр апреля",
    "may mai mayo maggio mag maio mei maj maja mayıs маи мая",
    "jun juin juni june junio giugno giu junho cze czerwca haz haziran июн июня",
    "jul juil juillet juli july julio luglio lug julho lip lipca tem temmuz июл июля",
    "aug aout august agosto ago augustus augusti sie sierpnia agu agustos авг августа",
    "sep sept september septembre septiembre settembre set setembro wrz wrzesnia eyl eylul сен "
    "сент сентября",
    "oct okt oktober october octobre octubre ottobre ott outubro out paz pazdziernika eki ekim "
    "окт октября",
    "nov november novembre noviembre novembro lis listopada kas kasım ноя нояб ноября",
    "dec dez dic december dezember decembre diciembre dicembre dezembro des desember gru grudnia "
    "ara aralık дек декабря",
)
BY_NAME = {word: number for number, words in enumerate(MONTHS, 1) for word in words.split()}
ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?", re.ASCII)
EASTERN = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일].*")
SPACED = re.compile(r"(?<=\d)([/.-])\s+(?=\d)")  # "15. 11. 2023", "2023. 11. 15."
NUMBERS = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?:[, ].*)?", re.ASCII)
DAY_WORD = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|\.|er|º)?\s*(?:de |di )?([^\W\d]+)\.?,?\s*(?:de )?"
    r"(\d{4}|\d{2})(?:[, ].*)?"
)
WORD_DAY = re.compile(r"([^\W\d]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(?:[, ].*)?")


LONGEST = 60


def looks_day_first(text: str) -> bool:
    """Whether this slashed date can only mean day/month: then its whole column does."""
    if "/" not in text or len(text) > LONGEST:
        return False
    found = NUMBERS.fullmatch(text.strip())
    return found is not None and found[2] == "/" and int(found[1]) > 12


@lru_cache(maxsize=10_000)
def parse(text: str, *, is_day_first: bool = False) -> date | None:
    """The date, or None when it cannot be told. Slashes are American unless the file shows not."""
    text = text.strip()
    if len(text) > LONGEST:
        return None
    text = SPACED.sub(r"\1", text)
    if found := ISO.fullmatch(text.rstrip(".")) or EASTERN.fullmatch(text):
        return _date(found[1], found[2], found[3])
    if found := NUMBERS.fullmatch(text):
        one, mark, two, year = found.groups()
        is_us = mark == "/" and not is_day_first and int(one) <= 12
        return _date(year, one, two) if is_us else _date(year, two, one)
    if found := DAY_WORD.fullmatch(text):
        return _named(found[3], found[2], found[1])
    if found := WORD_DAY.fullmatch(text):
        return _named(found[3], found[1], found[2])
    return None


def _named(year: str, month: str, day: str) -> date | None:
    plain = unicodedata.normalize("NFKD", month.casefold())
    number = BY_NAME.get("".join(c for c in plain if not unicodedata.combining(c)))
    return _date(year, str(number), day) if number else None


def _date(year: str, month: str, day: str) -> date | None:
    full = int(year) + (0 if len(year) == 4 else 2000 if int(year) < 70 else 1900)
    try:
        return date(full, int(month), int(day))
    except ValueError:
        return None
