"""Declaring an emergency: one person's word for one message, marked as such, spent when it leaves.

Agents are refused. It lifts quiet hours and limits only (`safety.emergency`); everything else that
stops a message still stops this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from outreach.core import activity, drafts, suppression, visible
from outreach.core.models import Address, Draft, Revision
from outreach.core.models.drafts import DraftStatus
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal
from safety import events
from safety.contract.content import effective_purpose
from safety.contract.timing import is_promotional
from safety.emergency import INTRUSIVENESS, is_marked, marked
from safety.models import EmergencyCategory, EmergencyOverride

LEAST_WORDS = 20  # characters: shorter is no reason a reviewer could weigh
BODY = re.compile(r"<body\b[^>]*>", re.I)


class OverrideRefused(ValueError):
    """This message cannot be declared an emergency; the sentence says why."""


def declare(
    draft: Draft, category: str, justification: str, *, by: Principal, at: datetime
) -> EmergencyOverride:
    """Declare that one message cannot wait; its text becomes a new revision marked EMERGENCY.

    For a person with a reviewer's right, on a draft that is not submitted, once. Raises
    NotAllowed or OverrideRefused.
    """
    if not by.is_user:
        raise NotAllowed(f"{by.label} may not declare an emergency. A person has to do this.")
    require(by, Verb.DECIDE, draft.workspace)
    if category not in EmergencyCategory.values:
        known = ", ".join(EmergencyCategory.values)
        raise OverrideRefused(f"{category!r} is no emergency. Known: {known}.")
    if len(" ".join(filter(None, map(visible.signs, justification.split())))) < LEAST_WORDS:
        raise OverrideRefused("Say what has happened and why this cannot wait, in a sentence.")
    with transaction.atomic():
        locked = Draft.objects.select_for_update().get(pk=draft.pk)
        _check_draft(locked)
        row, made = EmergencyOverride.objects.get_or_create(
            draft=locked,
            defaults={
                "workspace_id": locked.workspace_id,
                "category": category,
                "justification": justification.strip()[:1000],
                "declared_at": at,
                **by.fields(),
            },
        )
        if not made:
            raise OverrideRefused("This message was declared an emergency before. Write a new one.")
        revision = _mark(locked, by=by, at=at)
        _tell(row, locked, revision, by=by, at=at)
    return row


def _check_draft(draft: Draft) -> None:
    if draft.status != DraftStatus.DRAFT:
        raise OverrideRefused(
            f"This message is {draft.get_status_display().lower()}. Declare the emergency before "
            "it is submitted, or have it returned to its author first."
        )
    words = draft.current
    told = words and effective_purpose(
        draft.purpose, subject=words.subject, text=words.text, html=words.html
    )
    if is_promotional(told or draft.purpose):
        raise OverrideRefused("Promotion is never an emergency. Write it as what it is.")
    gentler = _least_intrusive(draft)
    if gentler and gentler != draft.channel:
        raise OverrideRefused(
            f"This person can be reached by {gentler}, which intrudes less. Write it there."
        )


def _least_intrusive(draft: Draft) -> str:
    """The gentlest channel on which the human being can be reached and did not forbid it."""
    human = draft.person.human_id
    places = {
        (row.workspace_id, row.channel, row.normalised)
        for person in ("person_id", "person__merged_into_id")
        for row in Address.objects.filter(**{person: human})
    }
    open_channels = {place[1] for place in places - suppression.suppressed_among(places)}
    return next((name for name in INTRUSIVENESS if name in open_channels), "")


def _mark(draft: Draft, *, by: Principal, at: datetime) -> Revision:
    """The same words, beginning with EMERGENCY, before any digest of them is approved."""
    old = draft.current
    if old is None:
        raise OverrideRefused("The message has no text yet. Write it first.")
    words = drafts.Text(
        subject=marked(old.subject) if old.subject else "",
        text=marked(old.text),
        html=_marked_html(old.html),
        attachments=tuple(old.attachments),
        confidence=old.confidence,
        confidence_parts=tuple(old.confidence_parts),
        reasoning=old.reasoning,
        context=old.context,
    )
    return drafts.revise(draft, words, by=by, at=at, expected=old.digest)


def _marked_html(html: str) -> str:
    if not html:
        return ""
    body = BODY.search(html)
    place = body.end() if body else 0
    return f"{html[:place]}<p><strong>EMERGENCY:</strong></p>{html[place:]}"


def _tell(
    row: EmergencyOverride, draft: Draft, revision: Revision, *, by: Principal, at: datetime
) -> None:
    events.record(
        event_type="emergency_override",
        action_blocked=f"Quiet hours and limits lifted for message {draft.pk}",
        reason=f"{row.get_category_display()} declared by {by.label}",
        code="emergency_declared",
        by=by,
        at=at,
        workspace=draft.workspace,
        metadata={"draft": draft.pk, "override": row.pk, "category": row.category},
    )
    activity.record(
        activity.entry(
            "safety.emergency_declared", draft, digest=revision.digest, category=row.category
        ),
        by=by,
        at=at,
    )


def unspent(revisions: Iterable[Revision]) -> dict[int, str]:
    """Category of each declared, unspent emergency by draft; asks only for marked texts."""
    ids = _marked_drafts(revisions)
    if not ids:
        return {}
    rows = EmergencyOverride.objects.filter(draft__in=ids, used_at__isnull=True)
    return dict(rows.values_list("draft_id", "category"))


def spend(revisions: Iterable[Revision], *, by: Principal, at: datetime) -> None:
    """These texts left (or may have): an emergency lifts nothing twice. Needs a transaction."""
    ids = _marked_drafts(revisions)
    if not ids:
        return
    rows = list(EmergencyOverride.objects.filter(draft__in=ids, used_at__isnull=True))
    EmergencyOverride.objects.filter(pk__in=[row.pk for row in rows]).update(used_at=at)
    activity.record(
        *[activity.entry("safety.emergency_used", row, category=row.category) for row in rows],
        by=by,
        at=at,
    )


def _marked_drafts(revisions: Iterable[Revision]) -> list[int]:
    return [row.draft_id for row in revisions if is_marked(row.subject, row.text)]
