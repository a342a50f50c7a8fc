"""What the review page offers, `manage.py review` does as well: a time, a plain save, changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from approvals import services
from approvals.models import Approval
from outreach import testing
from outreach.core import drafts
from outreach.core.people import add_address
from outreach.core.principal import Principal
from outreach.testing import WORKDAY

# Words of a command; the services behind it are asked on both by their own tests.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
OTHER = "Here are the notes of Tuesday, as agreed."


@pytest.fixture(autouse=True)
def alice(time_machine, settings) -> Principal:
    settings.OUTREACH_USER = "alice"
    time_machine.move_to(WORKDAY, tick=False)
    return testing.alice()


@pytest.fixture
def item() -> Approval:
    return testing.make_pending(testing.make_person(time_zone="Europe/Zurich"))


@pytest.fixture
def passed(time_machine) -> Approval:
    """An item that waited until the time its author asked for was over."""
    soon = WORKDAY + timedelta(minutes=1)
    waiting = testing.make_pending(
        testing.make_person(time_zone="Europe/Zurich"), scheduled_for=soon
    )
    time_machine.move_to(WORKDAY + timedelta(hours=1), tick=False)
    return waiting


def run(*words: str) -> str:
    out = StringIO()
    call_command("review", *words, stdout=out)
    return out.getvalue()


def now(item: Approval) -> Approval:
    return Approval.objects.select_related("revision", "draft").get(pk=item.pk)


def edit_by_a_colleague(item: Approval, **how: Any) -> Approval:
    words = drafts.Text(subject=item.revision.subject, text="Here are the minutes, once more.")
    by = Principal.of_user(testing.make_user("rita", "reviewer"))
    return services.edit(item.pk, words, by=by, at=WORKDAY, digest=item.digest, **how)


@pytest.mark.parametrize("edit", [[], ["--edit", OTHER]])
def test_it_is_approved_for_a_time_by_the_recipients_clock(item, edit):
    said = run("--approve", str(item.pk), "--at", "2026-03-12 10:00", *edit)
    assert "Thu 12 Mar 10:00 their time" in said
    given = now(item)
    assert given.status == "approved" and given.edited == bool(edit)
    assert given.scheduled_for.isoformat() == "2026-03-12T09:00:00+00:00"


def test_the_clock_is_the_one_the_review_page_names():
    """Of an e-mail to somebody whose telephone number says where they are."""
    person = testing.make_person()
    item = testing.make_pending(person)
    add_address(person.workspace, person, "phone", "+41446681800")
    run("--approve", str(item.pk), "--at", "2026-03-12T10:00")
    assert now(item).scheduled_for.isoformat() == "2026-03-12T09:00:00+00:00"


@pytest.mark.parametrize("act", ["--approve", "--save"])
@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("soon", "cannot be read; write it as 2026-03-11 09:00"),
        ("2026-03-12", "cannot be read"),
        ("2026-03-29 02:30", "does not exist in Europe/Zurich"),
        (
            "2020-01-01 10:00",
            "2020-01-01 09:00 UTC, has passed. Choose a later one. Here: add --at",
        ),
        ("2029-01-01 10:00", "between now and a year from now"),
        (" ", "it is empty"),
    ],
)
def test_a_time_that_cannot_be_is_refused_in_a_sentence(item, act, typed, why):
    with pytest.raises(CommandError, match=why):
        run(act, str(item.pk), "--at", typed)
    assert (now(item).status, now(item).scheduled_for) == ("pending", None)


@pytest.mark.parametrize("act", [[], ["--edit", OTHER]])
@pytest.mark.parametrize(("at", "hour"), [("now", None), ("2026-03-12 10:00", 9)])
def test_whose_time_has_passed_is_approved_for_another_or_at_once(passed, act, at, hour):
    with pytest.raises(CommandError, match=r"has passed.*add --at TIME, or --at now"):
        run("--approve", str(passed.pk), *act)
    run("--approve", str(passed.pk), "--at", at, *act)
    given = now(passed)
    assert given.status == "approved"
    assert (given.scheduled_for and given.scheduled_for.hour) == hour


def test_an_edit_is_saved_and_stays_in_the_queue(item):
    number = str(item.pk)
    assert "your edit is saved. It stays in the queue." in run("--save", number, "--edit", OTHER)
    saved = now(item)
    assert (saved.status, saved.edited) == ("pending", True)
    assert saved.revision.text.startswith(OTHER) and saved.revision.subject == item.revision.subject
    assert "Nothing was changed" in run("--save", number, "--edit", OTHER)


def test_a_time_is_saved_and_taken_away(item):
    number = str(item.pk)
    assert "its time is saved; the text is the same." in run(
        "--save", number, "--at", "2026-03-13 10:00"
    )
    assert now(item).scheduled_for.day == 13 and now(item).digest == item.digest
    run("--save", number, "--at", "now")
    assert (now(item).status, now(item).scheduled_for) == ("pending", None)


def test_changes_are_requested_of_its_author(item):
    number = str(item.pk)
    with pytest.raises(CommandError, match=r"Say what should change. Add --reason TEXT\."):
        run("--request-changes", number)
    assert now(item).status == "pending"
    said = run("--request-changes", number, "--reason", "Name the day.")
    assert f"#{number} went back to its author with your words." in said
    done = now(item)
    assert (done.status, done.draft.status) == ("withdrawn", "draft")
    assert "Name the day." in done.draft.status_reason


@pytest.mark.parametrize(
    "act",
    [
        ["--approve", "{}", "--at", "2026-03-12 10:00"],
        ["--save", "{}", "--edit", OTHER],
        ["--save", "{}", "--at", "now"],
        ["--request-changes", "{}", "--reason", "Name the day."],
    ],
)
def test_each_is_about_the_text_that_was_read(item, act):
    edited = edit_by_a_colleague(item)
    words = [word.format(item.pk) for word in act]
    with pytest.raises(CommandError, match="changed since you opened it"):
        run(*words, "--digest", item.digest)
    assert now(item).status == "pending" and now(item).digest == edited.digest
    run(*words, "--digest", edited.digest)


@pytest.mark.parametrize(
    "act", [["--save", "{}", "--edit", OTHER], ["--request-changes", "{}", "--reason", "Shorter."]]
)
def test_each_needs_the_right_to_decide(item, act):
    testing.make_user("vera", "viewer")
    with pytest.raises(CommandError, match="Vera may not decide in Default"):
        run(*(word.format(item.pk) for word in act), "--as", "vera")
    assert now(item).status == "pending" and not now(item).edited


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("--reject 1 --reason x --at now", "--at goes with --approve N or --save N."),
        ("--bulk-approve --at now", "--at goes with --approve N or --save N."),
        ("--request-changes 1 --reason x --edit y", "--edit goes with --approve N or --save N."),
        ("--save 1 --edit x --heard 1", "--heard goes with --approve N."),
        ("--save 1 --edit x --seen-private", "--seen-private goes with --approve N."),
        ("--save 1 --edit x --reason y", "--reason goes with --reject N or --request-changes N."),
        ("--save 1", "--save N needs --edit TEXT, --at TIME or both."),
        ("--save 1 --at now --subject x", "--subject goes with --edit TEXT."),
        ("--save 1 --approve 1", "not allowed with argument"),
    ],
)
def test_what_would_not_be_heeded_is_refused(line, why):
    with pytest.raises(CommandError, match=why):
        run(*line.split())


def typing(monkeypatch, *lines: str) -> Callable[[], str]:
    monkeypatch.setattr("sys.stdin", StringIO("\n".join([*lines, "q", ""])))
    return run


def test_the_menu_approves_for_a_time(monkeypatch, item):
    lines = (f"v {item.pk}", "t", "2026-03-29 02:30", "2026-03-12 10:00")
    said = typing(monkeypatch, *lines)()
    assert said.count("by the clock in Europe/Zurich") == 2, "a time that is none is asked again"
    assert now(item).scheduled_for.isoformat() == "2026-03-12T09:00:00+00:00"


@pytest.mark.parametrize("at", ["now", "2026-03-12 10:00"])
@pytest.mark.parametrize("act", [("a",), ("e", OTHER, ".")])
def test_the_menu_asks_for_another_time_and_keeps_what_was_typed(monkeypatch, passed, act, at):
    typing(monkeypatch, f"v {passed.pk}", *act, at)()
    given = now(passed)
    assert given.status == "approved" and (given.scheduled_for is None) == (at == "now")
    assert given.revision.text.startswith(OTHER) == (act[0] == "e")


@pytest.mark.parametrize("lines", [("t", ""), ("a", "")])
def test_without_a_time_it_stays_where_it_is(monkeypatch, passed, lines):
    typing(monkeypatch, f"v {passed.pk}", *lines)()
    assert now(passed).status == "pending" and now(passed).scheduled_for == passed.scheduled_for


def test_the_menu_keeps_an_edit_in_the_queue_and_requests_changes(monkeypatch, item):
    typing(monkeypatch, f"v {item.pk}", "k", OTHER, ".")()
    assert now(item).status == "pending" and now(item).revision.text.startswith(OTHER)
    typing(monkeypatch, f"v {item.pk}", "c", "Name the day.")()
    assert now(item).draft.status == "draft"
    assert "Name the day." in now(item).draft.status_reason


class Typing(StringIO):
    """What a reviewer types; before the letter of the act a colleague is faster."""

    def __init__(self, text: str, key: str, act: Callable[[], Any]) -> None:
        super().__init__(text)
        self.key, self.act = key, act

    def readline(self, *args: Any) -> str:
        line = super().readline(*args)
        if line == f"{self.key}\n":
            self.act()
        return line

    def __iter__(self) -> Any:
        return iter(self.readline, "")


@pytest.mark.parametrize(
    ("key", "lines"),
    [("a", ""), ("t", "2026-03-12 10:00\n"), ("k", f"{OTHER}\n.\n"), ("c", "Shorter.\n")],
)
def test_a_text_that_changed_while_it_was_read_is_decided_by_nobody(monkeypatch, item, key, lines):
    typed = Typing(f"v {item.pk}\n{key}\n{lines}q\n", key, lambda: edit_by_a_colleague(item))
    monkeypatch.setattr("sys.stdin", typed)
    assert "changed since you opened it" in run()
    assert now(item).status == "pending"
    assert now(item).revision.text.startswith("Here are the minutes, once more.")


def test_a_time_that_a_colleague_took_away_meanwhile_is_asked_again(monkeypatch):
    """It was shown for Thursday; without its time the message would leave at once."""
    item = testing.make_pending(scheduled_for=WORKDAY + timedelta(days=1))
    same = drafts.Text(subject=item.revision.subject, text=item.revision.text)

    def take_away() -> None:
        by = Principal.of_user(testing.make_user("rita", "reviewer"))
        services.edit(item.pk, same, by=by, at=WORKDAY, digest=item.digest, no_time=True)

    monkeypatch.setattr("sys.stdin", Typing(f"v {item.pk}\na\nq\n", "a", take_away))
    assert "after it was opened: there is none now" in run()
    assert now(item).status == "pending"


def test_a_yes_given_meanwhile_is_not_taken_back_by_a_wish_for_changes(monkeypatch, item, alice):
    def yes() -> None:
        services.approve(item.pk, by=alice, at=WORKDAY, digest=item.digest)

    monkeypatch.setattr("sys.stdin", Typing(f"v {item.pk}\nc\nShorter.\nq\n", "c", yes))
    assert f"#{item.pk} is approved already" in run()
    assert now(item).status == "approved"


@pytest.mark.parametrize("lines", ["t\n", "k\nHalf a\n", "c\n"])
def test_the_end_of_the_input_decides_nothing(monkeypatch, item, lines):
    monkeypatch.setattr("sys.stdin", StringIO(f"v {item.pk}\n{lines}"))
    with pytest.raises(CommandError, match="nothing is decided"):
        run()
    assert (now(item).status, now(item).edited) == ("pending", False)
