"""Another open message to the same human being, which is a conflict (SPEC §5)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Case, Q, Value, When
from django.db.models.functions import Coalesce

from approvals import rounds
from approvals.models import Approval
from outreach.core.models import Draft, Person
from outreach.core.models.drafts import DraftStatus


def others_open(humans: Collection[int]) -> set[tuple[int, int, str]]:
    """(human, draft, origin) of every message to these that is begun and not over: also one that
    may have arrived, which stays approved until a person has found out.

    Of what is not submitted yet the origin is told: the later messages of a plan have the first's.
    """
    waiting = Approval.objects.filter(rounds.OPEN, human__in=humans)
    # Asked for apart: with both in one condition PostgreSQL reads everybody and every draft.
    records = Person.objects.filter(Q(pk__in=humans) | Q(merged_into__in=humans))
    begun = Draft.objects.filter(
        person__in=records.values("pk"), status__in=[DraftStatus.DRAFT, DraftStatus.APPROVED]
    ).annotate(plan=Case(When(status=DraftStatus.DRAFT, then="origin"), default=Value("")))
    human = Coalesce("person__merged_into", "person")
    return {
        *((row, draft, "") for row, draft in waiting.values_list("human_id", "draft_id")),
        *begun.values_list(human, "pk", "plan"),
    }


def stands(draft: Draft, human_id: int, others: Iterable[tuple[int, int, str]]) -> bool:
    """Whether another of these is to the same human being, and no part of the same plan."""
    return any(
        human == human_id and pk != draft.pk and not (origin and origin == draft.origin)
        for human, pk, origin in others
    )
