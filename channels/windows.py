"""What platforms want to know of a message: an answer within a day, or a template; how long it is.

A template is only the way a text travels: the words are those that were approved, or it is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from approvals import templates
from approvals.models import Approval, ApprovalStatus
from channels import registry
from channels.base import INSTAGRAM_MOST, WHATSAPP_MOST, Envelope, Template
from outreach.core import history
from outreach.core.models import Channel, Contact, PrincipalKind
from safety import controls
from safety.contract.reach import NOTE_LENGTH
from safety.models import ControlKey

WINDOW = timedelta(hours=24)  # after their last message both platforms take free text
WITH_WINDOW = (Channel.WHATSAPP, Channel.INSTAGRAM)
LINKEDIN_MOST = 8000  # characters of a message


def terms_of(approval: Approval, *, at: datetime) -> dict[str, Any]:
    """The envelope's `answering`, `by_person`, `template` at that moment; {} for other channels."""
    if approval.channel not in WITH_WINDOW:
        return {}
    answering = wrote_within(approval, at=at)
    template = None
    if approval.channel == Channel.WHATSAPP and not answering:
        template = _as_template(approval)
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
    name = templates.name_of(approval)
    if wrote_within(approval, at=max(at, planned) if planned else at):
        later = f" Should it leave later, then as the template {name}." if name else ""
        return Way(f"As free text: they wrote within the last 24 hours.{later}")
    if name:
        return Way(f"As the template {name}, word for word.")
    names = ", ".join(f"“{row.name}”" for row in templates.in_use(approval)) or "none is stored"
    return Way(
        "It cannot leave by WhatsApp like this: they have not written within 24 hours, and the "
        f"text is none of the approved templates ({names}). Edit it into the words of one, or "
        "wait until they write.",
        may_leave=False,
    )


def told(approval: Approval, *, at: datetime) -> str:
    """The sentence of it, of what waits for a decision; empty where there is none."""
    way = way_of(approval, at=at) if approval.status == ApprovalStatus.PENDING else None
    return way.sentence if way else ""


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


def _as_template(approval: Approval) -> Template | None:
    found = templates.fitting(approval)
    return Template(found.row.name, found.row.language, found.values) if found else None


def another_template(approval: Approval, made: Envelope) -> tuple[str, str] | None:
    """The code and the sentence where it would leave as another than its yes was about."""
    if made.template is None:
        return None
    now = templates.named(made.template.name, made.template.language)
    then = approval.receipt.get("template", now)  # older receipts do not say
    if then == now:
        return None
    was = f"as the template {then}" if then else "as no template"
    return "template_changed", f"It was approved {was} and would leave as {now}."


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
