"""The steps of `prospect_shortlist`: who may be approached, in which order, and who not and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from outreach.core.plurals import plural
from workflows.models import Artifact
from workflows.models.artifacts import ArtifactKind
from workflows.options import Option
from workflows.shapes import Job, Output
from workflows.steps import choosing

OPTIONS = (
    choosing.ROLES,
    choosing.COMPANIES,
    Option("limit", "People on the list", "whole", 25, least=1, most=choosing.MOST_LISTED),
    Option("days", "Leave out whom we met in these days", "whole", 30, least=0, most=3650),
    choosing.WEIGHING,
)


def write_shortlist(job: Job, batch: Sequence[int]) -> Output:
    """The list, with everybody left out under the reason."""
    entries = choosing.best(job)
    left_out: dict[str, list[int]] = defaultdict(list)
    for pk, reason in job.outputs["select_people"]["left_out"]:
        left_out[reason].append(pk)
    scored = job.outputs["rank_people"].get("scored", 0)
    Artifact.objects.create(
        workspace=job.workspace,
        run_id=job.run_id,
        kind=ArtifactKind.SHORTLIST,
        title=f"Shortlist of {plural(len(entries), 'person', 'people')}, {job.today}",
        data={
            "weights": dict(choosing.weights(job)),
            "roles": list(choosing.wanted(job).roles),
            "companies": list(choosing.wanted(job).companies),
            "scored": scored,
            "entries": [
                {"person": pk, "score": score, "parts": parts} for score, pk, parts in entries
            ],
            "left_out": dict(left_out),
        },
        created_at=job.at,
    )
    return {"listed": len(entries), "beyond_the_list": scored - len(entries)}
