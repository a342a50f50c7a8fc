"""Why approved messages have not left yet: the answer to "why is nothing going out?"."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Case, Count, Exists, Q, Value, When

from approvals import quota
from approvals.models import Approval
from approvals.rounds import UNTAKEN
from channels import registry
from channels.simulate import done_with, simulated_of

# In the order of telling; a message counts under the first that is true of it.
REASONS = {
    "by_hand": "for a person to send by hand",
    "automation_off": "held: automation is off for the person",
    "out_of_time": "out of time: the next expiry closes them",
    "dry_run": "approved in dry run: simulated at their time, or back in the queue when it is off",
    "quota": "for tomorrow: the daily quota is used up",
    "later": "for their time",
    "simulated": "simulated once: they leave when dry run is off",
    "due": "due now",
}


def waiting(*, at: datetime) -> dict[str, int]:
    """How many approved and untaken messages wait for what; one statement.

    What was approved in dry run and simulated is done with; what was approved before is not.
    """
    simulated = Exists(simulated_of())
    why = Case(
        When(~Q(channel__in=registry.program_channels()), then=Value("by_hand")),
        When(human__automation_enabled=False, then=Value("automation_off")),
        When(send_before__lte=at, then=Value("out_of_time")),
        When(dry_run=True, then=Value("dry_run")),
        When(quota.HELD, due_at__gt=at, then=Value("quota")),
        When(due_at__gt=at, then=Value("later")),
        When(simulated, then=Value("simulated")),
        default=Value("due"),
    )
    rows = Approval.objects.filter(UNTAKEN, ~done_with())
    found = dict(rows.order_by().annotate(why=why).values_list("why").annotate(Count("pk")))
    return {reason: found[reason] for reason in REASONS if reason in found}


def told(counts: dict[str, int]) -> str:
    """How many wait, and for what where there is something to say: `waiting 12 (…)`."""
    parts = [f"{count} {REASONS[reason]}" for reason, count in counts.items()]
    return f"waiting {sum(counts.values())}" + (f" ({'; '.join(parts)})" if parts else "")
