"""Whether the key of the suppression list is the one that its hashes were made with.

A warning at start and no error: what waits is kept, nothing leaves, and where the key is lost for
good the admin has to work so that somebody can lift what nobody can read any more.
"""

from __future__ import annotations

from django.core.checks import CheckMessage, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.base.base import BaseDatabaseWrapper

from outreach.core import suppression
from outreach.core.models import Suppression
from outreach.core.plurals import plural

ID = "outreach.W008"  # `doctor` says it as an error of its own
HINT = (
    "Put the old SUPPRESSION_KEY, or DATA_DIR/suppression_key, back; what is approved leaves then."
)


def fault() -> str:
    """What is wrong, as a sentence; empty while the key fits, or nothing is suppressed.

    Without a list no key is asked for: asking makes one, and `migrate` may run as somebody else.
    """
    holding = Suppression.objects.filter(lifted_at__isnull=True)
    if not holding.exists():
        return ""
    try:
        foreign = holding.exclude(key_id=suppression.key_id()).count()
    except ImproperlyConfigured as error:
        return f"The suppression list cannot be read: {error}"
    if not foreign:
        return ""
    words = plural(foreign, "suppressed address was", "suppressed addresses were")
    return f"{words} written with another key: all is stopped, and what is approved waits."


def check(connection: BaseDatabaseWrapper) -> list[CheckMessage]:
    """Told at start, before somebody wonders why nothing leaves."""
    if Suppression._meta.db_table not in connection.introspection.table_names():
        return []
    message = fault()
    return [Warning(message, hint=HINT, id=ID)] if message else []
