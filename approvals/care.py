"""How long a letter was open before its yes: for the reviewer's own care, never a ranking.

Numbers only, kept in the log entry of the approval. What was approved without its page (by
command, by REST, several together) has none.
"""

from __future__ import annotations

from datetime import datetime

from approvals.models import Approval, Opened
from approvals.presence import IDLE
from outreach.core.models import User

WORDS_A_MINUTE = 400  # a fast reader; most read 240
FOOTER = "\n-- \n"


def codes(approval: Approval, user: User, *, at: datetime) -> dict[str, int]:
    """`words` of the letter without its footer and `seconds` its page was open; {} if it was not.

    A page that was left and opened again counts from the last time.
    """
    since = (
        Opened.objects.filter(approval=approval, user=user, seen_at__gt=at - IDLE)
        .values_list("opened_at", flat=True)
        .first()
    )
    if since is None:
        return {}
    words = len(approval.revision.text.partition(FOOTER)[0].split())
    return {"words": words, "seconds": max(0, int((at - since).total_seconds()))}


def is_faster_than_reading(words: int, seconds: int) -> bool:
    """Whether nobody reads so many words in so few seconds."""
    return seconds * WORDS_A_MINUTE < words * 60
