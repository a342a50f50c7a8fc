"""The rows that tell of one human being, by the table of `declared`, a few hundred at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Q

from outreach.core.importing import forgetting
from outreach.core.models import Import
from outreach.edge.hooks import events
from outreach.edge.models import WebhookEvent
from outreach.edge.privacy import about, cutting
from outreach.edge.privacy.cutting import Words
from outreach.edge.privacy.declared import RULES, Rule, model_of
from outreach.edge.privacy.subject import Subject

BATCH = 500


@dataclass(frozen=True, slots=True)
class Part:
    """What one column of a shared row says of them, and what is left of it without that."""

    row: Any
    column: str
    left: Any
    found: list[Any]


# Where a table without a workspace of its own has it from.
BELONGS = {
    "core.Revision": "draft__workspace",
    "core.ImportPart": "of__workspace",
    "core.ImportChange": "of__workspace",
    "workflows.Assignment": "experiment__workspace",
}


def scope(model: type[models.Model], who: Subject) -> Q:
    """The rows of this workspace, and those that might be of any; of Django's own tables none."""
    path = BELONGS.get(model._meta.label, "workspace")
    column = model._meta.get_field(path) if path == "workspace" and _has(model, path) else None
    if column is None and path == "workspace":
        return Q(pk__in=[])
    here = Q(**{path: who.workspace})
    return here | Q(workspace__isnull=True) if column is not None and column.null else here


def _has(model: type[models.Model], name: str) -> bool:
    return any(each.name == name for each in model._meta.fields)


def mine(label: str, who: Subject) -> Iterator[Any]:
    """The rows of this table that are about them alone, in the order of their numbers."""
    rule, model = RULES[label], model_of(label)
    found = rule.find(who) if rule.find else Q(pk__in=[])
    ids = sorted(set(model._base_manager.filter(found).values_list("pk", flat=True)))
    if rule.heard:
        ids = sorted({*ids, *_heard(label, who)})
    for start in range(0, len(ids), BATCH):
        yield from model._base_manager.filter(pk__in=ids[start : start + BATCH]).order_by("pk")


def _heard(label: str, who: Subject) -> Iterator[int]:
    """Numbers of rows in which they are named and that are about them by what they carry."""
    model, rule = model_of(label), RULES[label]
    for row in _every(model, scope(model, who)):
        if _is_heard(row, rule, who):
            yield row.pk


def _is_heard(row: Any, rule: Rule, who: Subject) -> bool:
    return rule.heard is not None and rule.heard(row, who) and _names(row, rule, who)


def _names(row: Any, rule: Rule, who: Subject) -> bool:
    return any(cutting.mentions(_value(row, name), who.words) for name in rule.own)


def _value(row: Any, name: str) -> Any:
    value = getattr(row, name)
    return about.data_of(value) if isinstance(row, WebhookEvent) and name == "body" else value


def waiting(label: str, who: Subject) -> Iterator[Any]:
    """Rows of this table that wait to be judged and are theirs or name them, of no workspace as
    well: which one an event belongs to is known once it is judged."""
    rule, model = RULES[label], model_of(label)
    if rule.waits is None:
        return
    theirs = rule.find(who) if rule.find else Q(pk__in=[])
    own = set(model._base_manager.filter(theirs & rule.waits).values_list("pk", flat=True))
    for row in _every(model, scope(model, who) & rule.waits):
        if row.pk in own or _names(row, rule, who):
            yield row


def shared(label: str, who: Subject) -> Iterator[Part]:
    """What rows about several people, or about none, say of them."""
    rule, model = RULES[label], model_of(label)
    if not rule.cut or label == "core.ImportPart":
        return
    found = scope(model, who)
    if rule.find:
        found &= ~rule.find(who)
    for row in _every(model, found):
        if _is_heard(row, rule, who):
            continue  # theirs whole
        words = who.wide if rule.wide and row.account_id in who.employers else who.words
        for name in rule.cut:
            left, parts = _cut(row, name, words)
            if parts:
                yield Part(row, name, left, parts)


def _cut(row: Any, name: str, words: Words) -> tuple[Any, list[Any]]:
    value = _value(row, name)
    if isinstance(row, Import) and name == "report":
        return forgetting.without(value or {}, lambda each: cutting.cut(each, words))
    if not value:
        return value, []
    left, found = cutting.cut(value, words)
    return (events.packed(left) if isinstance(row, WebhookEvent) else left), found


def elsewhere(who: Subject) -> Iterator[tuple[str, int]]:
    """(table, number) of texts and data about others, or about nobody, that still name them, in
    whatever letters.

    Read here, because a database folds letters by rules of its own. A name of one word is not
    looked for: it would be found everywhere.
    """
    for label, rule in RULES.items():
        model = model_of(label)
        found = scope(model, who)
        if rule.find:
            found &= ~rule.find(who)
        columns = dict.fromkeys([*rule.own, *rule.cut])
        told = [name for name in columns if _is_told(model._meta.get_field(name))]
        for row in _every(model, found, *told) if told else ():
            if any(who.words.within(text) for name in told for text in texts(getattr(row, name))):
                yield model._meta.db_table, row.pk


def _is_told(column: Any) -> bool:
    return isinstance(column, models.CharField | models.TextField | models.JSONField)


def texts(value: Any) -> Iterator[str]:
    """Every text in a piece of data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


def _every(model: type[models.Model], found: Q, *names: str) -> Iterator[Any]:
    """Row after row, without a cursor that stays open while others write; `names`: only these."""
    last: Any = None
    while True:
        rows = model._base_manager.filter(found).only(*names).order_by("pk")
        batch = list(rows[:BATCH] if last is None else rows.filter(pk__gt=last)[:BATCH])
        yield from batch
        if len(batch) < BATCH:
            return
        last = batch[-1].pk
