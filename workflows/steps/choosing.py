"""Choosing people and ranking them: the first steps of several workflows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from workflows import audience, ranking, recipients
from workflows.options import Option
from workflows.scoring import WEIGHTS, Wanted
from workflows.shapes import Job, Output
from workflows.words import listed

MOST_LISTED = 500
ROLES = Option(
    "roles", "Roles you look for", help="Words of titles, with commas: data, analytics, CTO."
)
COMPANIES = Option("companies", "Companies you look for", help="Names or parts, with commas.")
WEIGHING = Option(
    "weights", "Weights", "weights", WEIGHTS,
    help="How much each reason counts, 0 to 100: role=40,replies=10 on the command line.",
)  # fmt: skip


def choose_people(job: Job, batch: Sequence[int]) -> Output:
    """Everybody who may be approached by any way, and each of the others with the reason."""
    people: list[int] = []
    left_out: list[tuple[int, str]] = []
    rows = audience.judged(job.workspace, at=job.at, quiet_days=job.options["days"])
    everybody = rows.iterator(chunk_size=2000)
    for pk, reason in recipients.without_suppressed(everybody, job.workspace.pk):
        if reason:
            left_out.append((pk, reason))
        else:
            people.append(pk)
    counts = Counter(reason for _, reason in left_out)
    return {
        "people": people,
        "left_out": left_out,
        "selected": len(people),
        "excluded": dict(counts),
    }


def chosen(job: Job) -> list[int]:
    people: list[int] = job.outputs["select_people"]["people"]
    return people


def rank_people(job: Job, batch: Sequence[int]) -> Output:
    """Scores of this batch; the best of all batches are kept."""
    found = ranking.scores(job, batch, wanted(job), weights(job))
    return {"best": ranking.entries(found), "scored": len(found)}


def wanted(job: Job) -> Wanted:
    asked = job.options
    return Wanted(listed(asked.get("roles", "")), listed(asked.get("companies", "")))


def weights(job: Job) -> Mapping[str, int]:
    found: Mapping[str, int] = job.options.get("weights") or WEIGHTS
    return found


def best(job: Job) -> list[ranking.Entry]:
    """The best, as far as the run's limit goes."""
    found: list[ranking.Entry] = job.outputs["rank_people"].get("best", [])  # nobody: no batch
    return found[: job.options["limit"]]


def best_people(job: Job) -> list[int]:
    return [int(entry[1]) for entry in best(job)]
