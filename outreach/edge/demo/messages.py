"""The demo's messages: two runs of the drafting workflow, and what a colleague wrote by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from approvals import services as decisions
from approvals import submission
from channels import manual
from outreach.core import drafts, inbox
from outreach.core.models import Channel, Draft, Purpose, Workspace
from outreach.core.models.drafts import DraftStatus
from outreach.core.principal import Principal
from outreach.edge.demo import people
from workflows import engine, services
from workflows.models import Run, RunStatus

WORKFLOW = "email_drafts"
ABOUT = "We help mid-sized companies keep the records of their customers in order."


@dataclass(frozen=True, slots=True)
class Letter:
    """A message written by a person. `days` ago; `until` is how far it has come."""

    key: str
    address: str
    subject: str
    text: str
    purpose: str
    until: str  # sent | submitted | draft
    days: int = 0
    notes: str = ""


LETTERS = (
    Letter(
        "sent-1",
        "lars.nygard@example.com",
        "Timetable for the spring",
        "Hello Lars,\n\nAs agreed on the phone, here is how we would divide the work in spring: "
        "you choose the routes, we prepare the data, and we compare notes at the end of each "
        "month.\n\nBest regards,\nMira Keller",
        Purpose.WORK_UPDATE,
        "sent",
        days=6,
    ),
    Letter(
        "follow-up-1",
        "lars.nygard@example.com",
        "Routes for the spring",
        "Hello Lars,\n\nOne addition to the plan for spring: we can prepare the data for up to "
        "six routes. Tell me which ones you would like to begin with whenever it suits you.\n\n"
        "Best regards,\nMira Keller",
        Purpose.FOLLOW_UP,
        "submitted",
        notes="He has not answered yet. I think one more note is fine, no more than that.",
    ),
    Letter(
        "reply-1",
        "isabella.rossi@example.com",
        "Re: A question about the guest lists",
        "Hello Isabella,\n\nThank you for your question. Yes, the guest lists of several evenings "
        "can be kept in one place, and each evening can still be printed on its own.\n\nIf you "
        "send me last season's lists, I will show you how yours would look.\n\nBest regards,\n"
        "Mira Keller",
        Purpose.INFORMATIONAL,
        "submitted",
        notes="Answers her question of yesterday.",
    ),
    Letter(
        "hand-written-1",
        "abigail.rosenthal@example.org",
        "Documents for the annual review",
        "Hello Abigail,\n\nThe documents for the annual review are complete on our side. I will "
        "bring them to our meeting on Thursday.\n\nBest regards,\nMira Keller",
        Purpose.WORK_UPDATE,
        "submitted",
    ),
    Letter(
        "unfinished-1",
        "leilani.kahananui@example.com",
        "Your talk about reefs",
        "Hello Leilani,\n\nI enjoyed reading about your talk and would like to ask you two "
        "things about it.",
        Purpose.PERSONAL,
        "draft",
    ),
)


def runs_ended(workspace: Workspace) -> int:
    """How many runs of the workflow are over here, whatever was asked of them."""
    over = (RunStatus.DONE, RunStatus.CANCELLED)
    return Run.objects.filter(workspace=workspace, name=WORKFLOW, status__in=over).count()


def run(workspace: Workspace, given: Mapping[str, Any], *, by: Principal) -> str:
    """Do this run unless it was done; returns the reason where it did not end well."""
    found = Run.objects.filter(
        workspace=workspace, name=WORKFLOW, options__template=given["template"]
    ).first()
    at = timezone.now()
    if found is None:
        found = services.start(WORKFLOW, workspace, given, by=by, at=at)
    elif found.status in (RunStatus.FAILED, RunStatus.RUNNING):
        try:
            services.resume(found, by=by, at=at)
        except services.RunRefused as refusal:
            return str(refusal)
    return engine.work(found.pk, clock=timezone.now).error


def write_letters(
    workspace: Workspace, *, writer: Principal, reviewer: Principal, at: datetime
) -> int:
    """Whatever a colleague has not written yet; how many."""
    written = 0
    for letter in LETTERS:
        if not Draft.objects.filter(workspace=workspace, origin=_origin(letter)).exists():
            _write(workspace, letter, writer, reviewer, at - timedelta(days=letter.days))
            written += 1
    return written


def _origin(letter: Letter) -> str:
    return f"demo:{letter.key}"


def _write(
    workspace: Workspace, letter: Letter, writer: Principal, reviewer: Principal, at: datetime
) -> None:
    """One letter, as far as it came, in one transaction: no sender sees the one sent by hand."""
    person = people.find(workspace, letter.address)
    with transaction.atomic():
        draft = drafts.write(
            workspace,
            person,
            Channel.EMAIL,
            drafts.Text(subject=letter.subject, text=letter.text),
            by=writer,
            at=at,
            purpose=letter.purpose,
            origin=_origin(letter),
        )
        asking = inbox.waiting_for_answer(workspace).filter(person=person).first()
        if letter.purpose == Purpose.INFORMATIONAL and asking is not None:
            inbox.answered(asking, draft, by=writer, at=at)
        if letter.until == DraftStatus.DRAFT:
            return
        asked = submission.submit(draft.pk, by=writer, at=at, notes=letter.notes).approval
        if letter.until == DraftStatus.SENT and asked is not None:
            decisions.approve(asked.pk, by=reviewer, at=at, digest=asked.digest, undo_seconds=0)
            manual.mark_sent(asked.pk, by=reviewer, at=at)
