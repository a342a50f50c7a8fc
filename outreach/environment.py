"""Reads the environment strictly: what cannot be read stops the program, it never means "no".

django-environ takes any unknown word for False; for a brake such as DRY_RUN that would be a
loosening by typing error, so flags and numbers are read here.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from outreach.core.own_keys import make_once

TRUE_WORDS = ("true", "1", "yes", "on")
FALSE_WORDS = ("false", "0", "no", "off")
PACED = ("email", "instagram", "whatsapp")  # what programs send on
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
MOST_PER_MINUTE = 100_000
STOP_NEEDS = frozenset(
    {"DATABASE_URL", "DATA_DIR", "DJANGO_SETTINGS_MODULE", "HOME", "LANG", "OUTREACH_USER", "PATH"}
)


class FileUnreadable(ImproperlyConfigured):
    """Nobody knows what the file says, which database least of all."""


def read_file(path: Path) -> None:
    """Put what the file says into the environment, where it does not stand there already."""
    try:
        environ.Env.read_env(str(path))
    except (OSError, ValueError) as error:
        raise FileUnreadable(
            f"{path} cannot be read: {error}. Save it as plain text in UTF-8, readable by the user "
            "who runs this."
        ) from None


def flag(name: str, *, default: bool) -> bool:
    """The boolean `name`; anything but the known words is refused, an empty value too."""
    raw = os.environ.get(name)
    if raw is None:
        return default
    word = raw.strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(
        f"{name}={raw!r} is neither true nor false. Write {name}=True or {name}=False."
    )


def whole_number(name: str, *, default: int, least: int, most: int) -> int:
    """The whole number `name` within [least, most]."""
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    try:
        value = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a whole number.") from None
    if not least <= value <= most:
        raise ImproperlyConfigured(f"{name}={value} is out of range: {least} to {most}.")
    return value


def log_level(raw: str) -> str:
    """LOG_LEVEL, one that Python knows, in any case."""
    word = raw.strip().upper()
    if word not in LOG_LEVELS:
        raise ImproperlyConfigured(f"LOG_LEVEL={raw!r} is none of {', '.join(LOG_LEVELS)}.")
    return word


def json_object(name: str, *, default: str) -> dict[str, Any]:
    """The JSON object `name`; its value is never repeated, because it holds keys."""
    try:
        found = json.loads(os.environ.get(name, "").strip() or default)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ImproperlyConfigured(f'{name} is no JSON object. Write {name}={{"NAME": "VALUE"}}.')
    return found


def per_minute(raw: str) -> dict[str, int]:
    """SEND_PER_MINUTE: `email=60,whatsapp=20`, most messages of a channel in any minute.

    A channel that is not named, or has 0, has no limit. Anything else stops the start: a limit that
    is misread would be no limit.
    """
    found: dict[str, int] = {}
    for part in filter(None, (item.strip() for item in raw.split(","))):
        channel, _, number = (word.strip() for word in part.partition("="))
        if channel not in PACED or not number.isascii() or not number.isdecimal():
            raise ImproperlyConfigured(
                f"SEND_PER_MINUTE={raw!r}: {part!r} is no limit. Write CHANNEL=NUMBER with commas "
                f"between, such as email=60,whatsapp=20; channels are {', '.join(PACED)}."
            )
        if channel in found or int(number) > MOST_PER_MINUTE:
            raise ImproperlyConfigured(
                f"SEND_PER_MINUTE={raw!r}: {channel} may be named once, with 0 to "
                f"{MOST_PER_MINUTE:,} messages a minute; 0 is no limit."
            )
        found[channel] = int(number)
    return {channel: number for channel, number in found.items() if number}


def secret_key(data_dir: Path) -> str:
    """SECRET_KEY from the environment, else one made once for this machine in `data_dir`.

    The file is readable by its owner only and never leaves the data directory. Past one machine
    the environment must carry the key, because every process needs the same one (check
    `outreach.W001`).
    """
    key = os.environ.get("SECRET_KEY", "")
    if key:
        if len(key) < 32:
            raise ImproperlyConfigured(
                "SECRET_KEY is shorter than 32 characters: make a longer one."
            )
        return key
    path = data_dir / "secret_key"
    try:
        if not path.exists():
            make_once(path)
        key = path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"SECRET_KEY is not set and {path} cannot be used ({error.strerror}). "
            "Set SECRET_KEY, or DATA_DIR to a folder this user may write."
        ) from None
    if len(key) < 32:
        raise ImproperlyConfigured(
            f"{path} holds no usable key. Delete it (this logs everybody out) and start again."
        )
    return key


def folder(path: Path) -> Path:
    """The folder, made if need be; one that cannot be made is named, with the setting."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)  # people and their addresses
    except OSError as error:
        raise ImproperlyConfigured(
            f"The folder {path} cannot be made ({error.strerror}). Set DATA_DIR (and DATABASE_URL, "
            "if it is SQLite) to a place this user may write."
        ) from None
    return path


def database(url: str) -> dict[str, Any]:
    """One database from its URL: PostgreSQL, or SQLite with the settings the promise needs.

    SQLite: IMMEDIATE, because Django ignores row locks there and a deferred transaction fails
    when it upgrades; synchronous FULL, because a power cut must not undo a committed intent.
    """
    try:
        config: dict[str, Any] = environ.Env.db_url_config(url)
    except Exception:  # noqa: BLE001 - the parser raises whatever it meets
        raise ImproperlyConfigured(
            "DATABASE_URL cannot be read. Write postgres://USER:PASSWORD@HOST:5432/NAME or "
            "sqlite:////absolute/path.sqlite3."
        ) from None
    engine = config.get("ENGINE", "")
    if engine == "django.db.backends.sqlite3":
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
        if config["NAME"] and config["NAME"] != ":memory:":
            folder(Path(config["NAME"]).parent)
        return config
    if engine == "django.db.backends.postgresql":
        config["CONN_MAX_AGE"] = 300
        config["CONN_HEALTH_CHECKS"] = True
        options = config.setdefault("OPTIONS", {})
        options.setdefault("prepare_threshold", 2)  # for outreach.core.sql
        options.setdefault("connect_timeout", 10)  # else a stop waits for one that is gone, or mute
        return config
    raise ImproperlyConfigured("DATABASE_URL must begin with postgres:// or sqlite://.")


def only_the_database() -> None:
    """Leave in the environment what reaches the database, and make the rest readable, for a stop.

    Call it after settings failed: what a file says stands in the environment by then. In a data
    folder of its own no sender can be proven dead, which says "not yet stopped" and is safe.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in STOP_NEEDS or name.startswith(("LC_", "PG"))
    }
    if kept.get("DATABASE_URL") and not Path(kept.get("DATA_DIR") or "var").is_dir():
        kept["DATA_DIR"] = tempfile.mkdtemp(prefix="outreach-stop-")
    os.environ.clear()
    os.environ.update(kept, ENV_FILE=os.devnull, SECRET_KEY=secrets.token_hex(32))
    os.environ["CELERY_BROKER_URL"] = "memory://"  # a stop sends no task, and needs no folder


def mail(url: str) -> dict[str, Any]:
    """Django's e-mail settings from one URL; `anymail+PROVIDER://` names a provider's adapter."""
    try:
        if url.startswith("anymail+"):  # anymail+postmark:// and what ANYMAIL_SETTINGS says
            provider = url.removeprefix("anymail+").partition(":")[0]
            return {"EMAIL_BACKEND": f"anymail.backends.{provider}.EmailBackend"}
        config: dict[str, Any] = environ.Env.email_url_config(url)
    except Exception:  # noqa: BLE001 - the parser raises whatever it meets
        raise ImproperlyConfigured(
            "EMAIL_URL cannot be read. Write smtp://USER:PASSWORD@HOST:PORT, smtp+tls://… or "
            "smtp+ssl://…, or anymail+PROVIDER:// with ANYMAIL_SETTINGS."
        ) from None
    return config
