"""Every route of the REST face, each with its method: who may, and one request that works.

A new route needs a row here, or `test_api_matrix` fails and prints the rows that are missing.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from outreach.core.permissions import SCOPES

PREFIXES = ("api/", "v1/")
ADDED_BY_DJANGO = {"HEAD", "OPTIONS"}

VIEWER = ("viewer", "creator", "reviewer", "admin")
CREATOR, REVIEWER, ADMIN = VIEWER[1:], VIEWER[2:], VIEWER[3:]
STRANGERS = ("operator", "nobody")  # users without a membership
ALL = ("every scope",)  # what no single scope allows
ANY_AGENT = ("no scope", *SCOPES, *ALL)
NO_AGENT: tuple[str, ...] = ()
PEOPLE = ("people:read", "people:write", *ALL)
MESSAGES = ("drafts:write", "reviews:read", *ALL)
REVIEWS = ("reviews:read", *ALL)
AUDIT = ("audit:read", *ALL)
RUNS = ("workflows:run", "reviews:read", *ALL)
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """`about`: which object fills the address. `ok`: what those who may are answered."""

    users: Names
    agents: Names
    about: str = ""
    ok: int = 200
    body: dict[str, Any] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    anonymous: bool = False

    def lets(self, who: str) -> bool:
        if who == "anonymous":
            return self.anonymous
        return who.removeprefix("session of ") in (*self.users, *self.agents)


def listed(
    name: str, about: str, users: tuple[str, ...], agents: tuple[str, ...]
) -> dict[str, Row]:
    """A list and each of its rows, to be read."""
    return {
        f"GET {name}-list": Row(users, agents),
        f"GET {name}-detail": Row(users, agents, about),
    }


def workspaces(name: str) -> dict[str, Row]:
    return {
        **listed(name, "workspace", VIEWER, ANY_AGENT),
        f"GET {name}-reviews": Row(VIEWER, REVIEWS, "workspace"),
        f"PATCH {name}-detail": Row(ADMIN, NO_AGENT, "workspace", body={
            "safe_mode": False, "confirm": "Disable Safe Mode", "reason": "A trial week",
        }),
    }  # fmt: skip


WORDS = {"subject": "Minutes", "text": "Here are the minutes, as agreed."}
BECAUSE = {"reason": "Because"}

ROUTES: dict[str, Row] = {
    **listed("api-people", "person", VIEWER, PEOPLE),
    "POST api-people-list": Row(CREATOR, ("people:write", *ALL), ok=201, body={"full_name": "Fay"}),
    "PATCH api-people-detail": Row(
        CREATOR, ("people:write", *ALL), "person", body={"position": "CTO"}
    ),
    "POST api-people-desist": Row(REVIEWER, NO_AGENT, "person", body=BECAUSE),
    "POST api-people-block": Row(REVIEWER, NO_AGENT, "person", body=BECAUSE),
    "POST api-people-lift": Row(REVIEWER, NO_AGENT, "blocked", body=BECAUSE),
    "POST api-people-automation": Row(REVIEWER, NO_AGENT, "person", body={
        "enabled": False, "reason": "Because",
    }),
    **listed("api-accounts", "account", VIEWER, PEOPLE),
    # Messages: agents are tried with one of their own; another's is not theirs to change.
    **listed("api-drafts", "draft", VIEWER, MESSAGES),
    "GET api-drafts-decision": Row(VIEWER, MESSAGES, "draft"),
    "POST api-drafts-list": Row(
        CREATOR, ("drafts:write", *ALL), ok=201, headers={"Idempotency-Key": "one"},
        body={"person": "PERSON", "channel": "email", "purpose": "informational", **WORDS},
    ),
    "PATCH api-drafts-detail": Row(
        CREATOR, ("drafts:write", *ALL), "draft", body=WORDS, headers={"If-Match": "DRAFT"}
    ),
    "POST api-drafts-submit": Row(
        CREATOR, ("drafts:write", *ALL), "draft", body={}, headers={"If-Match": "DRAFT"}
    ),
    "POST api-drafts-withdraw": Row(
        CREATOR, ("drafts:write", *ALL), "submitted", body=BECAUSE
    ),
    # The queue.
    **listed("api-approvals", "pending", VIEWER, REVIEWS),
    **{
        f"POST api-approvals-{act}": Row(REVIEWER, NO_AGENT, "pending", body={
            "digest": "PENDING", **more,
        })
        for act, more in {
            "approve": {}, "edit": WORDS, "edit-and-approve": WORDS, "reject": BECAUSE,
            "request-changes": {"feedback": "Shorter"},
        }.items()
    },
    "POST api-approvals-undo": Row(REVIEWER, NO_AGENT, "approved", body={}),
    "POST api-approvals-extend": Row(REVIEWER, NO_AGENT, "pending", body={}),
    # Taken away whole: audit:read, and besides what reads the rows.
    "GET api-exports-activity": Row(REVIEWER, AUDIT),
    "GET api-exports-safety-events": Row(REVIEWER, AUDIT),
    "GET api-exports-approvals": Row(REVIEWER, ALL),
    "GET api-exports-people": Row(REVIEWER, ALL),
    "GET api-exports-suppression": Row(REVIEWER, NO_AGENT),
    # What happened.
    **listed("api-deliveries", "delivery", VIEWER, REVIEWS),
    **listed("api-inbound", "inbound", VIEWER, REVIEWS),
    **listed("api-safety-events", "event", VIEWER, AUDIT),
    "GET api-activity-list": Row(REVIEWER, AUDIT),
    # Runs: as with messages, agents are tried with one they started themselves.
    **listed("api-workflow-runs", "run", VIEWER, RUNS),
    "GET api-workflow-runs-steps": Row(VIEWER, RUNS, "run"),
    # The agent behind a run writes drafts: the scope to run alone is not enough to start one.
    "POST api-workflow-runs-list": Row(CREATOR, ALL, ok=201, body={"name": "daily_plan"}),
    "POST api-workflow-runs-cancel": Row(CREATOR, ("workflows:run", *ALL), "run", body={}),
    "POST api-workflow-runs-resume": Row(CREATOR, ("workflows:run", *ALL), "failed run", body={}),
    **listed("api-templates", "template", VIEWER, MESSAGES),
    **listed("api-webhooks", "webhook", ADMIN, MESSAGES),
    **workspaces("api-workspaces"),
    **workspaces("v1-workspaces"),
    # How it stands.
    "GET api-dry-run": Row((*VIEWER, *STRANGERS), ANY_AGENT),
    "GET api-status": Row((*VIEWER, *STRANGERS), ANY_AGENT),
    "GET api-controls": Row(VIEWER, ANY_AGENT),
    "POST api-controls": Row(REVIEWER, NO_AGENT, body={
        "control": "messaging", "enabled": False, "reason": "Because",
    }),
    "POST api-validate": Row((*VIEWER, *STRANGERS), ("actions:validate", *ALL), body={
        "platform": "email", "recipient": "a@example.com", "subject": "Hi", "content": "Hi there!",
    }),
    "GET api-schema": Row((*VIEWER, *STRANGERS), ANY_AGENT, anonymous=True),
    "GET api-docs": Row((*VIEWER, *STRANGERS), ANY_AGENT, anonymous=True),
}  # fmt: skip


@functools.cache
def known() -> dict[str, list[str]]:
    """`METHOD name` to its patterns, of every route below our prefixes, from the URL resolver."""
    found: dict[str, list[str]] = {}
    for name, pattern, view in _walk(get_resolver(), ""):
        if pattern.startswith(PREFIXES):
            for method in methods(view):
                found.setdefault(f"{method} {name}", []).append(pattern)
    return found


def methods(view: Any) -> list[str]:
    """What a view answers to, whichever way it was made."""
    made = getattr(view, "actions", None)
    if made is None:
        kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
        names = kind.http_method_names if kind else ["get", "post", "put", "patch", "delete"]
        made = [name for name in names if kind is None or hasattr(kind, name)]
    return sorted({name.upper() for name in made} - ADDED_BY_DJANGO)


def _walk(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, str, Any]]:
    for part in resolver.url_patterns:
        path = prefix + str(part.pattern).removeprefix("^")
        if isinstance(part, URLPattern):
            yield part.name or path, path, part.callback
        else:
            yield from _walk(part, path)
