"""Contact history of an archive: whose each message is, and which of them are new here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from outreach.core.importing import store
from outreach.core.importing.table import Passed
from outreach.core.models import Address, Channel, Contact, Person, Workspace

PREFIX = "import:"  # of the key of a contact that has no draft


@dataclass(frozen=True, slots=True)
class Noted:
    """A message with somebody we know: `human` is 0 while only a preview knows them."""

    human: int
    is_ours: bool
    at: datetime
    key: str


def passed_of(
    workspace: Workspace,
    rows: Sequence[Passed],
    at: datetime,
    is_coming: Callable[[str], bool],
) -> tuple[list[Noted], int]:
    """New contacts among these messages, and how many are with nobody who is here."""
    humans = _humans(workspace, {row.profile for row in rows})
    keys = {row: _key(workspace, row) for row in rows}
    there = set(Contact.objects.filter(key__in=keys.values()).values_list("key", flat=True))
    noted: dict[str, Noted] = {}
    nobody = 0
    for row, key in keys.items():
        human, moment = humans.get(row.profile, 0), datetime.fromisoformat(row.at)
        if not human and not is_coming(row.profile):
            nobody += 1
        elif key not in there and moment <= at:
            noted[key] = Noted(human, row.is_ours, moment, key)
    return list(noted.values()), nobody


def _key(workspace: Workspace, row: Passed) -> str:
    return PREFIX + hashlib.sha256(f"{workspace.pk}\0{row.key}".encode()).hexdigest()


def _humans(workspace: Workspace, profiles: set[str]) -> dict[str, int]:
    """The human being behind each profile: by its address, or as written on a person."""
    urls = {f"https://www.{profile}": profile for profile in profiles}
    people = Person.objects.filter(workspace=workspace, profile_url__in=urls)
    found = {
        urls[url]: canonical or pk
        for url, pk, canonical in people.values_list("profile_url", "pk", "merged_into_id")
    }
    held = Address.objects.filter(
        workspace=workspace, channel=Channel.LINKEDIN, normalised__in=profiles
    )
    for form, pk, canonical in held.values_list(
        "normalised", "person_id", "person__merged_into_id"
    ):
        found[form] = canonical or pk
    return found


def write(workspace: Workspace, rows: Sequence[Noted], at: datetime) -> None:
    """Store them; who was skipped after all gets none."""
    store.insert(
        Contact,
        ("workspace_id", "human_id", "channel", "direction", "at", "key", "created_at"),
        [
            (
                workspace.pk, row.human, str(Channel.LINKEDIN),
                str(Contact.Direction.OUT if row.is_ours else Contact.Direction.IN),
                row.at, row.key, at,
            )
            for row in rows
            if row.human
        ],
    )  # fmt: skip
