"""How an agent is doing, in sentences: what people decided about its messages, what it ran."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, F, Q, Sum
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from approvals import earned, figures, quota_standing, recheck_figures
from outreach.core.models import Agent, ApiKey, Draft, PrincipalKind
from outreach.core.plurals import plural
from outreach.edge.keys_admin import state_of
from workflows.models import AgentRun

MOST_KEYS = 20


def approvals(agent: Agent, *, at: datetime) -> str:
    """Decisions of people over the last 30 days."""
    found = figures.of_workspaces([agent.workspace_id], at=at).by_agent.get(agent.name)
    if found is None or not found.decided:
        return "Nobody has decided about a message of this agent in the last 30 days."
    edited = f", {found.edit_percent} % of those after an edit" if found.approved else ""
    return (
        f"{found.approved} of {found.decided} approved ({found.approval_percent} %){edited}; "
        f"{found.rejected} rejected, {found.returned} returned, in the last 30 days."
    )


def second_looks(agent: Agent, *, at: datetime) -> str:
    """What people said of its messages that the rules had approved."""
    found = recheck_figures.of_workspaces([agent.workspace_id], at=at).by_agent
    return found.get(agent.pk, recheck_figures.Overrides()).sentence


def has_earned(agent: Agent, *, at: datetime) -> str:
    """What people decided about each kind of its messages, and which rules may approve then."""
    lines = [
        f"{each.sentence} {'Enough to let rules approve these.' if each.is_offered else ''}".strip()
        for each in earned.evidence([agent], at=at)
    ]
    return "\n".join(lines) or "Nobody has decided about a message of this agent in 60 days."


def history(agent: Agent) -> str:
    """Drafts and runs so far, and what models took."""
    mine = Draft.objects.filter(by_kind=PrincipalKind.AGENT, by_id=str(agent.pk))
    drafts = mine.aggregate(all=Count("pk"), sent=Count("pk", filter=Q(status="sent")))
    runs = AgentRun.objects.filter(agent=agent).aggregate(
        texts=Sum("texts"), tokens=Sum("tokens_in") + Sum("tokens_out"), cost=Sum("cost_usd")
    )
    written, ran = plural(drafts["all"], "draft"), plural(agent.runs.count(), "run")
    told = f"{written}, {drafts['sent']} of them sent; {ran}."
    if runs["tokens"]:
        cost = f", {runs['cost']:.4f} US dollars" if runs["cost"] is not None else ""
        told += f" Models took {runs['tokens']} tokens{cost}."
    return told


def quota(agent: Agent, *, at: datetime) -> str:
    """Today's use of its quota."""
    rows = quota_standing.of_agents(agent.workspace, at=at)
    return next((row.sentence() for row in rows if row.whose == agent.name), "It is switched off.")


def api_keys(agent: Agent, *, at: datetime) -> SafeString:
    """Its newest keys, each a link, those that work first."""
    rows = ApiKey.objects.filter(agent=agent)
    newest = rows.order_by(F("revoked_at").asc(nulls_first=True), "-pk")[:MOST_KEYS]
    lines = [
        (reverse("admin:core_apikey_change", args=[key.pk]), key.label, key.prefix,
         state_of(key, at))
        for key in newest
    ]  # fmt: skip
    if lines:
        each = '<a class="oc-link" href="{}">{} ({}…)</a>: {}'
        return format_html_join("; ", each, lines)
    every = reverse("admin:core_apikey_changelist")
    none = 'None yet. Make one under <a class="oc-link" href="{}">API keys</a>.'
    return format_html(none, every)
