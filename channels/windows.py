"""What platforms want to know of a message: an answer within a day, or a template; how long it is.

A template is only the way a text travels: the words are those that were approved, or it is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from approvals.models import Approval, ApprovalStatus
from channels import registry
from channels.base import INSTAGRAM_MOST, WHATSAPP_MOST, Template
from channels.models import PlatformTemplate
from outreach.core import history
from outreach.core.models import Channel, Contact, PrincipalKind
from safety import controls
from safety.contract.reach import NOTE_LENGTH
from safety.models import ControlKey

WINDOW = timedelta(hours=24)  # after their last message both platforms take free text
WITH_WINDOW = (Channel.WHATSAPP, Channel.INSTAGRAM)
LINKEDIN_MOST = 8000  # characters of a message
PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,40})\s*\}\}")


def terms_of(approval: Approval, *, at: datetime) -> dict[str, Any]:
    """The envelope's `answering`, `by_person`, `template` at that moment; {} for other channels."""
    if approval.channel not in WITH_WINDOW:
        return {}
    answering = wrote_within(approval, at=at)
    template = None
    if approval.channel == Channel.WHATSAPP and not answering:
        template = fitting(approval.revision.text, _templates(approval))
    return {
        "answering": answering,
        "by_person": approval.status == ApprovalStatus.APPROVED
        and approval.revision.by_kind == PrincipalKind.USER,
        "template": template,
    }


@dataclass(frozen=True, slots=True)
class Way:
    """How a text would travel, in a sentence; or that it cannot."""

    sentence: str
    may_leave: bool = True


def way_of(approval: Approval, *, at: datetime) -> Way | None:
    """For whoever decides: how a WhatsApp message would travel, that a platform is not set up, and
    that it takes no text so long.

    None where there is nothing to say of the way.
    """
    if approval.channel in WITH_WINDOW and (missing := _missing(approval)):
        return Way(missing, may_leave=False)
    if approval.channel == Channel.LINKEDIN:
        return _by_linkedin(approval)
    if longer := _longer(approval):
        return Way(longer, may_leave=False)
    if approval.channel != Channel.WHATSAPP:
        return None
    planned = approval.scheduled_for
    if wrote_within(approval, at=max(at, planned) if planned else at):
        return Way("As free text: they wrote within the last 24 hours.")
    rows = list(_templates(approval))
    found = fitting(approval.revision.text, rows)
    if found is not None:
        return Way(f"As the template “{found.name}” ({found.language}), word for word.")
    names = ", ".join(f"“{row.name}”" for row in rows) or "none is stored"
    return Way(
        "It cannot leave by WhatsApp like this: they have not written within 24 hours, and the "
        f"text is none of the approved templates ({names}). Edit it into the words of one, or "
        "wait until they write.",
        may_leave=False,
    )


def _by_linkedin(approval: Approval) -> Way | None:
    """Said before the yes: whoever sends it by hand may not shorten what was approved."""
    size = len(approval.revision.text)
    if size > LINKEDIN_MOST:
        return Way(
            f"It cannot go by LinkedIn like this: it has {size:,} characters, and LinkedIn takes "
            f"{LINKEDIN_MOST:,} in a message. Shorten it.",
            may_leave=False,
        )
    if size <= NOTE_LENGTH or history.met(approval.human_id, Channel.LINKEDIN):
        return None
    return Way(
        f"Its {size:,} characters are too many for a connection note ({NOTE_LENGTH}): it can go as "
        "a message only, to somebody who is connected with us."
    )


def _longer(approval: Approval) -> str:
    """That the platform takes no text so long: its adapter refuses it whole."""
    text = approval.revision.text
    letters, size = len(text), len(text.encode("utf-8", "replace"))
    if approval.channel == Channel.WHATSAPP and letters > WHATSAPP_MOST:
        told = f"it has {letters:,} characters, and WhatsApp takes"
        return f"It cannot leave by WhatsApp like this: {told} {WHATSAPP_MOST:,}. Shorten it."
    if approval.channel == Channel.INSTAGRAM and size > INSTAGRAM_MOST:
        told = f"it has {size:,} bytes ({letters:,} characters), and Instagram takes"
        return f"It cannot leave by Instagram like this: {told} {INSTAGRAM_MOST:,}. Shorten it."
    return ""


def _missing(approval: Approval) -> str:
    """What must be set before it can leave, in earnest; in dry run nothing has to be."""
    missing = registry.needed(approval.channel)
    if not missing or controls.read().is_braking(ControlKey.DRY_RUN, approval.workspace_id):
        return ""
    return f"{missing} What is approved waits for that, and is a draft again once its time is over."


def _templates(approval: Approval) -> QuerySet[PlatformTemplate]:
    rows = PlatformTemplate.objects.filter(workspace=approval.workspace_id, is_active=True)
    return rows.order_by("pk")


def wrote_within(approval: Approval, *, at: datetime) -> bool:
    """Whether this human being wrote to us on this channel within the window."""
    human = approval.human_id
    return Contact.objects.filter(
        Q(human=human) | Q(human__duplicates=human),
        channel=approval.channel,
        direction=Contact.Direction.IN,
        at__gt=at - WINDOW,
        at__lte=at,
        voided_at__isnull=True,
    ).exists()


def fitting(text: str, templates: Iterable[PlatformTemplate]) -> Template | None:
    """The first template that says exactly `text`, with what was put in; None if none does."""
    for row in templates:
        values = filled_in(row.body, text)
        if values is not None:
            return Template(row.name, row.language, values)
    return None


def filled_in(body: str, text: str) -> tuple[str, ...] | None:
    """What stands in `text` where `body` has its {{1}}, {{2}} …, in their order; None if it is
    not this body. Linear: each piece of the body is looked for once, from left to right."""
    pieces = PLACEHOLDER.split(body.strip().replace("\r\n", "\n"))
    fixed, names = pieces[0::2], pieces[1::2]
    text = text.strip().replace("\r\n", "\n")
    if not names:
        return () if text == fixed[0] else None
    if not text.startswith(fixed[0]):
        return None
    values: dict[str, str] = {}
    at = len(fixed[0])
    for turn, (name, piece) in enumerate(zip(names, fixed[1:], strict=True), start=1):
        end = len(text) - len(piece) if turn == len(names) else text.find(piece, at + 1)
        if end <= at or not text.startswith(piece, end):
            return None
        if values.setdefault(name, text[at:end]) != text[at:end]:
            return None
        at = end + len(piece)
    if at != len(text):
        return None
    return tuple(values[name] for name in sorted(values, key=_order))


def places_of(body: str) -> list[str]:
    """The names of a body's places, each once, in the order in which the platform takes them."""
    return sorted(set(PLACEHOLDER.findall(body)), key=_order)


def _order(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdecimal() else (0, name)
