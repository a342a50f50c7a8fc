"""The badge on every page: STOPPED, DRY RUN or LIVE. What cannot be read shows as stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from outreach.core.models import Workspace
from outreach.core.permissions import Verb
from safety import controls
from safety.admin import (
    controls_of,
    is_operator,
    is_superuser,
    memberships_of,
    roles_of,
    workspace_ids,
)

ORDER = {"danger": 0, "warning": 1, "success": 2}  # strictest first


@dataclass(frozen=True, slots=True)
class Label:
    """One badge; `name` is the workspace when the user's workspaces differ."""

    text: str
    colour: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Strip:
    """The line on top of every page: what may leave, why, and the button that stops it."""

    badges: list[Label]
    sentence: str
    colour: str
    may_stop: bool
    may_see_controls: bool


def strip_of(request: HttpRequest) -> Strip | None:
    """The strip for who is logged in, computed once per request; None for strangers."""
    if not hasattr(request, "user") or not request.user.is_authenticated:
        return None
    found: Strip | None = getattr(request, "_outreach_strip", None)
    if found is None:
        found = _strip(request)
        request._outreach_strip = found  # type: ignore[attr-defined]
    return found


def _strip(request: HttpRequest) -> Strip:
    state = controls_of(request)
    shown = _shown(request, state)
    strictest = min((badge for _, badge in shown), key=lambda badge: ORDER[badge.colour])
    if len({badge.text for _, badge in shown}) == 1:
        labels = [Label(strictest.text, strictest.colour)]
    else:
        labels = [Label(badge.text, badge.colour, name) for name, badge in shown]
    return Strip(
        labels,
        strictest.sentence,
        strictest.colour,
        may_stop=is_operator(request) or bool(workspace_ids(request, Verb.BRAKE)),
        may_see_controls=bool(roles_of(request)) or is_superuser(request) or is_operator(request),
    )


def _shown(request: HttpRequest, state: controls.Controls) -> list[tuple[str, controls.Badge]]:
    """Badges by name: of the user's workspaces; operators see the system and what differs."""
    if not is_operator(request):
        mine = [row.workspace for row in memberships_of(request)]
        found = [(place.name, controls.badge(place.pk, state)) for place in mine]
        return found or [("", controls.badge(None, state))]
    whole = controls.badge(None, state)
    places = Workspace.objects.order_by("slug")
    each = [(place.name, controls.badge(place.pk, state)) for place in places]
    differing = [(name, badge) for name, badge in each if badge.text != whole.text]
    return [("Whole system", whole), *differing[:5]]


def badge(request: HttpRequest) -> dict[str, Any]:
    """Template context: `strip` on every admin page."""
    if not request.path.startswith("/admin"):
        return {}
    return {"strip": strip_of(request)}
