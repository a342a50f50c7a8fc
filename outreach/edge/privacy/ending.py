"""What ends before somebody is erased, each by the service that owns it."""

from __future__ import annotations

from datetime import datetime

from approvals import taking
from channels import stop as stopping
from outreach.core import consent, drafts, inbox
from outreach.core.importing import forgetting
from outreach.core.models import Draft, Import, InboundMessage
from outreach.core.models.drafts import DraftStatus
from outreach.core.models.people import PersonStatus
from outreach.core.principal import Principal
from outreach.edge.privacy import cutting, reading
from outreach.edge.privacy.declared import ERASED
from outreach.edge.privacy.subject import Subject
from workflows import schedules, sequences
from workflows import services as flows
from workflows.models import Artifact, Run, RunStatus, Schedule
from workflows.models.artifacts import ArtifactKind


def stop(who: Subject, *, by: Principal, at: datetime) -> None:
    """Nothing goes to them from here on; what waits or is approved is rejected. Commits by itself.

    Who asked us to stop keeps that standing: it is the graver one.
    """
    if who.human.status == PersonStatus.ACTIVE:
        stopping.stop_person(who.human, PersonStatus.BLOCKED, reason=ERASED, by=by, at=at)


def close(who: Subject, *, by: Principal, at: datetime) -> None:
    """Whatever is still open about them. Needs the transaction that erases them."""
    taking.end_for_human(who.people, sentence=ERASED, by=by, at=at)
    consent.withdraw(who.human, reason=ERASED, by=by, at=at)
    for row in InboundMessage.objects.filter(
        pk__in=[row.pk for row in reading.mine("core.InboundMessage", who)], status__in=inbox.OPEN
    ):
        inbox.handle(row.pk, by=by, at=at, reason=ERASED)
    sequence = Artifact.objects.filter(kind=ArtifactKind.SEQUENCE, person__in=who.people)
    for artifact in sequence.filter(closed_at__isnull=True):
        sequences.close(artifact, PersonStatus.BLOCKED, by=by, at=at)
    open_ = Draft.objects.filter(pk__in=who.drafts, status=DraftStatus.DRAFT)
    drafts.move(open_.values_list("pk", flat=True), DraftStatus.REJECTED, reason=ERASED)
    for schedule in Schedule.objects.filter(workspace=who.workspace):
        if cutting.mentions(schedule.options, who.words):
            schedules.remove(schedule, by=by, at=at)
    for run in Run.objects.filter(workspace=who.workspace, status=RunStatus.WAITING):
        if cutting.mentions(run.options, who.words):
            flows.cancel(run, by=by, at=at)
    for kept in Import.objects.filter(workspace=who.workspace, parts__kind="file").distinct():
        if forgetting.may_name(kept, who.words.in_bytes):
            forgetting.drop_file(kept, by=by, at=at)
