"""The seven workflows of SPEC §12, as data: what may be asked, and named steps in order."""

from __future__ import annotations

import difflib

from workflows import ranking
from workflows.options import BadOptions
from workflows.shapes import Definition, StepDefinition
from workflows.steps import (
    account_research,
    call_prep,
    choosing,
    daily_plan,
    drafting,
    follow_up_sequence,
    prospect_shortlist,
)
from workflows.steps.drafting import EMAIL, LINKEDIN, Drafting

SUBMIT_DRAFTS = StepDefinition(
    "submit_drafts",
    "Asks for review of each draft, in the agent's name.",
    produces=("generate_draft",),
    work=drafting.submit_drafts,
    over=drafting.written,
    size=20,
    only_if="submit",
)
RANK_PEOPLE = StepDefinition(
    "rank_people",
    "Scores each by role, seniority, recency, company and past replies, with the reasons.",
    produces=("build_shortlist",),
    work=choosing.rank_people,
    over=choosing.chosen,
    size=500,
    fold=ranking.keep_best(choosing.MOST_LISTED),
)


def _drafting_steps(way: Drafting) -> tuple[StepDefinition, ...]:
    return (
        StepDefinition(
            "select_people",
            "Chooses whom to write to and counts why others were left out.",
            produces=("build_shortlist",),
            work=way.select_people,
        ),
        StepDefinition(
            "gather_facts",
            "Counts what is known of them, so that thin drafts surprise nobody.",
            produces=("run_research",),
            work=way.gather_facts,
            over=drafting.selected,
            size=500,
        ),
        StepDefinition(
            "write_drafts",
            "Composes each message and stores it as a draft.",
            produces=("generate_draft",),
            work=way.write_drafts,
            over=drafting.selected,
            size=50,
            think=way.compose,
        ),
        SUBMIT_DRAFTS,
    )


WORKFLOWS: tuple[Definition, ...] = (
    Definition(
        "account_research",
        "Account research",
        "Collects what we know of a company and its people, with sources and gaps.",
        options=account_research.OPTIONS,
        check=account_research.check,
        steps=(
            StepDefinition(
                "select_accounts",
                "Chooses the companies, those where we know most people first.",
                produces=("run_research",),
                work=account_research.select_accounts,
            ),
            StepDefinition(
                "write_snapshots",
                "Gathers people, past, pasted text, sources and gaps of each, and dates it.",
                produces=("run_research",),
                work=account_research.write_snapshots,
                over=account_research.selected,
                size=20,
            ),
        ),
    ),
    Definition(
        "prospect_shortlist",
        "Prospect shortlist",
        "Scores people by explained reasons and names who was left out and why.",
        options=prospect_shortlist.OPTIONS,
        steps=(
            StepDefinition(
                "select_people",
                "Takes everybody who may be approached, and notes why the others may not.",
                produces=("build_shortlist",),
                work=choosing.choose_people,
            ),
            RANK_PEOPLE,
            StepDefinition(
                "write_shortlist",
                "Keeps the best with their reasons, and who was left out.",
                produces=("build_shortlist",),
                work=prospect_shortlist.write_shortlist,
            ),
        ),
    ),
    Definition(
        "linkedin_message_drafts",
        "LinkedIn message drafts",
        "Writes connection notes and messages that a person sends by hand.",
        options=LINKEDIN.options,
        check=LINKEDIN.check,
        steps=_drafting_steps(LINKEDIN),
    ),
    Definition(
        "follow_up_sequence",
        "Follow-up sequence",
        "Plans messages with days and channels, stored as drafts, ended by a reply.",
        options=follow_up_sequence.OPTIONS,
        check=follow_up_sequence.check,
        steps=(
            StepDefinition(
                "select_people",
                "Chooses whom to write to and counts why others were left out.",
                produces=("build_shortlist",),
                work=follow_up_sequence.select_people,
            ),
            StepDefinition(
                "plan_touches",
                "Finds a day and a channel for each message, with no day above its limit.",
                produces=("create_plan",),
                work=follow_up_sequence.plan_touches,
            ),
            StepDefinition(
                "write_touches",
                "Composes every message of each sequence and stores it as a draft.",
                produces=("generate_draft", "create_plan"),
                work=follow_up_sequence.write_touches,
                over=follow_up_sequence.planned,
                size=20,
                think=follow_up_sequence.compose,
            ),
            StepDefinition(
                "submit_first",
                "Asks for review of the first messages; the others follow on their days.",
                produces=("generate_draft",),
                work=follow_up_sequence.submit_first,
                over=follow_up_sequence.first_drafts,
                size=20,
                only_if="submit",
            ),
        ),
    ),
    Definition(
        "daily_plan",
        "Daily plan",
        "Lists what to do today, in order, within quotas, hours and capacity.",
        options=daily_plan.OPTIONS,
        check=daily_plan.check,
        steps=(
            StepDefinition(
                "collect",
                "Sees what there is to do: answers, reviews, messages by hand, calls.",
                produces=("create_plan",),
                work=daily_plan.collect,
            ),
            StepDefinition(
                "write_plan",
                "Puts it in order and keeps it as one page.",
                produces=("create_plan",),
                work=daily_plan.write_plan,
            ),
        ),
    ),
    Definition(
        "email_drafts",
        "E-mail drafts",
        "Writes an e-mail draft for each person who may hear from us, from what we know of them.",
        options=EMAIL.options,
        check=EMAIL.check,
        steps=_drafting_steps(EMAIL),
    ),
    Definition(
        "call_prep",
        "Call prep",
        "Prepares scripts for calls that people make: questions, objections, what not to say.",
        options=call_prep.OPTIONS,
        check=call_prep.check,
        steps=(
            StepDefinition(
                "select_people",
                "Takes the person named, or everybody who may be approached.",
                produces=("build_shortlist",),
                work=call_prep.select_people,
            ),
            StepDefinition(
                "rank_people",
                "Scores each, those whose number is known first.",
                produces=("build_shortlist",),
                work=call_prep.rank_people,
                over=choosing.chosen,
                size=500,
                fold=call_prep.FOLD,
            ),
            StepDefinition(
                "write_scripts",
                "Writes a script for each of the best.",
                produces=("prepare_call",),
                work=call_prep.write_scripts,
                over=choosing.best_people,
                size=20,
            ),
        ),
    ),
)
BY_NAME = {workflow.name: workflow for workflow in WORKFLOWS}


def find(name: str) -> Definition:
    """The workflow of that name; raises BadOptions with near names."""
    found = BY_NAME.get(name)
    if found is None:
        near = difflib.get_close_matches(name, BY_NAME, n=2) or list(BY_NAME)
        raise BadOptions(f"There is no workflow {name!r}. Known: {', '.join(near)}.")
    return found
