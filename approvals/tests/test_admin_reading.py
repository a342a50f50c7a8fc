"""Differences, spans of time and neighbours: what the review page is made of."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from approvals import diff, plainly, queue
from approvals.models import Approval
from outreach import testing
from outreach.core.models import Revision
from outreach.testing import WORKDAY


@given(st.text(max_size=120), st.text(max_size=120))
def test_a_difference_holds_both_texts(old, new):
    pieces = diff.compare(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == new
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == old


def test_a_difference_of_huge_texts_is_quick_and_whole():
    old, new = "line\n" * 20_000, "other\n" * 20_000
    assert [piece.kind for piece in diff.compare(old, new)] == ["gone", "new"]


@pytest.mark.parametrize(("old", "new", "kinds"), [
    ("Act now or you lose the seat that waits for you.",
     "Here is the information you asked me for on Monday.", ["gone", "new"]),
    ("We meet on Monday.", "We meet on Tuesday.", ["same", "gone", "new"]),
    ("We meet.", "We meet. Bring the two lists, and tell Ann of the hour that suits her best.",
     ["same", "new"]),
    ("One two three", "One five six", ["same", "gone", "new"]),
    ("Hello Ann,\nAct now or you lose the seat that waits.\n--\nMira, Sample Street 1, Zurich",
     "Hello Ann,\nHere is the list you asked me for.\n--\nMira, Sample Street 1, Zurich",
     ["same", "gone", "new", "same"]),
    ("", "All of it", ["new"]), ("?", "!", ["gone", "new"]),
])  # fmt: skip
def test_a_text_written_anew_stands_whole_below_the_one_before(old, new, kinds):
    """Word for word, the few that both happen to have would tear both apart."""
    assert [piece.kind for piece in diff.compare(old, new)] == kinds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "5 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (86_400, "24 h"),
     (172_799, "47 h"), (172_800, "2 d"), (176_399, "2 d"), (176_400, "2 d 1 h"),
     (259_199, "2 d 23 h"), (259_200, "3 d"), (-5, "0 s")],
)  # fmt: skip
def test_spans_are_said_in_the_largest_useful_unit(seconds, words):
    assert queue.span(timedelta(seconds=seconds)) == words


@pytest.mark.django_db
def test_neighbours_follow_the_queue_and_wrap_to_its_beginning():
    with time_machine.travel(WORKDAY):
        high = testing.make_pending(confidence=50)
        early = testing.make_pending(confidence=75, at=WORKDAY - timedelta(hours=1))
        late = testing.make_pending(confidence=75)
    rows = Approval.objects.all()
    assert queue.neighbours(rows, high) == (None, early.pk, False)
    assert queue.neighbours(rows, early) == (high.pk, late.pk, False)
    assert queue.neighbours(rows, late) == (early.pk, high.pk, True)
    assert queue.neighbours(rows.filter(pk=late.pk), late) == (None, None, False)


@pytest.mark.django_db
def test_counts_stop_at_their_limit(monkeypatch):
    monkeypatch.setattr(queue, "COUNT_LIMIT", 2)
    for _ in range(3):
        testing.make_pending(confidence=50)
    assert queue.counts(Approval.objects.all()).parts == [("2+", "pending"), ("2", "high")]


def test_counts_by_priority_stop_at_the_same_limit(monkeypatch):
    monkeypatch.setattr(queue, "COUNT_LIMIT", 5)
    assert queue.limited({3: 1, 2: 3, 1: 4, 0: 6}).parts == [
        ("5+", "pending"), ("1", "critical"), ("3", "high"),
    ]  # fmt: skip
    assert queue.limited({3: 0, 2: 6}).parts == [("5+", "pending"), ("5", "high")]
    assert queue.limited({3: 0, 2: 1, 1: 1, 0: 0}).parts == [("2", "pending"), ("1", "high")]


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ({}, []),
        (None, []),
        ({"run": 2, "left_out": 0, "none": None}, [("run", "2"), ("left out", "0")]),
        (
            {"facts": {"job_title": {"value": "CTO", "source": "a.csv"}, "gap": ""}},
            [("facts", "job title: CTO (a.csv)")],
        ),
        (
            {"checks": [{"check": "TIME", "status": "pass"}, {"check": "LAW", "status": "warn"}]},
            [("checks", "check: TIME, status: pass\ncheck: LAW, status: warn")],
        ),
        ({"missing": ["greeting_name", "role"]}, [("missing", "greeting name\nrole")]),
        (["a", "b"], [("", "a, b")]),
    ],
)
def test_stored_values_are_said_a_line_each(stored, shown):
    assert plainly.pairs(stored) == shown


@pytest.mark.parametrize(
    ("subject", "text", "shown"),
    [
        ("Routes for the  spring", "Hello Lars", "Routes for the spring"),
        (" ", "Hi Lars,\n\nthe map is ready.", "Hi Lars, the map is ready."),
        ("", "", "no text"),  # erased
        ("", "word " * 40, "word " * 11 + "word…"),
    ],
)
def test_a_line_of_the_list_tells_a_message_by_its_subject_or_how_it_begins(subject, text, shown):
    assert Revision(subject=subject, text=text).opening == shown


@pytest.mark.django_db
def test_an_approval_taken_back_says_who_gave_it_and_where_the_message_waits_now(client):
    with time_machine.travel(WORKDAY + timedelta(minutes=5), tick=False):
        alice = testing.alice()
        client.force_login(alice.user)
        item = testing.make_pending()
        address = f"/admin/approvals/approval/{item.pk}/change/"
        client.post(address, {"action": "approve", "digest": item.digest})
        client.post(address, {"action": "undo", "digest": item.digest})
        page = client.get(address).content.decode()
    waits = Approval.objects.get(status="pending")
    assert waits.pk != item.pk and f'href="/admin/approvals/approval/{waits.pk}/change/"' in page
    assert f"Approved by {alice.label}, then withdrawn" in " ".join(page.split())


@pytest.mark.django_db
@pytest.mark.parametrize("channel", ["email", "linkedin"])
def test_the_page_says_who_an_e_mail_comes_from(client, channel):
    place = testing.make_workspace(sender_name="Mira Keller", sender_address="mira@example.org")
    with time_machine.travel(WORKDAY):
        item = testing.make_pending(channel=channel, address="somewhere")
        client.force_login(testing.alice(place).user)
        page = client.get(f"/admin/approvals/approval/{item.pk}/change/").content.decode()
    assert ("Mira Keller &lt;mira@example.org&gt;" in page) == (channel == "email")
