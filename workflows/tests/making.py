"""Rows for the tests of workflows: people worth writing to, and a run over them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from outreach import testing
from outreach.core.models import Account, Draft, Person, Workspace
from outreach.core.people import add_address
from outreach.testing import WORKDAY
from workflows import definitions, services
from workflows.models import Artifact, ResearchSnapshot, Run


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


ABOUT = "We keep records in order."
# What each workflow is asked in tests, so that every step of it is part of the run.
ASKED = {
    "account_research": {},
    "prospect_shortlist": {"roles": "data"},
    "linkedin_message_drafts": {"submit": True},
    "follow_up_sequence": {"about": ABOUT, "submit": True, "per_day": 50},
    "daily_plan": {},
    "email_drafts": {"submit": True, "template": "reconnect"},
    "call_prep": {"about": ABOUT},
}


def run(workspace: Workspace | None = None, name: str = "email_drafts", **options) -> Run:
    """A waiting run, asked for by an admin."""
    where = workspace or place()
    if name == "email_drafts":
        options = {"template": "reconnect", **options}  # needs no sentence about our work
    by = testing.dora(where)
    return services.start(name, where, options, by=by, at=WORKDAY)


def small_batches(monkeypatch, size: int = 3, name: str = "email_drafts") -> None:
    """Let every step take several batches."""
    found = definitions.BY_NAME[name]
    steps = tuple(replace(step, size=size) for step in found.steps)
    monkeypatch.setitem(definitions.BY_NAME, name, replace(found, steps=steps))


def change_step(monkeypatch, name: str, **changes) -> None:
    """Let one step of email_drafts do something else."""
    found = definitions.BY_NAME["email_drafts"]
    steps = tuple(replace(step, **changes) if step.name == name else step for step in found.steps)
    monkeypatch.setitem(definitions.BY_NAME, "email_drafts", replace(found, steps=steps))


def people_elsewhere(workspace: Workspace) -> None:
    """Four more companies, so that research has several batches."""
    for number in range(4):
        name = f"Other {number}"
        account = Account.objects.create(workspace=workspace, name=name, key=name.lower())
        testing.make_person(workspace, f"Else{number} There", account=account)


def reachable(workspace: Workspace, persons: list[Person]) -> None:
    """Give everybody a profile and a number."""
    for number, person in enumerate(persons):
        add_address(workspace, person, "linkedin", f"linkedin.com/in/{workspace.slug}-{number}")
        add_address(workspace, person, "phone", f"+4144668{1800 + number}")


def results(workspace: Workspace) -> list[tuple]:
    """What was made besides drafts, with people by name instead of number."""
    names = {row.pk: row.full_name for row in Person.objects.filter(workspace=workspace)}
    made = [
        (row.kind, names.get(row.person_id, ""), row.title, _named(row.data, names))
        for row in Artifact.objects.filter(workspace=workspace)
    ]
    made += [
        ("research", "", str(row), _named(row.data, names))
        for row in ResearchSnapshot.objects.filter(workspace=workspace)
    ]
    return sorted(made, key=repr)


def _named(data, names):
    if isinstance(data, dict):
        left = {"draft", "link"}
        return {
            key: names.get(value, value) if key == "person" else _named(value, names)
            for key, value in data.items()
            if key not in left
        }
    if isinstance(data, list):
        return [_named(each, names) for each in data]
    is_time = isinstance(data, str) and data[10:11] == "T"
    return data[:10] if is_time else data  # the day: the two runs began minutes apart


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
