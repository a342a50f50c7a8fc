"""What a page has shown of a person's stops: one opened before a stop does not let go of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from outreach.core.models import Person

SINCE = (
    "{name} was stopped after this page was opened, or stands otherwise by now. Nothing was "
    "lifted: look at what stops them now and why, and lift that if it is right."
)


def version(human: Person, names: Sequence[str]) -> str:
    """Changes with every stop and lift: the times of it are among the names."""
    values = [str(getattr(human, name)) for name in ("pk", *names)]
    return hashlib.sha256("\n".join(values).encode()).hexdigest()[:32]


def differs(human: Person, names: Sequence[str], seen: str) -> bool:
    """Whether they stand otherwise than was seen. Who saw nothing says nothing."""
    return bool(seen) and seen != version(human, names)
