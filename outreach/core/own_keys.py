"""Keys of this installation: from the environment, else made once in DATA_DIR, for its owner."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from functools import lru_cache
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

SHORTEST = 32


@lru_cache(maxsize=8)
def own_key(name: str, given: str, folder: Path, *, too_short: str) -> bytes:
    """The key called `name`: what the environment gave, else the file of that name in `folder`.

    Raises ImproperlyConfigured where it cannot be had; `too_short` says what to do about a stub.
    """
    if not given:
        path = folder / name.lower()
        try:
            if not path.exists():
                make_once(path)
            given = path.read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name} is not set and {path} cannot be used ({error.strerror}). "
                f"Set {name}, or DATA_DIR to a folder this user may write."
            ) from None
    if len(given) < SHORTEST:
        raise ImproperlyConfigured(f"{name} is shorter than {SHORTEST} characters. {too_short}")
    return given.encode()


def make_once(path: Path) -> None:
    """A key in a file: complete or not there, and one winner, however many processes start."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}-") as file:
        file.write(secrets.token_urlsafe(50))
        file.flush()
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)


def name_of(key: bytes, domain: bytes) -> str:
    """Names a key without telling it."""
    return hashlib.sha256(domain + b"key\0" + key).hexdigest()[:16]
