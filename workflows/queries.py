"""Named reads of runs."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet

from outreach.core.models import Agent, Draft, Workspace
from workflows.engine import SILENCE
from workflows.models import Run, RunStatus

DRAFTING_AGENT = "Drafting agent"
FRESH = timedelta(seconds=5)


def drafting_agent(workspace: Workspace) -> Agent | None:
    """The agent in whose name this workspace's workflows write, if it was made."""
    return Agent.objects.filter(workspace=workspace, name=DRAFTING_AGENT).first()


def drafts_of(run_id: int) -> QuerySet[Draft]:
    """The messages a run wrote, in the order written."""
    return Draft.objects.filter(origin=f"workflow-run:{run_id}").order_by("pk")


def waiting(at: datetime) -> QuerySet[Run]:
    """Runs that nobody has begun, the oldest first; not one that a command is about to begin."""
    return Run.objects.filter(status=RunStatus.WAITING, seen_at__lte=at - FRESH).order_by("pk")


def to_pick_up(at: datetime, *, most_attempts: int) -> QuerySet[Run]:
    """Runs that nobody has touched for a while: their wake-up was lost or their worker killed.

    One whose worker died again and again is left to a person.
    """
    is_left = Q(status=RunStatus.WAITING) | Q(status=RunStatus.RUNNING, tried__lt=most_attempts)
    return (
        Run.objects.annotate(tried=Max("steps__attempt"))
        .filter(is_left, seen_at__lte=at - SILENCE)
        .order_by("pk")
    )
