"""Callers for tests of the REST face: an agent's key, colleagues' keys, and nobody."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client
from django.utils import timezone

from outreach import testing
from outreach.core import keys
from outreach.core.models import Agent, User
from outreach.core.principal import Principal

EVERY_SCOPE = (
    "people:read", "people:write", "drafts:write", "messages:schedule", "workflows:run",
    "actions:validate", "reviews:read", "audit:read",
)  # fmt: skip


class Caller:
    """Somebody who comes in with a key; `get` and the others answer (status, body)."""

    def __init__(self, secret: str = "") -> None:
        self._client = Client(raise_request_exception=False)
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._client.generic(
            method, path, b"" if body is None else raw, content_type="application/json",
            headers={**self._headers, **more},
        )  # fmt: skip

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.ask("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.ask("PATCH", path, body, **headers)


def key_of(principal: Principal, workspace: Any = None) -> str:
    """A fresh key of this agent or colleague."""
    place = workspace or testing.make_workspace()
    owner: Agent | User | None = principal.agent or principal.user
    assert owner is not None
    by = testing.dora(place) if principal.agent else principal
    return keys.make(owner, place, label="test", by=by, at=timezone.now()).secret


def agent(*scopes: str, workspace: Any = None, **fields: Any) -> Caller:
    acting = testing.make_agent(workspace, *(scopes or EVERY_SCOPE), **fields)
    caller = Caller(key_of(acting, workspace))
    caller.principal = acting  # type: ignore[attr-defined]
    return caller


def colleague(who: Any, workspace: Any = None) -> Caller:
    return Caller(key_of(who(workspace), workspace))


def code(answer: Any) -> tuple[int, str]:
    """(status, code of the first error)."""
    return answer.status_code, answer.json()["errors"][0]["code"]
