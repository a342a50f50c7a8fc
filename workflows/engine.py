"""Walks a run through its steps, so that a killed worker costs nothing but time.

Each batch of a step is one transaction that begins by asking whether this worker still owns the
run, and that carries the rows written together with how far the step is. So a batch happened
wholly or not at all, and a former worker cannot write. Only this module writes these statuses.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Q

from outreach.core import activity, erasure
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal
from safety import controls, events
from safety.models import ControlKey
from safety.services import check_safety
from workflows import definitions, outputs
from workflows.counting import added, batches
from workflows.models import TRANSITIONS, Run, RunStatus, Step
from workflows.shapes import (
    Definition,
    Halted,
    Job,
    Lost,
    Progress,
    StepDefinition,
    StepRefused,
    Watch,
)

logger = logging.getLogger(__name__)
DOOR = "workflow"
# A worker shows life with every batch. Silence this long lets somebody else go on; were the
# worker alive after all, it could not write any more.
SILENCE = timedelta(seconds=60)

Clock = Callable[[], datetime]


def _unwatched(progress: Progress) -> None:
    """Nobody looks."""


def take(run_id: int, *, at: datetime) -> str:
    """Own a waiting run; the name of the claim, or empty when somebody else was faster."""
    claim = uuid4().hex
    waiting = Run.objects.filter(pk=run_id, status=RunStatus.WAITING)
    with transaction.atomic():
        erasure.begin(*waiting.values_list("workspace", flat=True))
        fresh = {"status": RunStatus.RUNNING, "error": "", "ended_at": None}
        taken = waiting.update(claim=claim, seen_at=at, **fresh)
    Run.objects.filter(pk=run_id, claim=claim, started_at__isnull=True).update(started_at=at)
    return claim if taken else ""


def may_go_on(at: datetime) -> Q:
    """Runs that failed, or whose worker has been silent for long."""
    silent = Q(status=RunStatus.RUNNING, seen_at__lte=at - SILENCE)
    return Q(status=RunStatus.FAILED) | silent


def reopen(run: Run, *, by: Principal, at: datetime) -> bool:
    """Let a failed or abandoned run wait for a worker again; False when it is neither."""
    with transaction.atomic():
        moved = Run.objects.filter(may_go_on(at), pk=run.pk).update(
            status=RunStatus.WAITING, claim="", error="", seen_at=at, ended_at=None
        )
        if not moved:
            return False
        _move_steps(run.pk, RunStatus.WAITING, error="", ended_at=None)
        activity.record(activity.entry("workflows.resumed", run), by=by, at=at)
    return True


def cancel(run: Run, *, by: Principal, at: datetime) -> bool:
    """End a run that is not done. Its worker finishes the batch in hand and finds it has lost."""
    sources = [source for source, targets in TRANSITIONS.items() if "cancelled" in targets]
    with transaction.atomic():
        moved = Run.objects.filter(pk=run.pk, status__in=sources).update(
            status=RunStatus.CANCELLED, claim="", ended_at=at
        )
        if not moved:
            return False
        _move_steps(run.pk, RunStatus.CANCELLED, ended_at=at)
        activity.record(activity.entry("workflows.cancelled", run), by=by, at=at)
    return True


def _move_steps(run_id: int, to: str, **fields: object) -> None:
    sources = [source for source, targets in TRANSITIONS.items() if to in targets]
    Step.objects.filter(run_id=run_id, status__in=sources).update(status=to, **fields)


def work(run_id: int, *, clock: Clock, watch: Watch = _unwatched) -> Run:
    """Do what is left of a waiting run and return it as it stands then.

    Losing the run to a cancel or to another worker is no error. An interrupt is told in the run
    and raised on.
    """
    claim = take(run_id, at=clock())
    if claim:
        worker = _Worker(run_id, claim, clock, watch)
        try:
            worker.go()
        except Lost:
            logger.info("Run %s goes on without this worker.", run_id)
        except Halted as halt:
            worker.fail(str(halt), "halted")
        except (KeyboardInterrupt, SystemExit):
            worker.fail("Interrupted. Resume it: what was done stays done.", "interrupted")
            raise
        except Exception as error:  # noqa: BLE001 - whatever a step meets is told in its run
            worker.fail_with(error)
    return Run.objects.get(pk=run_id)


class _Worker:
    """One worker's hold on one run, from the claim to the last step it may do."""

    def __init__(self, run_id: int, claim: str, clock: Clock, watch: Watch) -> None:
        self.run = Run.objects.select_related("workspace", "agent").get(pk=run_id)
        self.claim = claim
        self.clock = clock
        self.watch = watch
        self.step: Step | None = None

    def go(self) -> None:
        definition = definitions.find(self.run.name)
        job = self._job()
        for step in self.run.steps.order_by("no"):
            if step.status != RunStatus.DONE:
                self._do(step, definition.step(step.name), job)
            job.outputs[step.name] = step.output
        self._finish(definition, job)

    def _job(self) -> Job:
        if self.run.agent is None:
            raise StepRefused("This run names no agent. Cancel it and start anew.")
        job = Job(
            run_id=self.run.pk,
            workspace=self.run.workspace,
            agent=Principal.of_agent(self.run.agent, door=DOOR),
            options=self.run.options,
            at=self.clock(),
        )
        job.alive = lambda: self._alive(job)
        return job

    def _do(self, step: Step, definition: StepDefinition, job: Job) -> None:
        self.step = step
        items = self._begin(step, definition, job)
        for batch in batches(items, definition.size, step.done_count):
            self._batch(step, definition, job, batch)
        with transaction.atomic():
            at = self._hold()
            step.status, step.ended_at = RunStatus.DONE, at
            step.save(update_fields=["status", "ended_at"])
            self._tell("workflows.step_done", by=job.agent, at=at, step=step.no, name=step.name)
        self.step = None

    def _begin(self, step: Step, definition: StepDefinition, job: Job) -> Sequence[int] | None:
        self._ask_leave(definition, job)
        with transaction.atomic():
            at = self._hold()
            with outputs.none():  # it only says what there is to do
                items = definition.over(job) if definition.over else None
            step.status, step.started_at = RunStatus.RUNNING, step.started_at or at
            step.attempt += 1
            step.total_count = 1 if items is None else len(items)
            step.input = {"options": dict(job.options), "count": step.total_count}
            step.save(update_fields=["status", "started_at", "attempt", "total_count", "input"])
        self._show(step)
        return items

    def _ask_leave(self, definition: StepDefinition, job: Job) -> None:
        """Every output by name: on the allowlist, and allowed now. A refusal leaves an event."""
        outputs.check_names(names := definition.produces)
        for name in names:
            answer = check_safety(name, by=job.agent, at=self.clock(), workspace=job.workspace)
            if not answer.allowed:
                raise outputs.UnsafeOutput(answer.reason)

    def _batch(
        self, step: Step, definition: StepDefinition, job: Job, batch: Sequence[int]
    ) -> None:
        self._halt_if_stopped(job)
        job.thoughts = None
        if definition.think is not None:
            with outputs.none():
                job.thoughts = definition.think(job, batch)
            self._halt_if_stopped(job)
        with transaction.atomic():
            job.at = self._hold()
            self._refresh(job)
            with outputs.only(definition.produces):
                found = definition.work(job, batch)
            output = (definition.fold or added)(step.output, found)
            done = step.done_count + (len(batch) or 1)
            Step.objects.filter(pk=step.pk).update(output=output, done_count=done)
        step.output, step.done_count = output, done
        self._show(step)

    def _halt_if_stopped(self, job: Job) -> None:
        stopped = controls.read().sentence(ControlKey.EMERGENCY_STOP, job.workspace.pk)
        if stopped:
            raise Halted(f"Halted by the emergency stop: {stopped}. Resume once it is lifted.")

    def _alive(self, job: Job) -> None:
        """Between two long thoughts: still ours, and not stopped?"""
        self._halt_if_stopped(job)
        with transaction.atomic():
            self._hold()

    def _refresh(self, job: Job) -> None:
        """Workspace and agent as they are now: rights may have been taken away meanwhile."""
        job.workspace.refresh_from_db()
        if job.agent.agent is not None:
            job.agent.agent.refresh_from_db()
        require(job.agent, Verb.RUN_WORKFLOWS, job.workspace)

    def _hold(self) -> datetime:
        """Own the run for the rest of this transaction, or raise Lost."""
        at = self.clock()
        held = Run.objects.filter(
            pk=self.run.pk, claim=self.claim, status=RunStatus.RUNNING
        ).update(seen_at=at)
        if not held:
            raise Lost
        return at

    def _finish(self, definition: Definition, job: Job) -> None:
        result = {
            name: {key: value for key, value in output.items() if not isinstance(value, list)}
            for name, output in job.outputs.items()
        }
        with transaction.atomic():
            at = self._hold()
            Run.objects.filter(pk=self.run.pk).update(
                status=RunStatus.DONE, result=result, claim="", ended_at=at
            )
            self._tell("workflows.done", by=job.agent, at=at, name=definition.name)

    def fail_with(self, error: Exception) -> None:
        """Tell a sentence where there is one; of anything else only its kind, never a text."""
        if isinstance(error, outputs.UnsafeOutput):
            self._record_unsafe(str(error))
        if isinstance(error, StepRefused | NotAllowed | outputs.UnsafeOutput):
            self.fail(str(error), type(error).__name__)
            return
        kind = type(error).__name__
        logger.error("Run %s failed with %s.", self.run.pk, kind)
        told = f"The step stopped with {kind}. What was done stays done; resume the run."
        self.fail(told, kind)

    def fail(self, sentence: str, code: str) -> None:
        """Stop here with the reason; nothing happens where the run was lost."""
        with transaction.atomic():
            at = self.clock()
            held = Run.objects.filter(
                pk=self.run.pk, claim=self.claim, status=RunStatus.RUNNING
            ).update(status=RunStatus.FAILED, error=sentence[:500], claim="", ended_at=at)
            if not held:
                return
            if self.step is not None:
                Step.objects.filter(pk=self.step.pk, status=RunStatus.RUNNING).update(
                    status=RunStatus.FAILED, error=sentence[:500], ended_at=at
                )
            no = self.step.no if self.step else 0
            self._tell("workflows.failed", by=self._who(), at=at, step=no, code=code)

    def _record_unsafe(self, sentence: str) -> None:
        with transaction.atomic():
            events.record(
                event_type="workflow_output",
                action_blocked=f"run {self.run.pk}, step {self.step.name if self.step else '?'}",
                reason=sentence,
                code="unsafe_output",
                workspace=self.run.workspace,
                by=self._who(),
                at=self.clock(),
            )

    def _who(self) -> Principal:
        if self.run.agent is None:
            return Principal.system("workflows")
        return Principal.of_agent(self.run.agent, door=DOOR)

    def _tell(self, verb: str, *, by: Principal, at: datetime, **codes: Any) -> None:
        activity.record(activity.entry(verb, self.run, **codes), by=by, at=at)

    def _show(self, step: Step) -> None:
        self.watch(Progress(step.no, step.name, step.done_count, step.total_count))
