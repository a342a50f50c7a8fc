"""What webhooks tell, and to whom: from the log, in the order in which it is sealed.

Each act is logged in its own transaction, and the seal gives every committed row one place in one
row of numbers without gaps; so whoever reads on from a number misses nothing and reads nothing
twice, whatever was killed in between.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from approvals.models import Approval
from outreach.core import activity, erasure
from outreach.core.models import Activity, PrincipalKind, Seal
from outreach.core.permissions import may_read
from outreach.core.principal import Principal
from outreach.edge.models import Webhook, WebhookEvent

FAMILIES = {
    "decision": "What became of a proposal: approved, rejected, returned, expired",
    "delivery": "What became of sending it: sent, failed, unknown",
}
TEST = "webhook.test"
# Activity to event. What is not here is not told.
KINDS = {
    "approvals.approved": "decision.approved",
    "approvals.auto_approved": "decision.approved",
    "approvals.rejected": "decision.rejected",
    "approvals.withdrawn": "decision.returned",
    "approvals.expired": "decision.expired",
    "approvals.reopened": "decision.reopened",
    "channels.sent": "delivery.sent",
    "channels.manual": "delivery.sent",
    "channels.failed": "delivery.failed",
    "channels.unknown": "delivery.unknown",
    "channels.released": "delivery.released",
    "channels.manual_taken_back": "delivery.released",
    "channels.settled": "delivery.settled",
    "channels.simulated": "delivery.simulated",
}
BATCH, ROUNDS = 500, 20


def put_down(*, at: datetime) -> int:
    """One row for each event and webhook since the last time; how many. Harmless when run twice."""
    hooks = Webhook.objects.filter(enabled=True).select_related("workspace", "agent__workspace")
    found = list(hooks.order_by("pk"))
    if not found:
        return 0
    activity.seal()
    return sum(_catch_up(hook, at) for hook in found)


def newest() -> int:
    """Where the log ends now; what is not sealed yet comes after."""
    activity.seal()
    return Seal.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def _catch_up(hook: Webhook, at: datetime) -> int:
    made = 0
    for _ in range(ROUNDS):
        with transaction.atomic():
            rows = list(
                Seal.objects.filter(seq__gt=hook.read_up_to)
                .select_related("activity")
                .order_by("seq")[:BATCH]
            )
            if not rows:
                return made
            mine = Webhook.objects.filter(pk=hook.pk, read_up_to=hook.read_up_to, enabled=True)
            if not mine.update(read_up_to=rows[-1].seq):
                return made  # another process reads on for this one
            told = _told(hook, rows, at)
            WebhookEvent.objects.bulk_create(told)
        hook.read_up_to = rows[-1].seq
        made += len(told)
        if len(rows) < BATCH:
            break
    return made


def _told(hook: Webhook, seals: Iterable[Seal], at: datetime) -> list[WebhookEvent]:
    """The events among these rows that this webhook's receiver asked for and may read."""
    wanted = [
        seal
        for seal in seals
        if seal.activity.workspace_id == hook.workspace_id
        and _kind(seal.activity).partition(".")[0] in hook.families
    ]
    if not wanted or not may_hear(hook):
        return []
    numbers = [number for seal in wanted if (number := _round(seal.activity))]
    about = Approval.objects.filter(pk__in=numbers).values_list("draft__person", flat=True)
    erasure.hold(about)  # of who was erased, the reviewer's words are gone when they are read
    rounds = Approval.objects.select_related("draft").in_bulk(numbers)
    return [
        WebhookEvent(
            workspace_id=hook.workspace_id,
            webhook=hook,
            activity=seal.activity.pk,
            kind=_kind(seal.activity),
            body=_body(hook, seal, item),
            created_at=at,
            due_at=at,
        )
        for seal in wanted
        if (item := rounds.get(_round(seal.activity))) and _is_theirs(hook, item)
    ]


def may_hear(hook: Webhook) -> bool:
    """Whether its agent may still read messages at all; a workspace's own webhook always may."""
    if hook.agent is None:
        return True
    return may_read(Principal.of_agent(hook.agent), "drafts", hook.workspace)


def _is_theirs(hook: Webhook, item: Approval) -> bool:
    if hook.agent is None:
        return True
    author = (item.draft.by_kind, item.draft.by_id)
    return author == (PrincipalKind.AGENT, str(hook.agent.pk))


def _kind(row: Activity) -> str:
    """The event it is told as; empty where it is not told.

    Of a message sent by hand nothing is returned to its author: `delivery.sent` tells of it.
    """
    by_hand = row.verb == "approvals.withdrawn" and row.codes.get("reason") == "sent_by_hand"
    return "" if by_hand else KINDS.get(row.verb, "")


def _round(row: Activity) -> int:
    """The review round it is about."""
    return int(row.object_id if row.object_type == "approval" else row.codes.get("approval", 0))


def _body(hook: Webhook, seal: Seal, item: Approval) -> str:
    row = seal.activity
    kind = _kind(row)
    data: dict[str, Any] = {
        "draft": str(item.draft.uuid),
        "approval": item.pk,
        "channel": item.channel,
        "digest": item.digest,
        "code": row.codes.get("reason") or row.codes.get("code") or row.codes.get("answer") or "",
    }
    if row.object_type == "delivery":
        data["delivery"] = int(row.object_id)
    elif kind.startswith("decision."):
        data |= {
            "feedback": item.rejection_reason,
            "dry_run": bool(row.codes.get("dry_run", False)),
        }
    return encoded(kind, row.at, hook.workspace.slug, seal.seq, data)


def encoded(kind: str, at: datetime, place: str, sequence: int, data: dict[str, Any]) -> str:
    """The body as it is signed and sent."""
    body = {
        "type": kind,
        "timestamp": at.astimezone(UTC).isoformat(),
        "workspace": place,
        "sequence": sequence,
        "data": data,
    }
    return packed(body)


def packed(body: Any) -> str:
    """Data as the text that is signed when it is carried."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
