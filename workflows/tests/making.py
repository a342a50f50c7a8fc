"""Rows for the tests of workflows: people worth writing to, and a run over them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from outreach import testing
from outreach.core.models import Account, Draft, Person, Workspace
from outreach.testing import WORKDAY
from workflows import definitions, services
from workflows.models import Run


class Clock:
    """A clock that goes on a second each time somebody looks."""

    def __init__(self, at=WORKDAY):
        self.at = at

    def __call__(self):
        self.at += timedelta(seconds=1)
        return self.at


def place(slug: str = "") -> Workspace:
    fields = {"sender_name": "Mira Keller", "postal_address": "1 Sample Street"}
    return testing.make_workspace(slug, **fields)


def people(workspace: Workspace, count: int = 4) -> list[Person]:
    """Everybody has a company; every second one a position, every third no greeting name."""
    account = Account.objects.create(workspace=workspace, name="Acme Ltd", key="acme ltd")
    return [
        testing.make_person(
            workspace,
            f"Name{number} Test",
            account=account,
            position="Head of Data" if number % 2 else "",
            connected_on=date(2025, 1, 1) + timedelta(days=number),
            source="Connections.csv",
        )
        for number in range(count)
    ]


def run(workspace: Workspace | None = None, **options) -> Run:
    """A waiting run of email_drafts, asked for by an admin."""
    where = workspace or place()
    by = testing.dora(where)
    return services.start("email_drafts", where, options, by=by, at=WORKDAY)


def small_batches(monkeypatch, size: int = 3) -> None:
    """Let every step take several batches."""
    found = definitions.BY_NAME["email_drafts"]
    steps = tuple(replace(step, size=size) for step in found.steps)
    monkeypatch.setitem(definitions.BY_NAME, "email_drafts", replace(found, steps=steps))


def change_step(monkeypatch, name: str, **changes) -> None:
    """Let one step of email_drafts do something else."""
    found = definitions.BY_NAME["email_drafts"]
    steps = tuple(replace(step, **changes) if step.name == name else step for step in found.steps)
    monkeypatch.setitem(definitions.BY_NAME, "email_drafts", replace(found, steps=steps))


def snapshot(workspace: Workspace) -> list[tuple]:
    """Every message of a workspace, without numbers that differ from run to run."""
    rows = Draft.objects.filter(workspace=workspace).select_related("person", "current")
    return sorted(
        (
            row.person.full_name, row.status, row.purpose, row.current.subject, row.current.text,
            row.current.confidence, row.current.reasoning, row.approvals.count(),
        )
        for row in rows
    )  # fmt: skip
