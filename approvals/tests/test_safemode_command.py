"""`manage.py safe_mode`: the same services, with sentences and exit codes."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from outreach import testing
from outreach.core.models import Activity, Workspace

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_preset(settings):
    settings.OUTREACH_USER = ""
    testing.make_workspace(daily_quota=None)


def run(capsys, *words):
    call_command("safe_mode", *words)
    return capsys.readouterr().out


def is_on():
    return Workspace.objects.get().safe_mode


def test_status_shows_the_checklist(capsys):
    said = run(capsys, "--status")
    assert "Safe Mode is on in Default." in said
    assert said.count("[ ]") == 8


def test_off_and_on_again(capsys):
    testing.dora()
    said = run(
        capsys, "--off", "--confirm", "Disable Safe Mode", "--reason", "pilot", "--tick",
        "team_told",
    )  # fmt: skip
    assert "Safe Mode is OFF" in said and "[x] The team has been told" in said
    assert not is_on()
    assert Activity.objects.filter(verb="workspaces.configured").last().codes["door"] == "command"
    testing.alice()
    said = run(capsys, "--on", "--as", "alice", "--json")
    assert json.loads(said)["stopped"] is True
    assert is_on()


def test_status_as_json(capsys):
    told = json.loads(run(capsys, "--status", "--json"))
    assert told["safe_mode"] is True
    assert [row["key"] for row in told["preflight"]][:2] == ["voice_version", "voice_score"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--off"], "Type exactly: Disable Safe Mode"),
        (["--off", "--confirm", "Disable Safe Mode"], "Daily quotas for the workspace"),
        (["--off", "--as", "alice"], "Ask somebody with the role admin"),
        (["--on", "--as", "bob"], "Ask somebody with the role reviewer"),
        (["--status", "--workspace", "nowhere"], "There is no workspace"),
    ],
)
def test_what_cannot_be_done_says_why(words, sentence):
    for person in (testing.alice, testing.bob, testing.dora):
        person()
    if words[0] == "--off" and "--as" not in words:
        words = [*words, "--as", "dora"]
    with pytest.raises(CommandError, match=sentence):
        call_command("safe_mode", *words)
    assert is_on()
