"""What a reviewer posted: parse it, call exactly one service, say what came of it in a sentence.

The digest the reviewer saw comes with every post; whatever the service refuses is raised as it
is, so that the page can show the sentence and give the typed text back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import QueryDict

from approvals import clocks, editing, extending, items, marks, purposes, queue, services, tasks
from approvals.ahead import what_follows
from approvals.errors import Lost, Refused, Stale, Unseen
from approvals.models import Approval
from outreach.core import drafts, footers
from outreach.core.drafts import Text, TextChanged, TextRefused
from outreach.core.permissions import NotAllowed
from outreach.core.principal import Principal

ERRORS = (Refused, NotAllowed, TextRefused, TextChanged)


@dataclass(frozen=True, slots=True)
class Done:
    """What happened, and what the page does next: open the next item, or show `stay`."""

    sentence: str
    undo: int | None = None
    stay: int | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed in a form that was refused, and why: the page gives both back."""

    form: QueryDict | None = None
    why: str = ""

    def shown(self) -> dict[str, Any]:
        """For the page: `unsaved` names the form that opens, with its words still unsaved."""
        form = self.form if self.form is not None else QueryDict()
        return {
            "typed": self.form,
            "refused": self.why,
            "unsaved": OPENS.get(form.get("action", ""), ""),
            "words": next((form[name] for name in WORDS if form.get(name)), ""),
            "typed_hidden": marks.hidden(
                form.get("subject", ""), form.get("text", ""), marks.shown_by(form.get("html", ""))
            ),
        }


NOTHING = Typed()
# What the page has for what nobody sees at a glance, by the code of the refusal.
LOOK = {
    "hidden_characters": (
        "{} Look at the marks and tick “I have seen the hidden characters”, then approve."
    ),
    "private_unseen": (
        "The text has personal data that was still masked. Show it, read it, then approve."
    ),
}
# The form of the review page in which somebody types what each action takes.
WORDS = ("text", "reason", "feedback", "preset")
OPENS = {"edit_approve": "edit", "save": "edit", "return": "return", "reject": "reject"}


def act(approval: Approval, form: QueryDict, *, by: Principal, at: datetime) -> Done:
    """Do what the posted form asks for. Raises one of ERRORS."""
    if any("\0" in value for _, values in form.lists() for value in values):
        raise Refused(NUL, "nul")
    action = ACTIONS.get(form.get("action", ""))
    if action is None:
        raise Refused("Nothing was done: the form did not say what to do.", "no_action")
    try:
        return action(approval, form, by, at)
    except Unseen as no:
        raise Refused(LOOK[no.code].format(no), no.code) from None


def status_of(error: Exception) -> int:
    """The HTTP status that fits: 409 for a race or a stale text, 403 for a right, else 400."""
    if isinstance(error, (Lost, Stale, TextChanged)):
        return 409
    return 403 if isinstance(error, NotAllowed) else 400


NUL = (
    "A NUL character came with this. No text here can hold one, so nothing was done. It is left "
    "out below: look, then try again."
)
PUT_BACK = " It is back below, with your own words above it: look, then save again."


def mended(error: Exception, form: QueryDict, old: str) -> tuple[str, QueryDict]:
    """What to say, and what was typed: with the footer back where the refusal was about it, and
    without what no text can hold."""
    code, back = getattr(error, "code", ""), form.copy()
    if code == "nul":
        for name, values in form.lists():
            back.setlist(name, [value.replace("\0", "") for value in values])
        return str(error), back
    if code != "footer_gone":
        return str(error), form
    text = form.get("text", "").replace("\r\n", "\n")
    back["text"] = footers.put_back(old.replace("\r\n", "\n"), text)
    return f"{error}{PUT_BACK}", back


def was_saved(error: Exception) -> bool:
    """Whether the typed words are a revision by now, although they were not approved."""
    return getattr(error, "code", "") == "rewritten"


def _approve(approval: Approval, form: QueryDict, by: Principal, at: datetime) -> Done:
    given = services.approve(
        approval.pk,
        by=by,
        at=at,
        **_when(form, approval),
        **_read(form),
    )
    return _given(given, "approved", at)


def _save(approval: Approval, form: QueryDict, by: Principal, at: datetime) -> Done:
    words = words_from(form, approval)
    saved = services.edit(
        approval.pk,
        words,
        by=by,
        at=at,
        digest=form.get("digest", ""),
        **_when(form, approval),
    )
    return Done(editing.what_was_saved(approval, saved, words), stay=approval.pk)


def _edit_and_approve(approval: Approval, form: QueryDict, by: Principal, at: datetime) -> Done:
    words = words_from(form, approval)
    if drafts.same(words, approval.revision):
        return _approve(approval, form, by, at)
    given = services.edit_and_approve(
        approval.pk,
        words,
        by=by,
        at=at,
        **_when(form, approval),
        **_read(form),
    )
    return _given(given, "edited and approved", at)


def _given(approval: Approval, word: str, at: datetime) -> Done:
    transaction.on_commit(lambda: tasks.wake_sender(after_seconds=settings.APPROVAL_UNDO_SECONDS))
    whose = f"#{approval.pk} to {approval.draft.person.full_name}"
    return Done(f"{whose} is {word}{what_follows(_loaded(approval), at)}", undo=approval.pk)


def _loaded(approval: Approval) -> Approval:
    return queue.readable(Approval.objects.filter(pk=approval.pk)).get()


def _return(approval: Approval, form: QueryDict, by: Principal, at: datetime) -> Done:
    feedback = form.get("feedback", "").strip() or form.get("preset", "")
    services.return_(approval.pk, by=by, at=at, feedback=feedback, **_no(form))
    return Done(f"#{approval.pk} went back to its author with your words.")


def _reject(approval: Approval, form: QueryDict, by: Principal, at: datetime) -> Done:
    services.reject(approval.pk, by=by, at=at, reason=form.get("reason", ""), **_no(form))
    return Done(f"#{approval.pk} is rejected; its author can read why.")


def _no(form: QueryDict) -> dict[str, Any]:
    """What a no is about: the text, and whether its page showed a yes that the no takes back."""
    return {"digest": form.get("digest") or None, "take_back": form.get("take_back") == "1"}


def _extend(approval: Approval, form: QueryDict, by: Principal, at: datetime) -> Done:
    longer = extending.extend(approval.pk, by=by, at=at)
    left = queue.span(longer.expires_at - at)
    return Done(f"#{approval.pk} expires in {left} now.", stay=approval.pk)


def _undo(approval: Approval, form: QueryDict, by: Principal, at: datetime) -> Done:
    fresh = services.undo(approval.pk, by=by, at=at)
    return Done(
        f"#{approval.pk} is taken back; nothing left. It waits again as #{fresh.pk}.", stay=fresh.pk
    )


def _advertise(approval: Approval, form: QueryDict, by: Principal, at: datetime) -> Done:
    purposes.advertise(approval.pk, by=by, at=at, digest=form.get("digest", ""))
    return Done(f"#{approval.pk} is judged as advertising now.", stay=approval.pk)


ACTIONS: dict[str, Callable[[Approval, QueryDict, Principal, datetime], Done]] = {
    "approve": _approve,
    "save": _save,
    "edit_approve": _edit_and_approve,
    "return": _return,
    "reject": _reject,
    "extend": _extend,
    "advertise": _advertise,
    "undo": _undo,
}


def words_from(form: QueryDict, approval: Approval) -> Text:
    """The typed words. Browsers post line ends as CR LF; a message has the line ends it had."""
    old = approval.revision
    end = "\r\n" if "\r\n" in old.text else "\n"
    text = form.get("text", "").replace("\r\n", "\n").replace("\n", end)
    html = form.get("html", old.html).replace("\r\n", "\n")
    typed = Text(subject=form.get("subject", old.subject), text=text, html=html)
    if drafts.same(typed, old):
        return Text(subject=old.subject, text=old.text, html=old.html)
    if old.html and text != old.text and html == old.html.replace("\r\n", "\n"):
        raise Refused(
            "The message has an HTML part with the old words. Change it as well, or empty it.",
            "html_differs",
        )
    return typed


def _when(form: QueryDict, approval: Approval) -> dict[str, Any]:
    """The time typed, or that it is taken away, and the one seen, as each service takes them."""
    typed = clocks.typed_time(form.get("scheduled_for", ""), approval)
    return {
        "scheduled_for": typed,
        "no_time": form.get("no_time") == "1",
        "seen_time": items.posted_time(form.get("seen_time", "")),
    }


def asked_for(approval: Approval, at: datetime) -> str:
    """The time that an approval keeps unless its reviewer changes it, by the recipient's clock."""
    when = approval.scheduled_for
    return clocks.their_time(when, clocks.zones_of(approval), at=at) if when else ""


def _read(form: QueryDict) -> dict[str, Any]:
    """What was seen on the page that was posted; one without a message of theirs saw none."""
    number = form.get("heard", "")
    return {
        "digest": form.get("digest", ""),
        "seen_sender": form.get("seen_sender"),
        "heard": int(number) if number.isdecimal() and len(number) < 19 else 0,
        "seen_hidden": form.get("seen_hidden") == "1",
        "seen_private": form.get("seen_private") == "1",
    }
