"""What a line of the server's log leaves out: links that let in whoever reads them."""

from __future__ import annotations

import logging
import re

LINK = re.compile(r"(/(?:stop|welcome|unsubscribe)/)[^\s?\"']+")


class NoLinks(logging.Filter):
    """Cuts the secret part off the addresses in a record, for every handler behind it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _cut(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(_cut(each) for each in record.args)
        return True


def _cut(value: object) -> object:
    return LINK.sub(r"\1…", value) if isinstance(value, str) else value
