"""Asked in one test, a table says of each row what a test of its own would have said."""

from __future__ import annotations

import pytest

from tools import run_tests, together


def divides(number: int) -> None:
    assert 12 % number == 0, f"{number} does not"


def test_every_row_is_asked_and_each_that_failed_is_named():
    rows = {f"row {number}": {"number": number} for number in (1, 5, 2, 0, 7)}
    with pytest.raises(BaseExceptionGroup, match="3 of 5 rows failed") as caught:
        together.asking(divides, rows)()
    named = [failure.__notes__ for failure in caught.value.exceptions]
    assert named == [["row 5"], ["row 0"], ["row 7"]]
    together.asking(divides, {"row 1": {"number": 1}})()


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_pure(number):
    divides(number)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_with_a_folder(number, tmp_path):
    divides(number)


@pytest.mark.parametrize(
    "number", [1, pytest.param(2, marks=pytest.mark.filterwarnings("error")), 3]
)
def test_with_a_mark(number):
    divides(number)


@pytest.mark.django_db
@pytest.mark.parametrize("number", [1, 2, 3])
def test_with_a_database(number):
    divides(number)


def test_only_what_is_given_nothing_else_becomes_one(request):
    found = request.node.getparent(pytest.Module).collect()
    merged = together.merge(list(found))
    assert len(found) - len(merged) == 3
    assert [item.name for item in merged if "rows" in item.name] == ["test_pure (4 rows)"]


def test_each_row_is_counted(tmp_path):
    (report := tmp_path / "report.xml").write_text(
        '<testsuites><testsuite tests="3" failures="1" errors="0" skipped="0">'
        '<testcase><properties><property name="rows" value="4"/></properties></testcase>'
        '<testcase><properties><property name="rows" value="9"/></properties><failure/></testcase>'
        "<testcase/></testsuite></testsuites>"
    )
    assert run_tests.read(report) == (5, 1, 0)
