"""How webhooks stand: what stops a start, and what `doctor` says of them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.db.models import Count, Q

from outreach.core.plurals import plural
from outreach.edge.models import Webhook

SHORTEST = 32


def signing_key(**_: Any) -> list[CheckMessage]:
    """A key that can be guessed, or is known for something else, lets anybody sign as we do."""
    found: list[CheckMessage] = []
    if any(len(key) < SHORTEST for key in settings.WEBHOOK_SIGNING_KEY):
        found.append(
            Error(
                f"WEBHOOK_SIGNING_KEY has a key of less than {SHORTEST} characters.",
                hint='python -c "import secrets; print(secrets.token_urlsafe(50))" makes one.',
                id="outreach.E012",
            )
        )
    if settings.SECRET_KEY in settings.WEBHOOK_SIGNING_KEY:
        found.append(
            Error(
                "WEBHOOK_SIGNING_KEY is SECRET_KEY, whose change would change every secret.",
                hint="Give webhooks a key of their own.",
                id="outreach.E013",
            )
        )
    return found


def sentences() -> list[tuple[str, str, str]]:
    """(level, sentence, what to do) of each thing worth saying; the level of a plain one is ""."""
    on = Webhook.objects.filter(enabled=True)
    counts = on.aggregate(
        on=Count("pk"), failing=Count("pk", filter=Q(failing_since__isnull=False))
    )
    words = plural(counts["on"], "webhook is", "webhooks are")
    told = [("", f"{words} switched on; failing: {counts['failing']}.", "")]
    if counts["on"] and not settings.WEBHOOK_SIGNING_KEY:
        line = "Webhooks wait, because WEBHOOK_SIGNING_KEY is not set and nothing can be signed."
        told.append(("ERROR", line, "Set it to the key that was there when they were made."))
    if counts["failing"]:
        ids = on.filter(failing_since__isnull=False).order_by("pk").values_list("pk", flat=True)
        some = ", ".join(f"#{pk}" for pk in ids[:10])
        line = f"Nothing arrives at the webhooks {some}."
        told.append(("WARNING", line, "Their pages in the admin say why; each tries again."))
    return told


def activate() -> None:
    """Called once, when the apps are ready."""
    register(signing_key, Tags.security)
