"""Whether this program and the database are of one version: a sender of another sends nothing.

A worker that goes on beside a newer version judges by rules that somebody has mended since; one
that was started before `migrate` writes to tables that lack what its stop needs.
"""

from __future__ import annotations

from django.conf import settings

from outreach.core import sql

# Read once, as the program starts: a checkout that is renewed beneath it does not renew its code.
_FILES = ("*/migrations/0*.py", "outreach/*/migrations/0*.py")
KNOWN = frozenset(
    (file.parts[-3], file.stem) for files in _FILES for file in settings.BASE_DIR.glob(files)
)
APPS = sorted({app for app, _ in KNOWN})
# Within a claim: whether all is as it was when its drain asked `apart`. Its value is `many()`. A
# name may stand there twice: Django keeps nobody from recording it so.
AS_MANY = """(
  SELECT count(DISTINCT app || '.' || name) FROM django_migrations
  WHERE app IN ({apps})) = %s""".replace("{apps}", ", ".join(f"'{app}'" for app in APPS))
MIGRATE = "Run `manage.py migrate`, then start web and workers again"


def apart() -> str:
    """What this program or the database lacks of the other, and what to do; empty where nothing."""
    rows = sql.fetch("SELECT app, name FROM django_migrations")
    done = {(str(app), str(name)) for app, name in rows if app in APPS}
    if newer := sorted(done - KNOWN):
        return (
            f"A newer version has migrated the database ({_named(newer)}): this program is older "
            "and sends nothing. End it and start the newer one."
        )
    if missing := sorted(KNOWN - done):
        return (
            f"The database is older than this program (it lacks {_named(missing)}): nothing is "
            f"sent. {MIGRATE}."
        )
    return ""


def many() -> int:
    """How many migrations this program knows."""
    return len(KNOWN)


def _named(found: list[tuple[str, str]]) -> str:
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{'.'.join(found[0])}{more}"
