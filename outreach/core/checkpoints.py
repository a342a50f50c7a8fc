"""Signed checkpoints of the log's head, to be kept where nobody who can write the log can reach.

A chain shows every change within it; that its end was cut off, that an older database was restored,
or that all of it was made anew, only a head shows that was kept elsewhere (docs/decisions/0016).
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from outreach.core import activity
from outreach.core.digest import canonical
from outreach.core.models import Seal
from outreach.core.own_keys import name_of, own_key

DOMAIN = b"outreach/checkpoint/v1\0"
ALGORITHM = "HMAC-SHA-256"
FIELDS = {"v", "seq", "hash", "at", "log", "algorithm", "key_id", "signature"}
TOO_SHORT = "Make a longer one; checkpoints that were signed with the old one need it to be read."


class NoCheckpoint(Exception):
    """There is none to compare with, or the log is older than it; the sentence says which."""


class Rewritten(Exception):
    """The log holds another entry than the one that was kept; the sentence names it."""


def key() -> bytes:
    """The key checkpoints are signed with; made once where the environment carries none."""
    given, folder = os.environ.get("AUDIT_KEY", ""), Path(settings.DATA_DIR)
    return own_key("AUDIT_KEY", given, folder, too_short=TOO_SHORT)


def make(*, at: datetime) -> dict[str, Any]:
    """Seal what is open and sign the head. Raises NoCheckpoint for an empty log."""
    activity.seal_all()
    seq, found = activity.head()
    first = Seal.objects.filter(seq=1).values_list("hash", flat=True).first()
    if first is None:
        raise NoCheckpoint("The log is empty: there is nothing to keep yet.")
    told = {
        "v": 1,
        "seq": seq,
        "hash": found,
        "at": at.astimezone(UTC).isoformat(),
        "log": first[:32],  # names this log among others: the beginning of its first seal
        "algorithm": ALGORITHM,
        "key_id": name_of(key(), DOMAIN),
    }
    return {**told, "signature": _signature(told)}


def line(checkpoint: dict[str, Any]) -> str:
    return json.dumps(checkpoint, separators=(",", ":")) + "\n"


def _signature(told: dict[str, Any]) -> str:
    return hmac.new(key(), DOMAIN + canonical(told), hashlib.sha256).hexdigest()


# --- Comparing -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """One checkpoint whose signature is ours."""

    no: int
    seq: int
    hash: str
    at: str


def read(lines: Iterable[str]) -> list[Kept]:
    """Checkpoints, one a line. Raises NoCheckpoint for the first that is none of ours."""
    found = [_kept(no, text) for no, text in enumerate(lines, 1) if text.strip()]
    if not found:
        raise NoCheckpoint("There is no checkpoint in it.")
    return found


def _kept(no: int, text: str) -> Kept:
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    whole = isinstance(told, dict) and set(told) == FIELDS
    if not whole or type(told["seq"]) is not int or not isinstance(told["hash"], str):
        raise NoCheckpoint(f"Line {no} is no checkpoint.")
    signature = told.pop("signature")
    if told["key_id"] != name_of(key(), DOMAIN):
        raise NoCheckpoint(
            f"Line {no} was signed with another key. Set AUDIT_KEY to the one it was signed with "
            "(or put the file audit_key back into DATA_DIR)."
        )
    if not isinstance(signature, str) or not hmac.compare_digest(
        signature.encode(), _signature(told).encode()
    ):
        raise NoCheckpoint(f"Line {no} was changed after it was signed: its signature is wrong.")
    return Kept(no, told["seq"], told["hash"], str(told["at"]))


def compare(kept: Iterable[Kept]) -> int:
    """How many checkpoints the log agrees with; its chain is `activity.verify`'s business.

    Raises NoCheckpoint if the log is older than one of them, Rewritten if it is another.
    """
    count = 0
    for point in kept:
        found = Seal.objects.filter(seq=point.seq).values_list("hash", flat=True).first()
        if found is None:
            last, _ = activity.head()
            raise NoCheckpoint(
                f"The log has gone back: it ends with entry {last}, and the checkpoint of "
                f"{point.at} knows entry {point.seq}. Was an older database restored, or the end "
                "cut off?"
            )
        if found != point.hash:
            raise Rewritten(
                f"entry {point.seq} is another than the one in the checkpoint of {point.at} "
                f"(expected {point.hash}, found {found}): the log was rewritten, or an older "
                "database was restored and has gone on since"
            )
        count += 1
    return count


# --- One a day -----------------------------------------------------------------------------------


def keep(*, at: datetime) -> bool:
    """Append today's checkpoint to the file `checkpoints` in DATA_DIR; False if it is there.

    Raises OSError if it cannot be written; then the file is as it was. What a power cut left half
    is ended by a new line.
    """
    path = Path(settings.DATA_DIR) / "checkpoints"
    opened = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(opened, "rb+", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = file.read()
        if _day_of(before) == at.astimezone(UTC).date().isoformat():
            return False
        try:
            made = "\n" * (before[-1:] not in (b"", b"\n")) + line(make(at=at))
        except NoCheckpoint:
            return False
        try:
            file.write(made.encode())
            os.fsync(file.fileno())
        except OSError:
            file.truncate(len(before))
            raise
    return True


def _day_of(written: bytes) -> str:
    """The day of the last checkpoint, empty if there is none that can be read."""
    try:
        return str(json.loads(written.rstrip().rpartition(b"\n")[2])["at"])[:10]
    except (ValueError, KeyError, TypeError):
        return ""
