"""Taking an import back whole, as long as nothing has happened to its people since.

What the import wrote carries its time to the microsecond: a person changed since does not. Who has
a draft, a message, a merge or anything else that points at them keeps the import from being undone;
a merge that was undone again does not.
Addresses it suppressed stay suppressed: a stop is not taken back by the way. Nor is the end of a
consent that it recorded: forgotten, the same list would record it anew.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from outreach.core import activity
from outreach.core.importing import uploads
from outreach.core.importing.histories import PREFIX
from outreach.core.models import (
    Account,
    Address,
    Consent,
    Contact,
    Duplicate,
    Import,
    ImportChange,
    Merge,
    Person,
)
from outreach.core.models.imports import ImportStatus
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal

SHOWN = 3  # merges named in a refusal
_EMPTY = {"connected_on": None, "account_id": None}  # every other field is a text


class UndoRefused(Exception):
    """The import cannot be taken back any more; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Undone:
    """How much was taken back."""

    people: int
    changed: int


def would_undo(row: Import) -> Undone:
    """How much `undo` would take back, if nothing holds it."""
    return Undone(people_of(row).count(), ImportChange.objects.filter(of=row).count())


def undo(row: Import, *, by: Principal, at: datetime) -> Undone:
    """Remove what an import brought and empty what it filled, all of it or nothing."""
    require(by, Verb.IMPORT, row.workspace)
    with transaction.atomic():
        held = Import.objects.select_for_update().get(pk=row.pk)
        if held.status != ImportStatus.APPLIED:
            state = held.get_status_display().lower()
            raise UndoRefused(f"Only what was imported can be undone; {held.file} is {state}.")
        new, known = people_of(held), ImportChange.objects.filter(of=held)
        list(new.select_for_update().values_list("pk", flat=True)[:1])
        _refuse_touched(held, new, known)
        done = Undone(new.count(), known.count())
        _empty(held, known)
        _remove(held, new)
        held.status, held.ended_at = ImportStatus.UNDONE, at
        held.report = uploads.bare(held.report)
        held.save(update_fields=["status", "ended_at", "report"])
        entry = activity.entry("imports.undone", held, people=done.people, changed=done.changed)
        activity.record(entry, by=by, at=at)
    return done


def _time(row: Import) -> datetime:
    return row.applied_at or row.created_at


def people_of(row: Import) -> QuerySet[Person]:
    """Who came in by this import: ids are bounds only, others may lie between them."""
    return Person.objects.filter(
        workspace=row.workspace,
        pk__gte=row.first_person,
        pk__lte=row.last_person,
        created_at=_time(row),
    )


def _contacts(row: Import) -> QuerySet[Contact]:
    return Contact.objects.filter(
        workspace=row.workspace, key__startswith=PREFIX, created_at=_time(row)
    )


def _refuse_touched(row: Import, new: QuerySet[Person], known: QuerySet[ImportChange]) -> None:
    """Every reason at once, each with how often: who mends one is not told the next only then."""
    merged = _merged(row, new, known)
    others = [*_withdrawn(row), *_changed(row, new, known), *_pointing(row, new, known)]
    if others:
        others.append("Correct, block or merge single people instead.")
    if reasons := [*merged, *others]:
        raise UndoRefused(" ".join(reasons))


def _withdrawn(row: Import) -> list[str]:
    brought = Consent.objects.filter(workspace=row.workspace, source=row.proof)
    ended = brought.filter(withdrawn_at__isnull=False).count()
    if not ended:
        return []
    return [
        f"{ended:,} of the consents that {row.file} brought {'was' if ended == 1 else 'were'} "
        "withdrawn since, and that must not be forgotten."
    ]


def _changed(row: Import, new: QuerySet[Person], known: QuerySet[ImportChange]) -> list[str]:
    """Whom somebody changed; a merge changes both as well, and is told as one."""
    held = _in_merge(row, "pk")
    changed = new.exclude(updated_at=_time(row)).exclude(held).count()
    filled = Person.objects.filter(pk__in=known.values("person")).exclude(updated_at=_time(row))
    changed += filled.exclude(held).count()
    if not changed:
        return []
    were = "was" if changed == 1 else "were"
    return [f"{changed:,} of the people of {row.file} {were} changed since."]


def _pointing(row: Import, new: QuerySet[Person], known: QuerySet[ImportChange]) -> list[str]:
    """What points at its people by now, counted by kind."""
    own = {
        Address: Q(source=row),
        Consent: Q(source=row.proof),
        Contact: Q(pk__in=_contacts(row).values("pk")),
        ImportChange: Q(of=row),
        Duplicate: ~Q(decision="merged") | _in_merge(row, "one"),
        Person: _in_merge(row, "pk"),
    }
    since: dict[str, Any] = {"created_at__gt": _time(row)}
    found: Counter[str] = Counter()
    for relation in Person._meta.related_objects:
        model = relation.related_model
        rows = model._base_manager.filter(**{f"{relation.field.name}__in": new.values("pk")})
        if hasattr(model, "created_at"):
            filled = {f"{relation.field.name}__in": known.values("person"), **since}
            rows |= model._base_manager.filter(**filled)
        if model is not Merge:  # told by itself
            name = str(model._meta.verbose_name_plural)
            found[name] += rows.exclude(own.get(model, Q(pk__in=[]))).count()
    told = ", ".join(f"{name} ({count:,})" for name, count in sorted(found.items()) if count)
    return [f"People of {row.file} have {told} by now."] if told else []


def _in_merge(row: Import, name: str) -> Q:
    """Who is part of a merge since the import that stands, which is told as that."""
    stands = Merge.objects.filter(workspace=row.workspace, undone_at=None, at__gt=_time(row))
    return Q(**{f"{name}__in": stands.values("kept").union(stands.values("merged"))})


def _merged(row: Import, new: QuerySet[Person], known: QuerySet[ImportChange]) -> list[str]:
    """A merge holds two records together: it goes first, by the hand that made it."""
    ids = Q(kept__in=new.values("pk")) | Q(merged__in=new.values("pk"))
    since = Q(kept__in=known.values("person")) | Q(merged__in=known.values("person"))
    ids |= since & Q(at__gt=_time(row))
    merges = Merge.objects.filter(ids, undone_at=None).select_related("kept", "merged")
    pairs = [f"{each.merged} into {each.kept}" for each in merges.order_by("-pk")[:SHOWN]]
    if not pairs:
        return []
    more = merges.count() - len(pairs)
    return [
        f"People of {row.file} were merged since: {'; '.join(pairs)}"
        f"{f' and {more:,} more' if more else ''}. Undo each merge first (Same person?, on the "
        "person's page), the last one first; then undo the import."
    ]


def _empty(row: Import, known: QuerySet[ImportChange]) -> None:
    people = {change.person_id: change.fields for change in known}
    held = list(Person.objects.filter(pk__in=people))
    names = sorted({name for fields in people.values() for name in fields})
    for person in held:
        for name in people[person.pk]:
            setattr(person, name, _EMPTY.get(name, ""))
        if "full_name" in people[person.pk]:  # an address stood for the name
            address = person.addresses.order_by("pk").first()
            person.full_name = address.normalised if address else person.full_name
    if held:
        columns = [name.removesuffix("_id") for name in names]
        Person.objects.bulk_update(held, columns, batch_size=500)


def _remove(row: Import, new: QuerySet[Person]) -> None:
    """Row by row in the order of what points at what; Django's collector would load them all."""
    ids = new.values("pk")
    for rows in (
        _contacts(row),
        Consent.objects.filter(workspace=row.workspace, source=row.proof),
        Duplicate.objects.filter(Q(one__in=ids) | Q(other__in=ids)),
        Merge.objects.filter(Q(kept__in=ids) | Q(merged__in=ids)),
        Address.objects.filter(source=row),
        ImportChange.objects.filter(of=row),
        new,
    ):
        rows._raw_delete(rows.db)
    nobody = ~Exists(Person.objects.filter(account=OuterRef("pk")))
    gone = Account.objects.filter(nobody, workspace=row.workspace, created_at=_time(row))
    gone._raw_delete(gone.db)
    row.parts.all().delete()
