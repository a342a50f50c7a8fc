"""At which address people reach this installation, as far as a command can know it."""

from __future__ import annotations

import fcntl
import json

from django.conf import settings


def address() -> str:
    """Where the web is served now; where it does not run here, what BASE_URL or PORT say."""
    return running_at() or str(settings.BASE_URL)


def is_assumed() -> bool:
    """Whether `address` is no more than this shell's PORT: nothing serves and no name was given."""
    return not running_at() and _is_by_port()


def _is_by_port() -> bool:
    return str(settings.BASE_URL).endswith(f":{settings.PORT}")


def running_at() -> str:
    """Where `make run` serves with this data folder now, whatever PORT this shell has."""
    path = settings.DATA_DIR / "run.lock"
    try:
        with path.open("r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                port = int(json.loads(lock.read())["port"])
            else:
                return ""  # nobody holds it
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    given = str(settings.BASE_URL)
    return f"{given.removesuffix(f':{settings.PORT}')}:{port}" if _is_by_port() else given
