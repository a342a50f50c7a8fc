"""HTML mail as plain text: what a reader sees, quoted blocks marked with `>`. Linear, and pure.

What is not surely out of sight counts as seen, so that nothing can hide in broken mark-up.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from html import unescape

_BREAKS = frozenset((
    "p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "hr",
    "blockquote",
))  # fmt: skip
_CELLS = frozenset(("td", "th"))
_UNSEEN = {
    name: re.compile(rf"</{name}(?![^\s/>])[^<>]*>?", re.I)
    for name in ("script", "style", "title", "template")
}
# A comment also ends at `<!-->` and `--!>`, as it does for a browser.
_TAG = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))|<(/?)([a-z][^\s/<>]*)(?:[\s/][^<>]*)?>|<[!?/][^<>]*>",
    re.I | re.S,
)
_REMEMBERED = 50_000  # shorter parts are read once for all the rules that look at them
_WORD = re.compile(r"\w+")
_LINK = re.compile(r"(?:https?://|www\.|mailto:)\S+", re.I)
# A greeting or the words of a link may stand in one part only; a sentence may not.
FEW_WORDS = 5
FEW_OF = 4


def to_text(html: str) -> str:
    """The words of `html`, one line per block."""
    return _read_again(html) if len(html) <= _REMEMBERED else _read(html)


def differ(text: str, shown: str) -> bool:
    """Whether two parts of one message say more than a few words that the other does not.

    A few are five, or a quarter of a short message; addresses of links do not count.
    """
    one, other = _words(text), _words(shown)
    apart = max((one - other).total(), (other - one).total())
    return apart > FEW_WORDS or apart * FEW_OF > max(one.total(), other.total())


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(_LINK.sub(" ", text).casefold()))


def _read(html: str) -> str:
    out: list[str] = []
    place = quoted = 0
    while found := _TAG.search(html, place):
        out.append(_data(html[place : found.start()]))
        place, name = found.end(), (found[2] or "").lower()
        if name == "blockquote":
            quoted = max(0, quoted + (-1 if found[1] else 1))
        if name in _BREAKS:
            out.append("\n" + "> " * min(quoted, 1))
        elif name in _CELLS:
            out.append(" ")
        elif name in _UNSEEN and not found[1]:
            end = _UNSEEN[name].search(html, place)
            place = end.end() if end else len(html)
    out.append(_data(html[place:]))
    lines = (" ".join(line.split()) for line in "".join(out).split("\n"))
    return "\n".join(lines).strip()


_read_again = lru_cache(maxsize=128)(_read)


def _data(text: str) -> str:
    return unescape(text).replace("\n", " ")
