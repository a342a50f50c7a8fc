"""One message to us, whatever way it came, before anybody knows whose it is. No Django."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from channels.mail.reading import Letter
from channels.mail.reports import Report

# What comes in place of words and says by its kind that it is none. Any other kind may be words: a
# voice, a form, what the platform cannot show, what it will have by next year.
WORDLESS = frozenset((
    "image", "sticker", "gif", "document", "file", "location", "contacts", "reaction", "order",
    "system", "share", "fallback", "story_mention", "reel", "ig_reel", "post", "ephemeral",
    "like_heart",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Incoming:
    """`answers` are ids of messages of ours it may quote; `media` is what came instead of words,
    `unread` a part that may hold some."""

    channel: str
    sender: str
    message_id: str
    at: datetime | None
    sender_name: str = ""
    subject: str = ""
    text: str = ""
    answers: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    automatic: str = ""
    media: str = ""
    attachments: tuple[str, ...] = ()
    unread: str = ""
    moved_to: str = ""  # the number they have by now, where their provider tells it
    report: Report | None = field(default=None)

    @property
    def key(self) -> str:
        """One message, one key. The sender is part of it: ids can be copied by anybody."""
        whole = "\0".join((self.channel, self.message_id, self.sender))
        return hashlib.sha256(whole.encode(errors="replace")).hexdigest()

    @property
    def said(self) -> str:
        """Names what it says, however its lines were broken on the way."""
        report = self.report.as_dict() if self.report else None
        beside = (self.kind, self.unread, self.media, self.attachments, self.moved_to, report)
        whole = (*map(str, beside), *(" ".join(each.split()) for each in (self.subject, self.text)))
        return hashlib.sha256("\0".join(whole).encode(errors="replace")).hexdigest()

    @property
    def kind(self) -> str:
        if self.report is not None and self.report.kind in ("bounce", "complaint"):
            return self.report.kind
        return "auto_reply" if self.automatic or self.report is not None else "message"

    @classmethod
    def of_letter(cls, letter: Letter) -> Incoming:
        same = ("sender", "sender_name", "message_id", "subject", "text", "answers", "to", "at")
        return cls(
            channel="email",
            automatic=letter.automatic,
            attachments=letter.attachments,
            unread=letter.unread,
            report=letter.report,
            **{name: getattr(letter, name) for name in same},
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON, to be stored before anything is judged; `from_dict` reads it."""
        return {**asdict(self), "at": self.at.isoformat() if self.at else None}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Incoming:
        at, report = stored["at"], stored["report"]
        lists = {name: tuple(stored[name]) for name in ("answers", "to", "attachments")}
        return cls(
            **{
                **stored,
                **lists,
                "at": datetime.fromisoformat(at) if at else None,
                "report": Report.from_dict(report) if report else None,
            }
        )
