"""What is kept of each stop and of each person, how it is read again, and what is said of it."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest

from channels import kept_stops
from outreach.core.models import Person, Suppression
from outreach.core.restoring import Known
from outreach.testing import WORKDAY

ANN, BEA = UUID(int=1), UUID(int=2)
LATER = WORKDAY + timedelta(hours=1)
AT, AFTER = WORKDAY.isoformat(), LATER.isoformat()


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, {}),
        ({"channel": "phone", "reason": "bounce"}, {"channel": "phone", "reason": "bounce"}),
        ({"complained_at": LATER}, {"complained": AFTER}),
        ({"lifted_at": LATER}, {"stands": False}),
    ],
)
def test_a_line_of_a_suppression(changes, kept):
    row = {
        "digest": "ab", "workspace_id": 7, "channel": "email", "key_id": "k", "at": WORKDAY,
        "reason": "stop_request",
    }  # fmt: skip
    line = {
        "digest": "ab", "workspace": 7, "channel": "email", "key": "k", "at": AT,
        "reason": "stop_request", "complained": None, "stands": True,
    }  # fmt: skip
    assert kept_stops._of_suppression(Suppression(**{**row, **changes})) == {**line, **kept}


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"status": "active"}, {"stands": []}),
        ({"status": "active", "status_at": None}, {"stands": [], "at": AFTER}),
        ({"status": "desist"}, {"stands": ["desist"]}),
        ({"status": "blocked"}, {"stands": ["blocked"]}),
        ({"status": "desist", "block_beneath": "why"}, {"stands": ["blocked", "desist"]}),
        ({"status": "blocked", "desist_beneath": True}, {"stands": ["blocked", "desist"]}),
    ],
)
def test_a_line_of_a_person(changes, kept):
    row = {"uuid": ANN, "workspace_id": 7, "status_at": WORKDAY, "updated_at": LATER}
    line = {"person": str(ANN), "workspace": 7, "at": AT}
    assert kept_stops._of_person(Person(**{**row, **changes})) == {**line, **kept}


ADDRESS = {
    "digest": "ab", "workspace": 7, "channel": "email", "key": "k", "at": AT, "reason": "bounce",
    "complained": None, "stands": True,
}  # fmt: skip
PERSON = {"person": str(ANN), "workspace": 7, "at": AT, "stands": ["desist"]}
KNOWN = Known(7, "email", "ab", "bounce", WORKDAY, None)
STOPPED = kept_stops._Person(ANN, 7, WORKDAY, ("desist",))


def read(tmp_path, *lines):
    path = tmp_path / "log"
    path.write_text(
        "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    )
    return kept_stops._read(path)


def test_what_was_kept_is_read_again(tmp_path):
    complained = {**ADDRESS, "digest": "cd", "complained": AFTER}
    addresses, people = read(tmp_path, ADDRESS, PERSON, complained)
    assert addresses == [("k", KNOWN), ("k", Known(7, "email", "cd", "bounce", WORKDAY, LATER))]
    assert people == [STOPPED]


@pytest.mark.parametrize(
    "other",
    [{"digest": "cd"}, {"channel": "phone"}, {"workspace": 8}, {"person": str(BEA)}],
)
def test_the_last_line_of_each_counts_and_lets_no_other_go(tmp_path, other):
    first = PERSON if "person" in other else ADDRESS
    gone = [] if "person" in other else False
    assert read(tmp_path, first, {**first, "stands": gone}) == ([], [])
    whole = [*read(tmp_path, first, {**first, **other, "stands": gone})]
    assert whole == ([[], [STOPPED]] if "person" in other else [[("k", KNOWN)], []])
    again = {**first, "at": AFTER}
    addresses, people = read(tmp_path, first, {**first, "stands": gone}, again)
    assert [each.at for each in (*people, *(known for _, known in addresses))] == [LATER]


@pytest.mark.parametrize(
    "torn",
    [
        '{"digest": "ab', "[]", "7", "null", '"at"',
        *({**line, name: "x"} for line in (ADDRESS, PERSON) for name in ("at", "workspace")),
        *({**ADDRESS, name: "x"} for name in ("channel", "reason", "complained")),
        {**PERSON, "person": "x"}, {**PERSON, "stands": None},
        *({n: ADDRESS[n] for n in ADDRESS if n != name} for name in ADDRESS),
        *({n: PERSON[n] for n in PERSON if n != name} for name in PERSON),
    ],
    ids=str,
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_left_out_alone(tmp_path, torn):
    assert read(tmp_path, ADDRESS, torn, PERSON) == ([("k", KNOWN)], [STOPPED])


def test_bytes_that_are_no_text_spoil_their_own_line_alone(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"".join([b"\xff\xfe\n", json.dumps(PERSON).encode(), b"\n{\xc3"]))
    assert kept_stops._read(path) == ([], [STOPPED])


def test_so_many_are_asked_for_in_one_statement(monkeypatch):
    monkeypatch.setattr(kept_stops, "AT_ONCE", 2)
    assert list(kept_stops._parts([1, 2, 3, 4, 5])) == [[1, 2], [3, 4], [5]]


@pytest.mark.parametrize(
    ("addresses", "people", "other_key", "sentence"),
    [
        (0, 0, 0, ""),
        (1, 0, 0, "1 address and 0 people who asked us to stop since were put back."),
        (0, 1, 0, "0 addresses and 1 person who asked us to stop since were put back."),
        (2, 2, 0, "2 addresses and 2 people who asked us to stop since were put back."),
        (0, 0, 1, "1 address kept with another SUPPRESSION_KEY could not be."),
        (1, 1, 2, "1 address and 1 person who asked us to stop since were put back. "
         "2 addresses kept with another SUPPRESSION_KEY could not be."),
    ],
)  # fmt: skip
def test_what_is_said_of_it(addresses, people, other_key, sentence):
    assert kept_stops.PutBack(addresses, people, other_key).sentence == sentence
