"""Tables carry the names that other programs know them by (SPEC §1)."""

from __future__ import annotations

from django.apps import apps

NAMED = {
    "safety_events", "message_drafts", "research_snapshots", "workflow_runs", "workflow_run_steps",
    "activity_timeline", "agent_runs", "message_approvals", "system_controls", "people",
    "message_templates",
}  # fmt: skip


def test_the_tables_that_the_seeds_name_are_there_by_these_names():
    assert {model._meta.db_table for model in apps.get_models()} >= NAMED
