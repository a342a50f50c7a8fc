"""One export: the right to it, its two entries in the log, and its parts as bytes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Q

from outreach.core import activity
from outreach.core.models import Workspace
from outreach.core.permissions import require_export
from outreach.core.principal import Principal
from outreach.edge.exporting.formats import Format
from outreach.edge.exporting.kinds import Kind, Span

logger = logging.getLogger(__name__)


class BadAsk(ValueError):
    """This cannot be exported; the sentence says what to write instead. `field`: which word."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be exported, and how. `channel` narrows the suppression list only."""

    kind: Kind
    format: Format
    workspace: Workspace
    span: Span = field(default_factory=Span)
    channel: str = ""

    def head(self) -> dict[str, Any]:
        """What the export tells of itself."""
        return {"export": self.kind.name, "workspace": self.workspace.slug, **self._span()}

    def codes(self) -> dict[str, Any]:
        """What the log tells of it."""
        more = {"channel": self.channel} if self.channel else {}
        return {"kind": self.kind.name, "format": self.format.name, **self._span(), **more}

    def _span(self) -> dict[str, str | None]:
        ends = {"since": self.span.since, "until": self.span.until}
        return {name: at.isoformat() if at else None for name, at in ends.items()}

    def which(self) -> Q:
        return self.span.of(self.kind.moment) & (Q(channel=self.channel) if self.channel else Q())

    def file_name(self, at: datetime) -> str:
        return f"{self.kind.name}-{self.workspace.slug}-{at:%Y-%m-%d}.{self.format.name}"


def moment(text: str, field: str = "since") -> datetime:
    """ISO 8601: a date is its first moment, without an offset it is UTC. Raises BadAsk."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadAsk(
            field, f"{text[:40]!r} is no time. Write 2026-03-11 or 2026-03-11T10:00:00Z."
        ) from None


def span(since: str, until: str) -> Span:
    """Both as texts, empty for none. Raises BadAsk."""
    found = Span(
        moment(since, "since") if since else None, moment(until, "until") if until else None
    )
    if found.since and found.until and found.since >= found.until:
        raise BadAsk("until", f"{until} is not after {since}: nothing can lie between.")
    return found


@dataclass(slots=True)
class Export:
    """One that has begun; `parts` can be taken once."""

    asked: Asked
    by: Principal
    now: Callable[[], datetime]
    request: str
    count: int = 0

    def parts(self) -> Generator[bytes]:
        """What breaks on the way is raised: who reads must see that it broke."""
        asked, whole = self.asked, False
        kind, form, head = asked.kind, asked.format, asked.head()
        try:
            yield _bytes(form.begin(head, kind.columns))
            for rows in kind.batches(asked.workspace, asked.which()):
                yield _bytes(form.rows(rows, kind.columns, self.count == 0))
                self.count += len(rows)
            yield _bytes(form.end(head, self.count))
            whole = True
        finally:
            self._tell_end(complete=whole)

    def _tell_end(self, *, complete: bool) -> None:
        codes = {**self.asked.codes(), "rows": self.count, "complete": complete}
        before = activity.request_id.set(self.request)
        try:
            with transaction.atomic():
                entry = activity.entry("exports.ended", self.asked.workspace, **codes)
                activity.record(entry, by=self.by, at=self.now())
        except DatabaseError as error:
            logger.warning("The end of an export of %s is not in the log: %s", codes["kind"], error)
        finally:
            activity.request_id.reset(before)


def begin(asked: Asked, *, by: Principal, now: Callable[[], datetime]) -> Export:
    """Begin an export: that it was begun is in the log before its first part is made.

    How it ended stands there afterwards: how many rows, and whether the reader had all of them.
    Raises NotAllowed.
    """
    require_export(by, asked.kind.resource, asked.workspace)
    with transaction.atomic():
        entry = activity.entry("exports.begun", asked.workspace, **asked.codes())
        activity.record(entry, by=by, at=now())
    return Export(asked, by, now, activity.request_id.get())


def _bytes(text: str) -> bytes:
    """A half character, which no encoding has, becomes its escape, as JSON writes it."""
    return text.encode("utf-8", "backslashreplace")
