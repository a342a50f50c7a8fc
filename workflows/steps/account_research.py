"""The steps of `account_research`: what we know of a company, with sources, dates and gaps.

Read-only: it looks at imports, notes, past conversation and text somebody pasted. Nothing is
fetched from anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from django.db.models import Count, Q

from outreach.core.models import Account, Workspace
from outreach.core.names import clean_lines
from workflows import dossier
from workflows.drafting import facts
from workflows.models import ResearchSnapshot
from workflows.options import BadOptions, Option
from workflows.shapes import Job, Output

LONGEST_PASTE = 20_000
OPTIONS = (
    Option(
        "account", "Company", help="Its name or a part of it; empty: those where we know most."
    ),
    Option("limit", "At most so many companies", "whole", 25, least=1, most=5000),
    Option(
        "text", "Text about it", most=LONGEST_PASTE, is_long=True,
        help="Pasted from their site, an article, your notes. Needs a company. Kept with the date.",
    ),
)  # fmt: skip


def check(workspace: Workspace, asked: Mapping[str, Any]) -> None:
    """Pasted text is about one company, which must be clear. Raises BadOptions."""
    if not asked["account"]:
        if asked["text"]:
            raise BadOptions("Say which company the text is about: --account NAME.")
        return
    found = list(_named(workspace, asked["account"])[:6].values_list("name", flat=True))
    if not found:
        raise BadOptions(
            f"No company here is called {asked['account']!r}. People bring companies with them: "
            "import them first, or check the spelling."
        )
    if asked["text"] and len(found) > 1 and not _exact(workspace, asked["account"]):
        raise BadOptions(
            f"{asked['account']!r} fits {', '.join(found[:5])}. Name one of them in full, so that "
            "the text is kept with the right one."
        )


def _named(workspace: Workspace, name: str) -> Any:
    exact = _exact(workspace, name)
    if exact is not None:
        return Account.objects.filter(pk=exact.pk)
    return Account.objects.filter(workspace=workspace, name__icontains=name).order_by("name")


def _exact(workspace: Workspace, name: str) -> Account | None:
    return Account.objects.filter(workspace=workspace, name__iexact=name).order_by("pk").first()


def select_accounts(job: Job, batch: Sequence[int]) -> Output:
    """The companies to look at, those where we know most people first."""
    known = Q(people__merged_into__isnull=True)
    rows = Account.objects.filter(workspace=job.workspace)
    if job.options["account"]:
        rows = Account.objects.filter(
            pk__in=_named(job.workspace, job.options["account"]).values("pk")
        )
    ranked = rows.annotate(known=Count("people", filter=known)).order_by("-known", "name", "pk")
    is_named = bool(job.options["account"])  # else: "Self-employed", "Retired" are no companies
    names = ranked.values_list("pk", "name").iterator()
    fit = (pk for pk, name in names if is_named or not facts.NO_COMPANY.search(name))
    ids = list(islice(fit, job.options["limit"]))
    return {"accounts": ids, "selected": len(ids), "not_looked_at": max(0, rows.count() - len(ids))}


def selected(job: Job) -> list[int]:
    found: list[int] = job.outputs["select_accounts"]["accounts"]
    return found


def write_snapshots(job: Job, batch: Sequence[int]) -> Output:
    """One dated snapshot of each company."""
    pasted = clean_lines(job.options["text"])
    found = dossier.of_accounts(job.workspace, batch, at=job.at, pasted=pasted)
    ResearchSnapshot.objects.bulk_create(
        ResearchSnapshot(
            workspace=job.workspace, account_id=pk, run_id=job.run_id, data=data, created_at=job.at
        )
        for pk, data in found.items()
    )
    return {
        "snapshots": len(found),
        "people": sum(data["known"] for data in found.values()),
        "gaps": sum(len(data["gaps"]) for data in found.values()),
    }
