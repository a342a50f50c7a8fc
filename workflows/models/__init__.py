"""What workflows keep: runs and steps, what they made, who wrote it, when, and what was tried."""

from __future__ import annotations

from workflows.models.agent_runs import AgentRun
from workflows.models.artifacts import Artifact, ArtifactKind, ResearchSnapshot
from workflows.models.experiments import Assignment, Experiment
from workflows.models.runs import TRANSITIONS, Run, RunStatus, Step
from workflows.models.schedules import Schedule

__all__ = [
    "TRANSITIONS",
    "AgentRun",
    "Artifact",
    "ArtifactKind",
    "Assignment",
    "Experiment",
    "ResearchSnapshot",
    "Run",
    "RunStatus",
    "Schedule",
    "Step",
]
