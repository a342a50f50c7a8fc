"""What the form of one draft may ask for: save, submit, discard, declare an emergency.

Each act calls one service; what it answers or refuses is told on the page.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest

from approvals import authoring, desk
from approvals.attaching import Upload
from approvals.errors import Refused
from approvals.routing import RoutingError
from outreach.core import drafts, files
from outreach.core.models import Draft, Revision
from outreach.core.principal import Principal
from safety import override
from safety.override import OverrideRefused
from safety.verdict import sentences

ERRORS = (*desk.ERRORS, RoutingError, OverrideRefused)
Told = tuple[int, str]  # level of the message, sentence


class Form:
    """What was posted: words, and the files that came with them."""

    def __init__(self, request: HttpRequest) -> None:
        self._files = request.FILES
        self.get, self.getlist = request.POST.get, request.POST.getlist

    def uploads(self) -> list[Upload]:
        """The files as they came in; one byte more than may be kept is read, and no further.

        What type the browser says is what its machine happens to call such a name: not asked."""
        return [
            Upload(file.name or "", file.read(files.LARGEST + 1))
            for file in self._files.getlist("files")
        ]


def act(draft: Draft, form: Form, by: Principal, at: datetime) -> Told:
    """Do what the posted form asks for. Raises one of ERRORS."""
    action = ACTIONS.get(form.get("action", ""))
    if action is None:
        raise Refused("Nothing was done: the form did not say what to do.", "no_action")
    return action(draft, form, by, at)


def _saved(
    draft: Draft, words: drafts.Text, form: Form, by: Principal, at: datetime
) -> Revision | None:
    return authoring.save(
        draft.pk,
        words,
        by=by,
        at=at,
        digest=form.get("digest", ""),
        uploads=form.uploads(),
        without=form.getlist("without"),
    )


def _save(draft: Draft, form: Form, by: Principal, at: datetime) -> Told:
    saved = _saved(draft, _typed(form, draft.current), form, by, at)
    if saved is None:
        return messages.INFO, "Nothing was changed: the words and files are the same."
    return messages.SUCCESS, "Your words are saved. Nothing is submitted yet."


def _submit(draft: Draft, form: Form, by: Principal, at: datetime) -> Told:
    words, digest = _typed(form, draft.current), form.get("digest", "")
    saved = _saved(draft, words, form, by, at)
    asked = authoring.submit(draft.pk, by=by, at=at, digest=saved.digest if saved else digest)
    if asked.approval is not None:
        label = asked.approval.get_status_display().lower()
        return messages.SUCCESS, f"Submitted as #{asked.approval.pk}; it is {label} now."
    said = sentences(asked.verdict.blockers) or asked.route.reason
    return messages.ERROR, f"Your words are saved, not submitted: it stays a draft. {said}"


def _discard(draft: Draft, form: Form, by: Principal, at: datetime) -> Told:
    digest, reason = form.get("digest", ""), form.get("reason", "")
    authoring.discard(draft.pk, by=by, at=at, digest=digest, reason=reason)
    return messages.SUCCESS, "The draft is discarded; it is never sent."


def _declare(draft: Draft, form: Form, by: Principal, at: datetime) -> Told:
    if form.get("confirm") != "yes":
        raise Refused("Tick that you answer for this emergency.", "not_confirmed")
    if draft.current is None or form.get("digest", "") != draft.current.digest:
        raise Refused("The text was changed meanwhile. Read it again first.", "changed")
    category, words = form.get("category", ""), form.get("justification", "")
    row = override.declare(draft, category, words, by=by, at=at)
    label = row.get_category_display().lower()
    return messages.WARNING, f"Declared an emergency ({label}). The text is marked EMERGENCY now."


ACTIONS: dict[str, Callable[[Draft, Form, Principal, datetime], Told]] = {
    "save": _save,
    "submit": _submit,
    "discard": _discard,
    "declare": _declare,
}


def plain(text: str) -> str:
    """Browsers post line ends as CR LF."""
    return text.replace("\r\n", "\n")


def _typed(form: Form, old: Revision | None) -> drafts.Text:
    """The typed words, with the line ends that the message has."""
    was = old or Revision()
    end = "\r\n" if "\r\n" in was.text else "\n"
    text = plain(form.get("text", "")).replace("\n", end)
    html = plain(form.get("html", was.html))
    if html == plain(was.html):
        html = was.html
    typed = drafts.Text(subject=form.get("subject", was.subject), text=text, html=html)
    if drafts.same(typed, was):
        return drafts.Text(subject=was.subject, text=was.text, html=was.html)
    if was.html and text != was.text and html == was.html:
        raise Refused(
            "The message has an HTML part with the old words. Change it as well, or empty it.",
            "html_differs",
        )
    return typed
