"""At which address people reach this installation, as far as a command can know it."""

from __future__ import annotations

import fcntl
import http.client
import json

from django.conf import settings

PATIENCE = 1.0  # seconds for the web server of this machine to answer


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
    port = _port()
    if not port:
        return ""
    given = str(settings.BASE_URL)
    return f"{given.removesuffix(f':{settings.PORT}')}:{port}" if _is_by_port() else given


def otherwise(badge: str) -> str:
    """What to say where the web server that runs here says another thing than this shell's `badge`.

    It read its environment when it started, and so did the worker beside it. Empty where they
    agree, where none runs here, and where it does not answer.
    """
    theirs = _badge_at(_port())
    if theirs in ("", badge):
        return ""
    return (
        f"What runs here says {theirs}, this command {badge}: it was started with another "
        "environment, and what it says is what happens. Restart it to have both agree."
    )


def _badge_at(port: int) -> str:
    if not port:
        return ""
    first = (settings.ALLOWED_HOSTS or ["localhost"])[0].lstrip(".")
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        line.request("GET", "/healthz", headers={"Host": "localhost" if "*" in first else first})
        return str(json.loads(line.getresponse().read(4096))["badge"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return ""
    finally:
        line.close()


def _port() -> int:
    """The port of the web server that `make run` started with this data folder; 0 if none runs."""
    path = settings.DATA_DIR / "run.lock"
    try:
        with path.open("r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(json.loads(lock.read())["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    return 0  # nobody holds it
