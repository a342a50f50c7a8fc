"""Settings of this room that cannot be meant as they stand."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Warning

from safety import retention


def event_days(**_: Any) -> list[CheckMessage]:
    """How long safety events are kept."""
    sentence = retention.silly()
    if not sentence:
        return []
    hint = "Set it to 30 to 3650 days, or to 0 for ever."
    return [Warning(sentence, hint=hint, id="safety.W001")]
