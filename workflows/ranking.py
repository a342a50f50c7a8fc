"""Scoring a batch of people from what is stored of them, and keeping the best of many batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from outreach.core.models import Contact, Person
from outreach.core.models.contacts import Direction
from workflows import recipients, scoring
from workflows.drafting import facts as known
from workflows.recipients import Recipient
from workflows.roles import classify
from workflows.scoring import Score, Subject, Wanted
from workflows.shapes import Job, Output

Entry = list[Any]  # [score, person, reasons as data], as a step's output keeps it


def subject_of(recipient: Recipient, colleagues: Mapping[int, int], answered: set[int]) -> Subject:
    person = recipient.person
    position = known.title_on_file(person)
    account = person.account_id or 0
    return Subject(
        position=position,
        role=classify(position),
        company=known.company_on_file(person),
        connected_on=person.connected_on,
        colleagues=max(0, colleagues.get(account, 1) - 1),
        account_answered=account in answered and not recipient.they_wrote,
        they_wrote=recipient.they_wrote,
        unanswered=recipient.unanswered,
    )


def scores(
    job: Job, batch: Sequence[int], wanted: Wanted, weights: Mapping[str, int]
) -> dict[int, Score]:
    """The score of each, in a constant number of statements."""
    found = recipients.load(batch)
    accounts = {each.person.account_id for each in found.values()} - {None}
    colleagues = _colleagues(accounts)
    answered = set(
        Contact.objects.filter(
            human__account__in=accounts, direction=Direction.IN, voided_at__isnull=True
        ).values_list("human__account_id", flat=True)
    )
    today = job.today
    return {
        pk: scoring.judge(subject_of(recipient, colleagues, answered), wanted, weights, today=today)
        for pk, recipient in found.items()
    }


def _colleagues(accounts: set[int | None]) -> Counter[int]:
    rows = Person.objects.filter(account__in=accounts, merged_into__isnull=True)
    return Counter(account or 0 for account in rows.values_list("account_id", flat=True))


def entries(scored: Mapping[int, Score]) -> list[Entry]:
    """As a step's output keeps them, the best first; of equals, whom we have known longer."""
    rows = [
        [score.total, pk, [part.as_dict() for part in score.parts]] for pk, score in scored.items()
    ]
    return sorted(rows, key=_order)


def keep_best(limit: int) -> Callable[[Output, Output], Output]:
    """A fold that keeps the best `limit` of what was found so far and counts the rest."""

    def fold(so_far: Output, found: Output) -> Output:
        best = sorted([*so_far.get("best", []), *found["best"]], key=_order)[:limit]
        scored = so_far.get("scored", 0) + found["scored"]
        return {"best": best, "scored": scored, "listed": len(best)}

    return fold


def _order(entry: Entry) -> tuple[float, int]:
    return (-entry[0], entry[1])
