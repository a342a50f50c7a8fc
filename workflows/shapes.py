"""What a workflow is made of: named steps over a job, and what each may produce. No decisions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from outreach.core.models import Workspace
from outreach.core.principal import Principal
from safety.contract.localtime import local
from workflows import options
from workflows.options import BadOptions, Option

__all__ = [
    "BadOptions", "Definition", "Halted", "Job", "Lost", "Option", "Output", "Progress",
    "StepDefinition", "StepRefused", "Watch",
]  # fmt: skip

Output = dict[str, Any]


class StepRefused(Exception):
    """A step cannot go on; the sentence says why and what to do before resuming."""


class Lost(Exception):
    """This worker does not own the run any more: cancelled, or taken over."""


class Halted(Exception):
    """The emergency stop holds; nothing was begun since."""


def _nothing() -> None:
    """Nobody needs to know."""


@dataclass(slots=True)
class Job:
    """What a step works with: who writes, for whom, what was asked and what came before."""

    run_id: int
    workspace: Workspace
    agent: Principal
    options: Mapping[str, Any]
    at: datetime
    outputs: dict[str, Output] = field(default_factory=dict)
    # What `think` of the batch in hand found out; None where the step has no `think`.
    thoughts: Any = None
    # Shows life during long thinking; raises when the run was lost or stopped.
    alive: Callable[[], None] = _nothing

    @property
    def today(self) -> date:
        """The day on the workspace's clock, which is not always that of UTC."""
        return local(self.at, self.workspace.time_zone).date()

    @property
    def origin(self) -> str:
        """What every draft of this run carries, so that no person gets two from one run."""
        return f"workflow-run:{self.run_id}"


Work = Callable[[Job, Sequence[int]], Output]
Over = Callable[[Job], Sequence[int]]
Think = Callable[[Job, Sequence[int]], Any]
Fold = Callable[[Output, Output], Output]


@dataclass(frozen=True, slots=True)
class StepDefinition:
    """One step. With `over` it works on those ids in batches of `size`, each one transaction.

    `work` answers with counts, which are added up over the batches, and values, which the last
    batch sets. `produces` are safe actions of `safety.actions`; writing anything else fails.
    `only_if` names an option; without it the step is not part of the run. `think` comes before
    `work`, outside the transaction, and may write nothing: what takes long, such as asking a
    model, belongs there. `fold` adds up the answers of batches otherwise than by counting.
    """

    name: str
    does: str
    produces: tuple[str, ...]
    work: Work
    over: Over | None = None
    size: int = 100
    only_if: str = ""
    think: Think | None = None
    fold: Fold | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A workflow: what may be asked of it, and its steps in order.

    `check` judges the completed options against the workspace; raises BadOptions.
    """

    name: str
    title: str
    does: str
    steps: tuple[StepDefinition, ...]
    options: tuple[Option, ...]
    check: Callable[[Workspace, Mapping[str, Any]], None] | None = None

    def prepare(self, workspace: Workspace, given: Mapping[str, Any]) -> dict[str, Any]:
        """The options of a run, complete and judged. Raises BadOptions, saying what to give."""
        asked = options.complete(self.options, given)
        for option in self.options:
            if option.meant is not None and asked[option.name]:
                asked[option.name] = option.meant(workspace, asked[option.name])
        if self.check is not None:
            self.check(workspace, asked)
        return asked

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
