"""Safe Mode × autonomy, cell by cell: workspace, override, scope and who asks."""

from __future__ import annotations

import pytest

from approvals import routing
from approvals.routing import ORDER, Route, RoutingError

# The seed's matrix, written out again: (mode, Safe Mode) to what an agent's request becomes.
CELLS = {
    ("assisted", True): "draft",
    ("assisted", False): "draft",
    ("managed", True): "pending",
    ("managed", False): "direct",
    ("autopilot", True): "error",
    ("autopilot", False): "direct",
    ("governance", True): "pending",
    ("governance", False): "pending",
}
# Workspace mode and the agent's override to the mode in force.
STRICTER = {
    "assisted": dict.fromkeys(("", *ORDER), "assisted"),
    "governance": {
        "": "governance", "assisted": "assisted", "governance": "governance",
        "managed": "governance", "autopilot": "governance",
    },
    "managed": {
        "": "managed", "assisted": "assisted", "governance": "governance",
        "managed": "managed", "autopilot": "managed",
    },
    "autopilot": {
        "": "autopilot", "assisted": "assisted", "governance": "governance",
        "managed": "managed", "autopilot": "autopilot",
    },
}  # fmt: skip
EVERY = [
    (mode, override, safe_mode)
    for mode in ORDER
    for override in ("", *ORDER)
    for safe_mode in (True, False)
]


def ask(mode: str, safe_mode: bool, override: str = "", **more: object) -> Route:
    return routing.route(
        safe_mode=safe_mode,
        autonomy=routing.effective(mode, override),
        **{"is_agent": True, "requested": "scheduled", "may_schedule": True, **more},
    )


@pytest.mark.parametrize(("mode", "override", "safe_mode"), EVERY)
def test_every_cell_of_the_matrix_with_every_override(mode, override, safe_mode):
    expected = CELLS[STRICTER[mode][override], safe_mode]
    if expected == "error":
        with pytest.raises(RoutingError, match="Autopilot and Safe Mode are both on"):
            ask(mode, safe_mode, override)
        return
    for wish in ("scheduled", "published"):
        assert ask(mode, safe_mode, override, requested=wish).status == expected


@pytest.mark.parametrize(("mode", "override", "safe_mode"), EVERY)
def test_asking_for_a_draft_gives_a_draft_in_every_cell(mode, override, safe_mode):
    assert ask(mode, safe_mode, override, requested="draft").status == "draft"


@pytest.mark.parametrize(("mode", "override", "safe_mode"), EVERY)
def test_a_colleagues_message_is_never_direct(mode, override, safe_mode):
    assert ask(mode, safe_mode, override, is_agent=False).status == "pending"


@pytest.mark.parametrize(
    ("mode", "override", "safe_mode"), [row for row in EVERY if row[0::2] != ("autopilot", True)]
)
def test_an_override_never_loosens(mode, override, safe_mode):
    rank = {"draft": 1, "pending": 2, "direct": 3}
    assert rank[CELLS[STRICTER[mode][override], safe_mode]] <= rank[CELLS[mode, safe_mode]]


@pytest.mark.parametrize(("mode", "override", "safe_mode"), EVERY)
def test_direct_needs_the_scope_and_nothing_else_does(mode, override, safe_mode):
    expected = CELLS[STRICTER[mode][override], safe_mode]
    if expected == "error":
        return
    found = ask(mode, safe_mode, override, may_schedule=False)
    assert found.denied is (expected == "direct")
    assert found.status == ("draft" if expected == "direct" else expected)


def test_safe_mode_is_named_only_where_it_made_the_difference():
    assert ask("managed", True).safe_mode_enforced
    for mode, safe_mode in (("governance", True), ("governance", False), ("managed", False)):
        assert not ask(mode, safe_mode).safe_mode_enforced


def test_a_mode_nobody_knows_stops_the_routing():
    with pytest.raises(RoutingError, match="is no autonomy mode"):
        routing.effective("wild")
    with pytest.raises(RoutingError, match="is no autonomy mode"):
        routing.effective("managed", "wild")
