"""The daily digest to reviewers and the weekly report: counts, ages and links, by e-mail."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from django.db.models import Sum

from approvals import figures, outbox, queue, quota, quota_standing, recheck_figures, rechecking
from approvals.models import Approval, ApprovalStatus, Priority, QuotaUse
from approvals.preflight import VOICE_TEXTS
from outreach.core.models import Channel, Contact, Purpose, Suppression, Workspace
from outreach.core.models.contacts import Direction
from outreach.core.permissions import Verb
from outreach.core.queries import users_who_may

FROM_HOUR = 8  # of the workspace's day
DAY, WEEK = timedelta(days=1), timedelta(days=7)
MOST = 10_000  # rows counted; a digest must not read a whole table
QUEUE = "admin:approvals_approval_changelist"


def send_due(*, at: datetime) -> int:
    """Put down every digest and weekly report whose time has come; how many lines."""
    told = 0
    for place in Workspace.objects.order_by("pk"):
        local = at.astimezone(quota.zone_of(place))
        if local.hour < FROM_HOUR:
            continue
        told += _once("digest", place, daily(place, at=at), at)
        if place.weekly_review_day == local.weekday():
            told += _once("weekly", place, weekly(place, at=at), at)
    return told


def _once(kind: str, place: Workspace, lines: list[str], at: datetime) -> int:
    """To every reviewer with an address, once a local day. No lines: nothing to tell."""
    if not lines:
        return 0
    return outbox.put(
        f"{kind}:{place.pk}:{quota.local_day(place, at)}",
        place,
        subject=f"{place.name}: {lines[0]}",
        body="\n".join([*lines, "", outbox.link(QUEUE)]),
        at=at,
        users=users_who_may(Verb.DECIDE, place),
    )


def daily(place: Workspace, *, at: datetime) -> list[str]:
    """What waits, what nobody decided, and, with Safe Mode off, what left by rule."""
    waiting = Approval.objects.filter(
        workspace=place, status=ApprovalStatus.PENDING, expires_at__gt=at
    )
    ordered = waiting.order_by(*queue.ORDER).values_list("priority", "channel", "purpose")
    rows = list(ordered[: MOST + 1])
    more, rows = len(rows) > MOST, rows[:MOST]
    expired = figures.expired_undecided([place.pk], since=at - DAY, until=at)
    again = rechecking.waiting().filter(workspace=place).count()
    if not rows and not expired and not again and place.safe_mode:
        return []
    lines = [f"{'More than ' if more else ''}{len(rows):,} messages wait for review"]
    if rows:
        by = f"The first {len(rows):,} of the queue by" if more else "By"
        lines += [
            _counted(f"{by} priority", Counter(Priority(row[0]).label for row in rows)),
            _counted(f"{by} channel", Counter(Channel(row[1]).label for row in rows)),
            _counted(f"{by} purpose", Counter(Purpose(row[2]).label for row in rows)),
        ]
    if (oldest := queue.oldest(waiting)) is not None:
        lines.append(f"The oldest has waited {queue.span(at - oldest.created_at)}.")
    if expired:
        lines.append(f"{expired} expired since yesterday because nobody decided.")
    if again:
        lines.append(f"{again} approved by rule wait for a second look (Look again).")
    if not place.safe_mode:
        given = Approval.objects.filter(workspace=place, decided_at__gt=at - DAY)
        by_rule = figures.by_rule(given).count()
        lines.append(f"Safe Mode is off: {by_rule} were approved by rule since yesterday.")
        lines.append(f"{_left(place, at, 1)} messages left yesterday.")
    lines.append(quota_standing.of_workspace(place, at=at).sentence())
    return lines


def weekly(place: Workspace, *, at: datetime) -> list[str]:
    """What left, what came back, and how people decided."""
    answered = Contact.objects.filter(
        workspace=place, direction=Direction.IN, at__gt=at - WEEK, voided_at__isnull=True
    ).count()
    refused = Suppression.objects.filter(workspace=place, at__gt=at - WEEK)
    reasons = Counter(refused.values_list("reason", flat=True)[:MOST])
    found = figures.of_workspaces([place.pk], at=at)
    rate, edits = found.all.approval_percent, found.all.edit_percent
    return [
        "weekly review",
        f"{_left(place, at, 7)} messages left in the last seven days; {answered} answers came.",
        f"{reasons['complaint']} complaints, {reasons['unsubscribe']} unsubscribed, "
        f"{reasons['stop_request']} asked us to stop.",
        f"Decisions in 30 days: {found.all.decided}, approved {_percent(rate)}, edited "
        f"{_percent(edits)}; {found.by_rule} approved by rule; {found.expired_undecided} expired "
        "undecided.",
        recheck_figures.of_workspace(place.pk, at=at).sentence,
        quota_standing.of_workspace(place, at=at).sentence(),
        _voices(figures.last_voice_scores(place, most=VOICE_TEXTS)),
    ]


def _voices(scores: dict[str, list[int]]) -> str:
    """The average of each voice's latest texts, as the preflight counts it."""
    told = [
        f"{name or 'no name'} {sum(found) / len(found):.0f} of 100 over {len(found)} texts"
        for name, found in sorted(scores.items())
    ]
    return f"Voice scores: {'; '.join(told) or 'no text has one yet'}."


def _left(place: Workspace, at: datetime, days: int) -> int:
    """Messages that left on the `days` local days before today."""
    today = quota.local_day(place, at)
    rows = QuotaUse.objects.filter(
        workspace=place, agent__isnull=True, day__lt=today, day__gte=today - timedelta(days=days)
    )
    return rows.aggregate(total=Sum("used"))["total"] or 0


def _counted(title: str, counts: Counter[str]) -> str:
    told = ", ".join(f"{label} {count}" for label, count in counts.most_common())
    return f"{title}: {told}."


def _percent(value: int | None) -> str:
    return "none" if value is None else f"{value} %"
