"""What a workflow is made of: named steps over a job, and what each may produce. No decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from outreach.core.models import Workspace
from outreach.core.principal import Principal

Output = dict[str, Any]


class BadOptions(ValueError):
    """What was asked cannot be done; the sentence says what to give instead."""


class StepRefused(Exception):
    """A step cannot go on; the sentence says why and what to do before resuming."""


@dataclass(slots=True)
class Job:
    """What a step works with: who writes, for whom, what was asked and what came before."""

    run_id: int
    workspace: Workspace
    agent: Principal
    options: Mapping[str, Any]
    at: datetime
    outputs: dict[str, Output] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """What every draft of this run carries, so that no person gets two from one run."""
        return f"workflow-run:{self.run_id}"


Work = Callable[[Job, Sequence[int]], Output]
Over = Callable[[Job], Sequence[int]]


@dataclass(frozen=True, slots=True)
class StepDefinition:
    """One step. With `over` it works on those ids in batches of `size`, each one transaction.

    `work` answers with counts, which are added up over the batches, and values, which the last
    batch sets. `produces` are safe actions of `safety.actions`; writing anything else fails.
    `only_if` names an option; without it the step is not part of the run.
    """

    name: str
    does: str
    produces: tuple[str, ...]
    work: Work
    over: Over | None = None
    size: int = 100
    only_if: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """A workflow: its steps in order. Without steps it is named but not yet available."""

    name: str
    title: str
    does: str
    steps: tuple[StepDefinition, ...] = ()
    prepare: Callable[[Workspace, Mapping[str, Any]], dict[str, Any]] | None = None

    @property
    def is_available(self) -> bool:
        return bool(self.steps)

    def steps_for(self, options: Mapping[str, Any]) -> list[StepDefinition]:
        """The steps that a run with these options has."""
        return [step for step in self.steps if not step.only_if or options.get(step.only_if)]

    def step(self, name: str) -> StepDefinition:
        for step in self.steps:
            if step.name == name:
                return step
        raise StepRefused(
            f"The workflow {self.name} has no step {name} any more. Cancel this run and start anew."
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step is, for whoever watches."""

    no: int
    name: str
    done: int
    total: int


Watch = Callable[[Progress], None]
