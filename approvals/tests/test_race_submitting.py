"""An edit while somebody submits: what enters the queue is the text that was asked for, or none."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from approvals import asking, authoring, proposing, submission
from approvals.errors import Refused, Stale
from approvals.models import Approval
from outreach import testing
from outreach.core.drafts import Text
from outreach.core.models import Draft
from outreach.testing import WORKDAY

pytestmark = pytest.mark.django_db(transaction=True)
NOW = WORKDAY + timedelta(minutes=1)
WORDS = Text(subject="Minutes of Monday", text="Other words about Monday's meeting.")


class Editor:
    """A colleague in a thread of their own, who saves other words when told to.

    `act` comes back when they are through, or wait for us, or have had time enough.
    """

    def __init__(self, draft: Draft) -> None:
        self.draft, self.digest, self.by = draft, draft.current.digest, testing.bob()
        self.done, self.answer, self.thread = threading.Event(), "never asked", None

    def act(self) -> None:
        if self.thread is None:
            self.thread = threading.Thread(target=self._edit)
            self.thread.start()
            for _ in range(20):
                if self.done.wait(0.02) or testing.somebody_waits():
                    return

    def _edit(self) -> None:
        try:
            authoring.save(self.draft.pk, WORDS, by=self.by, at=NOW, digest=self.digest)
            self.answer = "saved"
        except Refused as no:
            self.answer = no.code
        finally:
            self.done.set()
            connection.close()


@pytest.fixture
def editor(live):
    return Editor(testing.make_draft())


def acting(editor, function):
    def first(*args, **more):
        editor.act()
        return function(*args, **more)

    return first


def the_queue_has_what_was_asked_for(editor, asked) -> None:
    """In any order of the two: no words enter the queue that whoever asked has not read."""
    editor.thread.join(30)
    draft = Draft.objects.get(pk=editor.draft.pk)
    if asked == "submitted":
        assert Approval.objects.get().revision_id == draft.current_id
        assert (Approval.objects.get().digest, editor.answer) == (editor.digest, "lost")
    else:
        assert not Approval.objects.exists()
        assert (asked, draft.status, editor.answer) == ("stale", "draft", "saved")


def attempt(act, **more) -> str:
    try:
        done = act(**more)
    except Stale as no:
        assert "changed the text" in str(no)
        return no.code
    if done.refusal is not None:
        return done.refusal.code
    return "submitted"


# Where the colleague comes in between: (module, what is called just after they have acted).
MOMENTS = [(submission, "submit"), (asking, "route_of"), (submission, "_hold")]


@pytest.mark.parametrize(("module", "name"), MOMENTS, ids=[name for _, name in MOMENTS])
def test_an_edit_is_never_submitted_unseen(editor, monkeypatch, module, name):
    monkeypatch.setattr(module, name, acting(editor, getattr(module, name)))
    asked = attempt(
        proposing.submit, draft=editor.draft, digest=editor.digest, requested="scheduled",
        by=testing.alice(), at=NOW,
    )  # fmt: skip
    the_queue_has_what_was_asked_for(editor, asked)


@pytest.mark.parametrize(("module", "name"), MOMENTS[1:], ids=[name for _, name in MOMENTS[1:]])
def test_nor_by_whoever_submits_without_naming_the_text(editor, monkeypatch, module, name):
    """A workflow, and a program that writes and submits in one step."""
    monkeypatch.setattr(module, name, acting(editor, getattr(module, name)))
    by = testing.alice()
    try:
        submission.submit(editor.draft.pk, by=by, at=NOW)
        asked = "submitted"
    except Stale as no:
        asked = no.code
    the_queue_has_what_was_asked_for(editor, asked)
