"""Every address the URL resolver knows: who may see it, and what only whom lets change anything.

A new address needs a row here, or `test_every_route` fails: say who sees it, and give for each
change one form that works for the least role that may do it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

VIEWER = ("viewer", "creator", "reviewer", "admin")
CREATOR, REVIEWER, ADMIN = VIEWER[1:], VIEWER[2:], VIEWER[3:]
MEMBERS = (*VIEWER, "outsider")  # a list shows everybody their own workspace, and nothing of ours
OPERATOR = ("operator",)
USERS = ("nobody", "operator", *MEMBERS)
EVERYBODY = ("anonymous", "agent", *USERS)
NOBODY: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """`about`: which object fills the address. `do`: (who may, form), for each change."""

    see: tuple[str, ...] = NOBODY
    about: str = ""
    do: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = field(default=())


# Addresses for programs have their rows in every_api_route.py.
ELSEWHERE = ("api/", "v1/")
# Addresses that have tests of their own and no row here yet: a row each is still owed.
UNTRIED = ("mcp",)


VOICE = {"tone": "warm", "emoji": "none", "sentence_words": "20", "reading_grade": "9",
         "sign_off": "Kind regards"}  # fmt: skip


def rows_of(model: str, about: str, see: tuple[str, ...], seen_list: tuple[str, ...]) -> Any:
    """The addresses that Django's admin makes for a model; changed, added and deleted nowhere."""
    name = f"admin:{model}"
    return {
        f"{name}_changelist": Row(seen_list),
        f"{name}_change": Row(see, about),
        f"{name}_history": Row(see, about),
        f"{name}_add": Row(),
        f"{name}_delete": Row(NOBODY, about, ((NOBODY, {"post": "yes"}),)),
    }


ROUTES: dict[str, Row] = {
    # Whoever has a good link, and it stops in the name of its maker.
    "stop_by_link": Row(EVERYBODY, "stop link", ((EVERYBODY, {"reason": "x"}),)),
    "stop_link_progress": Row(),  # needs what the link above led to: test_stop_link_page.py
    "unsubscribe": Row(),  # whoever has the link of a message, and nobody with another
    "by_hand": Row(USERS, "by hand", (
        (REVIEWER, {"act": "copy", "number": "BY_HAND"}),
        (REVIEWER, {"act": "sent", "number": "BY_HAND"}),
    )),
    "webhook_meta": Row(), "anymail:*": Row(),  # a signature or a secret lets in, no role
    "home": Row(), "healthz": Row(),
    "welcome": Row(EVERYBODY),  # says to everybody that this link is not valid
    "admin:index": Row(USERS),
    "admin:login": Row(("anonymous", "agent")),
    "admin:logout": Row(),
    "own_password": Row(USERS),  # the page below, and told in the log
    "admin:password_change": Row(USERS), "admin:password_change_done": Row(USERS),
    "admin:jsi18n": Row(USERS), "admin:search": Row(USERS),
    "admin:autocomplete": Row(), "admin:view_on_site": Row(),
    "admin:app_list": Row(),
    **rows_of("approvals_approval", "approval", VIEWER, MEMBERS),
    **rows_of("channels_delivery", "delivery", VIEWER, MEMBERS),
    **rows_of("core_activity", "activity", REVIEWER, ("reviewer", "admin", "outsider", "operator")),
    **rows_of("core_draft", "draft", VIEWER, MEMBERS),
    **rows_of("core_person", "person", VIEWER, MEMBERS),
    **rows_of("safety_safetyevent", "event", VIEWER, (*MEMBERS, "operator")),
    **rows_of("workflows_run", "run", VIEWER, MEMBERS),
    **rows_of("core_workspace", "workspace", ADMIN, ("admin", "outsider", "operator")),
    **rows_of("core_membership", "membership", ADMIN, ("admin", "outsider")),
    **rows_of("core_agent", "agent", ADMIN, ("admin", "outsider")),
    **rows_of("core_user", "user", OPERATOR, OPERATOR),
    "admin:auth_user_password_change": Row(NOBODY, "user", (
        (NOBODY, {"password1": "another horse 7", "password2": "another horse 7"}),
    )),
    "admin:approvals_approval_change": Row(VIEWER, "approval", tuple(
        (REVIEWER, {"digest": "DIGEST", "seen_private": "1", **form}) for form in (
            {"action": "approve"},
            {"action": "edit_approve", "subject": "Other", "text": "Other words, shorter."},
            {"action": "save", "subject": "Other", "text": "Other words, shorter."},
            {"action": "return", "feedback": "Shorter"},
            {"action": "reject", "reason": "No"},
            {"action": "extend"},
        )
    )),
    "admin:approvals_approval_bulk": Row(NOBODY, "", ((REVIEWER, {"item": "APPROVAL:DIGEST"}),)),
    "admin:approvals_approval_open": Row(NOBODY, "approval", ((REVIEWER, {}),)),
    "admin:approvals_approval_receipt": Row(VIEWER, "given"),
    "admin:approvals_approval_groups": Row(MEMBERS),
    "admin:approvals_approval_calendar": Row(MEMBERS),
    "look_again": Row((*REVIEWER, "outsider"), "", (
        (REVIEWER, {"number": "AGAIN", "answer": "yes"}),
        (REVIEWER, {"number": "AGAIN", "answer": "no", "reason": "Too bold"}),
    )),
    "admin:core_person_add": Row((*CREATOR, "outsider"), "", (
        (CREATOR, {"workspace": "WORKSPACE", "full_name": "New One", "email": "new@example.org"}),
    )),
    "admin:core_person_edit": Row(CREATOR, "person", ((CREATOR, {"full_name": "Renamed"}),)),
    **rows_of("core_import", "import", VIEWER, MEMBERS),
    "admin:core_import_new": Row(USERS, "", (
        (CREATOR, {"workspace": "WORKSPACE", "text": "Anna Meier, anna@example.org"}),
    )),
    "admin:core_import_change": Row(VIEWER, "import", (
        (CREATOR, {"what": "apply"}), (CREATOR, {"what": "cancel"}),
    )),
    "admin:core_import_progress": Row(VIEWER, "import"),
    "admin:core_import_rows": Row(NOBODY, "import", ((REVIEWER, {"post": "yes"}),)),
    **rows_of("core_consent", "consent", VIEWER, MEMBERS),
    "admin:core_consent_add": Row(),  # needs `?person=`: outreach/core/tests/test_consent.py
    "admin:core_consent_change": Row(VIEWER, "consent", ((CREATOR, {"reason": "They said so"}),)),
    **rows_of("core_suppression", "suppression", VIEWER, MEMBERS),
    "admin:core_suppression_add": Row((*REVIEWER, "outsider"), "", ((REVIEWER, {
        "workspace": "WORKSPACE", "channel": "email", "address": "new@example.org",
        "act": "suppress", "reason": "manual",
    }),)),
    "admin:core_suppression_lists": Row((*REVIEWER, "outsider"), "", (
        (REVIEWER, {"workspace": "WORKSPACE", "act": "export"}),
    )),
    "admin:core_suppression_change": Row(VIEWER, "suppression", ((REVIEWER, {"reason": "x"}),)),
    **rows_of("core_voiceprofile", "voice", VIEWER, MEMBERS),
    "admin:core_voiceprofile_add": Row(("admin", "outsider"), "", (
        (ADMIN, {"workspace": "WORKSPACE", "name": "fresh", **VOICE}),
    )),
    "admin:core_voiceprofile_change": Row(VIEWER, "voice", ((ADMIN, {"expected": "1", **VOICE}),)),
    **rows_of("workflows_artifact", "artifact", VIEWER, MEMBERS),
    "admin:workflows_artifact_change": Row(VIEWER, "artifact", ((CREATOR, {"act": "stop"}),)),
    **rows_of("workflows_researchsnapshot", "snapshot", VIEWER, MEMBERS),
    **rows_of("workflows_agentrun", "agent run", VIEWER, MEMBERS),
    **rows_of("workflows_schedule", "schedule", VIEWER, MEMBERS),
    "admin:workflows_schedule_change": Row(VIEWER, "schedule", (
        (CREATOR, {"act": "remove"}), (CREATOR, {"weekday": "1", "time": "09:00"}),
    )),
    **rows_of("workflows_experiment", "experiment", VIEWER, MEMBERS),
    "admin:workflows_experiment_add": Row(("admin", "outsider"), "", (
        (ADMIN, {"workspace": "WORKSPACE", "name": "Two", "planned": "100",
                 "variant": ("email:introduction", "email:introduction_short")}),
    )),
    "admin:workflows_experiment_change": Row(VIEWER, "experiment", ((ADMIN, {}),)),
    "admin:workflows_start": Row((*CREATOR, "outsider")),
    "admin:workflows_start_one": Row((*CREATOR, "outsider"), "workflow", (
        (CREATOR, {"workspace": "WORKSPACE"}),
        (CREATOR, {"workspace": "WORKSPACE", "act": "schedule", "weekday": "1", "time": "09:00"}),
    )),
    **rows_of("core_duplicate", "doubt", VIEWER, MEMBERS),
    "admin:core_duplicate_change": Row(VIEWER, "doubt", (
        (CREATOR, {"what": "merge", "seen": "BOTH"}), (CREATOR, {"what": "different"}),
    )),
    "admin:core_duplicate_of": Row(CREATOR, "person"),
    "admin:core_person_privacy": Row(ADMIN, "person", (
        (ADMIN, {"what": "export"}),
        (ADMIN, {"what": "erase", "confirm": "NAME", "reason": "By letter"}),
    )),
    "admin:core_person_stop": Row(NOBODY, "person", tuple(
        (REVIEWER, {"what": what, "reason": "Because"})
        for what in ("block", "desist", "automation_off")
    )),
    "admin:core_draft_change": Row(VIEWER, "draft", tuple(
        (CREATOR, {"digest": "DRAFT_DIGEST", "subject": "Other", "text": "Other words.", **form})
        for form in ({"action": "save"}, {"action": "submit"}, {"action": "discard", "reason": "x"})
    )),
    "admin:core_draft_file": Row(VIEWER, "file"),
    "admin:core_draft_new": Row(VIEWER, "person", (
        (CREATOR, {"subject": "New", "text": "New words.", "purpose": "informational"}),
    )),
    "admin:channels_delivery_change": Row(VIEWER, "delivery", (
        (REVIEWER, {"answer": "arrived"}), (REVIEWER, {"answer": "not_arrived"}),
    )),
    **rows_of("channels_providerevent", "told", OPERATOR, OPERATOR),
    "admin:channels_providerevent_change": Row(OPERATOR, "told", ((OPERATOR, {"act": "again"}),)),
    "admin:channels_delivery_hand": Row(
        VIEWER, "given", ((REVIEWER, {}), (REVIEWER, {"act": "copy"})),
    ),
    "admin:workflows_run_change": Row(VIEWER, "run", ((CREATOR, {"act": "cancel"}),)),
    "admin:core_workspace_add": Row(OPERATOR, "", ((OPERATOR, {
        "name": "South", "slug": "south", "time_zone": "UTC", "autonomy_mode": "managed",
        "approval_expiry_hours": "72", "recheck_percent": "5",
    }),)),
    "admin:core_workspace_change": Row(ADMIN, "workspace", ((ADMIN, {
        "name": "Renamed", "time_zone": "UTC", "autonomy_mode": "managed",
        "approval_expiry_hours": "72", "recheck_percent": "5",
    }),)),
    "admin:core_membership_add": Row(("admin", "outsider"), "", tuple(
        (ADMIN, {"workspace": "WORKSPACE", "role": "admin", **form})
        for form in ({"username": "nobody"}, {"username": "fresh", "email": "fresh@example.org"})
    )),
    "admin:core_membership_change": Row(ADMIN, "membership", ((ADMIN, {"role": "admin"}),)),
    "admin:core_membership_delete": Row(ADMIN, "membership", ((ADMIN, {"post": "yes"}),)),
    "admin:core_agent_add": Row(("admin", "outsider"), "", ((ADMIN, {
        "workspace": "WORKSPACE", "name": "Other", "scopes": "messages:schedule",
    }),)),
    "admin:core_agent_change": Row(ADMIN, "agent", ((ADMIN, {"name": "Renamed"}),)),
    **rows_of("core_inboundmessage", "inbound", VIEWER, MEMBERS),
    "admin:core_inboundmessage_change": Row(VIEWER, "inbound", (
        (CREATOR, {"action": "handle", "reason": "Done"}),
        (CREATOR, {"action": "answer", "subject": "Re", "text": "Thanks, gladly.",
                   "purpose": "informational"}),
    )),
    **rows_of("core_apikey", "key", ADMIN, MEMBERS),
    "admin:core_apikey_add": Row(MEMBERS, "", (
        (VIEWER, {"owner": "OWN_KEY", "label": "Mine", "span": "30"}),
        (ADMIN, {"owner": "AGENTS_KEY", "label": "Its", "span": "30"}),
    )),
    "admin:core_apikey_change": Row(ADMIN, "key", (
        (ADMIN, {"act": "revoke"}), (ADMIN, {"act": "rotate", "overlap": "24"}),
    )),
    **rows_of("edge_webhook", "webhook", ADMIN, ("admin", "outsider")),
    "admin:edge_webhook_add": Row(("admin", "outsider"), "", ((ADMIN, {
        "whose": "ALL_OURS", "url": "https://agents.example.org/", "family": "decision",
    }),)),
    "admin:edge_webhook_change": Row(ADMIN, "webhook", tuple(
        (ADMIN, {"act": act}) for act in ("test", "secret", "rotate", "off")
    )),
    **rows_of("channels_platformtemplate", "template", ADMIN, ("admin", "outsider")),
    "admin:channels_platformtemplate_add": Row(("admin", "outsider"), "", ((ADMIN, {
        "workspace": "WORKSPACE", "name": "other", "language": "en", "body": "Hello {{1}}, news.",
    }),)),
    "admin:channels_platformtemplate_change": Row(ADMIN, "template", ((ADMIN, {
        "name": "renamed", "language": "en", "body": "Hello {{1}}, news.",
    }),)),
    "admin:core_user_add": Row(OPERATOR, "", ((OPERATOR, {
        "username": "fresh", "usable_password": "false", "is_staff": "on",
    }),)),
    "admin:core_user_change": Row(OPERATOR, "user", ((OPERATOR, {
        "username": "carol", "is_operator": "on", "is_active": "on",
    }),)),
    "controls": Row((*MEMBERS, "operator"), "", (
        ((*REVIEWER, "operator"), {"act": "brake", "scope": "WORKSPACE", "key": "MESSAGING_ENABLED",
                    "reason": "x"}),
        ((*ADMIN, "operator"), {"act": "lift", "scope": "WORKSPACE", "key": "AUTO_APPROVE_ENABLED",
                 "reason": "x"}),
        (OPERATOR, {"act": "brake", "scope": "system", "key": "EMERGENCY_STOP", "reason": "x"}),
        ((*REVIEWER, "operator"), {"act": "stop_link", "scope": "WORKSPACE", "days": "90"}),
        (OPERATOR, {"act": "stop_link", "scope": "system", "days": "90"}),
    )),
    "exports": Row((*REVIEWER, "outsider"), "", (
        (REVIEWER, {"workspace": "WORKSPACE", "what": "people:csv"}),
    )),
    "emergency_stop": Row(USERS, "", (
        ((*REVIEWER, "operator"), {"scope": "WORKSPACE", "reason": "x"}),
    )),
    "stop_progress": Row((*REVIEWER, "operator"), "stop"),
    "rehearsal": Row(MEMBERS), "rehearsal_of": Row(VIEWER, "workspace"),
    "safe_mode": Row(MEMBERS),
    "safe_mode_of": Row(VIEWER, "workspace", (
        (ADMIN, {"act": "off", "confirm": "Disable Safe Mode", "reason": "x"}),
        (ADMIN, {"act": "rules", "threshold": "95", "enabled": "1"}),
        (ADMIN, {"act": "attention", "reason": "x"}),
        (REVIEWER, {"act": "on"}),
    )),
}  # fmt: skip


@functools.cache
def known() -> dict[str, list[str]]:
    """Name to patterns, of every address. What has no name is Django's own redirect to a name."""
    found: dict[str, list[str]] = {}
    for name, pattern in _walk(get_resolver(), "", ""):
        if pattern.startswith((*ELSEWHERE, *UNTRIED)):
            continue
        name = "anymail:*" if name.startswith("anymail:") else name
        found.setdefault(name, []).append(pattern)
    found.pop("admin:", None)  # the old address of an object, and the admin's own "not found"
    return found


def _walk(resolver: URLResolver, prefix: str, space: str) -> Iterator[tuple[str, str]]:
    for part in resolver.url_patterns:
        path = prefix + str(part.pattern)
        if isinstance(part, URLPattern):
            yield space + (part.name or ""), path
        else:
            inner = f"{space}{part.namespace}:" if part.namespace else space
            yield from _walk(part, path, inner)
