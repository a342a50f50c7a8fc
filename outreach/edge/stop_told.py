"""What a stop by command found, in lines for somebody who was woken up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import DatabaseError
from django.urls import reverse

from approvals import taking
from channels.models import Delivery
from channels.quiet import StopReport
from outreach.core.clock import SECONDS, by_clock
from outreach.core.permissions import Verb, allowed
from outreach.core.plurals import plural
from outreach.core.principal import Principal
from outreach.edge import running

NUMBERS = 20
VIEW = Verb.VIEW


def lines(report: StopReport, by: Principal) -> Iterator[str]:
    """Everything the report tells but whether it is stopped. Names only for who may see them."""
    if report.back:
        yield report.back
    yield from report.killed
    rows = [*report.left_meanwhile, *report.may_have_left, *report.still_open]
    whom = _whom([row["delivery"] for row in rows], by)
    for title, found in (
        ("Left while stopping", report.left_meanwhile),
        ("May have left, in flight at this stop", report.may_have_left),
        ("Still open", report.still_open),
    ):
        for row in found:
            sender = f", sender {row['sender']}" if found is report.still_open else ""
            yield f"{title}: {whom.get(row['delivery'], '')}{_line(row)}{sender}"
    if before := report.unknown_before:
        numbers = ", ".join(str(row["delivery"]) for row in before[:NUMBERS])
        more = f" and {len(before) - NUMBERS} more" if len(before) > NUMBERS else ""
        yield f"Unknown already before this stop: {len(before)} (delivery {numbers}{more})"
    if report.may_have_left or report.unknown_before:
        yield (
            "Whether those without an outcome arrived, a person says under Deliveries, "
            "filtered by unknown; the program never sends them again."
        )


def back_in_the_queue(report: StopReport, workspace_id: int | None) -> None:
    """Note on the report of an emergency stop how many approvals it has returned, also in words.

    It is told without them where they cannot be read: a stop is a stop.
    """
    try:
        found = taking.went_back(workspace_id, since=report.set_at)
    except DatabaseError:
        report.back = "How many approved messages went back to the queue could not be read."
        return
    report.reopened, report.left_approved = found
    said = []
    if report.reopened:
        said.append(f"{plural(report.reopened, 'approved message')} went back to the queue.")
    if report.left_approved:
        left = plural(report.left_approved, "approved message")
        said.append(
            f"{left} could not be returned yet: nothing of that leaves, and lifting the stop "
            "returns it."
        )
    report.back = " ".join(said) or "No approved message was waiting to leave."


def not_yet() -> str:
    """What to do while senders are not proven dead."""
    page = f"{running.address()}{reverse('emergency_stop')}"
    return (
        "NOT YET STOPPED: the senders above are not proven dead. End them and run this again, or, "
        "where their machine is gone for good, have an operator press Emergency stop in the admin "
        f"({page}): the page that follows lists them under Still open and declares a machine gone."
    )


def _line(row: dict[str, Any]) -> str:
    since = datetime.fromisoformat(row["since"])
    return (
        f"approval #{row['approval']}, delivery {row['delivery']} by {row['channel']}, "
        f"since {by_clock(since, SECONDS)}"
    )


def _whom(deliveries: list[int], by: Principal) -> dict[int, str]:
    """The person and the address of each. The stop is told without them where they fail."""
    rows = Delivery.objects.filter(pk__in=deliveries)
    try:
        found = list(rows.select_related("human", "workspace", "approval__revision"))
        open_to = {place for place in {row.workspace for row in found} if allowed(by, VIEW, place)}
        return {
            row.pk: f"{row.human.full_name} <{row.approval.revision.address}>, "
            for row in found
            if row.workspace in open_to
        }
    except DatabaseError:
        return {}
