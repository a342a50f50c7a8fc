"""What there is to do in a workspace, the most urgent first. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import Coalesce

from approvals import quota, quota_standing
from approvals.models import Approval, ApprovalStatus, Priority
from approvals.rounds import UNTAKEN
from outreach.core.models import Contact, Draft, InboundMessage, Person, Workspace
from outreach.core.models.drafts import DraftStatus
from outreach.core.models.inbound import InboundStatus
from outreach.core.models.people import PersonStatus
from outreach.core.plurals import plural
from safety.contract.localtime import local
from workflows import audience, recipients, scripts, windows
from workflows.agenda import Task
from workflows.models import Artifact
from workflows.models.artifacts import ArtifactKind
from workflows.recipients import Recipient

BY_HAND = {"linkedin": "Send by hand on LinkedIn", "phone": "Call with the approved words"}
EVER = 36_500  # days
FRESH = timedelta(days=14)  # older shortlists and call scripts speak of another time
MINUTES = {
    "settle": 5, "answer": 5, "review": 2, "send": 3, "follow_up": 3, "mend": 4, "submit": 2,
    "call": 15, "first": 4, "shortlist": 10,
}  # fmt: skip
MOST_OF_A_KIND = 15


def everything(workspace: Workspace, *, at: datetime, day_ends: datetime) -> list[Task]:
    """Every task, in the order in which it should be done."""
    room = quota_room(workspace, at=at)
    tasks = [*_settle(workspace), *_answer(workspace), *_review(workspace, at, day_ends)]
    for task in (*_send(workspace, at), *_follow_up(workspace, at, day_ends)):
        tasks.append(task)
    tasks += [
        *_mend(workspace),
        *_submit(workspace),
        *_calls(workspace, at),
        *_first(workspace, at, room),
    ]
    return tasks


def quota_room(workspace: Workspace, *, at: datetime) -> int | None:
    """How many more messages may be planned for today; None: as many as you like."""
    standing = quota_standing.of_workspace(workspace, at=at)
    if standing.limit is None:
        return None
    return max(0, standing.limit - standing.used - approved_today(workspace, at=at))


def approved_today(workspace: Workspace, *, at: datetime) -> int:
    """How many approved messages are due today and have not left: they use up the quota, too.

    By a yes given in dry run the program sends nothing, ever; a person's hand may.
    """
    leaves = Q(dry_run=False) | Q(channel__in=BY_HAND)
    return Approval.objects.filter(
        UNTAKEN, leaves, workspace=workspace, due_at__lt=quota.next_day(workspace, at)
    ).count()


# --- What cannot wait ----------------------------------------------------------------------------


def _settle(workspace: Workspace) -> Iterator[Task]:
    """Outcomes nobody knows: each waits for a person's word."""
    # Not by contacts: one that was decided anew stays uncertain, and is settled all the same. By
    # the approvals' relation: no module here names what sends.
    rows = Approval.objects.filter(workspace=workspace, deliveries__status="unknown")
    if count := rows.count():
        yield Task(
            "settle", f"Settle {plural(count, 'unknown outcome')}",
            min(count, 6) * MINUTES["settle"], "Nobody knows whether these messages left.",
            link=("deliveries", 0),
        )  # fmt: skip


def _answer(workspace: Workspace) -> Iterator[Task]:
    """People who wrote and wait; those who complained or are in distress come first."""
    open_now = (InboundStatus.NEEDS_PERSON, InboundStatus.WANTS_REPLY)
    rows = InboundMessage.objects.filter(
        workspace=workspace, status__in=open_now, person__isnull=False
    )
    zone = workspace.time_zone
    ordered = sorted(rows.order_by("received_at", "pk")[:200], key=lambda row: not row.alert)
    for row in ordered[:MOST_OF_A_KIND]:
        why = row.get_alert_display() if row.alert else row.get_status_display()
        yield Task(
            "answer", "Read and answer", MINUTES["answer"],
            f"{why}; wrote on {local(row.received_at, zone):%Y-%m-%d}",
            person=row.person_id or 0, link=("person", row.person_id or 0),
        )  # fmt: skip
    if (rest := len(ordered) - MOST_OF_A_KIND) > 0:
        yield Task("answer", f"Answer {rest} more", min(rest, 12) * MINUTES["answer"])


def _review(workspace: Workspace, at: datetime, day_ends: datetime) -> Iterator[Task]:
    """The queue, what is urgent or runs out today before the rest."""
    rows = Approval.objects.filter(workspace=workspace, status=ApprovalStatus.PENDING)
    counted = rows.aggregate(
        urgent=Count("pk", filter=Q(priority__gte=Priority.HIGH)),
        ending=Count("pk", filter=Q(priority__lt=Priority.HIGH, expires_at__lte=day_ends)),
        rest=Count("pk", filter=Q(priority__lt=Priority.HIGH, expires_at__gt=day_ends)),
    )
    for key, title, why in (
        ("urgent", "high or critical in the queue", "They come first in the queue."),
        ("ending", "that expire today", "Undecided they go back to their authors."),
        ("rest", "in the queue", "Oldest first."),
    ):
        if count := counted[key]:
            shown = min(count, 15)
            more = f" of {count}" if shown < count else ""
            yield Task(
                "review", f"Review {shown}{more} {title}", shown * MINUTES["review"], why,
                link=("queue", 0),
            )  # fmt: skip


# --- What is promised ----------------------------------------------------------------------------


def _send(workspace: Workspace, at: datetime) -> Iterator[Task]:
    """Approved messages that only a person can send."""
    rows = Approval.objects.filter(
        UNTAKEN, workspace=workspace, channel__in=BY_HAND, due_at__lte=at + timedelta(hours=12)
    ).order_by("due_at", "pk")
    taken = list(rows[: MOST_OF_A_KIND + 1])
    reach = recipients.load([row.human_id for row in taken])
    for row in taken[:MOST_OF_A_KIND]:
        window, note = _window(reach.get(row.human_id), workspace, at)
        yield Task(
            "send", BY_HAND[row.channel], MINUTES["send"],
            "Approved; mark it as sent afterwards.", person=row.human_id,
            link=("approval", row.pk), window=window, note=note,
        )  # fmt: skip


def _follow_up(workspace: Workspace, at: datetime, day_ends: datetime) -> Iterator[Task]:
    """Drafts whose planned day is here and that nobody has submitted."""
    rows = Draft.objects.filter(
        workspace=workspace, status=DraftStatus.DRAFT, scheduled_for__lte=day_ends
    ).order_by("scheduled_for", "pk")
    for row in rows[:MOST_OF_A_KIND]:
        day = local(row.scheduled_for or at, workspace.time_zone)
        yield Task(
            "follow_up", f"Look at the planned {row.get_channel_display()} message and submit it",
            MINUTES["follow_up"], f"Planned for {day:%Y-%m-%d}.",
            person=row.person_id, link=("draft", row.pk),
        )  # fmt: skip


def _mend(workspace: Workspace) -> Iterator[Task]:
    rows = Draft.objects.filter(workspace=workspace, status=DraftStatus.DRAFT).exclude(
        status_reason=""
    )
    if count := rows.count():
        yield Task(
            "mend", f"Mend or discard {plural(count, 'returned draft')}",
            min(count, 6) * MINUTES["mend"], "A rule or a reviewer sent them back with a reason.",
            link=("drafts", 0),
        )  # fmt: skip


def _submit(workspace: Workspace) -> Iterator[Task]:
    """Drafts without a day that wait for somebody to ask for their review."""
    count = Draft.objects.filter(
        workspace=workspace, status=DraftStatus.DRAFT, status_reason="", scheduled_for=None
    ).count()
    if count:
        shown = min(count, 15)
        more = f" of {count}" if shown < count else ""
        title = f"Read {shown}{more} unsubmitted drafts and ask for their review"
        if count == 1:
            title = "Read an unsubmitted draft and ask for its review"
        yield Task(
            "submit", title,
            shown * MINUTES["submit"], "Nobody sees them in the queue before that.",
            link=("drafts", 0),
        )  # fmt: skip


# --- What is new ---------------------------------------------------------------------------------


def _calls(workspace: Workspace, at: datetime) -> Iterator[Task]:
    """Prepared calls to human beings we have not been in touch with since."""
    human = Coalesce("person__merged_into", "person")
    rows = Artifact.objects.filter(
        Q(person__merged_into=None) | Q(person__merged_into__status=PersonStatus.ACTIVE),
        workspace=workspace, kind=ArtifactKind.CALL_SCRIPT, created_at__gt=at - FRESH,
        person__status=PersonStatus.ACTIVE,
    ).annotate(human=human).order_by("-pk")  # fmt: skip
    newest = {row.human: row for row in reversed(rows[:200]) if row.data.get("phone")}
    since = _touched_since(newest)
    reach = recipients.load([who for who in newest if who not in since])
    recipients.note_closed(reach)
    calls = {
        who: newest[who]
        for who, each in reach.items()
        if newest[who].data["phone"] not in each.closed
    }
    for who, row in list(calls.items())[:MOST_OF_A_KIND]:
        window, note = _window(reach.get(who), workspace, at)
        yield Task(
            "call", "Call", MINUTES["call"], row.data.get("goal") or "The script is ready.",
            person=who, link=("artifact", row.pk), window=window, note=note,
        )  # fmt: skip


def _touched_since(made: Mapping[int, Artifact]) -> set[int]:
    contacts = Contact.objects.filter(human__in=made, voided_at__isnull=True)
    told = contacts.values_list("human_id", "at")
    return {human for human, when in told if when > made[human].created_at}


def _first(workspace: Workspace, at: datetime, room: int | None) -> Iterator[Task]:
    """First messages to the best of the latest shortlist, as far as the quota goes."""
    latest = Artifact.objects.filter(
        workspace=workspace, kind=ArtifactKind.SHORTLIST, created_at__gt=at - FRESH
    ).order_by("-pk").first()  # fmt: skip
    if latest is None:
        if Person.objects.filter(workspace=workspace, merged_into__isnull=True).exists():
            yield Task(
                "shortlist", "Make a shortlist", MINUTES["shortlist"],
                "There is none of the last two weeks, so nobody new is proposed here.",
                link=("start", 0),
            )  # fmt: skip
        return
    best = _by_human(latest.data["entries"])
    busy = _busy(workspace, list(best), at)
    fresh = [(who, entry) for who, entry in best.items() if who not in busy]
    for no, (who, entry) in enumerate(fresh[:MOST_OF_A_KIND]):
        over = room is not None and no >= room
        yield Task(
            "first", "Write a first message", MINUTES["first"],
            f"{entry['score']} of 100 on the shortlist", person=who, link=("person", who),
            not_today="the daily quota is used up" if over else "",
        )  # fmt: skip


def _by_human(entries: Sequence[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """The first entry of each human being, for the record that stands for them by now."""
    rows = Person.objects.filter(pk__in=[entry["person"] for entry in entries])
    human = {pk: into or pk for pk, into in rows.values_list("pk", "merged_into_id")}
    found: dict[int, dict[str, Any]] = {}
    for entry in entries:
        if entry["person"] in human:
            found.setdefault(human[entry["person"]], entry)
    return found


def _busy(workspace: Workspace, humans: Sequence[int], at: datetime) -> set[int]:
    """Those to whom no workflow would write now, and whoever was met at any time before."""
    rows = audience.judged(workspace, at=at, quiet_days=EVER, ids=humans)
    return {pk for pk, reason in recipients.without_suppressed(rows, workspace.pk) if reason}


def _window(
    recipient: Recipient | None, workspace: Workspace, at: datetime
) -> tuple[tuple[datetime, datetime] | None, str]:
    if recipient is None:
        return None, ""
    phone = next((recipient.ways[way] for way in scripts.PHONES if way in recipient.ways), "")
    zone = recipient.person.time_zone
    found = windows.next_window(
        at, zone=zone, phone=phone, also=recipient.numbers, our_zone=workspace.time_zone
    )
    return (found.begins, found.ends), found.sentence(workspace.time_zone)
