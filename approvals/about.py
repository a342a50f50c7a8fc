"""Whom a message goes to, as the review page tells it: standing and what passed between us."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, Value

from approvals.models import Approval
from outreach.core.models import Activity, Contact, CoolingOff, Person, User
from outreach.core.models.people import PersonStatus
from outreach.core.principal import Principal
from safety.controls import Controls
from safety.services import own_faults

HISTORY = 12
NAMES = 5


def about(
    person: Person, human: Person, approval: Approval, *, at: datetime, state: Controls
) -> dict[str, Any]:
    """Standing, relationship and what passed between us, of the human being; a stop stands beside.

    `person` and `human` were read in this request.
    """
    is_active = human.status == PersonStatus.ACTIVE
    contacts = list(
        Contact.objects.filter(human=human)
        .select_related("draft__current")
        .order_by("-at")[:HISTORY]
    )
    others = list(
        Approval.objects.filter(human=human)
        .exclude(pk=approval.pk)
        .select_related("revision")
        .order_by("-id")[:HISTORY]
    )
    return {
        "faults": own_faults(person, human),
        "everybody_stopped": bool(state.stopped(approval.workspace_id)),
        "lifted_by": _lifted_by(human) if human.desisted_at and is_active else "",
        "contacts": contacts,
        "others": others,
        "open_others": [row for row in others if row.is_open],
        **_rests_and_names(person, human, at),
    }


def _lifted_by(human: Person) -> str:
    """Who let somebody be written to again who had asked us to stop; empty where nobody knows."""
    told = Activity.objects.filter(
        object_type="person", object_id=str(human.pk), verb="people.active", by_kind="user"
    )
    last = told.order_by("-id").first()
    by = User.objects.filter(pk=last.by_id).first() if last else None
    return Principal.of_user(by).label if by else ""


def _rests_and_names(person: Person, human: Person, at: datetime) -> dict[str, Any]:
    """Rests that run and the other records of this human, in one statement."""
    rests = CoolingOff.objects.filter(human=human, until__gt=at).order_by()
    names = Person.objects.filter(merged_into=human).exclude(pk=person.pk).order_by()
    nothing = Value(None, output_field=DateTimeField())
    found = list(
        rests.annotate(no=Value(0))
        .values_list("no", "cause", "until")
        .union(names.annotate(end=nothing).values_list("pk", "full_name", "end"), all=True)
    )
    return {
        "rests": [CoolingOff(cause=cause, until=until) for no, cause, until in found if not no],
        "duplicates": [name for no, name, _ in sorted(found, key=lambda row: row[0]) if no][:NAMES],
    }
