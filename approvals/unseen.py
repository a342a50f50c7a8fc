"""What nobody sees at a glance in a text is approved only by somebody who says they saw it.

Hidden characters, and personal data that the review page masks. Every door meets here: pages, REST
and commands say by what they send that it was seen, and tell of a refusal how to say so there.
"""

from __future__ import annotations

from approvals import marks
from approvals.errors import Unseen
from approvals.models import Approval
from outreach.core.drafts import Text
from outreach.core.models import Revision

NAMED = 5


def hidden(words: Text | Revision, *, seen: bool) -> None:
    """Unseen where these have characters nobody can see, and nobody says that they saw them."""
    found = marks.hidden(words.subject, words.text, marks.shown_by(words.html))
    if found and not seen:
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        raise Unseen(
            f"The text has hidden characters ({', '.join(found[:NAMED])}{more}).",
            "hidden_characters",
            "seen_hidden",
        )


def anything(given: Approval, *, seen_hidden: bool, seen_private: bool) -> None:
    """Unseen for what is approved here with something in it that nobody says they saw.

    Personal data is what the rules found at this yes, as the page masks it.
    """
    subject, text = given.revision.subject, given.revision.text
    hidden(given.revision, seen=seen_hidden)
    found = given.decision["findings"]
    if not seen_private and marks.any_private(
        marks.segments(subject, found), marks.segments(text, found)
    ):
        raise Unseen(
            "The text has personal data, which its page masks until it is asked for.",
            "private_unseen",
            "seen_private",
        )
