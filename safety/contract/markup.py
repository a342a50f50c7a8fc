"""HTML mail as plain text: what a reader sees, quoted blocks marked with `>`. Linear, and pure.

What is not surely out of sight counts as seen, so that nothing can hide in broken mark-up: where
programs that show mail may part it otherwise than we do, nothing is out of sight, and the mark-up
itself is read as well.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
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
_TAGS = r"<(/?)([a-z][^\s/<>]*)(?:[\s/][^<>]*)?>|<[!?/][^<>]*>"
_TAG = re.compile(rf"<!--(?:-?>|.*?(?:--!?>|\Z))|{_TAGS}", re.I | re.S)
_ALL_SEEN = re.compile(rf"<!--|{_TAGS}", re.I)
# Within these a tag is a word, a comment is none or a style is none; and a tag that another sign of
# a tag stands in, or a quotation mark that is not closed, ends somewhere else for a browser. What
# was looked ahead at is not given back; that is `)*+`, which Python before 3.11.5 does wrongly.
_DOUBTFUL = re.compile(
    r"<(?:svg|math|textarea|xmp|listing|plaintext|iframe|noembed|noframes|noscript|select)\b"
    r"|<[a-z](?=(?P<whole>(?:[^<>\"']|\"[^<>\"]*\"|'[^<>']*')*))(?P=whole)[<\"']",
    re.I,
)
# Words that some programs show and others take for a comment.
_FOR_SOME = re.compile(r"<!--\[if[^<>]*>(.*?)(?:(?:<!\[endif\])?--!?>|\Z)", re.I | re.S)
_LETTERS = re.compile(r"[^\W\d_]+")
# Words that stand in place of a picture, in a field, or beside the pointer.
_SAID = re.compile(
    r"[\s\"'/](?:alt|title|value|placeholder|label|aria-label)\s*=\s*"
    r"(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'<>]+))",
    re.I,
)
# A style that writes words of its own; behind a backslash it may be one.
_WRITES = re.compile(r"\bcontent\s*:(?!\s*(?:\"\"|''|none|normal)\s*[;}!])|\\", re.I)
# What shows more than words, asks for some, or fetches what it shows from elsewhere.
_DRAWS = re.compile(
    r"<(?:img|image|svg|picture|video|audio|canvas|object|embed|applet|iframe|frame|input|textarea"
    r"|select|button|form|link|base|script|marquee)\b|\bbackground\s*=|\burl\s*\(|@import"
    r"|\bbidi-override\b|<bdo\b|<meta\b[^<>]*\brefresh\b",
    re.I,
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


def draws(html: str) -> bool:
    """Whether it shows what no rule can read: pictures, fields, or words turned round."""
    return bool(_DRAWS.search(html))


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(_LINK.sub(" ", text).casefold()))


def _read(html: str) -> str:
    """Each way in which it may be read, below one another, so that none breaks words of another."""
    if _DOUBTFUL.search(html):
        ways = [_words_of(html, _ALL_SEEN), _data(html)]
    else:
        ways = [_words_of(html, _TAG), *_beside(html)]
        if _FOR_SOME.search(html):
            more = _words_of(_FOR_SOME.sub(lambda found: found[1].replace("<!--", ""), html), _TAG)
            ways += [more] if _LETTERS.findall(more) != _LETTERS.findall(ways[0]) else []
    lines = (" ".join(line.split()) for line in "\n".join(ways).split("\n"))
    return "\n".join(lines).strip()


def _words_of(html: str, tags: re.Pattern[str]) -> str:
    """The words between the tags, with a line end or a blank where a tag makes one."""
    out: list[str] = []
    place = quoted = 0
    while found := tags.search(html, place):
        out.append(_data(html[place : found.start()]))
        place, name = found.end(), (found[2] or "").lower()
        if name == "blockquote":
            quoted = max(0, quoted + (-1 if found[1] else 1))
        if name in _BREAKS:
            out.append("\n" + "> " * min(quoted, 1))
        elif name in _CELLS:
            out.append(" ")
        elif name in _UNSEEN and not found[1] and tags is _TAG:
            place = _end_of(name, html, place)
    out.append(_data(html[place:]))
    return "".join(out)


def _end_of(name: str, html: str, place: int) -> int:
    end = _UNSEEN[name].search(html, place)
    return end.end() if end else len(html)


def _beside(html: str) -> Iterator[str]:
    """Words in tags, and styles that write some."""
    place = 0
    while found := _TAG.search(html, place):
        tag, name, place = found[0], (found[2] or "").lower(), found.end()
        if "=" in tag and name:
            yield from (_data(said[1] or said[2] or said[3] or "") for said in _SAID.finditer(tag))
        if name in _UNSEEN and not found[1]:
            begun, place = place, _end_of(name, html, place)
            if name == "style" and _WRITES.search(html, begun, place):
                yield html[begun:place]


_read_again = lru_cache(maxsize=128)(_read)


def _data(text: str) -> str:
    return unescape(text).replace("\n", " ")
