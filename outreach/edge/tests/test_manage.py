"""`manage.py` by whatever Python somebody has at hand: it goes on with the one beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from outreach.tests.source import ROOT

WORDS = ["control", "--emergency-stop", "--reason", "wild, at night"]


@pytest.fixture
def checkout(tmp_path):
    """A `manage.py` with a Python of its own, which says what it was started with."""
    shutil.copy(ROOT / "manage.py", tmp_path)
    own = tmp_path / ".venv" / "bin" / "python"
    own.parent.mkdir(parents=True)
    return own


def by_another_python(own, *words):
    """As a Python without Django runs it, from elsewhere."""
    manage = str(own.parents[2] / "manage.py")
    asked = [sys.executable, "-S", "-E", manage, *words]
    env = {key: value for key, value in os.environ.items() if not key.startswith("OUTREACH_OWN")}
    return subprocess.run(
        asked, capture_output=True, text=True, timeout=60, cwd="/", env=env, check=False
    )


def say(own, script):
    own.write_text(f"#!/bin/sh\n{script}\n")
    own.chmod(0o755)


def test_it_starts_again_with_the_same_words_by_the_python_beside_it(checkout):
    say(checkout, 'for word in "$@"; do echo "$word"; done')
    done = by_another_python(checkout, *WORDS)
    assert done.stdout.splitlines() == [str(checkout.parents[2] / "manage.py"), *WORDS]
    assert done.returncode == 0


def test_where_that_has_no_django_either_it_says_so_and_does_not_go_round(checkout):
    say(checkout, f'echo tried >> "$0.log"; exec {sys.executable} -S -E "$@"')
    done = by_another_python(checkout, *WORDS)
    assert "Django is not installed in this Python." in done.stderr and done.returncode == 1
    assert checkout.with_name("python.log").read_text() == "tried\n"


@pytest.mark.parametrize("script", [None, "not to be run"])
def test_without_one_that_can_be_run_it_says_what_to_do(checkout, script):
    if script:
        checkout.write_text(script)
        checkout.chmod(0o755)
    done = by_another_python(checkout, *WORDS)
    assert "Run `make run`, or use .venv/bin/python." in done.stderr and done.returncode == 1


@pytest.mark.parametrize("page", ["README.md", *sorted(p.name for p in ROOT.glob("docs/*.md"))])
def test_what_is_pasted_from_a_page_names_a_python_that_is_there(page):
    path = ROOT / page if page == "README.md" else ROOT / "docs" / page
    for line in path.read_text().splitlines():
        assert not line.lstrip().startswith(("manage.py ", "python manage.py ")), line
        assert "`python manage.py" not in line, line
