"""What happened to one delivery, in order: from the approval, the log, providers and the inbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from approvals.models import ApprovalStatus
from channels.models import Delivery, DeliveryStatus, ProviderEvent
from outreach.core import who
from outreach.core.clock import SECONDS, by_clock
from outreach.core.models import Activity, Channel, InboundMessage, PrincipalKind

# What the log says of a delivery, in words. What is not here is told by its own name.
WORDS = {
    "channels.sending": "Claimed: the intent to send it was committed",
    "channels.sent": "Cleared by the last look, handed over and accepted",
    "channels.failed": "Failed for certain: it did not leave, or was refused",
    "channels.unknown": "No outcome was recorded: nobody knows whether it left",
    "channels.released": "Refused by the last look: nothing was handed over",
    "channels.manual": "Marked as sent by hand",
    "channels.manual_taken_back": "Taken back: it was not sent by hand after all",
    "channels.settled": "Settled",
}
# How far it got, as the adapter's client says, in words: a failure is certain, an unknown is not.
NO_WAY = "No usable connection: nothing of it was handed over"
UNREAD = "Ended before its text was handed over: it certainly did not leave"
REFUSED = "Handed over and certainly refused"
FAILED = {
    "compose": "It could not be composed: nothing was handed over",
    **dict.fromkeys(("connect", "ehlo", "starttls", "tls", "auth"), NO_WAY),
    **dict.fromkeys(("mail", "rcpt", "data", "headers"), UNREAD),
    **dict.fromkeys(("body", "dot", "answer"), REFUSED),
}
UNKNOWN = {
    "body": "Broken off while its text was handed over: the outcome is unknown",
    **dict.fromkeys(("dot", "answer"), "Handed over, no clear answer: the outcome is unknown"),
    **dict.fromkeys(
        ("backend", "print", "memory", "adapter"),
        "Perhaps handed over, no clear answer: the outcome is unknown",
    ),
}
BY_STAGE = {"channels.failed": FAILED, "channels.unknown": UNKNOWN}
ANSWERS = {
    "arrived": "Settled: it arrived",
    "not_arrived": "Settled: it did not arrive",
    "send_again": "Settled: a reviewer decides whether it is sent again",
    "send_again_stopped": "Settled: not sent again, they may not be written to any more",
    "event": "Settled by the provider's event: it had left",
    "arrived_after_all": "The provider's event proves that it arrived after all",
}
CODES = {"never_transmitted": "Given up by its sender, which failed: nothing was handed over"}
TONES = {
    "channels.sent": "success", "channels.manual": "success", "channels.failed": "danger",
    "channels.unknown": "danger", "channels.released": "warning", "delivered": "success",
    "read": "success", "failed": "danger", "bounced": "danger", "complained": "danger",
    "unsubscribed": "danger",
}  # fmt: skip
PROVIDERS = {str(value): label for value, label in Channel.choices}
PROGRAMS = {
    "sender": "the sender", "sweeper": "the sweep", "provider": "an event of the provider",
    "simulator": "the simulation",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `tone` colours it: success, warning, danger or nothing."""

    at: datetime
    what: str
    who: str = ""
    more: str = ""
    tone: str = ""
    inbound: int | None = None  # the message of theirs that this step is about


def of(row: Delivery) -> list[Step]:
    """Every step that rows tell of, oldest first; what happened at one moment stays in order.

    A message of theirs belongs to whatever left before it, so it is shown with each attempt that
    may have reached them and with no other.
    """
    acts = list(
        Activity.objects.filter(object_type="delivery", object_id=str(row.pk)).order_by("pk")
    )
    steps = [*_approved(row), *_logged(row, acts), *_simulated(row), *_told(row.events.all())]
    if row.status in (DeliveryStatus.SENT, DeliveryStatus.UNKNOWN, DeliveryStatus.MANUAL):
        steps += _answered(row)
    return sorted(steps, key=_order)


def _order(step: Step) -> datetime:
    """Providers tell whole seconds: in that second they come after what we know exactly."""
    return step.at if step.at.microsecond else step.at.replace(microsecond=999_999)


def _approved(row: Delivery) -> Iterable[Step]:
    approval = row.approval
    if approval.decided_at is not None:
        # There was an attempt, so it was given, whatever became of the approval since.
        rule = (approval.receipt or {}).get("rule")
        status = ApprovalStatus.AUTO_APPROVED if rule else ApprovalStatus.APPROVED
        yield Step(approval.decided_at, str(status.label), approval.decided_by_label)


def _logged(row: Delivery, acts: Sequence[Activity]) -> Iterable[Step]:
    names = who.names_of((act.by_kind, act.by_id) for act in acts)
    for act in acts:
        what = WORDS.get(act.verb, act.verb.removeprefix("channels.").replace("_", " "))
        what = BY_STAGE.get(act.verb, {}).get(_stage(row, act), what)
        what = ANSWERS.get(str(act.codes.get("answer", "")), what)
        what = CODES.get(str(act.codes.get("code", "")), what)
        gone = "a former colleague" if act.by_kind == PrincipalKind.USER else act.by_id
        by = names.get((act.by_kind, act.by_id)) or PROGRAMS.get(act.by_id, gone)
        yield Step(act.at, what, by, _more(row, act), TONES.get(act.verb, ""))


def reached(row: Delivery) -> str:
    """How far an unknown one got, for whoever settles it."""
    stage = str((row.evidence or {}).get("stage") or "")
    if not stage:
        return "not recorded: its sender ended before it could say"
    return f"{stage}: {UNKNOWN[stage]}" if stage in UNKNOWN else stage


def _stage(row: Delivery, act: Activity) -> str:
    return str((row.evidence or {}).get("stage") or act.codes.get("stage") or "")


def _more(row: Delivery, act: Activity) -> str:
    """What the delivery itself knows of that step."""
    if act.verb == "channels.sending":
        sender = str(row.sender)[:8]
        return f"attempt {row.attempt}, sender {sender}" if row.sender else f"attempt {row.attempt}"
    if act.verb == "channels.released":
        return row.reason
    if act.verb == "channels.settled":
        return row.reason
    if act.verb not in ("channels.sent", "channels.failed", "channels.unknown"):
        return ""
    evidence = row.evidence or {}
    known = {
        "stage": _stage(row, act),
        "they said": evidence.get("reply"),
        "provider's id": row.provider_id,
    }
    return "; ".join(f"{name}: {value}" for name, value in known.items() if value)


def _simulated(row: Delivery) -> Iterable[Step]:
    if row.status == DeliveryStatus.SIMULATED:
        yield Step(row.since, "Simulated in dry run: nothing left", "", row.reason, "warning")


def _told(events: Iterable[ProviderEvent]) -> Iterable[Step]:
    """Events may be told late and in any order; they stand where the provider says they belong."""
    for event in events:
        late = (event.created_at - event.at).total_seconds()
        more = [event.result if event.result != event.kind else ""]
        if late >= 1:
            more.append(f"reached us {by_clock(event.created_at, SECONDS)}")
        what = event.get_kind_display()
        if event.bounced:
            what = f"{what} ({event.bounced})"
        more_words = "; ".join(filter(None, more))
        yield Step(
            event.at,
            what,
            PROVIDERS.get(event.provider, event.provider),
            more_words,
            TONES.get(event.kind, ""),
        )


def _answered(row: Delivery) -> Iterable[Step]:
    for reply in InboundMessage.objects.filter(
        in_reply_to=row.approval.draft_id, received_at__gte=row.since
    ).order_by("pk"):
        more = reply.reason or reply.get_status_display()
        kind = "They answered" if reply.kind == "message" else reply.get_kind_display()
        yield Step(reply.received_at, kind, "", more, "", inbound=reply.pk)


# What a carrier noted, by its own name; a name that is not here is at least readable.
NOTED = {
    "would_leave_at": "Would have left",
    "would_be_blocked": "Would have been stopped by",
    "by_rules": "Rules that held or stopped it",
    "judged_by": "Judged by the rules",
}


def known(row: Delivery) -> list[tuple[str, str]]:
    """What is noted of a delivery, in words, without the message and without what says nothing."""
    noted = {k: v for k, v in (row.evidence or {}).items() if k != "would_have_left"}
    told = [
        (NOTED.get(name, name.replace("_", " ").capitalize()), _noted(name, value))
        for name, value in noted.items()
    ]
    return [(name, words) for name, words in told if words]


def _noted(name: str, value: object) -> str:
    if name == "would_leave_at" and isinstance(value, str):
        return by_clock(datetime.fromisoformat(value))
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return str(value)
