"""One human being out of two records: the fields that differ, the merge, and its undoing.

The merged record stays and points at the kept one. What counts for the human being (contacts,
rests) moves to the kept record; every value that changes is kept in the merge's own row. Called by
`channels.merging`, which alone can see whether a message is in flight.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from outreach.core import activity, opt_outs, people
from outreach.core.models import Contact, CoolingOff, Duplicate, Merge, Person
from outreach.core.models.imports import DuplicateDecision
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal

# Columns that go along with a field.
PARTS = {
    "full_name": ("full_name", "first_name", "last_name", "greeting_name"),
    "account_id": ("account_id", "account_hearsay"),
}
FIELDS = (
    "full_name", "account_id", "position", "profile_url", "connected_on", "time_zone", "country",
    "notes", "follows_us",
)  # fmt: skip
LABELS = {
    "full_name": "name", "account_id": "company", "profile_url": "profile",
    "connected_on": "connected on", "time_zone": "time zone", "follows_us": "follows us",
}  # fmt: skip
EMPTY = ("", None)


class MergeRefused(Exception):
    """These two cannot be merged, or the merge not undone; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of two records. `differs` is a conflict that a person has to look at."""

    name: str
    label: str
    kept: str
    merged: str

    @property
    def differs(self) -> bool:
        return bool(self.kept and self.merged and self.kept != self.merged)

    @property
    def fills(self) -> bool:
        return bool(self.merged and not self.kept)


def compare(kept: Person, merged: Person) -> list[Field]:
    """Every field that one of the two has, side by side."""
    found = []
    for name in FIELDS:
        one, other = _shown(kept, name), _shown(merged, name)
        if one or other:
            found.append(Field(name, LABELS.get(name, name), one, other))
    return found


def _shown(person: Person, name: str) -> str:
    if name == "account_id":
        return person.account.name if person.account else ""
    value = getattr(person, name)
    return "" if value in EMPTY else str(value)


def check(kept: Person, merged: Person, take: Collection[str]) -> None:
    """Raise MergeRefused for what can never be merged."""
    if kept.workspace_id != merged.workspace_id:
        raise MergeRefused("These two belong to different workspaces.")
    if kept.human_id == merged.human_id:
        raise MergeRefused(f"{kept.full_name} and {merged.full_name} are one human being already.")
    if kept.merged_into_id or merged.merged_into_id:
        raise MergeRefused("One of the two is a merged record. Merge the record it counts for.")
    _refuse_erased(kept, merged)
    if unknown := set(take) - set(FIELDS):
        raise MergeRefused(f"{', '.join(sorted(unknown))}: no such field. Use {', '.join(FIELDS)}.")


def _refuse_erased(*records: Person) -> None:
    if any(each.erased_at for each in records):
        raise MergeRefused("One of the two was erased. There is nothing left to merge or undo.")


def merge(
    kept: Person, merged: Person, *, take: Collection[str], by: Principal, at: datetime
) -> Merge:
    """Declare two locked records one. `take` names fields whose value is the merged record's.

    Empty fields are filled. Needs a transaction in which nothing of either is in flight.
    """
    require(by, Verb.WRITE_PEOPLE, kept.workspace)
    check(kept, merged, take)
    fields = {field.name: field for field in compare(kept, merged)}
    names = [
        part
        for name, field in fields.items()
        if field.fills or (field.differs and name in take)
        for part in PARTS.get(name, (name,))
    ]
    before = {name: _plain(getattr(kept, name)) for name in names}
    for name in names:
        setattr(kept, name, getattr(merged, name))
    after = {name: _plain(getattr(kept, name)) for name in names}
    before["touched"] = _touched(kept, merged)
    before["standing"], after["standing"] = people.adopt_standing(kept, merged, by=by, at=at)
    kept.save()
    moved = list(merged.duplicates.values_list("pk", flat=True))
    Person.objects.filter(pk__in=moved).update(merged_into=kept)  # no change of theirs
    merged.merged_into = kept
    merged.save(update_fields=["merged_into", "updated_at"])
    after["touched"] = _touched(kept, merged)
    before["contacts"] = _follow(Contact, merged.pk, kept.pk)
    before["rests"] = _follow(CoolingOff, merged.pk, kept.pk)
    row = Merge.objects.create(
        workspace=kept.workspace, kept=kept, merged=merged, before=before, after=after,
        moved=moved, at=at, **by.fields(),
    )  # fmt: skip
    opt_outs.follow([kept.pk], at=at)
    _decide(kept, merged, DuplicateDecision.MERGED, at)
    codes: dict[str, Any] = {
        "into": kept.pk,
        "fields": [name for name in names if name in FIELDS],
    }
    activity.record(activity.entry("people.merged", merged, **codes), by=by, at=at)
    return row


def _touched(*records: Person) -> list[str]:
    """When each record was changed last."""
    return [each.updated_at.isoformat() for each in records]


def _untouch(row: Merge, kept: Person, merged: Person, now: list[str]) -> None:
    """Who was changed by the merge alone is not a changed person after its undoing."""
    then = row.before.get("touched", [])
    for person, at, left, found in zip(
        (kept, merged), then, row.after.get("touched", []), now, strict=False
    ):
        if left == found:
            Person.objects.filter(pk=person.pk).update(updated_at=datetime.fromisoformat(at))


def _follow(model: Any, old: int, new: int) -> list[int]:
    """Let rows of one human being count for another; returns which."""
    ids = list(model.objects.filter(human=old).values_list("pk", flat=True))
    model.objects.filter(pk__in=ids).update(human=new)
    return ids


def undo(row: Merge, *, by: Principal, at: datetime) -> None:
    """Take two records apart again; what was changed by hand since stays. Needs a transaction.

    A message since then counts for the record it was written to; what came in, for whoever wrote it
    (`channels.merging`); a rest that began since, for both.
    """
    kept, merged = row.kept, row.merged
    require(by, Verb.WRITE_PEOPLE, kept.workspace)
    _refuse_erased(kept, merged)
    if row.undone_at is not None or merged.merged_into_id != kept.pk:
        raise MergeRefused("This merge is undone already, or its records were merged again.")
    later = Merge.objects.filter(kept=kept, undone_at=None, at__gt=row.at).exists()
    if later:
        raise MergeRefused("The same record took in another one since. Undo that merge first.")
    now = _touched(kept, merged)
    people.restore_standing(kept, merged, row.before["standing"], row.after["standing"], by=by)
    for name in _unchanged_since(row, kept):
        setattr(kept, name, _back(name, row.before[name]))
    kept.save()
    merged.merged_into = None
    merged.save()
    Person.objects.filter(pk__in=row.moved, merged_into=kept).update(merged_into=merged)
    records = [merged.pk, *row.moved]
    Contact.objects.filter(
        Q(pk__in=row.before["contacts"]) | Q(draft__person__in=records), human=kept
    ).update(human=merged)
    CoolingOff.objects.filter(pk__in=row.before["rests"]).update(human=merged)
    for since in CoolingOff.objects.filter(human=kept, at__gte=row.at, until__gt=at):
        people.rest(merged, since.cause, at=since.at, until=since.until)
    _untouch(row, kept, merged, now)
    row.undone_at = at
    row.save(update_fields=["undone_at"])
    _decide(kept, merged, DuplicateDecision.DIFFERENT, at)
    activity.record(activity.entry("people.unmerged", merged, into=kept.pk), by=by, at=at)


def _unchanged_since(row: Merge, kept: Person) -> list[str]:
    """Columns that are as the merge left them. Who told a company goes back with the company."""
    return [
        name
        for name in row.after
        if name not in ("standing", "touched")
        for asked in ["account_id" if name == "account_hearsay" else name]
        if _plain(getattr(kept, asked)) == row.after[asked]
    ]


def tell_apart(pair: Duplicate, *, by: Principal, at: datetime) -> None:
    """Two people after all: the suggestion does not come again."""
    require(by, Verb.WRITE_PEOPLE, pair.workspace)
    with transaction.atomic():
        held = Person.objects.select_for_update().filter(pk__in=[pair.one_id, pair.other_id])
        if len({person.human_id for person in held}) < 2:
            raise MergeRefused("These two are merged. Undo the merge first.")
        _decide(pair.one, pair.other, DuplicateDecision.DIFFERENT, at)
        activity.record(activity.entry("people.told_apart", pair), by=by, at=at)


def _decide(one: Person, other: Person, decision: str, at: datetime) -> None:
    first, second = sorted((one.pk, other.pk))
    Duplicate.objects.filter(one=first, other=second).update(decision=decision, decided_at=at)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _back(name: str, value: Any) -> Any:
    return date.fromisoformat(value) if name == "connected_on" and value else value
