"""Judge one message from a file, as the seed's log or as JSON; nothing is sent or stored.

Exit 0 for any outcome, 2 for a payload that cannot be judged, one sentence per fault on stderr.
"""

from __future__ import annotations

import json
import math
import sys
from argparse import ArgumentParser
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from django.core.management.base import BaseCommand
from django.utils import timezone

from safety.contract.log import render
from safety.contract.payload import PayloadError, parse_instant
from safety.contract.validate import validate_action

MAX_BYTES = 4 * 1024 * 1024
EXIT_UNJUDGEABLE = 2


class Command(BaseCommand):
    help = "Judge an action payload: ALLOW, REWRITE or BLOCK, with every check and its reason."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", metavar="FILE|-", help="payload as JSON; - reads standard input"
        )
        parser.add_argument("--at", help="when it would leave, ISO 8601 with offset (default: now)")
        parser.add_argument("--history", metavar="FILE", help="list of earlier contacts as JSON")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            payload, at, history = self._read(options)
            decision = validate_action(payload, at=at, history=history)
        except PayloadError as error:
            self._refuse(error)
        if options["json"]:
            shown = json.dumps(decision.as_dict(), ensure_ascii=False, indent=2, default=str)
        else:
            shown = render(decision, payload, at)
        self.stdout.write(shown)

    def _read(self, options: dict[str, Any]) -> tuple[Any, datetime, Any]:
        """All inputs, or every fault of reading them at once."""
        faults: list[str] = []
        results: list[Any] = []
        given = options["at"]
        readers = (
            lambda: _json(options["file"], "payload"),
            lambda: parse_instant(given, "--at") if given is not None else timezone.now(),
            lambda: _json(options["history"], "history") if options["history"] else None,
        )
        for read in readers:
            try:
                results.append(read())
            except PayloadError as error:
                faults.extend(error.faults)
        if faults:
            raise PayloadError(faults)
        return results[0], results[1], results[2]

    def _refuse(self, error: PayloadError) -> NoReturn:
        for fault in error.faults:
            self.stderr.write(fault)
        sys.exit(EXIT_UNJUDGEABLE)


def _json(name: str, what: str) -> Any:
    """The JSON of a file or of standard input; PayloadError where it is none."""
    raw = _bytes(name, what)
    if len(raw) > MAX_BYTES:
        raise PayloadError((f"The {what} is larger than {MAX_BYTES} bytes.",))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PayloadError((f"The {what} is not UTF-8 at byte {error.start}.",)) from None
    try:
        return json.loads(
            text,
            object_pairs_hook=_without_twins,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise PayloadError((f"The {what} is not JSON at {where}: {error.msg}.",)) from None
    except RecursionError:
        raise PayloadError((f"The {what} is nested too deeply.",)) from None
    except PayloadError as error:
        raise PayloadError([f"The {what} {fault}" for fault in error.faults]) from None
    except ValueError as error:
        raise PayloadError((f"The {what} has a number that cannot be read: {error}.",)) from None


def _bytes(name: str, what: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with Path(name).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no such name"
        raise PayloadError((f"The {what} {name!r} cannot be read: {reason}.",)) from None


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = sorted(key for key, count in counts.items() if count > 1)
        raise PayloadError((f"names a key twice: {', '.join(map(ascii, twice))}.",))
    return made


def _no_constant(name: str) -> NoReturn:
    raise PayloadError((f"contains {name}, which is no JSON number.",))


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise PayloadError((f"contains {text[:40]}, which is too large a number.",))
    return number
