"""Everything stored about one human being, as one JSON object written piece by piece.

`format` names the shape. Then a list for each section of `declared.RULES`, with whole rows about
them alone; `shared` holds what rows about several people, or about others, say of them;
`import_lines` their lines of kept reports; `suppression` how each address stands; `activity` what
was done, by number and verb only.
Times are ISO 8601 in UTC. The export itself is told in the log before its first byte.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from outreach.core import activity, suppression
from outreach.core.importing import forgetting
from outreach.core.models import Activity, Import, Person, Suppression
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal
from outreach.edge.privacy import about, reading, subject
from outreach.edge.privacy.declared import RULES
from outreach.edge.privacy.subject import Subject

FORMAT = "outreach/person/1"
Row = dict[str, Any]
Objects = dict[str, list[str]]  # numbers by kind of object, as the log names them


def export(person: Person, *, by: Principal, at: datetime) -> Iterator[str]:
    """Log that it is told, then tell it. Raises NotAllowed before anything is read."""
    require(by, Verb.EXPORT_PERSON, person.workspace)
    who = subject.of(person)
    with transaction.atomic():
        told = activity.entry("exports.person", who.human, records=len(who.people))
        activity.record(told, by=by, at=at)
    return _written(who, by, at)


def _written(who: Subject, by: Principal, at: datetime) -> Iterator[str]:
    head = {
        "format": FORMAT, "made_at": at.isoformat(), "made_by": by.label,
        "workspace": who.workspace.slug, "person": str(who.human.uuid),
    }  # fmt: skip
    yield "{" + ",\n ".join(f"{_json(name)}: {_json(value)}" for name, value in head.items())
    objects: Objects = {}
    for label, rule in RULES.items():
        if rule.section:
            yield from _section(rule.section, _rows(label, who, objects))
    yield from _section("shared", _shared(who))
    yield from _section("import_lines", _lines(who))
    yield from _section("suppression", _suppression(who))
    yield from _section("activity", _activity(objects))
    yield "}\n"


def _section(name: str, rows: Iterable[Row]) -> Iterator[str]:
    yield f",\n {_json(name)}: ["
    comma = ""
    for row in rows:
        yield f"{comma}\n  {_json(row)}"
        comma = ","
    yield "]"


def _json(value: Any) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)


def _rows(label: str, who: Subject, objects: Objects) -> Iterator[Row]:
    for row in reading.mine(label, who):
        if not about.is_here(row, who):
            continue
        objects.setdefault(str(row._meta.model_name), []).append(str(row.pk))
        hides = RULES[label].hides
        yield _whole(row, hides(row, who) if hides else ())


def _whole(row: models.Model, hidden: Collection[str]) -> Row:
    return {
        each.attname: getattr(row, each.attname)
        for each in row._meta.concrete_fields
        if not isinstance(each, models.BinaryField) and each.name not in hidden
    }


def _shared(who: Subject) -> Iterator[Row]:
    for label in RULES:
        for part in reading.shared(label, who):
            if about.is_here(part.row, who):
                yield {
                    "table": part.row._meta.db_table, "id": part.row.pk, "column": part.column,
                    "parts": part.found,
                }  # fmt: skip


def _lines(who: Subject) -> Iterator[Row]:
    for row in Import.objects.filter(workspace=who.workspace, parts__isnull=False).distinct():
        lines = forgetting.rows_about(row, who.words.in_text)
        is_kept = forgetting.may_name(row, who.words.in_bytes)
        if lines or is_kept:
            yield {"import": row.pk, "lines": lines, "may_be_in_its_kept_file": is_kept}


def _suppression(who: Subject) -> Iterator[Row]:
    place = who.workspace
    for channel, address in who.ways:
        digests = suppression.digests_of(place.pk, channel, address)
        for row in Suppression.objects.filter(digest__in=digests):
            yield {
                "channel": channel, "address": address, "reason": row.reason, "at": row.at,
                "lifted_at": row.lifted_at, "lifted_reason": row.lifted_reason,
            }  # fmt: skip


def _activity(objects: Objects) -> Iterator[Row]:
    columns = ("id", "at", "verb", "object_type", "object_id", "by_kind", "by_id")
    for kind, ids in sorted(objects.items()):
        for start in range(0, len(ids), reading.BATCH):
            rows = Activity.objects.filter(
                object_type=kind, object_id__in=ids[start : start + reading.BATCH]
            )
            yield from rows.order_by("pk").values(*columns).iterator(chunk_size=reading.BATCH)
