"""Writing rules of messages: write, revise, and `move`, the only writer of `Draft.status`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

from django.db import transaction

from outreach.core import activity, erasure, footers, history, sql, voice
from outreach.core.digest import message_digest
from outreach.core.models import Address, Channel, Draft, Person, Purpose, Revision, Workspace
from outreach.core.models.drafts import TRANSITIONS, DraftStatus
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal

MAX_TEXT = 100_000
MAX_SUBJECT = 998
MOVE = (
    "UPDATE message_drafts SET status = %s, status_reason = %s "
    "WHERE id IN ({drafts}) AND status IN ({sources})"
)


class TextRefused(ValueError):
    """The text cannot be a message; the sentence says what is wrong with it."""


class TextChanged(Exception):
    """Somebody changed the message since it was read."""


@dataclass(frozen=True, slots=True)
class Text:
    """The words of one revision, with what its author says of them."""

    subject: str = ""
    text: str = ""
    html: str = ""
    attachments: tuple[dict[str, Any], ...] = ()
    confidence: int | None = None
    confidence_parts: tuple[dict[str, Any], ...] = ()
    reasoning: str = ""
    context: dict[str, Any] = field(default_factory=dict)


def check_text(channel: str, words: Text, foot: str = "") -> None:
    """Refuse what no channel could carry whole. Raises TextRefused with one sentence.

    The lines of `foot`, the footer that the program adds, are no words of the author's.
    """
    for name, value in (("text", words.text), ("subject", words.subject), ("html", words.html)):
        if "\0" in value:
            raise TextRefused(f"The {name} contains a NUL character. Remove it.")
        if any("\ud800" <= char <= "\udfff" for char in value):
            raise TextRefused(f"The {name} contains half a character (a lone surrogate).")
    if footers.is_all(foot, words.text):
        raise TextRefused("The text is empty. Write what the person should read.")
    if "\r" in words.subject or "\n" in words.subject:
        raise TextRefused("The subject has a line break. Write it on one line.")
    if channel == Channel.EMAIL and footers.is_all("", words.subject):
        raise TextRefused("An e-mail needs a subject.")
    if len(words.text) > MAX_TEXT:
        raise TextRefused(f"The text has {len(words.text)} characters; at most {MAX_TEXT}.")
    if len(words.subject) > MAX_SUBJECT:
        raise TextRefused(
            f"The subject has {len(words.subject)} characters; at most {MAX_SUBJECT}."
        )
    if words.confidence is not None and not 0 <= words.confidence <= 100:
        raise TextRefused("Confidence is a whole number from 0 to 100.")


def same(words: Text, old: Revision) -> bool:
    """Whether these are the words of `old`: whatever a form does to line ends and blanks at the
    end, nobody wrote."""
    mine, theirs = (words.text, words.html), (old.text, old.html)
    return words.subject.strip() == old.subject and all(
        _as_posted(new) == _as_posted(was) for new, was in zip(mine, theirs, strict=True)
    )


def _as_posted(text: str) -> str:
    """A text area drops one line end at the start, and posts the others as CR LF."""
    return text.replace("\r\n", "\n").removeprefix("\n").rstrip()


def in_place_of(old: Revision, words: Text) -> Text:
    """A person's words for `old`, with its files and what it was written from.

    How sure its author was of other words, and why, says nothing of these: that stays only where
    nothing but a file changed.
    """
    kept = replace(words, context=old.context, attachments=tuple(old.attachments))
    if not same(words, old):
        return replace(kept, confidence=None, confidence_parts=(), reasoning="")
    return replace(
        kept,
        confidence=old.confidence,
        confidence_parts=tuple(old.confidence_parts),
        reasoning=old.reasoning,
    )


def whole(words: Text, draft: Draft, old: Revision) -> Text:
    """A program's new words with the footers they lack: who writes one writes only the letter."""
    html, foot = words.html, footers.in_html(draft.workspace, draft.channel)
    if html and foot and foot not in html:
        html = footers.added(html, foot)
    return replace(words, text=footers.put_back(old.text, words.text), html=html)


def edited(
    draft: Draft,
    old: Revision | None,
    *,
    text: str,
    subject: str | None = None,
    html: str | None = None,
) -> Text:
    """A program's new words for `old`, made whole; what is not given stays as it was.

    Raises TextRefused where an HTML part, which most readers see, would keep the old words.
    """
    if old is None:
        raise TextRefused("The message has no text yet; discard it and write a new one.")
    words = Text(
        subject=old.subject if subject is None else subject,
        text=text,
        html=old.html if html is None else html,
    )
    made = whole(words, draft, old)
    if html is None and old.html and made.text != old.text:
        raise TextRefused(
            'The message has an HTML part with the old words: give `html`, too, or "" to leave it '
            "out."
        )
    return made


def write(
    workspace: Workspace,
    person: Person,
    channel: str,
    words: Text,
    *,
    by: Principal,
    at: datetime,
    purpose: str = Purpose.PROMOTIONAL,
    address: str = "",
    scheduled_for: datetime | None = None,
    template: str = "",
    origin: str = "",
) -> Draft:
    """A new message with its first revision, complete with footer. It stays `draft`."""
    require(by, Verb.WRITE_DRAFTS, workspace)
    if person.workspace_id != workspace.pk:
        raise TextRefused("That person belongs to another workspace.")
    foot = footers.of(workspace, channel)
    check_text(channel, words, foot)
    with transaction.atomic():
        if erasure.hold([person.pk]):
            raise TextRefused("That person was erased. Nothing may be written to them any more.")
        draft = Draft.objects.create(
            workspace=workspace,
            person=person,
            channel=channel,
            touch=history.touch_for(person.human_id),
            purpose=purpose if purpose in Purpose.values else Purpose.PROMOTIONAL,
            scheduled_for=scheduled_for,
            template=template,
            origin=origin,
            **by.fields(),
        )
        complete = words.text.rstrip("\n") + foot
        if words.html:
            html = footers.added(words.html, footers.in_html(workspace, channel))
            words = replace(words, html=html)
        first = _add(draft, 1, words, complete, address or address_of(person, channel), by=by)
        activity.record(activity.entry("drafts.written", draft, digest=first.digest), by=by, at=at)
    return draft


def revise(
    draft: Draft, words: Text, *, by: Principal, at: datetime, expected: str = ""
) -> Revision:
    """A new revision of the whole text. `expected` is the digest the author had read.

    Needs a transaction and the caller's guard on the draft's status. The text is taken as it
    is: no footer is added to what somebody saw complete.
    """
    current = Draft.objects.select_related("current").get(pk=draft.pk).current
    if current is None:
        raise TextRefused("The message has no text yet; write it first.")
    check_text(draft.channel, words, footers.lost(current.text, ""))
    if expected and current.digest != expected:
        raise TextChanged("The text changed since you opened it. Read it again.")
    revision = _add(draft, current.no + 1, words, words.text, current.address, by=by)
    activity.record(activity.entry("drafts.revised", draft, digest=revision.digest), by=by, at=at)
    return revision


def _add(draft: Draft, no: int, words: Text, text: str, address: str, *, by: Principal) -> Revision:
    is_letter = draft.channel == Channel.EMAIL
    revision = Revision.objects.create(
        **voice.judged(text, draft.workspace_id, by, is_letter=is_letter).fields(),
        draft=draft,
        no=no,
        address=address,
        subject=words.subject.strip(),
        text=text,
        html=words.html,
        attachments=list(words.attachments),
        confidence=words.confidence,
        confidence_parts=list(words.confidence_parts),
        reasoning=words.reasoning,
        context=words.context,
        digest=message_digest(
            workspace_id=draft.workspace_id,
            channel=draft.channel,
            address=address,
            subject=words.subject.strip(),
            text=text,
            html=words.html,
            attachments=words.attachments,
        ),
        **by.fields(),
    )
    draft.current = revision
    draft.save(update_fields=["current", "updated_at"])
    return revision


def digest_of(draft: Draft, revision: Revision) -> str:
    """The digest computed anew from the stored words: the sender compares it with the approval."""
    return message_digest(
        workspace_id=draft.workspace_id,
        channel=draft.channel,
        address=revision.address,
        subject=revision.subject,
        text=revision.text,
        html=revision.html,
        attachments=revision.attachments,
    )


def address_of(person: Person, channel: str) -> str:
    """The first stored address of the person, or of the human being, on that channel."""
    for owner in dict.fromkeys((person.pk, person.human_id)):
        found = Address.objects.filter(person_id=owner, channel=channel).order_by("id").first()
        if found is not None:
            return found.normalised
    return ""


def move(draft_ids: Iterable[int], to: str, *, reason: str = "") -> int:
    """Set the status of drafts whose present one has an arrow to it; returns how many moved."""
    moved = [*draft_ids]
    if not moved:
        return 0
    return sql.execute(
        MOVE,
        [str(to), reason[:500], *moved, *_sources(to)],
        drafts=sql.marks(len(moved)),
        sources=sql.marks(len(_sources(to))),
    )


@cache
def _sources(to: str) -> list[str]:
    return [str(source) for source, targets in TRANSITIONS.items() if to in targets]


def move_one(draft: Draft, to: str, *, reason: str = "") -> None:
    """Move one draft or raise TextChanged: somebody else was faster."""
    if move([draft.pk], to, reason=reason) != 1:
        now = Draft.objects.values_list("status", flat=True).get(pk=draft.pk)
        label = DraftStatus(now).label.lower()
        raise TextChanged(f"This message is {label} by now; that step is no longer possible.")
    draft.status = to
    draft.status_reason = reason[:500]
