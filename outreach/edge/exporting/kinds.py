"""What can be exported: for each kind its columns, and its rows as batches.

The columns and their order are a promise (docs/exports.md): new ones are added at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet

from approvals.models import Approval
from outreach.core import suppression_lists
from outreach.core.batches import batches
from outreach.core.models import Activity, Channel, Person, Workspace
from outreach.edge.exporting.formats import Columns, Row
from safety.models import SafetyEvent


@dataclass(frozen=True, slots=True)
class Span:
    """From this moment on, and before that one; None: without end."""

    since: datetime | None = None
    until: datetime | None = None

    def of(self, column: str) -> Q:
        found = Q()
        if self.since:
            found &= Q(**{f"{column}__gte": self.since})
        if self.until:
            found &= Q(**{f"{column}__lt": self.until})
        return found


Batches = Iterator[list[Row]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of export. `resource` is its name in the table of rights."""

    name: str
    resource: str
    title: str
    about: str
    moment: str
    columns: Columns
    batches: Callable[[Workspace, Q], Batches]


def _of(
    rows: Callable[[], QuerySet[Any]], told: Callable[[Any], Row]
) -> Callable[[Workspace, Q], Batches]:
    def found(workspace: Workspace, which: Q) -> Batches:
        for batch in batches(rows().filter(which, workspace=workspace)):
            yield [told(row) for row in batch]

    return found


def _time(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _plain(row: Any, *names: str) -> Row:
    """These columns as JSON has them: times in UTC, ids of what has one."""
    values = {name: getattr(row, name) for name in names}
    return {
        name: _time(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


# --- Activity, safety events ---------------------------------------------------------------------

_ACTIVITY = (
    "id", "by_kind", "by_id", "verb", "object_type", "object_id", "digest", "codes", "request_id",
    "at",
)  # fmt: skip


def _activity(row: Activity) -> Row:
    return _plain(row, *_ACTIVITY)


_EVENT = (
    "id", "created_at", "event_type", "action_blocked", "reason", "code", "by_kind", "by_id",
    "by_label", "metadata",
)  # fmt: skip


def _event(row: SafetyEvent) -> Row:
    return {**_plain(row, *_EVENT), "draft": str(row.draft.uuid) if row.draft else None}


# --- Approvals -----------------------------------------------------------------------------------

_ROUND = (
    "id", "status", "channel", "touch", "purpose", "digest", "confidence", "by_kind", "by_id",
    "by_label", "created_at", "scheduled_for", "expires_at", "due_at", "send_before", "taken_at",
    "decided_by_id", "decided_by_label", "decided_at", "rejection_reason", "closed_reason",
    "closed_at", "edited", "dry_run",
)  # fmt: skip
_TEXT = ("address", "subject", "text", "html")


def _approval(row: Approval) -> Row:
    text = row.revision
    return {
        **_plain(row, *_ROUND),
        "priority": row.get_priority_display(),
        "draft": str(row.draft.uuid),
        "revision": text.no,
        **_plain(text, *_TEXT),
        "attachments": [
            {key: item[key] for key in ("name", "type", "size", "sha256")}
            for item in text.attachments
        ],
        "erased": text.erased_at is not None,
        "receipt": row.receipt,
    }


# --- People --------------------------------------------------------------------------------------

_PERSON = (
    "full_name", "first_name", "last_name", "greeting_name", "position", "profile_url",
    "time_zone", "country", "follows_us", "notes", "source", "status", "status_reason",
    "status_at", "automation_enabled", "automation_disabled_reason", "created_at", "updated_at",
)  # fmt: skip


_STANDING = ("status", "status_reason", "automation_enabled")  # of the human being


def _person(row: Person) -> Row:
    """With the addresses of each channel, as normalised."""
    known = [(each.channel, each.normalised) for each in row.addresses.all()]
    human = row.merged_into or row
    return {
        "uuid": str(row.uuid),
        "human": str(human.uuid),
        **{f"human_{name}": getattr(human, name) for name in _STANDING},
        **_plain(row, *_PERSON),
        "account": row.account.name if row.account else "",
        "connected_on": row.connected_on.isoformat() if row.connected_on else None,
        **{
            str(channel): tuple(sorted(form for name, form in known if name == channel))
            for channel in Channel.values
        },
    }


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "activity", "activity", "Activity",
            "The log of this workspace: who did what to which row, by ids and codes.",
            "at", _ACTIVITY, _of(Activity.objects.all, _activity),
        ),
        Kind(
            "safety-events", "safety_events", "Safety events",
            "What a rule refused, held or rewrote, and why.",
            "created_at", (*_EVENT, "draft"),
            _of(SafetyEvent.objects.select_related("draft").all, _event),
        ),
        Kind(
            "approvals", "approvals", "Approvals with receipts",
            "Every review round with its text, who decided, and the receipt that binds them.",
            "created_at",
            (*_ROUND, "priority", "draft", "revision", *_TEXT, "attachments", "erased", "receipt"),
            _of(Approval.objects.select_related("draft", "revision").all, _approval),
        ),
        Kind(
            "people", "people", "People",
            "Everybody on record, whoever may not be written to as well, with all addresses.",
            "created_at",
            (
                "uuid", "human", *(f"human_{name}" for name in _STANDING), *_PERSON, "account",
                "connected_on", *Channel.values,
            ),
            _of(
                Person.objects.select_related("account", "merged_into")
                .prefetch_related("addresses").all,
                _person,
            ),
        ),
        Kind(
            "suppression", "suppression", "Suppressed addresses",
            "What nothing may go to: an address where a person here still has it, else its hash.",
            "at", suppression_lists.COLUMNS, suppression_lists.batches_of,
        ),
    )
}  # fmt: skip
