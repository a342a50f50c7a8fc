"""The seven workflows of SPEC §12, as data. One without steps is named and not yet available."""

from __future__ import annotations

import difflib

from workflows.shapes import BadOptions, Definition, StepDefinition
from workflows.steps import email_drafts

EMAIL_DRAFTS = Definition(
    "email_drafts",
    "E-mail drafts",
    "Writes an e-mail draft for each person who may hear from us, from what we know of them.",
    prepare=email_drafts.prepare,
    steps=(
        StepDefinition(
            "select_people",
            "Chooses whom to write to and counts why others were left out.",
            produces=("build_shortlist",),
            work=email_drafts.select_people,
        ),
        StepDefinition(
            "gather_facts",
            "Counts what is known of them, so that thin drafts surprise nobody.",
            produces=("run_research",),
            work=email_drafts.gather_facts,
            over=email_drafts.selected,
            size=500,
        ),
        StepDefinition(
            "write_drafts",
            "Composes each message and stores it as a draft.",
            produces=("generate_draft",),
            work=email_drafts.write_drafts,
            over=email_drafts.selected,
            size=50,
        ),
        StepDefinition(
            "submit_drafts",
            "Asks for review of each draft, in the agent's name.",
            produces=("generate_draft",),
            work=email_drafts.submit_drafts,
            over=email_drafts.written,
            size=20,
            only_if="submit",
        ),
    ),
)
WORKFLOWS: tuple[Definition, ...] = (
    Definition(
        "account_research",
        "Account research",
        "Collects what we know of a company and its people, with sources and gaps.",
    ),
    Definition(
        "prospect_shortlist",
        "Prospect shortlist",
        "Scores people by explained reasons and names who was left out and why.",
    ),
    Definition(
        "linkedin_message_drafts",
        "LinkedIn message drafts",
        "Writes connection notes and messages that a person sends by hand.",
    ),
    Definition(
        "follow_up_sequence",
        "Follow-up sequence",
        "Plans touches with days and channels, stored as drafts, ended by a reply.",
    ),
    Definition(
        "daily_plan",
        "Daily plan",
        "Lists what to do today, in order, within quotas and hours.",
    ),
    EMAIL_DRAFTS,
    Definition(
        "call_prep",
        "Call prep",
        "Prepares a script for a call that a person makes.",
    ),
)
BY_NAME = {workflow.name: workflow for workflow in WORKFLOWS}


def available() -> list[str]:
    return [workflow.name for workflow in WORKFLOWS if workflow.is_available]


def find(name: str) -> Definition:
    """The workflow of that name; raises BadOptions with near names."""
    found = BY_NAME.get(name)
    if found is None:
        near = difflib.get_close_matches(name, BY_NAME, n=2) or list(BY_NAME)
        raise BadOptions(f"There is no workflow {name!r}. Known: {', '.join(near)}.")
    return found
