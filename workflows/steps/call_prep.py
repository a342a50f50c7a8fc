"""The steps of `call_prep`: whom to call, and a script for each. People call, not programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from outreach.core.models import Address, Person, Workspace
from outreach.core.models.people import PersonStatus
from outreach.core.people import canonical
from outreach.core.queries import people_named, person_by_uuid, told_apart
from workflows import ranking, recipients, scripts
from workflows.drafting import facts as known
from workflows.models import Artifact
from workflows.models.artifacts import ArtifactKind
from workflows.options import BadOptions, Option
from workflows.shapes import Job, Output
from workflows.steps import choosing
from workflows.steps.drafting import ABOUT, facts_of


def _whom(workspace: Workspace, named: str) -> str:
    """The uuid of the one person who is meant."""
    found = people_named(workspace, named)
    if not found:
        raise BadOptions(
            f"Nobody here is known as {named!r}. Give an address of theirs, their whole name, or "
            "the uuid from their page."
        )
    if len(found) > 1:
        which = "; ".join(f"{person.uuid}{about}" for person, about in told_apart(found[:5]))
        raise BadOptions(
            f"{len(found)} people here are known as {named!r}. Give one's uuid: {which}."
        )
    return str(found[0].uuid)


OPTIONS = (
    Option(
        "person", "One person", meant=_whom,
        help="An address, the whole name or the uuid; empty: the best of your people.",
    ),
    Option("limit", "At most so many calls", "whole", 10, least=1, most=choosing.MOST_LISTED),
    choosing.ROLES,
    Option("goal", "What you want from the call", help="For you, on top of each script."),
    ABOUT,
    Option("days", "Leave out whom we met in these days", "whole", 0, least=0, most=3650),
    Option(
        "known_number", "Only people whose number we know", "flag", False,
        help="Otherwise those with a number come first.",
    ),
)  # fmt: skip


def check(workspace: Workspace, asked: Mapping[str, Any]) -> None:
    """A named person is there and may be called; somebody can say who is calling."""
    if not known.sayable(workspace.sender_name):
        raise BadOptions(
            f"{workspace.name} has no sender's name, so nobody could say who is calling. An admin "
            "sets it in the workspace."
        )
    if not asked["person"]:
        return
    person = person_by_uuid(workspace, asked["person"])
    if person is None:
        raise BadOptions("That person is not here any more.")
    human = person.merged_into or person
    if human.status != PersonStatus.ACTIVE:
        standing = human.get_status_display().lower()
        raise BadOptions(f"Do not call {human.full_name}: {standing}.")
    if closed := _closed(human):
        raise BadOptions(f"Do not call {human.full_name}: {closed} is on the suppression list.")


def _closed(human: Person) -> str:
    """What of theirs is suppressed, where that is every number or every address; else empty."""
    found = recipients.load([human.pk])
    recipients.note_closed(found)
    if found[human.pk].numbers and not found[human.pk].phone:
        return "every number of theirs"
    is_shut = recipients.closed_everywhere(found, human.workspace_id)
    return "every address of theirs" if is_shut else ""


def select_people(job: Job, batch: Sequence[int]) -> Output:
    """The one who was named, or everybody who may be approached; those with a number counted."""
    if job.options["person"]:
        person = person_by_uuid(job.workspace, job.options["person"])
        people = [person.human_id] if person else []
        return {"people": people, "left_out": [], "selected": len(people), "excluded": {}}
    found = choosing.choose_people(job, batch)
    if job.options["known_number"]:
        numbered = set(_numbered(job, found["people"]))
        lost = [pk for pk in found["people"] if pk not in numbered]
        found["people"] = [pk for pk in found["people"] if pk in numbered]
        found["selected"] = len(found["people"])
        if lost:
            found["excluded"]["no_number"] = len(lost)
    return found


def _numbered(job: Job, people: Sequence[int]) -> list[int]:
    rows = Address.objects.filter(workspace=job.workspace, channel__in=scripts.PHONES)
    owners = rows.values_list("person_id", "person__merged_into_id")
    return [merged or person for person, merged in owners]


def rank_people(job: Job, batch: Sequence[int]) -> Output:
    """As for a shortlist, with 100 points more for a number that can be dialled."""
    found = choosing.rank_people(job, batch)
    reach = recipients.load(batch)
    recipients.note_closed(reach)
    numbered = {pk for pk, each in reach.items() if each.phone}
    found["best"] = [
        [score + (100 if pk in numbered else 0), pk, parts] for score, pk, parts in found["best"]
    ]
    return found


def write_scripts(job: Job, batch: Sequence[int]) -> Output:
    """One script for each, unless they asked us to stop, or were suppressed, meanwhile."""
    found = recipients.load(batch)
    recipients.note_closed(found)
    left = recipients.closed_everywhere(found, job.workspace.pk) | {
        pk for pk, who in found.items() if canonical(who.person).status != PersonStatus.ACTIVE
    }
    able = [pk for pk in batch if pk in found and pk not in left]
    made = [
        scripts.of(
            found[pk], job.workspace, facts_of(job, found[pk]), goal=job.options["goal"], at=job.at
        )
        for pk in able
    ]
    Artifact.objects.bulk_create(
        Artifact(
            workspace=job.workspace, run_id=job.run_id, kind=ArtifactKind.CALL_SCRIPT,
            person_id=pk, title=f"Call script, {job.today}", data=script,
            created_at=job.at,
        )
        for pk, script in zip(able, made, strict=True)
    )  # fmt: skip
    return {
        "scripts": len(made),
        "with_a_number": sum(bool(script["phone"]) for script in made),
        "left_alone": len(batch) - len(able),
    }


FOLD = ranking.keep_best(choosing.MOST_LISTED)
