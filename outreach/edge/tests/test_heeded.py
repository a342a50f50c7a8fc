"""What an act of a command has no use for is refused, not dropped without a word."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from outreach import testing
from outreach.core.models import Person

# Words of commands; nothing here is asked of a database.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--reason", "Sensitive case"], "--reason means nothing by itself, so nothing was done"),
        (["--show", "--reason", "x"], "--show and --reason mean nothing together"),
        (["--export", "-", "--reason", "x"], "--export and --reason mean nothing together"),
        (["--disable-automation", "--also-known-as", "Bo"], "--also-known-as goes with --erase."),
    ],
)
def test_of_a_person(words, why):
    """Who forgets the verb is not to read "automation on" and think it was switched off."""
    testing.alice()
    person = testing.make_person()
    with pytest.raises(CommandError) as refused:
        run("person", "--uuid", str(person.uuid), *words)
    assert why in str(refused.value)
    assert Person.objects.get().automation_enabled


@pytest.mark.parametrize("act", [["--pending"], ["--show", "1"], ["--approve", "1"]])
@pytest.mark.parametrize("option", [["--priority", "high"], ["--max", "3"]])
def test_of_the_queue(act, option):
    """`--pending --priority high` showed the whole queue, as if all of it were high."""
    testing.alice()
    with pytest.raises(CommandError, match=f"{option[0]} goes with --bulk-approve"):
        run("review", *act, *option)


@pytest.mark.parametrize(
    "option",
    [
        ["--format", "vcard"], ["--encoding", "utf-8"], ["--map", "Kunde=full_name"],
        ["--country", "CH"], ["--time-zone", "Europe/Zurich"], ["--basis", "customer"],
        ["--text-shown", "Yes"], ["--dry-run"], ["--report", "rows.csv"],
    ],
    ids=lambda option: option[0],
)  # fmt: skip
def test_of_an_import_that_is_undone(option):
    """`--undo 3 --basis customer` took the import back and recorded nothing."""
    testing.bob()
    with pytest.raises(CommandError, match=f"--undo and {option[0]} mean nothing together, so no"):
        run("import_contacts", "--undo", "1", *option, "--as", "bob")


@pytest.mark.parametrize("act", [["--resume", "1"], ["--cancel", "1"], ["--list"]])
@pytest.mark.parametrize("option", [["--submit"], ["--limit", "3"], ["--known-number"]])
def test_of_a_run(act, option):
    """A run goes on with what it was begun with: `--resume 1 --submit` submitted nothing."""
    testing.alice()
    with pytest.raises(CommandError, match=f"{act[0]} and {option[0]} mean nothing together"):
        run("run_workflow", *act, *option)


@pytest.mark.parametrize(
    "option", [["--confirm", "Disable Safe Mode"], ["--reason", "x"], ["--tick", "team_told"]]
)
def test_of_safe_mode(option):
    with pytest.raises(CommandError, match=f"--status and {option[0]} mean nothing together"):
        run("safe_mode", "--status", *option)


def test_safe_mode_is_switched_on_whatever_stands_beside_it():
    """What brakes is not refused for a word too many."""
    testing.alice()
    assert "Safe Mode is on" in run("safe_mode", "--on", "--confirm", "Disable Safe Mode")


@pytest.mark.parametrize("words", [["rehearse"], ["safe_mode", "--status"], ["audit", "verify"]])
def test_who_only_looks_names_somebody_there_is(words):
    with pytest.raises(CommandError, match="no user 'nobody'"):
        run(*words, "--as", "nobody")


@pytest.mark.parametrize("act", ["verify", "checkpoint"])
def test_of_the_one_log_no_workspace_is_named_that_is_not_there(act):
    with pytest.raises(CommandError, match="no workspace 'nowhere'"):
        run("audit", act, "--workspace", "nowhere")
