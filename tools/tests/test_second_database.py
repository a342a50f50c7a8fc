"""What a second database is asked: all that could be answered otherwise there, and it is said."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from tools import run_tests, second_database
from tools.steps import ROOT

MARK = re.compile(r"mark\.(once|first)\b")
NEVER = re.compile(r"race|crash|limits|(smtp|http)_faults|bad|place|_stop$|settle|outage|importing")


def item(name: str, *marks: str, uses: bool = True) -> SimpleNamespace:
    """A collected test with these marks, the nearest first."""
    names = [*marks, "django_db"] if uses else list(marks)
    found = [SimpleNamespace(name=each) for each in names]
    return SimpleNamespace(
        nodeid=f"x/test_x.py::{name}",
        fixturenames=(),
        iter_markers=lambda: iter(found),
        get_closest_marker=lambda name: next((each for each in found if each.name == name), None),
    )


ITEMS = [
    item("plain"), item("pure", uses=False), item("seen", "browser"), item("page", "once"),
    item("nearer", "both", "once"), item("farther", "once", "both"),
    item("many[1]", "first"), item("many[2]", "first"), item("others[2]", "first"),
]  # fmt: skip


def names(items) -> list[str]:
    return [each.nodeid.partition("::")[2] for each in items]


def test_a_second_database_is_asked_what_only_it_could_answer():
    asked, left = second_database.split(ITEMS, whole=False)
    assert names(asked) == ["plain", "nearer", "many[1]", "others[2]"]
    assert names(left) == ["pure", "seen", "page", "farther", "many[2]"]


def test_the_long_runs_ask_it_whatever_touches_a_database():
    asked, left = second_database.split(ITEMS, whole=True)
    assert names(left) == ["pure", "seen"] and len(asked) == 7


def test_a_fixture_of_the_database_counts_as_one():
    bare = item("bare", uses=False)
    bare.fixturenames = ("transactional_db",)
    assert names(second_database.split([bare], whole=False)[0]) == ["bare"]


@pytest.mark.parametrize(("torture", "part"), [(False, "make torture asks"), (True, "every test")])
def test_what_is_left_out_is_said(torture, part):
    assert part in run_tests.left_out(torture)


def sources() -> list:
    tests = [path for path in ROOT.glob("*/**/tests/**/*.py") if ".venv" not in path.parts]
    return [path for path in tests if path.name != "test_second_database.py"]


def test_each_mark_that_leaves_something_out_has_its_reason_beside_it():
    without = []
    for path in sources():
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if MARK.search(line) and "#" not in line + lines[max(number - 1, 0)]:
                without.append(f"{path.relative_to(ROOT)}:{number + 1}")
    assert not without


def test_races_kills_limits_and_bad_input_are_asked_on_both():
    marked = [
        path.relative_to(ROOT).as_posix()
        for path in sources()
        if NEVER.search(path.stem) and MARK.search(path.read_text())
    ]
    assert not marked
