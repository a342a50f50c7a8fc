"""The test message of a stop drill, and the workspace it lives in, which nothing lists or serves.

`Workspace.objects` leaves that workspace out, so no sender opens it and no page counts it. Each
drill takes its rounds and intents away again; what stays is one person, one text and the log.
"""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction

from approvals import services, submission
from approvals.errors import Blocked
from approvals.models import Approval, ApprovalStatus, QuotaUse
from channels.models import Delivery
from outreach.core import drafts
from outreach.core.models import (
    Channel,
    Contact,
    CoolingOff,
    Draft,
    Membership,
    Person,
    Purpose,
    Role,
    Workspace,
)
from outreach.core.models.drafts import DraftStatus
from outreach.core.models.workspace import DRILL_SLUG, SettingChange
from outreach.core.people import add_address
from outreach.core.principal import Principal
from safety import controls

AUTHOR = Principal.system("drill")
ADDRESS = "stop-drill@example.com"  # reserved for examples (RFC 2606): nobody reads it
WORDS = drafts.Text(
    subject="Stop drill", text="A test message of the stop drill. It is kept, never carried."
)


def prepare(by: Principal, at: datetime) -> Workspace:
    """The workspace, empty of earlier drills, with `by` as its reviewer until `clear`."""
    place, _ = Workspace.everywhere.get_or_create(slug=DRILL_SLUG, defaults={"name": "Stop drill"})
    controls.provision(place)
    clear(place)
    with transaction.atomic():
        Membership.objects.create(user_id=int(by.id), workspace=place, role=Role.REVIEWER)
        person = Person.objects.filter(workspace=place).first() or Person.objects.create(
            workspace=place, full_name="Stop drill", source="the stop drill"
        )
        add_address(place, person, Channel.EMAIL, ADDRESS)
        # Where it is noon now: no quiet hour stands between the message and the stop.
        Person.objects.filter(pk=person.pk).update(time_zone=noon(at))
    return place


def noon(at: datetime) -> str:
    """An IANA zone in which it is about 12:00 now."""
    ahead = 12 - at.astimezone(UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "UTC"


def approved(place: Workspace, by: Principal, at: datetime) -> Approval:
    """The test message, approved by `by` and due now, also in dry run.

    A second call approves anew what a stop returned to the queue. Raises `approvals.errors` where
    the rules refuse it.
    """
    pending = Approval.objects.filter(workspace=place, status=ApprovalStatus.PENDING).first()
    if pending is None:
        asked = submission.submit(_draft(place, at).pk, by=by, at=at)
        if asked.approval is None:
            raise Blocked(asked.verdict)
        pending = asked.approval
    given = services.approve(pending.pk, by=by, at=at, digest=pending.digest, undo_seconds=0)
    # Dry run is looked at by the last look as well; the drill must get that far.
    Approval.objects.filter(pk=given.pk, workspace=place).update(dry_run=False)
    return given


def _draft(place: Workspace, at: datetime) -> Draft:
    """The message of earlier drills, or a new one where its text is another by now."""
    for found in Draft.objects.filter(workspace=place, status=DraftStatus.DRAFT).order_by("-pk"):
        if found.current and (found.current.subject, found.current.text) == (
            WORDS.subject,
            WORDS.text,
        ):
            return found
    person = Person.objects.get(workspace=place)
    return drafts.write(
        place, person, Channel.EMAIL, WORDS, by=AUTHOR, at=at, purpose=Purpose.TRANSACTIONAL
    )


def clear(place: Workspace) -> None:
    """Take away everything of a drill that could be counted; the log keeps what was done."""
    with transaction.atomic():
        rows = (Delivery, Contact, CoolingOff, Approval, QuotaUse, Membership, SettingChange)
        for model in rows:
            model.objects.filter(workspace=place).delete()
        ids = Draft.objects.filter(workspace=place).values_list("pk", flat=True)
        drafts.move(ids, DraftStatus.DRAFT)
