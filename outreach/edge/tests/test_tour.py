"""The tour: each of its commands works on the demo, in its order, and its pictures are there."""

from __future__ import annotations

import re
import shlex
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from approvals import services
from approvals.models import Approval
from outreach.core.models import User
from outreach.core.principal import Principal
from outreach.testing import WORKDAY
from outreach.tests import source

TOUR = (source.ROOT / "docs" / "tour.md").read_text()
LINES = re.findall(r"^    \.venv/bin/python manage\.py (.+)$", TOUR, re.MULTILINE)


@pytest.mark.django_db
def test_each_command_of_the_tour_works_on_the_demo(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.chdir(source.ROOT)
    with time_machine.travel(WORKDAY, tick=True):
        call_command("demo", stdout=StringIO())
        first = Approval.objects.filter(status="pending", channel="email").first()
        reviewer = Principal.of_user(User.objects.get(username="demo-reviewer"))
        services.approve(first.pk, by=reviewer, at=WORKDAY, digest=first.digest, undo_seconds=0)
        second = Approval.objects.filter(status="pending").first()  # ids go on in PostgreSQL
        lines = [line.replace("--message 2", f"--message {second.pk}") for line in LINES]
        said = {line: told(line) for line in lines}
    assert "simulated 1" in said["process_approved_messages"]
    assert "stopped" in next(said[line] for line in said if "--emergency-stop" in line)
    counts = "3 new, 1 changed, 1 unchanged, 1 skipped"  # as the tour says it
    assert counts in next(said[line] for line in said if "import" in line) and counts in TOUR
    assert said["audit verify"].startswith("ok")
    assert all(said.values())


def told(line: str) -> str:
    out = StringIO()
    try:
        call_command(*shlex.split(line), stdout=out)
    except CommandError:  # no beat runs here, and doctor says so
        assert line.startswith("doctor") and "beat" in out.getvalue()
    return out.getvalue()


def test_its_pictures_and_pages_are_there():
    pictures = re.findall(r"!\[[^]]+\]\((pictures/[a-z]+\.png)\)", TOUR)
    assert len(pictures) == 4
    pages = re.findall(r"\]\(([a-z-]+\.md)\)", TOUR)
    for name in (*pictures, *pages):
        assert (source.ROOT / "docs" / name).is_file(), name
