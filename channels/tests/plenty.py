"""Many approved messages at once, made as the services make them but in a few statements."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

from approvals import receipt, rounds
from approvals.models import Approval
from outreach import testing
from outreach.core.digest import message_digest
from outreach.core.models import Address, Draft, Person, Revision, Workspace
from outreach.testing import WORKDAY
from safety.gate import GATE_VERSION

TEXT = "Here are the minutes of Monday's meeting, as agreed. This is note {number}."
AUTHOR = {"by_kind": "user", "by_id": "0", "by_label": "Bob"}
PURPOSE = "informational"
DECISION = {"gate": GATE_VERSION, "purpose": PURPOSE, "findings": []}  # under the rules in force
_numbers = itertools.count(1)


def make_people(count: int, workspace: Workspace, channel: str = "email") -> list[Person]:
    """People with one address each."""
    numbers = [next(_numbers) for _ in range(count)]
    people = Person.objects.bulk_create(
        [
            Person(workspace=workspace, full_name=f"Many {number}", first_name="Many")
            for number in numbers
        ],
        batch_size=500,
    )
    Address.objects.bulk_create(
        [
            Address(
                workspace=workspace,
                person=person,
                channel=channel,
                raw=address_of(number, channel),
                normalised=address_of(number, channel),
            )
            for number, person in zip(numbers, people, strict=True)
        ],
        batch_size=500,
    )
    for number, person in zip(numbers, people, strict=True):
        person.address = address_of(number, channel)
    return people


def address_of(number: int, channel: str) -> str:
    return f"many{number}@example.com" if channel == "email" else f"+49151{number:08d}"


def make_approvals(
    people: list[Person],
    *,
    each: int = 1,
    channel: str = "email",
    at: datetime = WORKDAY,
    text: str = TEXT,
) -> list[Approval]:
    """`each` given approvals for every person, due at once, decided by Alice.

    The quota of a fresh workspace does not stand in their way; one that a test chose does.
    """
    workspace = people[0].workspace
    if workspace.daily_quota == Workspace._meta.get_field("daily_quota").default:
        workspace.daily_quota = None
        workspace.save(update_fields=["daily_quota"])
    owners = [person for _ in range(each) for person in people]
    drafts = Draft.objects.bulk_create(
        [
            Draft(
                workspace=workspace,
                person=person,
                channel=channel,
                purpose=PURPOSE,
                **AUTHOR,
            )
            for person in owners
        ],
        batch_size=500,
    )
    revisions = Revision.objects.bulk_create(
        [
            _revision(draft, person, channel, text.format(number=draft.pk))
            for draft, person in zip(drafts, owners, strict=True)
        ],
        batch_size=500,
    )
    for draft, revision in zip(drafts, revisions, strict=True):
        draft.current, draft.status = revision, "approved"
    Draft.objects.bulk_update(drafts, ["current", "status"], batch_size=200)
    return _approve(drafts, workspace, at)


def make_plenty(count: int, *, workspace: Workspace | None = None, **fields) -> list[Approval]:
    """One given approval for each of `count` new people."""
    place = workspace or testing.make_workspace()
    return make_approvals(make_people(count, place, fields.get("channel", "email")), **fields)


def _revision(draft: Draft, person: Person, channel: str, text: str) -> Revision:
    words = {"address": person.address, "subject": "Minutes of Monday", "text": text}
    digest = message_digest(workspace_id=draft.workspace_id, channel=channel, **words)
    return Revision(draft=draft, no=1, confidence=85, digest=digest, **words, **AUTHOR)


def _approve(drafts: list[Draft], workspace: Workspace, at: datetime) -> list[Approval]:
    approver = testing.alice(workspace)
    rows = Approval.objects.bulk_create(
        [
            Approval(
                workspace=workspace,
                draft=draft,
                revision=draft.current,
                human_id=draft.person_id,
                channel=draft.channel,
                touch="initial",
                purpose=draft.purpose,
                digest=draft.current.digest,
                status="approved",
                created_at=at,
                expires_at=rounds.expiry(72, at),
                due_at=at,
                send_before=at + timedelta(hours=72),
                decided_by=approver.user,
                decided_by_label=approver.label,
                decided_at=at,
                decision=DECISION,
                **AUTHOR,
            )
            for draft in drafts
        ],
        batch_size=500,
    )
    for row in rows:
        row.receipt = receipt.make(
            row, decided_by_id=approver.user.pk, decided_at=at.isoformat(), decision=DECISION
        )
    Approval.objects.bulk_update(rows, ["receipt"], batch_size=200)
    return rows
