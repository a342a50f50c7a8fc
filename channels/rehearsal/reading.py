"""Reading what was kept: rounds with their deliveries, and what the gate refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db.models import (
    Case,
    Exists,
    FilteredRelation,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    When,
)
from django.db.models.fields.json import KT, KeyTextTransform, KeyTransform

from approvals.models import GIVEN, Approval, ApprovalStatus
from channels import registry
from channels.models import DeliveryStatus
from channels.rehearsal.days import Days
from channels.rehearsal.item import BY_HAND, Fate, Item, Span
from outreach.core.models import PrincipalKind, Workspace
from safety import gate
from safety.models import SafetyEvent

CHUNK = 2000
MAY_HAVE_LEFT = ("sending", "sent", "unknown", "manual")
HAVE_LEFT = Q(deliveries__status__in=MAY_HAVE_LEFT)
# A round that ended for one of these was stopped by a rule or a stop, not by a reviewer's taste.
STOPPED = {"person_stopped", "person_desist", "person_blocked"}
UNKNOWN = ("not_recorded",)  # judged before the codes were kept


@dataclass(frozen=True, slots=True)
class Row:
    """One review round with the deliveries that count, as it is read."""

    approval: int
    message: int
    human: int
    person: str
    channel: str
    status: str
    closed_reason: str
    closed_at: datetime | None
    decided_at: datetime | None
    not_before: datetime | None
    due_at: datetime | None
    edited: bool
    by_rule: str
    by_kind: str
    by_id: str
    policy: str | None
    created_at: datetime
    findings: Any
    shadow: Any
    left_at: datetime | None
    left_as: str | None  # the delivery's status
    judged_at: datetime | None
    would_leave_at: str | None
    blocked: Any
    by_rules: Any
    judged_by: str | None
    superseded: bool
    scheduled_for: datetime | None
    asked_for: datetime | None  # the time its author wished for
    left_later: bool = False  # a later round of the same message really left


def items(place: Workspace, span: Span) -> Iterator[Item]:
    """Every message of this workspace that the span concerns, each once, in order of submission.

    First what the gate kept from the queue, then rounds. What would have left counts against the
    daily quotas as they are now; for what they have no room, `daily_quota` is the rule that holds.
    """
    yield from _refused(place, span)
    days = Days.read(place, span)
    seen: set[int] = set()
    for values in _rounds(place, span).iterator(chunk_size=CHUNK):
        row = Row(*values)
        found = None if row.message in seen else judge(row, span)
        if found is None or (row.superseded and found.fate not in (Fate.SENT, Fate.LEFT)):
            continue
        if row.left_later and found.fate is Fate.SENT:
            continue  # it counts as what it became, once
        seen.add(row.message)
        yield days.play(found) if found.fate is Fate.SENT else found


def judge(row: Row, span: Span) -> Item | None:
    """The fate of one round by the end of the span; None where the span does not concern it."""
    if row.left_at is not None and row.left_at < span.until:
        return _left(row) if row.left_at >= span.since else None
    if row.judged_at is not None and row.judged_at < span.until and row.would_leave_at:
        leaves_at, rules = datetime.fromisoformat(row.would_leave_at), tuple(row.by_rules or ())
        if row.blocked and row.judged_at >= span.since:
            return _item(row, Fate.BLOCKED, rules or UNKNOWN, None)
        # What was closed before its time had come would not have left.
        if not row.blocked and (row.closed_at is None or leaves_at <= row.closed_at):
            if leaves_at >= span.until:
                return _item(row, Fate.HELD, rules or UNKNOWN, leaves_at)
            return _item(row, Fate.SENT, rules, leaves_at) if leaves_at >= span.since else None
        if row.closed_at is None:
            return None  # was refused before the span began
    if row.closed_at is not None and row.closed_at < span.until:
        if row.closed_at < span.since:
            return None
        fate = Fate.BLOCKED if row.closed_reason in STOPPED else Fate.ENDED
        return _item(row, fate, (row.closed_reason,), None)
    if row.decided_at is None or row.decided_at >= span.until:
        return _item(row, Fate.WAITING, ("undecided",), None)
    return _given(row, span)


def _given(row: Row, span: Span) -> Item:
    """Approved, and dry run has not judged it: held by its time, or nobody knows yet."""
    if row.channel not in registry.program_channels():
        return _item(row, Fate.WAITING, ("by_hand",), None)
    when = max((t for t in (row.not_before, row.due_at) if t is not None), default=None)
    if when is not None and when >= span.until:
        rules = tuple(f["code"] for f in row.findings or () if f["code"] in gate.HOLDS)
        return _item(row, Fate.HELD, rules or _chosen(row, when), when)
    return _item(row, Fate.WAITING, ("not_judged",), when)


def _left(row: Row) -> Item:
    by_hand = row.left_as == DeliveryStatus.MANUAL
    return _item(row, Fate.LEFT, (BY_HAND,) if by_hand else (), row.left_at)


def _chosen(row: Row, when: datetime) -> tuple[str, ...]:
    """Who chose the time that it waits for."""
    if row.scheduled_for != when:
        return UNKNOWN
    own = row.asked_for == row.scheduled_for
    return ("scheduled_by_author",) if own else ("scheduled_by_reviewer",)


def _item(row: Row, fate: Fate, rules: Iterable[str], leaves_at: datetime | None) -> Item:
    shadowed = row.judged_at is not None and fate in (Fate.SENT, Fate.HELD, Fate.BLOCKED)
    return Item(
        fate=fate,
        rules=tuple(rules),
        message=row.message,
        approval=row.approval,
        human=row.human,
        person=row.person,
        channel=row.channel,
        leaves_at=leaves_at,
        judged_at=row.judged_at if shadowed else row.decided_at or row.created_at,
        judged_by=(row.judged_by if shadowed else None) or row.policy or "",
        shadow=row.shadow if isinstance(row.shadow, dict) else None,
        people=_people(row),
        agent=int(row.by_id) if row.by_kind == PrincipalKind.AGENT else 0,
    )


def _people(row: Row) -> str:
    """What a person made of it, in one word."""
    if row.closed_reason == "changes_requested":
        return "returned"
    if row.status == ApprovalStatus.REJECTED:
        return "rejected" if row.closed_reason == "rejected" else "stopped"
    if row.decided_at is None:
        return "undecided"
    if row.by_rule.startswith("SYSTEM for "):
        return "by_rule"
    return "edited" if row.edited else "approved"


def _rounds(place: Workspace, span: Span) -> QuerySet[Approval, tuple[Any, ...]]:
    later = Approval.objects.filter(
        draft=OuterRef("draft"), pk__gt=OuterRef("pk"), created_at__lt=span.until
    )
    left = HAVE_LEFT & Q(deliveries__since__lt=span.until)
    return (
        Approval.objects.filter(workspace=place, created_at__lt=span.until)
        .filter(Q(closed_at__isnull=True) | Q(closed_at__gte=span.since))
        .filter(Q(taken_at__isnull=True) | Q(taken_at__gte=span.since))
        .annotate(
            left=FilteredRelation("deliveries", condition=HAVE_LEFT),
            dry=FilteredRelation(
                "deliveries", condition=Q(deliveries__status=DeliveryStatus.SIMULATED)
            ),
            policy=KT("decision__gate"),
            findings=Case(
                When(
                    status__in=GIVEN,
                    not_before__gte=span.until,
                    then=KeyTransform("findings", "decision"),
                ),
                output_field=JSONField(),
            ),
            shadow=KeyTransform("shadow", "routing"),
            would_leave_at=KeyTextTransform("would_leave_at", "dry__evidence"),
            blocked=KeyTransform("would_be_blocked", "dry__evidence"),
            by_rules=KeyTransform("by_rules", "dry__evidence"),
            judged_by=KeyTextTransform("judged_by", "dry__evidence"),
            superseded=Exists(later),
            left_later=Exists(later.filter(left)),
        )
        .order_by("pk")
        .values_list(
            "pk", "draft_id", "human_id", "human__full_name", "channel", "status",
            "closed_reason", "closed_at", "decided_at", "not_before", "due_at", "edited",
            "decided_by_label", "by_kind", "by_id", "policy", "created_at", "findings", "shadow",
            "left__since", "left__status", "dry__since", "would_leave_at", "blocked", "by_rules",
            "judged_by", "superseded", "scheduled_for", "draft__scheduled_for", "left_later",
        )
    )  # fmt: skip


def _refused(place: Workspace, span: Span) -> Iterator[Item]:
    """Messages that a rule kept from the queue, and that were not put forward again since."""
    again = Approval.objects.filter(
        draft=OuterRef("draft"), created_at__gte=OuterRef("created_at"), created_at__lt=span.until
    )
    rows = (
        SafetyEvent.objects.filter(
            ~Exists(again),
            workspace=place,
            event_type__in=("submit", "routing"),
            draft__isnull=False,
            created_at__gte=span.since,
            created_at__lt=span.until,
        )
        .order_by("draft_id", "pk")
        .values_list(
            "draft_id", "code", "created_at", KT("metadata__judged_by"), "draft__person_id",
            "draft__person__full_name", "draft__channel",
        )
    )  # fmt: skip
    for message, events in groupby(rows.iterator(chunk_size=CHUNK), key=lambda row: row[0]):
        told = list(events)
        _, _, at, policy, human, person, channel = told[-1]
        codes = tuple(dict.fromkeys(code for _, code, *_ in told))
        yield Item(
            Fate.BLOCKED, codes, message, 0, human, person, channel,
            judged_at=at, judged_by=policy or "",
        )  # fmt: skip
