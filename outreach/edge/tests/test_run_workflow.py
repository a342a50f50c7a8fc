"""The command that runs workflows: what it prints, and what it refuses in one sentence."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from outreach import testing
from outreach.core.models import Draft, Role
from workflows import engine
from workflows.models import Run, RunStatus
from workflows.tests import making
from workflows.tests.making import Clock

# What the command prints; every workflow is run on both by test_reach and test_crash.
pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture(autouse=True)
def place(settings):
    settings.OUTREACH_USER = "dora"
    where = making.place()
    testing.make_user("dora", Role.ADMIN, where)
    making.people(where, 3)
    return where


DRAFTS = ("email_drafts", "--about", making.ABOUT)


def command(*words):
    out = StringIO()
    call_command("run_workflow", *words, stdout=out)
    return out.getvalue()


def test_list_names_the_seven():
    lines = command("--list").splitlines()
    assert [line.split()[0] for line in lines] == [
        "account_research", "prospect_shortlist", "linkedin_message_drafts",
        "follow_up_sequence", "daily_plan", "email_drafts", "call_prep",
    ]  # fmt: skip
    assert len(json.loads(command("--list", "--json"))) == 7


def test_a_run_shows_the_badge_the_steps_and_that_nothing_was_sent():
    text = command(*DRAFTS)
    assert text.startswith("DRY RUN: Nothing leaves")
    assert "email_drafts as Drafting agent, asked by Dora" in text
    assert "written 3" in text
    assert text.rstrip().endswith(
        "is done. Nothing was sent: a workflow ends at a draft or on a page."
    )
    assert Draft.objects.filter(status="draft").count() == 3


def test_submit_limit_and_template_are_passed_on():
    text = command(
        "email_drafts", "--submit", "--limit", "2", "--template", "introduction",
        "--about", "We keep records in order.", "--days", "30",
    )  # fmt: skip
    assert "beyond the limit of this run 1" in " ".join(text.split())
    assert Draft.objects.filter(status="pending_approval", template="introduction").count() == 2
    assert Run.objects.get().options["days"] == 30


def test_json_is_one_object():
    told = json.loads(command(*DRAFTS, "--submit", "--json"))
    assert told["badge"] == "DRY RUN"
    assert told["status"] == "done"
    assert told["result"]["submit_drafts"]["queued"] == 3
    assert [step["name"] for step in told["steps"]][-1] == "submit_drafts"


def failed(place):
    run = making.run(place)
    Run.objects.filter(pk=run.pk).update(status=RunStatus.FAILED)
    return run


def test_resume_goes_on(place):
    run = failed(place)
    assert "is done" in command("--resume", str(run.pk))
    assert Draft.objects.count() == 3


def test_cancel_ends(place):
    run = failed(place)
    assert "is cancelled. What it wrote stays" in command("--cancel", str(run.pk))
    assert Run.objects.get().status == "cancelled"


def test_a_run_that_stops_exits_with_1_and_says_how_to_go_on(place, settings):
    settings.ENVIRONMENT_BRAKES = {**settings.ENVIRONMENT_BRAKES, "EMERGENCY_STOP": True}
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("run_workflow", *DRAFTS, stdout=out)
    assert ended.value.code == 1
    text = " ".join(out.getvalue().split())
    assert text.startswith("STOPPED")
    assert f"Go on with: run_workflow --resume {Run.objects.get().pk}" in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Which workflow? Known: account_research"),
        (("email_draft",), "no workflow 'email_draft'"),
        (("daily_plan", "--days", "3"), "This workflow has no option days. It has: begins"),
        (("email_drafts", "--limit", "0"), "limit must be a whole number from 1"),
        (("email_drafts", "--limit", "many"), "invalid int value"),
        (
            ("email_drafts", "--template", "x"),
            "There is no template 'x'. There are: by_history, introd",
        ),
        (("email_drafts",), "template introduction needs a sentence about your work"),
        (("email_drafts", "--template", "introduction"), "needs a sentence about your work"),
        (("email_drafts", "--workspace", "nowhere"), "no workspace 'nowhere'"),
        (("email_drafts", "--as", "nobody"), "no user 'nobody'"),
        (("--resume", "999"), "There is no run 999 in Default"),
        (("--cancel", "999"), "There is no run 999 in Default"),
        (("--cancel", "0"), "There is no run 0 in Default"),
        (("--resume", "1", "--cancel", "1"), "not allowed with argument"),
        (("email_drafts", "--resume", "1"), "not both"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(words, says):
    with pytest.raises(CommandError) as refused:
        command(*words)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not Run.objects.exists()


def test_a_run_of_another_workspace_is_not_there():
    run = making.run(making.place("north"))
    with pytest.raises(CommandError, match=f"no run {run.pk} in Default"):
        command("--cancel", str(run.pk))


def test_a_finished_run_cannot_be_resumed(place):
    run = engine.work(making.run(place).pk, clock=Clock())
    with pytest.raises(CommandError, match="Start a new one"):
        command("--resume", str(run.pk))


def test_who_only_looks_is_refused(place):
    testing.make_user("carol", Role.VIEWER, place)
    with pytest.raises(CommandError, match="Carol may not run workflows"):
        command("email_drafts", "--as", "carol")


def test_ctrl_c_says_how_to_go_on(place, monkeypatch):
    def interrupt(job, batch):
        raise KeyboardInterrupt

    making.change_step(monkeypatch, "write_drafts", work=interrupt)
    with pytest.raises(CommandError, match=r"Go on with: run_workflow --resume \d+"):
        command(*DRAFTS)
    assert Run.objects.get().status == "failed"
