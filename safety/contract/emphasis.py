"""Marks that set words off or tie them together: `_a_`, `*a*`, `~a~`, `` `a` ``, `a_b`, `a*b`.

WhatsApp and Markdown show them as italics or bold, a reader passes them over, and to a pattern `_`
is a letter: no word would end beside it. Names of things (addresses, handles, files) keep theirs.
"""

from __future__ import annotations

import re
from itertools import islice

import re2

MARKS = "_*~`"
_BLANKS = str.maketrans(dict.fromkeys(MARKS, " "))
# "I`ll": on many keyboards it stands where others have the apostrophe.
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])`(?=(?:t|s|re|ll|ve|d|m)\b)", re.I)
MOST_NAMES = 2_000  # a text with more is no letter, and must not take for ever
_FILE = (
    "avi|bat|bmp|c|cfg|conf|cpp|cs|css|csv|db|dll|docx?|env|exe|gif|go|gz|heic|html?|ics|ini|ipynb"
    "|java|jpe?g|js|json|log|md|mov|mp3|mp4|odt|p7s|pdf|php|png|pptx?|ps1|py|rb|rs|rtf|sh|sql|svg"
    "|tar|tex|tiff?|toml|tsv?|txt|wav|webp|xlsm|xlsx?|xml|ya?ml|zip"
)
_THING = (
    "attribute|branch|class|column|command|constant|database|endpoint|environment|event|field|file"
    "|flag|folder|function|index|job|key|label|method|module|option|package|param|parameter"
    "|property|query|repo|repository|schema|script|setting|table|tag|task|template|test|variable"
    "|view|webhook"
)
_NAME = re2.compile(
    r"(?i)(?:https?://|www\.)\S+"
    r"|[a-z0-9][\w.+-]*@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}"
    r"|\B@[a-z0-9][\w.]*"
    r"|[a-z0-9-]+(?:\.[a-z0-9-]+)+/\S*"
    rf"|[\w-]+\.(?:{_FILE})\b"
    r"|\w+\(\)"
    r"|\pL_\d+\b"
    rf"|\b(?:{_THING})s? [`'\"]?[a-z0-9]+_[a-z0-9]+(?:_[a-z0-9]+)?\b"
    rf"|\b[a-z0-9]+_[a-z0-9]+(?:_[a-z0-9]+)?\b[`'\"]? (?:{_THING})s?\b"
    r"|\s\*\s"  # a bullet, also of a list in one line
)


def without_emphasis(text: str) -> str:
    """The text with a blank for each such mark, length unchanged; names stay as they are."""
    if not any(mark in text for mark in MARKS):
        return text
    if "`" in text:
        text = _APOSTROPHE.sub("'", text)
    signs = list(text.translate(_BLANKS))
    for start, end in names(text):
        signs[start:end] = text[start:end]
    return "".join(signs)


def names(text: str) -> list[tuple[int, int]]:
    """Where addresses, handles, files and names out of programs stand, in their order."""
    return [found.span() for found in islice(_NAME.finditer(text), MOST_NAMES)]
