"""What the server's log leaves out: links that let in, the inside of a mere refusal, repetition."""

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


class OneLine(logging.Filter):
    """A page that was refused or not found is one line; where the program was then, says nothing,
    and writing that down took longer than the refusal. A fault of ours keeps its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", 500) < 500:
            record.exc_info = None
        return True


class ToldElsewhere(logging.Filter):
    """What fails by /healthz is told by `health` itself, once, and not with every question."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        said = getattr(record, "status_code", 0) == 503
        return not (said and getattr(request, "path", "") == "/healthz")


def _cut(value: object) -> object:
    return LINK.sub(r"\1…", value) if isinstance(value, str) else value
