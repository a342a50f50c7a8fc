"""Bytes to characters where the declared charset may be missing, unknown or nearly right."""

from __future__ import annotations

import re

_IN_PAGE = re.compile(rb"<meta\b[^<>]{0,200}charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_REPLACED = "\N{REPLACEMENT CHARACTER}"
# What mail programs declare, and the larger charset that they then write: of the names that the
# Encoding Standard gives one meaning, those where a character more undoes the whole text here.
_LARGER = {
    **dict.fromkeys(("gb2312", "gb_2312-80", "gb_2312", "gb2312-80", "euc-cn",
                     "gbk", "x-gbk", "cp936", "ms936", "windows-936"), "gb18030"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ks_c_5601-1989", "ksc5601", "ksc_5601",
                     "korean", "windows-949"), "cp949"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "windows-31j"),
                    "cp932"),
    **dict.fromkeys(("big5", "big5-tw", "x-x-big5", "windows-950"), "cp950"),
    **dict.fromkeys(("iso-2022-jp", "csiso2022jp"), "iso2022_jp_ext"),
    **dict.fromkeys(("iso-8859-8-i", "iso-8859-8-e", "logical"), "iso-8859-8"),
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "latin1", "latin-1", "us-ascii", "ascii", "ansi",
                     "x-ansi"), "cp1252"),
    **dict.fromkeys(("iso-8859-9", "latin5"), "cp1254"),
    **dict.fromkeys(("x-mac-roman", "macintosh", "x-macroman"), "mac-roman"),
    **dict.fromkeys(("utf8mb4", "utf-8-mac", "unicode-1-1-utf-8", "x-unicode20utf8"), "utf-8"),
}  # fmt: skip
_WESTERN = frozenset(("cp1252", "cp1254"))  # take nearly anything: UTF-8 is asked before them


def decoded(raw: bytes, charset: str) -> str:
    """In the declared charset, in UTF-8, or in the larger one that is written under that name; else
    in what Windows mail programs write undeclared. One wrong byte costs one character."""
    declared = charset.strip().strip("\"'").lower()
    larger = _LARGER.get(declared, declared)
    names = ("utf-8", larger) if larger in _WESTERN else (declared, "utf-8", larger)
    for name in names:
        try:
            return raw.decode(name)
        except (LookupError, ValueError):
            continue
    for name in () if larger in _WESTERN else (larger, "utf-8"):
        try:
            text = raw.decode(name, "replace")
        except (LookupError, ValueError):
            continue
        if _mostly_fits(text):
            return text
    return raw.decode("cp1252", "replace")


def _mostly_fits(text: str) -> bool:
    """Whether more of its characters beyond ASCII were read than lost."""
    lost = text.count(_REPLACED)
    return sum(not each.isascii() for each in text) > 2 * lost


def of_page(raw: bytes) -> str:
    """The charset that an HTML text names itself, where nothing beside it does."""
    found = _IN_PAGE.search(raw[:4096])
    return found[1].decode() if found else ""
