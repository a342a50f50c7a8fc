"""What only a program has said of somebody. By it law and hours judge, and so no rule approves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.db.models import Max, Q

from approvals.models import Approval, ApprovalStatus
from outreach.core.models import Activity, Person, PrincipalKind

# What the log calls it, by hand and by import, and how people read it.
JUDGED_BY = {
    "country": "country",
    "time_zone": "time zone",
    "account": "company",
    "company": "company",
    "addresses": "address or number",
    "phone": "number",
    "whatsapp": "number",
}
WRITTEN, CHANGED = "people.written", "people.changed"


def of(humans: Collection[int]) -> dict[int, str]:
    """Of these, why a person must look: what an agent told since anybody approved a message to
    them. In a constant number of statements.

    An agent may fill in what nobody knows, or write down whom nobody knows, which may make the law
    or the hours kinder.
    """
    rows = Person.objects.filter(Q(pk__in=humans) | Q(merged_into__in=humans))
    records = {str(pk): {pk, into or pk} for pk, into in rows.values_list("pk", "merged_into")}
    told = Activity.objects.filter(
        object_type="person",
        object_id__in=list(records),
        verb__in=(WRITTEN, CHANGED),
        by_kind=PrincipalKind.AGENT,
    )
    by_people = Approval.objects.filter(human__in=humans, status=ApprovalStatus.APPROVED)
    looked = dict(by_people.values_list("human").annotate(at=Max("decided_at")).order_by())
    said: dict[int, set[str]] = defaultdict(set)
    for record, verb, at, codes in told.values_list("object_id", "verb", "at", "codes"):
        for human in records[record] & set(humans):
            if human not in looked or at > looked[human]:
                said[human] |= _words(verb, codes.get("fields", ()))
    return {human: _sentence(words) for human, words in said.items() if words}


def _words(verb: str, fields: Collection[str]) -> set[str]:
    """What was told; of somebody written down, all that there is."""
    return {""} if verb == WRITTEN else {JUDGED_BY[name] for name in fields if name in JUDGED_BY}


def _sentence(words: set[str]) -> str:
    if "" in words:
        return "an agent wrote them down, and nobody looked since"
    return f"an agent told their {' and their '.join(sorted(words))}, and nobody looked since"
