"""What a step may write. Names are checked against the allowlist of safe outputs (SPEC §2), and
every statement that writes against the tables those outputs live in.

So a step that tries to do more, on purpose or by a borrowed service, fails at that statement and
its whole batch is undone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection

from safety.actions import SAFE

# A request for review is still a draft (SPEC §5); the gate may refuse it, which leaves a safety
# event, or begin a rest for the person.
TABLES: dict[str, frozenset[str]] = {
    "generate_draft": frozenset(
        {
            "message_drafts", "message_revisions", "message_approvals", "safety_events",
            "cooling_offs", "experiment_assignments",
        }
    ),
    "build_shortlist": frozenset({"artifacts"}),
    "run_research": frozenset({"research_snapshots"}),
    "create_plan": frozenset({"artifacts"}),
    "prepare_call": frozenset({"artifacts"}),
    "log_activity": frozenset({"activity_timeline", "agent_runs"}),
}  # fmt: skip
HARMLESS = re.compile(
    r"[\s(]*(?:SELECT|BEGIN|SAVEPOINT|RELEASE|ROLLBACK TO|EXPLAIN)\b", re.IGNORECASE
)
WRITES = re.compile(
    r'\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?(?=[\s(])', re.IGNORECASE
)


class UnsafeOutput(Exception):
    """A step tried to do more than draft; the sentence names the step's attempt."""


def check_names(produces: Sequence[str]) -> None:
    """Refuse an output that is not on the allowlist; outbound ones in live mode as well."""
    for name in produces:
        if name not in SAFE:
            raise UnsafeOutput(
                f"The output {name!r} is not among the safe outputs of a workflow "
                f"({', '.join(sorted(SAFE))}). A workflow ends at a draft or on a page."
            )


@contextmanager
def only(produces: Sequence[str]) -> Iterator[None]:
    """Let nothing be written in this block but rows of these outputs, and the log."""
    check_names(produces)
    tables = TABLES["log_activity"].union(*(TABLES.get(name, frozenset()) for name in produces))
    with connection.execute_wrapper(_Guard(tables)):
        yield


@contextmanager
def none() -> Iterator[None]:
    """Let nothing be written in this block but the run's own sign of life: it is for thinking."""
    with connection.execute_wrapper(_Guard(frozenset({"workflow_runs"}))):
        yield


class _Guard:
    """Stands before every statement of this connection and lets through what is allowed."""

    def __init__(self, tables: frozenset[str]) -> None:
        self.tables = tables

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        if not HARMLESS.match(sql):
            found = WRITES.match(sql)
            if found is None or found[1] not in self.tables:
                what = f"write to {found[1]}" if found else f"run {sql.split(None, 1)[0].upper()}"
                raise UnsafeOutput(
                    f"The step tried to {what}, which none of its outputs allows. Nothing of "
                    "this batch was kept."
                )
        return execute(sql, params, many, context)
