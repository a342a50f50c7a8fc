"""A request body: JSON that says each thing once, in text that every database can hold.

Python's reader alone takes twin keys, NaN and half characters; each of them would be stored as
something other than what was sent.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

DEEPEST = 32


class TooLarge(APIException):
    """More than the limit of every body; most often a file."""

    status_code = 413
    default_code = "too_large"

    def __init__(self) -> None:
        super().__init__(
            f"The body is larger than the {settings.DATA_UPLOAD_MAX_MEMORY_SIZE:,} bytes that are "
            "taken. Send less at once. A file counts a third more than it is (Base64): propose "
            'without it and with "requested_status": "draft", and a colleague adds it to the draft '
            "in the admin, up to 10 MB; or send a link to it."
        )


class StrictJSONParser(JSONParser):
    """Refuses what cannot be read unambiguously, with the byte where that is known."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        raw = body_of(stream)
        try:
            value = json.loads(
                raw.decode("utf-8"),
                object_pairs_hook=_once,
                parse_constant=_no_number,
                parse_float=_finite,
            )
        except UnicodeDecodeError as error:
            raise ParseError(f"The body is not UTF-8 at byte {error.start}.") from None
        except json.JSONDecodeError as error:
            at = len(error.doc[: error.pos].encode())
            raise ParseError(f"The body is not JSON at byte {at}: {error.msg}.") from None
        except (RecursionError, ValueError) as error:
            said = str(error)
            if not said.startswith("The body"):
                said = "The body is nested too deeply, or contains a number with too many digits."
            raise ParseError(said) from None
        check_text(value)
        return value


def body_of(stream: IO[Any]) -> bytes:
    """The whole body, up to the limit and no further."""
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    raw: bytes = stream.read(most + 1)
    if len(raw) > most:
        raise TooLarge
    return raw


def check_text(value: Any, depth: int = 0) -> None:
    """Refuse what is nested too deeply, NUL, and half characters, wherever they stand."""
    if depth > DEEPEST:
        raise ParseError(f"The body is nested more than {DEEPEST} levels deep.")
    if isinstance(value, dict):
        for key, each in value.items():
            check_text(key, depth)
            check_text(each, depth + 1)
    elif isinstance(value, list):
        for each in value:
            check_text(each, depth + 1)
    elif isinstance(value, str):
        if "\0" in value:
            raise ParseError("The body contains a NUL character. Remove it.")
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            raise ParseError("The body contains half a character (a lone surrogate).")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = sorted(name for name, count in counts.items() if count > 1)
        raise ValueError(f"The body names a key twice: {', '.join(map(ascii, twice))}.")
    return made


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"The body contains {name}, which is no JSON number.")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"The body contains {text[:40]}, which is too large a number.")
    return number
