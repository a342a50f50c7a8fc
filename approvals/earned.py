"""Earned autonomy (SPEC §11.3): offered on what people decided, taken back by itself.

A program's messages may be approved by rule as long as nobody was hurt by one: after a request to
stop, a complaint or a run of rejections its override becomes `governance`, so that each of its
messages is read again. Only an admin gives it back, by choosing another override. What people
decided of its messages is evidence, and evidence is all it is: nothing here ever loosens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from approvals import auto, figures, routing
from approvals.models import Approval, ApprovalStatus
from outreach.core import activity, rates, suppression
from outreach.core.models import (
    Activity,
    Agent,
    Autonomy,
    Channel,
    Contact,
    PrincipalKind,
    Suppression,
)
from outreach.core.models.base import Touch
from outreach.core.models.contacts import Direction
from outreach.core.models.inbound import Alert, InboundKind
from outreach.core.models.workspace import SettingChange

SPAN = timedelta(days=60)  # decisions that count as evidence
LEAST, LEAST_SHARE, LEAST_LOW = 20, 90.0, 80.0  # decisions; percent as written; its lower bound
AFTER = timedelta(days=30)  # what follows a message within this time is laid to it
RUN = 3  # rejections one after the other, by whomever
SETTING = "autonomy_override"
PLACE = {"safe_mode", "auto_approve_enabled"}  # an admin changed these knowing what had happened

REASONS = {
    "asked_to_stop": "somebody asked us to stop after a message of {name}",
    "complained": "somebody complained after a message of {name}",
    "rejected": f"people rejected {RUN} messages of {{name}} one after the other",
}


# --- What is offered -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Earned:
    """How one kind of an agent's messages fared with people in the last 60 days."""

    agent: Agent
    channel: str
    touch: str
    as_written: rates.Rate

    @property
    def is_offered(self) -> bool:
        """Whether the evidence is enough to let rules approve this kind. Never a first contact."""
        share = self.as_written
        return (
            self.touch != Touch.INITIAL
            and share.of >= LEAST
            and share.percent >= LEAST_SHARE
            and share.low >= LEAST_LOW
        )

    @property
    def sentence(self) -> str:
        share = self.as_written
        return (
            f"{Channel(self.channel).label}, {Touch(self.touch).label.lower()}: "
            f"{share.count} of {share.of} approved as written "
            f"({share.percent:.0f} %, with 95 % confidence at least {share.low:.0f} %)."
        )


def evidence(agents: Iterable[Agent], *, at: datetime) -> list[Earned]:
    """Each kind of message people decided about, agent by agent; the best known first."""
    known = {str(agent.pk): agent for agent in agents}
    counts: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    rows = figures.by_people(
        Approval.objects.filter(
            by_kind=PrincipalKind.AGENT, by_id__in=known, decided_at__gt=at - SPAN
        )
    ).values_list("by_id", "channel", "touch", "status", "closed_reason", "edited")
    for agent, channel, touch, status, reason, edited in rows[: figures.MOST]:
        one = figures.Decisions()
        one.count(status, reason, edited, 0.0)
        count = counts[agent, channel, touch]
        count[0] += one.approved - one.edited
        count[1] += 1
    found = [
        Earned(known[agent], channel, touch, rates.wilson(good, of))
        for (agent, channel, touch), (good, of) in counts.items()
    ]
    return sorted(found, key=lambda each: (each.agent.name, -each.as_written.of, each.channel))


# --- What is taken back --------------------------------------------------------------------------


def look(*, at: datetime) -> int:
    """Take approval by rule from every agent that lost it since an admin last decided; how many."""
    agents = Agent.objects.filter(
        is_active=True, workspace__safe_mode=False, workspace__auto_approve_enabled=True
    ).select_related("workspace")
    return sum(_take_back(agent, at) for agent in agents.order_by("pk") if _may_go_direct(agent))


def _may_go_direct(agent: Agent) -> bool:
    try:
        mode = routing.effective(agent.workspace.autonomy_mode, agent.autonomy_override)
    except routing.RoutingError:
        return False  # nothing of it is routed at all
    return routing.SCHEDULE in agent.scopes and routing.MATRIX[mode][1] == "direct"


def _take_back(agent: Agent, at: datetime) -> bool:
    code = why(agent, since=max(_decided_at(agent), at - AFTER))
    if not code:
        return False
    reason = REASONS[code].format(name=agent.name)
    with transaction.atomic(durable=True):
        same = Agent.objects.filter(pk=agent.pk, autonomy_override=agent.autonomy_override)
        if not same.update(autonomy_override=Autonomy.GOVERNANCE):
            return False  # an admin was faster, and their word stands until the next look
        SettingChange.objects.create(
            workspace=agent.workspace,
            settings={"agent": agent.name, SETTING: str(Autonomy.GOVERNANCE)},
            reason=f"Taken back by itself: {reason}."[:1000],
            at=at,
            **auto.RULE.fields(),
        )
        told = activity.entry("workspaces.agent_set", agent, changed=[SETTING], cause=code)
        activity.record(told, by=auto.RULE, at=at)
    return True


def why(agent: Agent, *, since: datetime) -> str:
    """The code of what happened to a message of this agent after `since`; empty if nothing did."""
    left = Contact.objects.filter(
        workspace=agent.workspace, direction=Direction.OUT, voided_at__isnull=True,
        draft__by_kind=PrincipalKind.AGENT, draft__by_id=str(agent.pk), at__gt=since - AFTER,
    )  # fmt: skip
    hurt = Q(human__inbound__kind=InboundKind.COMPLAINT) | Q(
        human__inbound__alert__in=(Alert.COMPLAINT, Alert.LEGAL)
    )
    if left.filter(hurt, **_follows("human__inbound__received_at", since)).exists():
        return "complained"
    if _complained(agent, left, since):
        return "complained"
    if left.filter(**_follows("human__desisted_at", since)).exists():
        return "asked_to_stop"
    mine = Approval.objects.filter(
        workspace=agent.workspace, by_kind=PrincipalKind.AGENT, by_id=str(agent.pk),
        decided_at__gt=since,
    )  # fmt: skip
    last = figures.by_people(mine).values_list("status", "closed_reason")[:RUN]
    is_run = len(last) == RUN and all(
        each == (ApprovalStatus.REJECTED, "rejected") for each in last
    )
    return "rejected" if is_run else ""


def _complained(agent: Agent, left: QuerySet[Contact], since: datetime) -> bool:
    """Whether a complaint stands against a mailbox that one of these went to.

    A provider tells of it by an event, or by a report that no person here has sent.
    """
    rows = Suppression.objects.filter(workspace=agent.workspace, complained_at__gt=since)
    times = rows.values_list("digest", "complained_at")
    told = {digest: at for digest, at in times if at is not None}
    if not told:
        return False
    around = (min(told.values()) - AFTER, max(told.values()))
    mail = left.filter(channel=Channel.EMAIL, at__range=around)
    for address, at in mail.values_list("draft__current__address", "at"):
        forms = suppression.digests_of(agent.workspace_id, Channel.EMAIL, address or "")
        if any(at <= told[each] <= at + AFTER for each in forms if each in told):
            return True
    return False


def _follows(moment: str, since: datetime) -> dict[str, object]:
    return {
        f"{moment}__gt": since,
        f"{moment}__gte": F("at"),
        f"{moment}__lte": F("at") + AFTER,
    }


def _decided_at(agent: Agent) -> datetime:
    """When somebody last decided how free this agent is, or how free its workspace is."""
    told = Activity.objects.filter(
        object_type=Agent._meta.model_name, object_id=str(agent.pk), verb="workspaces.agent_set"
    ).order_by("-pk")
    own = next((row.at for row in told[:100] if SETTING in row.codes.get("changed", ())), None)
    changes = SettingChange.objects.filter(
        workspace=agent.workspace, settings__has_any_keys=sorted(PLACE)
    )
    place = changes.order_by("-id").values_list("at", flat=True).first()
    return max(each for each in (agent.created_at, own, place) if each is not None)
