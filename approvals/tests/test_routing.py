"""Safe Mode × autonomy, cell by cell: workspace, override, scope and who asks."""

from __future__ import annotations

import pytest

from approvals import routing
from approvals.routing import ORDER, Route, RoutingError
from outreach.core.permissions import SCOPES

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
        with pytest.raises(RoutingError) as refused:
            ask(mode, safe_mode, override)
        assert str(refused.value) == (
            "Autopilot and Safe Mode are both on. Switch Safe Mode off or choose managed."
        )
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
    for modes in (("wild",), ("managed", "wild")):
        with pytest.raises(RoutingError) as refused:
            routing.effective(*modes)
        assert str(refused.value) == (
            "'wild' is no autonomy mode. Choose one of assisted, governance, managed, autopilot."
        )
    assert routing.effective("managed") == "managed"


def test_the_table_here_is_the_table_there_and_its_scope_is_one_an_agent_can_be_given():
    assert {
        (mode, safe_mode): routing.MATRIX[mode][0 if safe_mode else 1] for mode, safe_mode in CELLS
    } == CELLS
    assert routing.SCHEDULE in SCOPES


# The words that a person reads under "why did this go to review?".
TOLD = [
    ({"autonomy": "autopilot", "requested": "draft"},
     Route("draft", False, "a draft was asked for")),
    ({"autonomy": "autopilot", "is_agent": False},
     Route("pending", False, "a colleague's message is always reviewed")),
    ({"autonomy": "assisted"}, Route("draft", False, "assisted autonomy: a person submits")),
    ({"autonomy": "managed"}, Route("pending", True, "Safe Mode on: messages need approval")),
    ({"autonomy": "governance"}, Route("pending", False, "governance: always reviewed")),
    ({"autonomy": "managed", "safe_mode": False, "may_schedule": True},
     Route("direct", False, "Safe Mode off and managed autonomy", denied=False)),
    ({"autonomy": "managed", "safe_mode": False}, Route(
        "draft", False, "Safe Mode is off and this agent lacks the scope messages:schedule. An "
        "admin can give it the scope, or a person submits the draft.", denied=True)),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "expected"), TOLD)
def test_each_way_is_told_word_for_word_and_nobody_has_the_scope_unasked(asked, expected):
    request = {"safe_mode": True, "is_agent": True, "requested": "scheduled", **asked}
    assert routing.route(**request) == expected
