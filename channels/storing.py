"""Storing what people write: one row for each message, in each workspace it belongs to.

A message is known by its id and its sender. But the id is the sender's to give, and some programs
give one to several mails: what says something else under a known id is another message.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime

from django.db import transaction

from channels import inbound, matching
from channels.incoming import Incoming
from channels.mail.automatic import LISTS
from channels.mail.heads import without_marks
from channels.mail.quoting import Parts, split
from outreach.core import activity, erasure
from outreach.core.models import Contact, Draft, InboundMessage
from outreach.core.models.inbound import InboundKind
from safety.contract.markup import to_text

OUR_TEXTS = 5  # so many of our last messages may stand quoted below theirs
_ABOVE_A_FOOTER = re.compile(r"[-_=*~]{2,}")


def store(incoming: Incoming, match: matching.Match, *, at: datetime) -> InboundMessage:
    """The row of this message in this workspace, made unless it is there."""
    texts, subjects = _sent(match)
    parts = split(incoming.text, sent=texts, subjects=subjects)
    with transaction.atomic():
        if match.person is not None and erasure.hold([match.person.pk]):
            match = matching.Match(match.workspace)  # nobody we know any more
        row, made = _row(incoming, match, parts, key=incoming.key, at=at)
        if not made and not is_replay(row, incoming, parts):
            row, made = _row(incoming, match, parts, key=_other_key(incoming), at=at)
        if made:
            entry = activity.entry(
                "channels.inbound_stored", row, channel=row.channel, kind=row.kind
            )
            activity.record(entry, by=inbound.INBOUND, at=at)
    return row


def _row(
    incoming: Incoming, match: matching.Match, parts: Parts, *, key: str, at: datetime
) -> tuple[InboundMessage, bool]:
    return InboundMessage.objects.get_or_create(
        workspace=match.workspace,
        channel=incoming.channel,
        key=key,
        defaults={
            "person": match.person,
            "in_reply_to": match.draft,
            "kind": incoming.kind,
            "message_id": incoming.message_id[:998],
            "sender": incoming.sender[:320],
            "sender_name": incoming.sender_name[:200],
            "subject": incoming.subject[:998],
            "text": parts.own,
            "quoted": parts.quoted,
            "details": _details(incoming, parts.doubtful),
            "received_at": min(incoming.at or at, at),
        },
    )


def _details(incoming: Incoming, doubtful: str) -> dict[str, object]:
    found = {
        "doubtful": doubtful,
        "automatic": incoming.automatic,
        "media": incoming.media,
        "attachments": list(incoming.attachments),
        "unread": incoming.unread,
        "moved_to": incoming.moved_to,
        "report": incoming.report.as_dict() if incoming.report else None,
        "references": list(incoming.answers[:20]),
    }
    return {name: value for name, value in found.items() if value}


def _sent(match: matching.Match) -> tuple[str, list[str]]:
    """What we wrote to this human lately, so that a quote of it is known for one; its subjects."""
    drafts = [match.draft] if match.draft else []
    if match.person is not None:
        sent = Contact.objects.filter(
            human=match.person.human_id, direction=Contact.Direction.OUT, draft__isnull=False
        ).order_by("-id")
        numbers = [pk for pk in sent.values_list("draft_id", flat=True)[:OUR_TEXTS] if pk]
        drafts += Draft.objects.filter(pk__in=numbers).select_related("current")
    words = [draft.current for draft in drafts if draft.current]
    texts = (part for each in words for part in (each.text, to_text(each.html)) if part)
    return "\n".join(texts), [each.subject for each in words if each.subject]


# --- Whether it is there already -----------------------------------------------------------------


def is_replay(row: InboundMessage, incoming: Incoming, parts: Parts) -> bool:
    """Whether this row holds what came now under its key.

    Where its words were erased nobody can tell, and none of them may come back: nothing goes to
    that address any more.
    """
    if not row.message_id:
        return True
    # A list brings a copy of what they wrote us. Where its copy was first, theirs is another.
    if incoming.kind not in (row.kind, InboundKind.AUTO_REPLY):
        return False
    return (
        _is_same_text(row, incoming, parts)
        and _is_same_subject(row, incoming, parts)
        and _is_same_beside(row, incoming, parts)
    )


def _is_same_text(row: InboundMessage, incoming: Incoming, parts: Parts) -> bool:
    """The same words of their own; or the same lines in all: what of them is quoted we take from
    what we sent by then."""
    own, lines = _lines(row.text), _lines(parts.own)
    if sorted(_lines(incoming.text)) == sorted([*own, *_lines(row.quoted)]):
        return True
    # What may be theirs below a quote is other only where it may ask us to stop.
    doubtful = _lines(parts.doubtful)
    if doubtful != _lines(str(row.details.get("doubtful", ""))) and _asks("\n".join(doubtful)):
        return False
    return lines[: len(own)] == own and _is_footer(lines[len(own) :], incoming)


def _is_footer(lines: list[str], incoming: Incoming) -> bool:
    """Whether a list or a relay wrote these lines below theirs, if there are any, and they do not
    ask us to stop; a list's tell how to leave it."""
    if not lines:
        return True
    above = _ABOVE_A_FOOTER.fullmatch(lines[0])
    return bool(above) and (incoming.automatic in LISTS or not _asks("\n".join(lines)))


def _is_same_subject(row: InboundMessage, incoming: Incoming, parts: Parts) -> bool:
    """A relay may mark a subject, such as [EXTERNAL]. Above no words it is what they say."""
    new = incoming.subject[:998]
    if _lines(without_marks(new)) == _lines(without_marks(row.subject)):
        return True
    return bool(parts.own.strip()) and not (matching.unsubscribes(new) or _asks(new))


def _is_same_beside(row: InboundMessage, incoming: Incoming, parts: Parts) -> bool:
    """What stands in place of words, and what a machine reports. Of files beside words a relay may
    leave some out."""
    new = json.loads(json.dumps(_details(incoming, parts.doubtful)))  # as the database has it
    names = ["report", "moved_to"]
    if not parts.own.strip():
        names += ["media", "unread", "attachments"]
    return all(new.get(name) == row.details.get(name) for name in names)


def _asks(text: str) -> bool:
    """Whether this may ask us to stop, whoever wrote it."""
    return inbound.judge_text(text, is_their_own=False).kind != "none"


def _lines(text: str) -> list[str]:
    """Its lines without what a relay may change: the room between words, and empty lines."""
    return [bare for line in text.split("\n") if (bare := " ".join(line.split()))]


def _other_key(incoming: Incoming) -> str:
    whole = f"{incoming.key}\0{incoming.said}"
    return hashlib.sha256(whole.encode()).hexdigest()
