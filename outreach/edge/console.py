"""How the queue and one item look on a terminal (seed C §6): plain rows of rich, no decisions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from rich.console import Group
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from approvals import ahead, came_back, greeting, marks, review, rewriting, rounds
from approvals import queue as reading
from approvals.models import Approval, ApprovalStatus
from channels import windows
from outreach.core import inbox, senders
from outreach.core.clock import by_clock
from outreach.core.models import Revision
from safety import controls

SENT_BEFORE = (
    "It may have arrived already: nobody knows how its last sending ended. Approve it only if you "
    "are sure that it did not arrive."
)
STOPPED = "Stopped. Nothing leaves until this is lifted: {}. You may decide; nothing will be sent."
COLOURS = {0: "dim", 1: "", 2: "yellow", 3: "bold red"}


def age(since: datetime, now: datetime | None = None) -> str:
    """ "2h ago": how long since the text was composed."""
    span = (now or timezone.now()) - since
    if span < timedelta(hours=1):
        return f"{int(span.total_seconds() // 60)}m ago"
    if span < timedelta(days=1):
        return f"{int(span.total_seconds() // 3600)}h ago"
    return f"{span.days}d ago"


def percent(value: int | None) -> str:
    return "none" if value is None else f"{value}%"


def queue(items: list[Approval], counts: reading.Counts) -> Group:
    """The table of the seed: number, priority, person, type, confidence, age. Not for none."""
    badge = controls.badge(items[0].workspace_id)
    table = Table("#", "Priority", "Person", "Type", "Channel", "Confidence", "Age")
    said = " | ".join(f"{number} {word.title()}" for number, word in counts.parts)
    table.title = f"APPROVAL QUEUE   {said}"
    for item in items:
        table.add_row(
            str(item.pk),
            Text(item.get_priority_display().upper(), style=COLOURS[item.priority]),
            Text(item.draft.person.full_name),
            item.get_touch_display(),
            item.get_channel_display(),
            percent(item.confidence),
            age(item.revision.created_at),
        )
    return Group(f"{badge.text}: {badge.sentence}", table)


def visible(text: str) -> str:
    """The text with characters nobody sees shown as marks, and none that steers a terminal."""
    shown = []
    for char in text:
        if char == "\n" or (char.isprintable() and char not in marks.BLANKS):
            shown.append(char)
        elif char == "\t":
            shown.append("⇥")
        else:
            shown.append(f"⟦U+{ord(char):04X}⟧")
    return "".join(shown)


def detail(item: Approval) -> Panel:
    """One item as the seed shows it, plus what would happen if it were approved now."""
    person, revision = item.draft.person, item.revision
    said = list(inbox.beside(item.draft))
    sender = senders.shown(item.workspace, item.channel)
    parts: list[Any] = [
        *([Text(f"From: {visible(sender)}")] if sender else []),
        Text(f"To: {person.full_name} <{revision.address}> (UUID: {person.uuid})"),
        Text(f"Relationship: {relationship(item)}"),
        Text(f"Type: {item.get_touch_display()} | Channel: {item.get_channel_display()} | "
             f"Template: {item.draft.template or 'none'}"),
        Rule(style=""),
    ]  # fmt: skip
    for message in said:
        parts += [Text("INCOMING MESSAGE (what they said):"), Text(visible(message.text))]
        parts.append(Rule(style=""))
    if said:
        parts.append(Text(f"The newest is message {said[0].pk}: --heard {said[0].pk}"))
    parts.append(Text(f"DRAFT {'RESPONSE' if said else 'MESSAGE'}:"))
    if revision.subject:
        parts.append(Text(f"Subject: {visible(revision.subject)}", style="bold"))
        parts += [Text(line) for line in [marks.long_subject(revision.subject)] if line]
    words = visible(revision.text)
    if revision.erased_at is not None:
        words = f"Erased on {revision.erased_at:%Y-%m-%d} (UTC): nothing of it is kept here."
    parts.append(Text(f"\n{words}"))
    if claims := rewriting.claim_of(item):
        parts.append(Text(f"\n{claims}", style="bold"))
    if greets := greeting.warning(person, revision.text):
        parts.append(Text(f"\n{visible(greets)}", style="bold"))
    if revision.html:
        parts.append(Text(f"\nHTML PART, which most people read in place of the text:\n"
                          f"{visible(revision.html)}"))  # fmt: skip
    parts += [Text(visible(line)) for line in _files(revision)]
    parts.append(Rule(style=""))
    parts += [Text(visible(line)) for line in _reasons(item)]
    if back := came_back.told(item):
        parts.insert(0, Text(back, style="bold"))
    which = f"#{item.pk} (message {item.draft_id})"
    title = f"MESSAGE APPROVAL {which}   Priority: {item.get_priority_display().upper()}"
    return Panel(Group(*parts), title=title, title_align="left")


def _files(revision: Revision) -> list[str]:
    """Each file that a yes would send, with the whole hash of the bytes that it is about."""
    if not revision.attachments:
        return []
    rows = [
        f"  {file['name']} ({file['type']}, {file['size']:,} bytes, SHA-256 {file['sha256']})"
        for file in revision.attachments
    ]
    return ["", "FILES that go with it, exactly these bytes:", *rows]


def _reasons(item: Approval) -> list[str]:
    """Where the confidence and the priority come from, what the rules find, what a yes does."""
    outlook = ahead.outlook_of(item, at=timezone.now(), undo=0)  # as `review` gives a yes
    lines = [f"AI Confidence: {reading.confidence_of(item)}"]
    if reasoning := reading.story_of(item).reasoning:
        lines.append(f"Reasoning{' (before the edit)' if item.edited else ''}: {reasoning}")
    if item.priority_reasons:  # none are left of somebody who was erased
        why = "; ".join(why.rstrip(".") for why in item.priority_reasons)
        lines.append(f"Why this priority: {why}")
    if item.status == ApprovalStatus.PENDING and rounds.may_have_arrived(item):
        lines.append(SENT_BEFORE)
    lines += [
        f"{finding['status'].upper()} {finding['message']}"
        for finding in ahead.findings_of(item, outlook)
        if finding["status"] in ("warn", "fail", "info")
    ]
    if outlook and outlook.stopped:
        lines.append(STOPPED.format(outlook.stopped))
    lines += filter(None, [windows.told(item, at=timezone.now())])
    lines.append(what_comes(item, outlook))
    if item.rejection_reason:
        lines.append(f"Why: {item.rejection_reason}")
    if item.notes:
        lines.append(f"Note from the author: {item.notes}")
    return lines


def relationship(item: Approval) -> str:
    person = item.draft.person
    facts = [person.position, str(person.account) if person.account else ""]
    if person.connected_on:
        facts.append(f"connected {person.connected_on:%d %b %Y}")
    return ", ".join(fact for fact in facts if fact) or "nothing known"


def what_comes(item: Approval, outlook: ahead.Outlook | None) -> str:
    """What a yes would lead to now; of what is decided, what became of it and still lies ahead."""
    leads_to = outlook.sentence if outlook else ""
    if outlook and outlook.paused:
        leads_to += f" To let it go on: manage.py person --enable-automation {item.human.uuid}"
    if item.status == ApprovalStatus.PENDING:
        dry = outlook is not None and outlook.dry_run and not outlook.stopped
        return f"Nothing leaves (DRY RUN). {leads_to}" if dry else leads_to
    return f"{_decided(item)}{_ended(item)}{_delivered(item)}. {leads_to}".strip()


def _decided(item: Approval) -> str:
    """What was decided, by whom and when. Who approved it did not do what ended it later."""
    what = "Approved" if item.taken_back else item.outcome
    by = f" by {item.decided_by_label}" if item.decided_by_label else ""
    when = f", {by_clock(item.decided_at)}" if item.decided_at else ""
    return f"{what}{by}{when}"


def _ended(item: Approval) -> str:
    """What ended the round, and when, where the decision does not say so already."""
    if not item.closed_at or item.closed_reason in ("", "rejected"):
        return ""
    then = f", then {item.outcome.lower()}" if item.taken_back else ""
    when = "" if item.closed_at == item.decided_at else by_clock(item.closed_at)
    stamp = f"{' ' if then else ', '}{when}" if when else ""
    return f"{then}{stamp}: {review.closed_because(item)}"


def _delivered(item: Approval) -> str:
    last = item.deliveries.order_by("-id").first()
    return f"; {last.get_status_display().lower()} {by_clock(last.since)}" if last else ""


def whole(item: Approval) -> dict[str, Any]:
    """One item for programs with what they said, the newest first: its id goes with --heard."""
    said = [{"id": row.pk, "text": row.text} for row in inbox.beside(item.draft)]
    why = {"template": item.draft.template, "reasoning": reading.story_of(item).reasoning,
           "way": windows.told(item, at=timezone.now())}  # fmt: skip
    return {**as_dict(item), **why, "incoming": said}


def as_dict(item: Approval) -> dict[str, Any]:
    """One item for programs."""
    return {
        "id": item.pk,
        "priority": item.get_priority_display(),
        "status": item.status,
        "person": {"uuid": str(item.draft.person.uuid), "name": item.draft.person.full_name},
        "channel": item.channel,
        "type": item.touch,
        "purpose": item.purpose,
        "confidence": item.confidence,
        "sender": senders.shown(item.workspace, item.channel),
        "subject": item.revision.subject,
        "text": item.revision.text,
        "html": item.revision.html,
        "attachments": list(item.revision.attachments),
        "digest": item.digest,
        "composed_at": item.revision.created_at.isoformat(),
        "expires_at": item.expires_at.isoformat(),
        "decided_by": item.decided_by_label,
        "rejection_reason": item.rejection_reason,
        "closed_reason": item.closed_reason,
        "closed_at": item.closed_at.isoformat() if item.closed_at else None,
        "scheduled_for": item.scheduled_for.isoformat() if item.scheduled_for else None,
        "would_leave_at": item.decision.get("would_leave_at"),
        "priority_reasons": item.priority_reasons,
        "findings": item.decision.get("findings", []),
    }
