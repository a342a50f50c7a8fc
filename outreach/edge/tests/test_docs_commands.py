"""Each `manage.py` command that the README or a page of docs/ tells works on the demo."""

from __future__ import annotations

import io
import json
import re
import shlex

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import transaction

from approvals import services
from approvals.models import Approval
from outreach.core.models import Import, Person, User
from outreach.core.principal import Principal
from outreach.testing import WORKDAY
from outreach.tests import source
from workflows.models import Run

PAGES = (source.ROOT / "README.md", *sorted((source.ROOT / "docs").glob("*.md")))
COMMAND = re.compile(r"manage\.py ([a-z_]+(?: [^`\n|\\]*)?)")
# The runbook says once how every line of it begins, and then leaves that away.
SHORT = re.compile(
    r"`((?:audit|control|doctor|person|process_approved_messages|review|suppression) [^`]+)`"
)
# Names in a sentence, without what they need.
NAMES = {"control", "person", "review", "safe_mode", "suppression import", "suppression list"}
# Django's own, and what another test runs as it stands.
ELSEWHERE = {"createsuperuser", "migrate", "mcp"}
DRILL = "control --drill"  # commits and kills, which no savepoint takes back: channels' own tests
# What the demo has no cause for is refused, in these words.
REFUSED = {
    "control --disable dry-run": "only a deployment can change that",
    "doctor": "must be put right",
    "run_workflow --resume": "cannot be resumed",
    "run_workflow --cancel": "is done",
    "safe_mode --off": "not met",
}
MESSAGE = {"platform": "email", "recipient": "a@example.org", "subject": "Hi", "content": "Hello."}


def commands() -> list[str]:
    """Every command told, without what is in brackets and without a comment after it."""
    found = set()
    for page in PAGES:
        text = page.read_text()
        short = SHORT.findall(text) if page.name == "runbook.md" else []
        for line in COMMAND.findall(text) + [" ".join(each.split()) for each in short]:
            plain = re.sub(r"\s+#.*$|\[[^]]*\]?|\s\.\.\.$|\s>>.*$", "", line).strip()
            if plain not in {*NAMES, DRILL} and plain.split()[0] not in ELSEWHERE:
                found.add(plain)
    return sorted(found)


@pytest.fixture
def words(settings, tmp_path, monkeypatch):
    """The demo, and what stands for the names that the pages use."""
    settings.DATA_DIR, settings.OUTREACH_USER = tmp_path, "demo-admin"
    monkeypatch.chdir(tmp_path)
    call_command("demo", stdout=io.StringIO())
    call_command("run_workflow", "email_drafts", "--about", "We help …", stdout=io.StringIO())
    waiting = Approval.objects.filter(status="pending", channel="email").first()
    by = Principal.of_user(User.objects.get(username="demo-reviewer"))
    services.approve(waiting.pk, by=by, at=WORKDAY, digest=waiting.digest, undo_seconds=0)
    call_command("process_approved_messages", stdout=io.StringIO())
    (tmp_path / "letter.eml").write_text("From: a@example.org\nSubject: Hi\n\nTuesday suits me.\n")
    (tmp_path / "message.json").write_text(json.dumps(MESSAGE))
    with (tmp_path / "kept.jsonl").open("w") as kept:
        call_command("audit", "checkpoint", stdout=kept)
    one, other = Person.objects.order_by("pk")[:2]
    return {
        "UUID": str(one.uuid), "WHO": one.full_name,
        "KEPT": str(one.uuid), "MERGED": str(other.uuid),
        "PATH": "letter.eml", "NAME": "daily_plan", "KIND": "people",
        "SLUG": one.workspace.slug, "17": str(waiting.pk),
        "2": str(Approval.objects.filter(status="pending").first().pk), "12": str(waiting.pk),
        "NUMBERS": f"{one.pk}, {other.pk}",
        "IMPORT": str(Import.objects.order_by("pk").last().pk),
        "run": str(Run.objects.order_by("pk").last().pk),
        **{
            f"outreach/edge/samples/{name}": str(source.ROOT / "outreach/edge/samples" / name)
            for name in ("Connections.csv", "Trade-fair.csv")
        },
    }  # fmt: skip


def arguments(line: str, words: dict[str, str]) -> list[str]:
    """The words of a shell, with names that the demo has for those of the page."""
    given = [words.get(word, word) for word in shlex.split(line)]
    if line.startswith("run_workflow --"):
        given = [words["run"] if word == words["12"] else word for word in given]
    if "--to" in given and given[0] == "audit":
        given[given.index("--to") + 1] = "a new log"
    files = {
        "validate_action": "message.json", "import_contacts": None, "audit": "kept.jsonl",
        "person": "their file",
    }  # fmt: skip
    file = files.get(given[0], "new file")
    sample = words["outreach/edge/samples/Connections.csv"]
    return [(file or sample) if word == "FILE" else word for word in given]


@pytest.mark.django_db
def test_every_command_of_the_pages_works_on_the_demo(words, monkeypatch):
    faults = []
    with time_machine.travel(WORKDAY, tick=True):
        for line in commands():
            typed = io.BytesIO(json.dumps(MESSAGE).encode())
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(typed))
            hold = transaction.savepoint()
            try:
                call_command(*arguments(line, words), stdout=io.StringIO(), stderr=io.StringIO())
            except CommandError as error:
                expected = next((REFUSED[each] for each in REFUSED if line.startswith(each)), None)
                if expected is None or expected not in str(error):
                    faults.append(f"{line}: {error}")
            except (Exception, SystemExit) as error:
                faults.append(f"{line}: {type(error).__name__}: {error}")
            transaction.savepoint_rollback(hold)
    assert not faults, "\n".join(faults)


def test_there_are_commands_to_try():
    assert len(commands()) > 40
    assert "doctor --restore-guards" in commands(), "the runbook's, without `manage.py` before it"
    assert 'person --uuid UUID --erase --reason "…"' in commands()
