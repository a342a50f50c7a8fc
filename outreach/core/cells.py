"""Cells of a CSV that no spreadsheet takes for a formula, whatever anybody wrote into them.

A mark (an apostrophe) goes before what would begin a formula: at the beginning of a cell, and after
each separator in it, because a program that splits by another sign than ours begins a cell there.
"""

from __future__ import annotations

import json
import re
from typing import Any

MARK = "'"
# Full width too: some spreadsheets read them alike. Old ones take `|` and `%` for commands.
_SIGNS = r"[=+\-@|%＝＋－＠｜％]"
# What is passed over before it: blanks, quotes, and what no eye sees.
_PASSED = r"""[ "'\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xa0\u200b-\u200f\u2060\ufeff]*"""
_BEGINS = re.compile(rf"[\t\r\n]|{_PASSED}{_SIGNS}")
_FOLLOWS = re.compile(rf"([,;|\t\r\n]{_PASSED})(?={_SIGNS})")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_IN_STRING = re.compile(r"""((?:^"|[,;|])[ ']*)([=+\-@|%])""")


def safe(text: str) -> str:
    """The text as a cell; `plain` takes the mark at its beginning off again."""
    if text.isalnum():
        return text  # most cells, and quicker
    marked = _FOLLOWS.sub(rf"\1{MARK}", text)
    return f"{MARK}{marked}" if _BEGINS.match(text) else marked


def plain(cell: str) -> str:
    """A cell without the mark at its beginning."""
    return cell[1:] if cell.startswith(MARK) and _BEGINS.match(cell[1:]) else cell


def of_json(value: dict[str, Any] | list[Any]) -> str:
    """An object or list as JSON in a cell: escaped in its strings, so it says exactly the same."""
    text = json.dumps(value, separators=(",", ":"))
    return _STRING.sub(lambda found: _IN_STRING.sub(_escape, found[0]), text)


def _escape(found: re.Match[str]) -> str:
    return f"{found[1]}\\u{ord(found[2]):04x}"
