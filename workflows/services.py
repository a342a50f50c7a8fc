"""Starting, resuming and cancelling a run: what every door calls. The engine does the rest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from outreach.core import activity, erasure
from outreach.core.models import Agent, Workspace
from outreach.core.permissions import NotAllowed, Verb, allowed, require, require_own
from outreach.core.principal import Principal
from workflows import definitions, engine, queries
from workflows.models import Run, RunStatus, Step

SCOPES = ("people:read", "drafts:write", "workflows:run", "messages:schedule")
NEEDED = (Verb.RUN_WORKFLOWS, Verb.WRITE_DRAFTS, Verb.SUBMIT)


class RunRefused(Exception):
    """The run cannot be started, resumed or cancelled; the sentence says why and what to do."""


def drafting_agent(workspace: Workspace, *, by: Principal, at: datetime) -> Agent:
    """The agent in whose name workflows write here; made on first use by who may configure."""
    found = queries.drafting_agent(workspace)
    if found is not None:
        return found
    if not allowed(by, Verb.CONFIGURE, workspace):
        raise NotAllowed(
            f"{workspace.name} has no {queries.DRAFTING_AGENT} yet. Ask somebody with the role "
            "admin to run a workflow once, which makes it."
        )
    with transaction.atomic():
        agent, made = Agent.objects.get_or_create(
            workspace=workspace, name=queries.DRAFTING_AGENT, defaults={"scopes": list(SCOPES)}
        )
        if made:
            entry = activity.entry("workspaces.agent_made", agent, scopes=list(SCOPES))
            activity.record(entry, by=by, at=at)
    return agent


def start(
    name: str,
    workspace: Workspace,
    options: Mapping[str, Any],
    *,
    by: Principal,
    at: datetime,
) -> Run:
    """A new run with its steps, waiting for a worker. An agent that starts one acts as itself.

    Raises BadOptions for what cannot be asked, NotAllowed without the right.
    """
    require(by, Verb.RUN_WORKFLOWS, workspace)
    definition = definitions.find(name)
    agent = by.agent or drafting_agent(workspace, by=by, at=at)
    _refuse_unable(agent, workspace)
    with transaction.atomic():
        erasure.begin(workspace.pk)  # before it is looked who is asked about
        asked = definition.prepare(workspace, options)
        run = Run.objects.create(
            workspace=workspace, agent=agent, name=name, options=asked, seen_at=at, **by.fields()
        )
        Step.objects.bulk_create(
            [
                Step(workspace=workspace, run=run, no=no, name=step.name)
                for no, step in enumerate(definition.steps_for(asked), start=1)
            ]
        )
        entry = activity.entry("workflows.started", run, name=name, agent=agent.pk)
        activity.record(entry, by=by, at=at)
    return run


def _refuse_unable(agent: Agent, workspace: Workspace) -> None:
    acting = Principal.of_agent(agent)
    if not agent.is_active:
        raise RunRefused(f"{agent.name} is switched off. An admin can switch it on again.")
    for verb in NEEDED:
        require(acting, verb, workspace)


def _require(run: Run, by: Principal) -> None:
    """An agent ends and resumes what it started; people who may run workflows do any."""
    require(by, Verb.RUN_WORKFLOWS, run.workspace)
    require_own(by, run.by_kind, run.by_id, f"Run {run.pk}")


def resume(run: Run, *, by: Principal, at: datetime) -> None:
    """Let a failed or abandoned run wait for a worker again, at the step where it stopped."""
    _require(run, by)
    if engine.reopen(run, by=by, at=at):
        return
    run.refresh_from_db()
    if run.status == RunStatus.WAITING:
        return
    if run.status == RunStatus.RUNNING and run.seen_at is not None:
        quiet = max(0, int((at - run.seen_at).total_seconds()))
        patience = int(engine.SILENCE.total_seconds())
        raise RunRefused(
            f"Run {run.pk} is being worked on: the last sign of life was {quiet} s ago. If its "
            f"worker was killed, resume after {patience} s of silence; or cancel the run."
        )
    ended = "ended" if run.status == RunStatus.DONE else "was cancelled"
    raise RunRefused(f"Run {run.pk} {ended} and cannot be resumed. Start a new one.")


def cancel(run: Run, *, by: Principal, at: datetime) -> None:
    """End a run between two batches; what it wrote stays as drafts."""
    _require(run, by)
    if not engine.cancel(run, by=by, at=at):
        run.refresh_from_db()
        raise RunRefused(f"Run {run.pk} is {run.status} already; there is nothing to cancel.")
