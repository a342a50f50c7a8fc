"""What nobody sees at a glance: at every door only who says they saw it approves it."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from rich.console import Console

from approvals import services, unseen
from approvals.errors import Unseen
from approvals.models import Approval
from outreach import testing
from outreach.core import drafts
from outreach.edge import console
from outreach.edge.tests import api

# What is refused and how each door tells it: no row is read or written in a new way.
pytestmark = [pytest.mark.django_db, pytest.mark.once]
HIDDEN = "Here are the min\u200butes, \u202eas agreed."
PRIVATE = "As asked, here are the minutes. You can ring Peter at home: +44 20 7946 0958, any day."
NAMES = "U+200B ZERO WIDTH SPACE, U+202E RIGHT-TO-LEFT OVERRIDE"
BOTH = f"{PRIVATE} {HIDDEN}"
TEXTS = pytest.mark.parametrize(
    ("text", "field", "code"),
    [
        (HIDDEN, "seen_hidden", "hidden_characters"),
        (PRIVATE, "seen_private", "private_unseen"),
    ],
)
SAYS = {
    "hidden_characters": f"The text has hidden characters ({NAMES}).",
    "private_unseen": "The text has personal data, which its page masks until it is asked for.",
}
EDITS = pytest.mark.parametrize("edited", [False, True])


def state() -> str:
    return Approval.objects.get().status


def pending(text: str, *, edited: bool) -> Approval:
    """An item that says this, or one that an edit makes say it."""
    return testing.make_pending(text="Plain words." if edited else text, at=timezone.now())


ZERO = [f"U+{code:04X}" for code in (0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x2060, 0x2061)]


@pytest.mark.parametrize(("count", "more"), [(5, ""), (6, " and 1 more"), (7, " and 2 more")])
def test_of_many_the_first_five_are_named(count, more):
    text = "".join(chr(int(each[2:], 16)) for each in ZERO[:count])
    with pytest.raises(Unseen) as no:
        unseen.hidden(drafts.Text("Minutes", f"Here{text}"), seen=False)
    named = re.sub(r"(U\+\w{4})(?: [A-Z-]+)+", r"\1", str(no.value))
    assert named == f"The text has hidden characters ({', '.join(ZERO[:5])}{more})."


@TEXTS
@EDITS
def test_the_service_asks(text, field, code, edited):
    item = pending(text, edited=edited)
    how = {"by": testing.alice(), "at": timezone.now(), "digest": item.digest}
    if edited:
        words = drafts.edited(item.draft, item.revision, text=item.revision.text + text)

    def yes(**seen):
        if edited:
            services.edit_and_approve(item.pk, words, **how, **seen)
        else:
            services.approve(item.pk, **how, **seen)

    with pytest.raises(Unseen) as no:
        yes()
    assert (no.value.code, no.value.field, state()) == (code, field, "pending")
    assert str(no.value) == SAYS[code]
    assert Approval.objects.get().digest == item.digest, "a refused edit is not saved"
    yes(**{field: True})
    assert state() == "approved"


@pytest.mark.parametrize("page", ["min&#8203;utes,&nbsp;as", "minutes,\u00a0as \u202eagreed"])
def test_the_html_part_is_what_most_people_read(page):
    text, now, alice = "Here are the minutes, as agreed.", timezone.now(), testing.alice()
    item = testing.make_pending(text=text, html=f"<p>{page}</p>", at=now)
    how = {"by": alice, "at": now, "digest": item.digest}
    with pytest.raises(Unseen) as no:
        services.approve(item.pk, **how)
    assert "NO-BREAK SPACE" not in str(no.value)
    client = Client()
    client.force_login(alice.user)
    shown = client.get(f"/admin/approvals/approval/{item.pk}/change/").content.decode()
    assert "I have seen the hidden characters" in shown
    services.approve(item.pk, **how, seen_hidden=True)
    assert state() == "approved"


def test_where_there_are_both_both_are_asked_about():
    item = testing.make_pending(text=BOTH, at=timezone.now())
    how = {"by": testing.alice(), "at": timezone.now(), "digest": item.digest}
    for seen in ({}, {"seen_hidden": True}, {"seen_private": True}):
        with pytest.raises(Unseen):
            services.approve(item.pk, **how, **seen)
    services.approve(item.pk, **how, seen_hidden=True, seen_private=True)


@TEXTS
@EDITS
def test_rest_answers_which_field_says_so(text, field, code, edited):
    item = pending(text, edited=edited)
    alice, words = api.colleague(testing.alice), {"digest": item.digest}
    if edited:
        words["text"] = item.revision.text + text
    path = f"/api/approvals/{item.pk}/{'edit-and-approve' if edited else 'approve'}"
    told = alice.post(path, words)
    assert (api.code(told), state()) == ((409, code), "pending")
    said = told.json()["errors"][0]["detail"]
    assert f'"{field}": true' in said and (code != "hidden_characters" or NAMES in said)
    assert api.code(alice.post(path, {**words, field: False})) == (409, code)
    assert alice.post(path, {**words, field: True}).status_code == 200
    assert state() == "approved"


@TEXTS
def test_the_command_answers_which_option_says_so(text, field, code):
    item = testing.make_pending(text=text, at=timezone.now())
    option = f"--{field.replace('_', '-')}"
    who = testing.alice().user.username
    act = ["review", "--approve", str(item.pk), "--as", who]
    with pytest.raises(CommandError) as no:
        call_command(*act)
    assert option in str(no.value) and (code != "hidden_characters" or NAMES in str(no.value))
    assert state() == "pending"
    call_command(*act, option, stdout=StringIO())
    assert state() == "approved"


@pytest.mark.parametrize("option", ["--seen-hidden", "--seen-private"])
def test_an_option_that_says_nothing_is_refused(option):
    testing.alice()
    with pytest.raises(CommandError, match=f"{option} goes with --approve N"):
        call_command("review", "--pending", option, "--as", "alice", stdout=StringIO())


@pytest.mark.parametrize(
    ("answers", "becomes"),
    [("yes\nyes\n", "approved"), ("yes\nno\n", "pending"), ("\n", "pending")],
)
def test_at_the_terminal_it_is_asked(monkeypatch, answers, becomes):
    item, out = testing.make_pending(text=BOTH, at=timezone.now()), StringIO()
    monkeypatch.setattr("sys.stdin", StringIO(f"a {item.pk}\n{answers}q\n"))
    call_command("review", "--as", testing.alice().user.username, stdout=out)
    assert NAMES in out.getvalue() and "Approve it all the same?" in out.getvalue()
    assert state() == becomes


@pytest.mark.parametrize("char", "\u3164\u115f\u2800\u00a0\u200b")
def test_the_terminal_marks_what_is_drawn_as_nothing_or_a_blank(char):
    assert console.visible(f"a{char}b") == f"a⟦U+{ord(char):04X}⟧b"


def test_the_terminal_says_whom_a_text_greets_who_does_not_get_it():
    item = testing.make_pending(testing.make_person(name="Nadia Karim"), text="Hi Priya,\n\nHello.")
    shown = StringIO()
    Console(file=shown, width=120).print(console.detail(item))
    assert "Greets Priya, but goes to Nadia Karim." in shown.getvalue()
