"""What only a program has said of somebody. By it law and hours judge, and so no rule approves."""

from __future__ import annotations

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


def of(approval: Approval) -> str:
    """Why a person must look: what an agent told since anybody approved a message to them.

    Empty where it told nothing. An agent may fill in what nobody knows, which may make the law
    or the hours kinder.
    """
    human = approval.human_id
    records = Person.objects.filter(Q(pk=human) | Q(merged_into=human)).values_list("pk", flat=True)
    told = Activity.objects.filter(
        object_type="person",
        object_id__in=[str(pk) for pk in records],
        verb="people.changed",
        by_kind=PrincipalKind.AGENT,
    )
    by_people = Approval.objects.filter(human=human, status=ApprovalStatus.APPROVED)
    looked = by_people.aggregate(at=Max("decided_at"))["at"]
    if looked is not None:
        told = told.filter(at__gt=looked)
    said = [codes.get("fields", ()) for codes in told.values_list("codes", flat=True)]
    words = sorted({JUDGED_BY[name] for fields in said for name in fields if name in JUDGED_BY})
    return (
        f"an agent told their {' and their '.join(words)}, and nobody looked since" if words else ""
    )
