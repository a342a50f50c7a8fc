"""Who may do what: role × verb and scope × verb in one table, asked by every door.

An agent's scopes are listed here and nowhere else; no scope approves, sends, or switches a
control, whatever its key says (SPEC §0.8).
"""

from __future__ import annotations

from enum import StrEnum

from outreach.core.models import Membership, Role, Workspace
from outreach.core.principal import Principal


class Verb(StrEnum):
    """Every act that needs a right."""

    VIEW = "view"
    WRITE_DRAFTS = "write_drafts"
    SUBMIT = "submit"
    WRITE_PEOPLE = "write_people"
    IMPORT = "import"
    RUN_WORKFLOWS = "run_workflows"
    DECIDE = "decide"
    SETTLE = "settle"
    STOP_PERSON = "stop_person"
    BRAKE = "brake"
    LIFT = "lift"
    CONFIGURE = "configure"
    READ_AUDIT = "read_audit"
    EXPORT = "export"
    EXPORT_PERSON = "export_everything_about_a_person"
    ERASE_PERSON = "erase_a_person"


LEAST_ROLE: dict[Verb, Role] = {
    Verb.VIEW: Role.VIEWER,
    Verb.WRITE_DRAFTS: Role.CREATOR,
    Verb.SUBMIT: Role.CREATOR,
    Verb.WRITE_PEOPLE: Role.CREATOR,
    Verb.IMPORT: Role.CREATOR,
    Verb.RUN_WORKFLOWS: Role.CREATOR,
    Verb.DECIDE: Role.REVIEWER,
    Verb.SETTLE: Role.REVIEWER,
    Verb.STOP_PERSON: Role.REVIEWER,
    Verb.BRAKE: Role.REVIEWER,
    Verb.READ_AUDIT: Role.REVIEWER,
    Verb.EXPORT: Role.REVIEWER,
    Verb.LIFT: Role.ADMIN,
    Verb.CONFIGURE: Role.ADMIN,
    Verb.EXPORT_PERSON: Role.ADMIN,
    Verb.ERASE_PERSON: Role.ADMIN,
}
RANK = {Role.VIEWER: 0, Role.CREATOR: 1, Role.REVIEWER: 2, Role.ADMIN: 3}

SCOPES: dict[str, frozenset[Verb]] = {
    "people:read": frozenset({Verb.VIEW}),
    "people:write": frozenset({Verb.WRITE_PEOPLE, Verb.IMPORT}),
    "drafts:write": frozenset({Verb.WRITE_DRAFTS, Verb.SUBMIT}),
    "messages:schedule": frozenset(),  # routing reads it; by itself it allows nothing
    "workflows:run": frozenset({Verb.RUN_WORKFLOWS}),
    "actions:validate": frozenset(),
    "reviews:read": frozenset({Verb.VIEW}),
    "audit:read": frozenset({Verb.READ_AUDIT, Verb.EXPORT}),
}


# What may be read by REST, MCP and exports: the verb for people, any of the scopes for agents.
READS: dict[str, tuple[Verb, frozenset[str]]] = {
    "people": (Verb.VIEW, frozenset({"people:read", "people:write"})),
    "accounts": (Verb.VIEW, frozenset({"people:read", "people:write"})),
    "drafts": (Verb.VIEW, frozenset({"drafts:write", "reviews:read"})),
    "approvals": (Verb.VIEW, frozenset({"reviews:read"})),
    "deliveries": (Verb.VIEW, frozenset({"reviews:read"})),
    "inbound": (Verb.VIEW, frozenset({"reviews:read"})),
    "templates": (Verb.VIEW, frozenset({"drafts:write", "reviews:read"})),
    "workflow_runs": (Verb.VIEW, frozenset({"workflows:run", "reviews:read"})),
    "safety_events": (Verb.VIEW, frozenset({"audit:read"})),
    "activity": (Verb.READ_AUDIT, frozenset({"audit:read"})),
    "suppression": (Verb.READ_AUDIT, frozenset()),
    "webhooks": (Verb.CONFIGURE, frozenset({"drafts:write", "reviews:read"})),
    "workspaces": (Verb.VIEW, frozenset()),
    "controls": (Verb.VIEW, frozenset()),
}
# What can be taken away whole: by whoever may read it and has the right to export besides.
EXPORTS = ("activity", "safety_events", "approvals", "people", "suppression")
ANY_KEY = frozenset({"workspaces", "controls"})  # how it stands is no secret to who proposes here
# Of these an agent without `reviews:read` sees what it wrote or started itself and nothing else.
AUTHORED = frozenset({"drafts", "workflow_runs"})


class NotAllowed(Exception):
    """This principal may not do this; the sentence says who could."""


def role_of(principal: Principal, workspace: Workspace) -> str:
    """The role, read afresh; empty when there is none or the user is switched off."""
    user = principal.user
    if user is None:
        return ""
    row = (
        Membership.objects.filter(user_id=user.pk, workspace=workspace, user__is_active=True)
        .values_list("role", flat=True)
        .first()
    )
    return row or ""


def allowed(principal: Principal, verb: Verb, workspace: Workspace) -> bool:
    """Whether the table lets this principal do this in this workspace."""
    if principal.is_system:
        return verb is not Verb.DECIDE
    if principal.agent is not None:
        agent = principal.agent
        if not agent.is_active or agent.workspace_id != workspace.pk:
            return False
        return any(verb in SCOPES.get(scope, ()) for scope in agent.scopes)
    role = role_of(principal, workspace)
    return bool(role) and RANK[Role(role)] >= RANK[LEAST_ROLE[verb]]


def may_read(principal: Principal, resource: str, workspace: Workspace) -> bool:
    """Whether rows of this kind in this workspace may be shown to this principal."""
    verb, scopes = READS[resource]
    if principal.agent is not None:
        agent = principal.agent
        if not agent.is_active or agent.workspace_id != workspace.pk:
            return False
        return resource in ANY_KEY or not scopes.isdisjoint(agent.scopes)
    return allowed(principal, verb, workspace)


def reads_only_own(principal: Principal, resource: str) -> bool:
    """Whether, of the rows it may read, this principal is shown those it made itself alone."""
    return resource in AUTHORED and not has_scope(principal, "reviews:read")


def may_export(principal: Principal, resource: str, workspace: Workspace) -> bool:
    """Whether all rows of this kind in this workspace may be taken away by this principal."""
    return (
        resource in EXPORTS
        and allowed(principal, Verb.EXPORT, workspace)
        and may_read(principal, resource, workspace)
    )


def has_scope(principal: Principal, scope: str) -> bool:
    """Whether an agent has this scope; people are asked for their role instead."""
    return principal.agent is None or scope in principal.agent.scopes


def is_operator(principal: Principal) -> bool:
    """Whether this is a person with the right on the whole system."""
    user = principal.user
    return user is not None and user.is_active and (user.is_operator or user.is_superuser)


def require(principal: Principal, verb: Verb, workspace: Workspace) -> None:
    """Raise NotAllowed with a sentence that says who may."""
    if allowed(principal, verb, workspace):
        return
    act = verb.value.replace("_", " ")
    if principal.is_agent:
        raise NotAllowed(
            f"Agent {principal.label} may not {act}. "
            f"A person with the role {LEAST_ROLE[verb].label.lower()} has to do this."
        )
    raise NotAllowed(
        f"{principal.label} may not {act} in {workspace.name}. "
        f"Ask somebody with the role {LEAST_ROLE[verb].label.lower()} or above, or to be given "
        f"it: {how_given(workspace)}"
    )


def how_given(workspace: Workspace) -> str:
    """Where a role comes from: a superuser is no member, and may make one of themselves."""
    return (
        f"an admin of {workspace.name} gives roles in the admin under Members → Add, "
        "and so does a superuser, to themselves too."
    )


def require_own(principal: Principal, by_kind: str, by_id: str, what: str) -> None:
    """Raise NotAllowed for an agent that would change what somebody else made."""
    if principal.is_agent and (by_kind, by_id) != (principal.kind, principal.id):
        raise NotAllowed(
            f"{what} is not agent {principal.label}'s own, and no agent changes another's. "
            "Whoever made it, or another colleague, has to do this."
        )


def require_export(principal: Principal, resource: str, workspace: Workspace) -> None:
    """Raise NotAllowed with a sentence that says who may."""
    if may_export(principal, resource, workspace):
        return
    what = resource.replace("_", " ")
    if not principal.is_agent:
        require(principal, Verb.EXPORT, workspace)
    scopes = READS[resource][1]
    if not scopes:
        remedy = f"A person with the role {LEAST_ROLE[Verb.EXPORT].label.lower()} has to do this."
    else:
        remedy = (
            f"An admin can give it the scope audit:read, and with it {' or '.join(sorted(scopes))}."
        )
    raise NotAllowed(f"{principal.label} may not export {what} from {workspace.name}. {remedy}")


def require_operator(principal: Principal) -> None:
    if not is_operator(principal):
        raise NotAllowed(
            f"{principal.label} may not do this for the whole system. "
            "Ask an operator, or keep to your workspace."
        )
