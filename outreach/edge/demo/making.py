"""Makes the demo part by part and says what it did. Each part is made once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from outreach.core.models import Draft, Workspace
from outreach.core.models.drafts import DraftStatus
from outreach.edge.demo import accounts, messages, people
from safety import controls
from workflows import services as workflows

Say = Callable[[str], None]
SENDER = "Mira Keller"
POSTAL_ADDRESS = "Example Ltd, 1 Sample Street, 8000 Zurich, Switzerland"
TIME_ZONE = "Europe/Zurich"
RUNS = (
    ({"template": "introduction", "about": messages.ABOUT, "limit": 4, "submit": True}, "guests"),
    (
        {"template": "by_history", "about": messages.ABOUT, "limit": 16, "submit": True},
        "connections",
    ),
)
EXAMPLE_ADDRESSES = (
    "LIVE: the demo's people have addresses at example.com, .org and .net, where nobody reads. "
    "What you approve for them is sent there and comes back."
)


def make(workspace: Workspace, *, at: datetime, say: Say) -> None:
    """Everything that is missing. Adds nothing where people of your own are stored."""
    own = people.strangers(workspace)
    if own:
        say(f"{workspace.name} has {own} people of its own: the demo adds nothing to them.")
        return
    if controls.badge(workspace.pk).text == "LIVE":
        say(EXAMPLE_ADDRESSES)
    _introduce(workspace)
    made = accounts.make(workspace)
    if made:
        say(f"{made} colleagues made; their passwords are in {accounts.path()}.")
    # Its runs are its last part: what another version of the program made whole stays as it is.
    if messages.runs_ended(workspace) < len(RUNS):
        _fill(workspace, at=at, say=say)
    waiting = Draft.objects.filter(workspace=workspace, status=DraftStatus.PENDING_APPROVAL)
    say(f"{waiting.count()} messages wait for review.")


def _fill(workspace: Workspace, *, at: datetime, say: Say) -> None:
    admin = accounts.principal(accounts.ADMIN)
    reviewer = accounts.principal(accounts.REVIEWER)
    workflows.drafting_agent(workspace, by=admin, at=at)
    # The guests first: so the introduction goes to them, and they are known thinly.
    for (given, whom), file in zip(RUNS, (people.GUESTS, people.CONNECTIONS), strict=True):
        came = people.bring_in(workspace, file, by=admin, at=at)
        if came:
            say(f"{came} people imported from {file.name}.")
        if file == people.CONNECTIONS:
            people.tell_countries(workspace, by=reviewer, at=at)
            people.give_past(workspace, by=reviewer, at=at)
            _letters(workspace, at=at, say=say)
        if trouble := messages.run(workspace, given, by=admin):
            say(f"The drafts for the {whom} are not complete: {trouble}")


def _letters(workspace: Workspace, *, at: datetime, say: Say) -> None:
    """Before the run: whom a colleague is writing to, no workflow writes to."""
    written = messages.write_letters(
        workspace,
        writer=accounts.principal(accounts.WRITER),
        reviewer=accounts.principal(accounts.REVIEWER),
        at=at,
    )
    if written:
        say(f"{written} messages written by a colleague.")


def _introduce(workspace: Workspace) -> None:
    """Who writes, from where; only in a workspace where nobody has said so."""
    if workspace.sender_name or workspace.postal_address:
        return
    workspace.sender_name = SENDER
    workspace.postal_address = POSTAL_ADDRESS
    fields = ["sender_name", "postal_address"]
    if workspace.time_zone == "UTC":
        workspace.time_zone = TIME_ZONE
        fields.append("time_zone")
    workspace.save(update_fields=fields)
