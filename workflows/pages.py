"""Results made ready to be shown: numbers of people become names, links become addresses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.urls import reverse

from outreach.core.models import Channel, Draft, Person
from outreach.core.people import canonical
from outreach.core.queries import person_by_uuid
from safety.contract.localtime import local
from safety.services import stopped_by_status
from workflows import recipients
from workflows.audience import REASONS
from workflows.definitions import BY_NAME
from workflows.drafting import facts, spoken
from workflows.imported import PEOPLE
from workflows.models import Artifact, ArtifactKind, ResearchSnapshot, Run
from workflows.scoring import WEIGHTS

SHOWN_PER_REASON = 200
PERSON = "person"  # the option of `call_prep`, a uuid
PLACES = {
    "queue": "admin:approvals_approval_changelist",
    "drafts": "admin:core_draft_changelist",
    "deliveries": "admin:channels_delivery_changelist",
    "start": "admin:workflows_start",
    "person": "admin:core_person_change",
    "draft": "admin:core_draft_change",
    "approval": "admin:approvals_approval_change",
    "artifact": "admin:workflows_artifact_change",
}


def of_artifact(row: Artifact) -> dict[str, Any]:
    """What the page of this kind needs besides the row."""
    return {
        ArtifactKind.SHORTLIST: _shortlist,
        ArtifactKind.DAILY_PLAN: _plan,
        ArtifactKind.CALL_SCRIPT: _script,
        ArtifactKind.SEQUENCE: _sequence,
    }[ArtifactKind(row.kind)](row)


def of_options(run: Run) -> list[dict[str, Any]]:
    """What was asked of a run, in the words of its form; what was left empty or off is not told.

    People are named, whether they were asked for by number or by uuid; who is gone is None.
    """
    definition = BY_NAME.get(run.name)
    labels = {option.name: option.label for option in definition.options} if definition else {}
    asked = [
        *(name for name in labels if name in run.options),
        *sorted(run.options.keys() - labels),
    ]
    return [
        {"label": labels.get(name, name), "told": _spoken(value), **_whom(run, name, value)}
        for name, value in ((name, run.options[name]) for name in asked)
        if value != "" and value is not False
    ]


def _spoken(value: Any) -> str:
    if isinstance(value, dict):  # the only such option; jsonb has an order of its own
        parts = [name for name in WEIGHTS if name in value]
        return ", ".join(f"{name.replace('_', ' ')} {value[name]}" for name in parts)
    return "yes" if value is True else str(value)


def _whom(run: Run, name: str, value: Any) -> dict[str, Any]:
    if name == PERSON:
        return {"people": [person_by_uuid(run.workspace, value)]}
    if name != PEOPLE.name:
        return {}
    ids = [int(each) for each in value.split(", ")]
    found = named(ids[:SHOWN_PER_REASON])
    return {
        "people": [found.get(pk) for pk in ids[:SHOWN_PER_REASON]],
        "more": len(ids[SHOWN_PER_REASON:]),
    }


def of_snapshot(row: ResearchSnapshot) -> dict[str, Any]:
    data = row.data
    lines = [*data["people"], *data["start_with"], *data["conversation"]]
    people = named(line["person"] for line in lines)
    return {
        "data": data,
        "people": _with_people(data["people"], people),
        "start_with": _with_people(data["start_with"], people),
        "conversation": _with_people(data["conversation"], people),
    }


def named(ids: Iterable[int]) -> Mapping[int, Person]:
    """People by number, one statement; who was erased is not among them."""
    found = {pk for pk in ids if pk}
    return Person.objects.filter(pk__in=found).select_related("account", "merged_into").in_bulk()


def _with_people(
    lines: Iterable[Mapping[str, Any]], people: Mapping[int, Person]
) -> list[dict[str, Any]]:
    return [
        {**line, "who": who, "work": work_of(who), "stopped": stopped(who)}
        for line in lines
        for who in (people.get(line["person"]),)
    ]


def stopped(person: Person | None) -> str:
    """Why nobody writes to or calls this human being by now; empty where somebody may."""
    return stopped_by_status(canonical(person)) if person else "They were erased"


def work_of(person: Person | None) -> str:
    """Position and company, the company once: "Head of Data at Acme", not "…, Acme" after it."""
    if person is None or person.account is None:
        return person.position if person else ""
    title = facts.title(person) or person.position
    if spoken.company(person.account.name).casefold() in title.casefold():
        return title
    return ", ".join(part for part in (title, person.account.name) if part)


def _shortlist(row: Artifact) -> dict[str, Any]:
    data = row.data
    shown = {reason: ids[:SHOWN_PER_REASON] for reason, ids in data["left_out"].items()}
    ids = [entry["person"] for entry in data["entries"]]
    people = named([*ids, *(pk for each in shown.values() for pk in each)])
    return {
        "data": data,
        "entries": _with_people(data["entries"], people),
        "weights": [
            (name.replace("_", " "), data["weights"][name])
            for name in WEIGHTS
            if name in data["weights"]
        ],
        "left_out": [
            {
                "reason": REASONS.get(reason, reason.replace("_", " ")),
                "count": len(ids),
                "people": [people[pk] for pk in shown[reason] if pk in people],
                "more": max(0, len(ids) - SHOWN_PER_REASON),
            }
            for reason, ids in data["left_out"].items()
        ],
    }


def _plan(row: Artifact) -> dict[str, Any]:
    data = row.data
    people = named(task["person"] for task in [*data["placed"], *data["left"]])
    placed = [_with_address(task) for task in _with_people(data["placed"], people)]
    left = [_with_address(task) for task in _with_people(data["left"], people)]
    return {"data": data, "placed": placed, "left": left}


def _with_address(task: dict[str, Any]) -> dict[str, Any]:
    kind, number = task["link"]
    name = PLACES.get(kind, "")
    address = reverse(name, args=[number] if number else []) if name else ""
    return {**task, "address": address}


def _script(row: Artifact) -> dict[str, Any]:
    why = stopped(row.person)
    if row.person and not why and recipients.closed_number(row.person, row.data["phone"]):
        why = "Their number is on the suppression list"
    return {"data": row.data, "who": row.person, "stopped": why}


def _sequence(row: Artifact) -> dict[str, Any]:
    touches, zone = row.data["touches"], row.workspace.time_zone
    drafts = Draft.objects.select_related("current").in_bulk([each["draft"] for each in touches])
    return {
        "who": row.person,
        "touches": [
            {
                **each,
                "when": f"{local(datetime.fromisoformat(each['at']), zone):%A, %Y-%m-%d %H:%M}",
                "channel": Channel(each["channel"]).label,
                "message": drafts.get(each["draft"]),
            }
            for each in touches
        ],
    }
