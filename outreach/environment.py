"""Reads the environment strictly: what cannot be read stops the program, it never means "no".

django-environ takes any unknown word for False; for a brake such as DRY_RUN that would be a
loosening by typing error, so flags and numbers are read here.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = ("true", "1", "yes", "on")
FALSE_WORDS = ("false", "0", "no", "off")


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
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_text().strip()
        if len(key) < 32:
            raise ImproperlyConfigured(
                f"{path} holds no usable key. Delete it (this logs everybody out) and start again."
            ) from None
        return key
    except OSError as error:
        raise ImproperlyConfigured(
            f"SECRET_KEY is not set and {path} cannot be written ({error.strerror}). "
            "Set SECRET_KEY, or DATA_DIR to a folder this user may write."
        ) from None
    key = secrets.token_urlsafe(50)
    with os.fdopen(descriptor, "w") as file:
        file.write(key)
    return key
