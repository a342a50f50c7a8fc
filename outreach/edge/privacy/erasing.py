"""Erasing one human being: what waits for them ends, their addresses are suppressed, words go.

Rows, numbers, digests and the log stay, so that nothing else breaks and `audit verify` still
follows the chain; the record stays as a stub without a name. Refused while anything is under way
that could write about them again. Doing it again erases what came since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import OperationalError, models, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Cast, Coalesce, Concat

from approvals import humans
from channels.models import Delivery
from outreach.core import activity, erasure, files, suppression, visible
from outreach.core.importing import forgetting
from outreach.core.models import Draft, Import, Person
from outreach.core.models.consent import SuppressionReason
from outreach.core.models.imports import ImportStatus
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.plurals import plural
from outreach.core.principal import Principal
from outreach.edge.privacy import cutting, ending, reading, subject
from outreach.edge.privacy.declared import (
    EMPTY,
    ERASED,
    MARK,
    NAME,
    ONCE,
    RULES,
    How,
    Rule,
    model_of,
)
from outreach.edge.privacy.reading import Part
from outreach.edge.privacy.subject import Subject
from workflows.models import Run, RunStatus

SHOWN = 20
UNDER_WAY = ("admitted", "sending", "unknown")  # of a delivery: it may be at its reader any moment


class EraseRefused(Exception):
    """This person cannot be erased now; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done: rows changed by table, addresses suppressed, and where else they are named.

    `elsewhere` are (table, number) of texts about other people that name them: for a person to
    look at, because nobody else can say what such a text means without the name.
    """

    rows: dict[str, int] = field(default_factory=dict)
    suppressed: int = 0
    lines: int = 0  # of the suppression list
    elsewhere: tuple[tuple[str, int], ...] = ()

    def sentence(self) -> str:
        """What a person reads, with what is left for them to do."""
        ways = subject.told_closing(self.suppressed, self.lines)
        verb = "is" if self.suppressed == 1 else "are"
        told = f"Erased: {plural(sum(self.rows.values()), 'row')}. {ways} {verb} suppressed"
        if not self.elsewhere:
            return f"{told}; by the names and addresses known here, nothing else names them."
        places = ", ".join(f"{table} {number}" for table, number in self.elsewhere[:SHOWN])
        more = " …" if len(self.elsewhere) > SHOWN else ""
        count = len(self.elsewhere)
        name = plural(count, "text about other people names", "texts about other people name")
        return f"{told}. {name} them; change what should not: {places}{more}."


def erase(
    person: Person, *, reason: str, by: Principal, at: datetime, also: Iterable[str] = ()
) -> Erased:
    """Erase the human being behind this record. Needs a person with the right, and a reason.

    `also` are names of theirs that no record here has. Not within a transaction: their stop is
    committed first, by itself.
    """
    require(by, Verb.ERASE_PERSON, person.workspace)
    if not by.is_user:
        raise NotAllowed(f"{by.label} may not erase a person. An admin has to do this.")
    if not visible.signs(reason):
        raise EraseRefused(
            "Say why: by whose wish is this person erased, and when did they say so?"
        )
    who = subject.of(person, also)
    _refuse_busy(who)
    ending.stop(who, by=by, at=at)
    try:
        with transaction.atomic():
            who, rows = _erase(who, reason, by=by, at=at)
    except OperationalError as error:  # a deadlock, a lock that nobody lets go, a lost link
        raise EraseRefused(
            "The database did not take it: somebody else's write crossed it, or it is locked or "
            "away. They are stopped already. Try again; doing it twice does no harm."
        ) from error
    return Erased(dict(rows), *who.closing, tuple(reading.elsewhere(who)))


def _erase(
    who: Subject, reason: str, *, by: Principal, at: datetime
) -> tuple[Subject, Counter[str]]:
    """All of it, in the caller's transaction: whom it was about, rows by table."""
    if not erasure.alone(who.workspace.pk):
        raise EraseRefused(
            "A run or an import begins at this moment and may be reading them. Nothing was "
            "erased. Try again once it is over."
        )
    humans.lock(who.people)
    list(Person.objects.select_for_update().filter(pk__in=who.people).order_by("pk"))
    _refuse_busy(who)
    who = subject.of(who.human, who.also)
    told = _reason(who, reason)
    _suppress(who, by=by, at=at)
    ending.close(who, by=by, at=at)
    rows = _scrub(_holding(who), at)
    Person.objects.filter(pk=who.human.pk).update(status_reason=told, updated_at=at)
    entry = activity.entry(
        "people.erased", who.human, records=len(who.people), addresses=who.closing[0],
        also=len(who.also), rows=dict(rows),
    )  # fmt: skip
    activity.record(entry, by=by, at=at)
    return who, rows


def _holding(who: Subject) -> Subject:
    """With those of their files alone that no other message is just taking as well.

    What is left out here and is named by nobody in the end, `files.clean` drops.
    """
    mine = Draft.objects.filter(person__in=who.people).order_by("pk")
    list(mine.select_for_update().values_list("pk"))  # whoever saves one holds it, then its files
    held = files.unused(who.files)
    fresh = subject.of(
        who.human, who.also
    )  # read after the files were held: nobody new can name one
    return replace(fresh, files=tuple(pk for pk in fresh.files if pk in held))


def _reason(who: Subject, reason: str) -> str:
    """The reason as it may stay: without the name it may have been given with."""
    kept, _ = cutting.cut(reason.strip(), who.words)
    return f"{ERASED} {kept}".strip()[:500]


def _refuse_busy(who: Subject) -> None:
    flying = Delivery.objects.filter(human__in=who.people, status__in=UNDER_WAY).order_by("pk")
    if (row := flying.first()) is not None:
        raise EraseRefused(
            f"A message to them is {row.get_status_display().lower()} (delivery {row.pk}). Nothing "
            "was erased. Wait until it has an outcome, or settle it, and try again."
        )
    place = who.workspace
    running = Run.objects.filter(workspace=place, status=RunStatus.RUNNING).first()
    if running is not None:
        raise EraseRefused(
            f"Run {running.pk} of {running.name} is under way and may be reading them. Nothing was "
            "erased. Wait until it is over, or cancel it, and try again."
        )
    busy = (ImportStatus.PREVIEW, ImportStatus.APPLYING)
    reading_ = Import.objects.filter(workspace=place, status__in=busy).first()
    if reading_ is not None:
        raise EraseRefused(
            f"Import {reading_.pk} is being read and may hold them. Nothing was erased. Wait until "
            "it is over, or cancel it, and try again."
        )
    _refuse_unjudged(who)


def _refuse_unjudged(who: Subject) -> None:
    """What nobody has judged may be a request to stop, also of another who only names them."""
    row = next(reading.waiting("channels.ProviderEvent", who), None)
    if row is None:
        return
    if row.set_aside_at is None:
        raise EraseRefused(
            f"Event {row.pk} of {row.provider} names them and is not judged yet: it may be a "
            "request to stop. Nothing was erased. Wait until it is judged, and try again."
        )
    raise EraseRefused(
        f"Event {row.pk} of {row.provider} names them and is set aside: it may be a request to "
        "stop. Nothing was erased. An operator has to read it under Events set aside and press "
        '"Try it again", or close it there if nothing in it asks us to stop; then erase them.'
    )


def _suppress(who: Subject, *, by: Principal, at: datetime) -> None:
    """Every address they were ever written to or wrote from: only its keyed hash stays."""
    for channel, address in who.ways:
        suppression.suppress(
            who.workspace, channel, address, reason=SuppressionReason.ERASURE, by=by, at=at
        )


# --- The words -----------------------------------------------------------------------------------


def _scrub(who: Subject, at: datetime) -> Counter[str]:
    """Empty, cut or delete by the table of `declared`; how many rows of each table."""
    done: Counter[str] = Counter()
    ids = {label: [row.pk for row in reading.mine(label, who)] for label in RULES}
    for label, rule in RULES.items():
        table = model_of(label)._meta.db_table
        for part in list(reading.shared(label, who)):
            done[table] += _shared(label, rule, part)
        done[table] += _own(label, rule, ids[label], at)
    for row in Import.objects.filter(workspace=who.workspace, parts__kind="report").distinct():
        done["import_parts"] += forgetting.drop_rows(row, who.words.in_text)
    return +done


def _shared(label: str, rule: Rule, part: Part) -> int:
    left = part.left if part.left or not isinstance(part.left, str) else ERASED
    if rule.own.get(part.column) is MARK:
        left = ERASED
    if rule.own.get(part.column) is How.NUMBER:
        left = f"erased:{part.row.pk}"
    rows = model_of(label)._base_manager.filter(pk=part.row.pk)
    if isinstance(left, str):  # what arrived meanwhile keeps no words at all
        rows = rows.exclude(**{part.column: ""})
    if rule.fixed is not None:
        rows = rows.exclude(rule.fixed)
    changed: int = _judged(rows, rule).update(**{part.column: left})
    return changed


def _judged(rows: Any, rule: Rule) -> Any:
    """Without what came since it was looked at and waits to be judged."""
    return rows if rule.waits is None else rows.exclude(rule.waits)


def _own(label: str, rule: Rule, ids: list[int], at: datetime) -> int:
    rows = _judged(model_of(label)._base_manager.filter(pk__in=ids), rule)
    if not ids or not (rule.own or rule.gone):
        return 0
    if rule.gone:
        rows.delete()
        return len(ids)
    if label == "core.Revision":  # a revision is emptied once; its guard takes no second time
        rows = rows.filter(erased_at__isnull=True)
    model = model_of(label)
    changes = {name: _left(model, name, how) for name, how in rule.own.items()}
    for name, value in rule.also.items():
        changes[name] = Coalesce(F(name), Value(at)) if value is ONCE else value
    changed: int = rows.update(**changes)
    return changed


def _left(model: type[models.Model], name: str, how: How) -> Any:
    column: Any = model._meta.get_field(name)
    if how is MARK:
        return Case(When(**{name: "", "then": Value("")}), default=Value(ERASED))
    if how is EMPTY:
        is_data = isinstance(column, models.JSONField)
        return (column.get_default() if column.has_default() else {}) if is_data else ""
    words = "Erased person " if how is NAME else "erased:"
    return Concat(Value(words), Cast(F("pk"), models.CharField()))
