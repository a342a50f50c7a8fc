"""At the door: an approval by rule counts only if the rules would give it again now (SPEC §5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from approvals import auto, conflicts, hearsay, rewriting, routing, tiers
from approvals.models import Approval, ApprovalStatus
from approvals.quota import agent_of
from outreach.core import inbox
from outreach.core.models import Agent, Contact, Draft, Person, User
from outreach.core.permissions import Verb, allowed
from outreach.core.principal import Principal
from safety.controls import Controls
from safety.verdict import Verdict


@dataclass(frozen=True, slots=True)
class _Known:
    """What stands around the messages now, read in a constant number of statements."""

    agents: dict[int, Agent]
    admins: dict[int, User]
    desisted: set[int]
    met: set[tuple[int, str]]  # (human, channel)
    alerts: dict[int, str]  # of the last message of each human
    others: set[tuple[int, int, str]]  # every message to them that is open: `conflicts.others_open`
    letters: dict[int, Draft]  # with the person each goes to
    told: dict[int, str]  # what an agent alone has told of each human


def refused(
    rows: Sequence[Approval], verdicts: Mapping[int, Verdict], state: Controls
) -> dict[int, str]:
    """Of those approved by rule: why the rules would not do it again. `verdicts` by draft."""
    given = [row for row in rows if row.status == ApprovalStatus.AUTO_APPROVED]
    if not given:
        return {}
    known = _gather(given)
    found = {row.pk: _why_not(row, verdicts[row.draft_id], known, state) for row in given}
    return {pk: sentence for pk, sentence in found.items() if sentence}


def _gather(rows: Sequence[Approval]) -> _Known:
    humans = {row.human_id for row in rows}
    everybody = Person.objects.filter(Q(pk__in=humans) | Q(merged_into__in=humans))
    contacts = Contact.objects.filter(human__in=humans, voided_at__isnull=True)
    letters = Draft.objects.select_related("person__account", "person__merged_into__account")
    return _Known(
        agents=Agent.objects.in_bulk({agent_of(row) for row in rows}),
        admins=auto.admins({row.workspace for row in rows}),
        desisted={row.human_id for row in everybody.filter(desisted_at__isnull=False)},
        met=set(contacts.values_list("human_id", "channel").distinct()),
        alerts=inbox.alerts_of(humans),
        others=conflicts.others_open(humans),
        letters=letters.in_bulk({row.draft_id for row in rows}),
        told=hearsay.of(humans),
    )


def _why_not(row: Approval, verdict: Verdict, known: _Known, state: Controls) -> str:
    agent = known.agents.get(agent_of(row))
    if agent is None or not agent.is_active:
        return "the agent that proposed it is switched off"
    workspace, letter = row.workspace, known.letters[row.draft_id]
    if not allowed(Principal.of_agent(agent), Verb.SUBMIT, workspace):
        return "the agent that proposed it may propose nothing any more"
    try:
        way = routing.route(
            safe_mode=workspace.safe_mode,
            autonomy=routing.effective(workspace.autonomy_mode, agent.autonomy_override),
            is_agent=True,
            requested="scheduled",
            may_schedule=routing.SCHEDULE in agent.scopes,
        )
    except routing.RoutingError as error:
        return str(error)
    place = tiers.tier(
        auto.circumstances(
            workspace,
            verdict,
            confidence=row.revision.confidence,
            first_message=row.human_id not in {human for human, _ in known.met},
            met_on_channel=(row.human_id, row.channel) in known.met,
            ever_desisted=row.human_id in known.desisted,
            conflict=conflicts.stands(letter, row.human_id, known.others),
            rewritten="rewrite" in row.decision or rewriting.is_ours(row.revision),
            alert=known.alerts.get(row.human_id, ""),
            **auto.of_text(row.revision, workspace, row.channel, letter.person),
        )
    )
    admin = known.admins.get(workspace.pk)
    case = auto.Case(workspace, way, place, row.revision.confidence, admin)
    return auto.why_not(case, state) or known.told.get(row.human_id, "")
