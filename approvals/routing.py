"""Safe Mode × autonomy: what a request may become (SPEC §5, seed B). Pure tables.

A caller's requested status is a wish. `direct` means eligible for auto-approval, never "sent
unseen": where the rules do not all agree it ends in the queue as well.
"""

from __future__ import annotations

from dataclasses import dataclass

ORDER = ("assisted", "governance", "managed", "autopilot")  # strictest first

MATRIX: dict[str, tuple[str, str]] = {  # autonomy: (Safe Mode on, Safe Mode off)
    "assisted": ("draft", "draft"),
    "governance": ("pending", "pending"),
    "managed": ("pending", "direct"),
    "autopilot": ("error", "direct"),
}
SCHEDULE = "messages:schedule"  # the scope without which nothing an agent asks for goes direct


class RoutingError(Exception):
    """The configuration contradicts itself; nothing is routed until a person mends it."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes and why. `denied`: the matrix says direct, the agent may not."""

    status: str  # draft | pending | direct
    safe_mode_enforced: bool
    reason: str
    denied: bool = False


def effective(workspace_mode: str, override: str = "") -> str:
    """The stricter of the workspace's mode and the agent's override."""
    for mode in (workspace_mode, override):
        if mode and mode not in MATRIX:
            raise RoutingError(f"{mode!r} is no autonomy mode. Choose one of {', '.join(ORDER)}.")
    if not override:
        return workspace_mode
    return min(workspace_mode, override, key=ORDER.index)


def route(
    *,
    safe_mode: bool,
    autonomy: str,
    is_agent: bool,
    requested: str,
    may_schedule: bool = False,
) -> Route:
    """What becomes of a request. Asking for a draft gives a draft in every cell."""
    if requested == "draft":
        return Route("draft", False, "a draft was asked for")
    if not is_agent:
        return Route("pending", False, "a colleague's message is always reviewed")
    cell = MATRIX[autonomy][0 if safe_mode else 1]
    if cell == "error":
        raise RoutingError(
            "Autopilot and Safe Mode are both on. Switch Safe Mode off or choose managed."
        )
    if cell == "draft":
        return Route("draft", False, "assisted autonomy: a person submits")
    if cell == "direct":
        return _direct(autonomy, may_schedule)
    enforced = safe_mode and autonomy != "governance"
    why = "Safe Mode on: messages need approval" if enforced else "governance: always reviewed"
    return Route("pending", enforced, why)


def _direct(autonomy: str, may_schedule: bool) -> Route:
    if may_schedule:
        return Route("direct", False, f"Safe Mode off and {autonomy} autonomy")
    return Route(
        "draft",
        False,
        f"Safe Mode is off and this agent lacks the scope {SCHEDULE}. An admin can give it the "
        "scope, or a person submits the draft.",
        denied=True,
    )
