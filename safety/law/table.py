"""The law table read and checked: rows with their source and dates. A faulty table stops the start.

Rows are data; what each kind of row means is in `law`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("law.toml")
CHANNELS = frozenset({"email", "whatsapp", "instagram", "linkedin", "phone"})
COMMERCIAL = ("promotional", "follow_up")
COMMON = frozenset(
    {
        "id", "kind", "says", "source", "valid_from", "review_by", "needs_lawyer", "countries",
        "states", "channels", "purposes", "touches", "prefix",
    }
)  # fmt: skip
# What each kind must and may say beyond that.
NEEDS: dict[str, frozenset[str]] = {
    "hours": frozenset({"weekdays", "saturday", "sunday"}),
    "cap": frozenset({"most", "hours"}),
    "consent": frozenset({"accepts"}),
    "refuse": frozenset(),
    "postal_address": frozenset({"effect"}),
    "honest_subject": frozenset(),
    "person_first": frozenset({"hours"}),
    "notice": frozenset(),
    "template_window": frozenset({"hours"}),
}
MAY: dict[str, frozenset[str]] = {
    "consent": frozenset(
        {"doubtful", "lasts_days", "lapse_hours", "company", "company_accepts", "replies"}
    )
}


class BadTable(ValueError):
    """The table cannot be read; the sentence names the row and what is wrong with it."""


@dataclass(frozen=True)
class Row:
    """One thing that law or a platform asks. Empty tuples and words ask nothing."""

    id: str
    kind: str
    says: str
    source: str
    valid_from: date
    review_by: date
    needs_lawyer: bool = False
    countries: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    touches: frozenset[str] = frozenset()
    prefix: str = ""
    asks: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Guard:
    """When complaints warn and when they pause."""

    days: int
    warn: float
    pause: float
    least: int
    source: str


@dataclass(frozen=True, slots=True)
class Table:
    """All rows, with the dates an operator has to know."""

    version: str
    valid_from: date
    review_by: date
    guard: Guard
    rows: tuple[Row, ...]
    us_states: frozenset[str] = frozenset()

    @property
    def unconfirmed(self) -> tuple[Row, ...]:
        """Rows that no lawyer has confirmed."""
        return tuple(row for row in self.rows if row.needs_lawyer)

    def overdue(self, today: date) -> tuple[str, ...]:
        """What should have been looked at again by now: "table" and ids of rows."""
        late = [row.id for row in self.rows if row.review_by < today]
        return (("table",) if self.review_by < today else ()) + tuple(late)


def read(text: str) -> Table:
    """A table from its text. Raises BadTable with the row and the fault."""
    try:
        raw = tomllib.loads(text)
        review_by = raw["review_by"]
        groups = {name: frozenset(codes.split()) for name, codes in raw["groups"].items()}
        rows = tuple(_row(item, review_by, groups) for item in raw["row"])
        guard, states = Guard(**raw["guard"]), frozenset(raw["us"]["states"].split())
        table = Table(raw["version"], raw["valid_from"], review_by, guard, rows, states)
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise BadTable(f"The law table cannot be read: {error}.") from None
    twice = {row.id for row in rows if sum(other.id == row.id for other in rows) > 1}
    if twice:
        raise BadTable(f"The law table names {', '.join(sorted(twice))} twice.")
    return table


def _row(item: dict[str, Any], review_by: date, groups: dict[str, frozenset[str]]) -> Row:
    name, kind = item.get("id", "?"), item.get("kind", "?")
    if kind not in NEEDS:
        raise BadTable(f"Row {name}: {kind!r} is no kind of row.")
    own = set(item) - COMMON
    missing, strange = NEEDS[kind] - own, own - NEEDS[kind] - MAY.get(kind, frozenset())
    if missing or strange:
        raise BadTable(
            f"Row {name}: {', '.join(sorted(missing | strange))} is missing or not of its kind."
        )
    if not set(item.get("channels", ())) <= CHANNELS:
        raise BadTable(f"Row {name}: a channel is unknown.")
    return Row(
        id=name,
        kind=kind,
        says=item["says"],
        source=item["source"],
        valid_from=item["valid_from"],
        review_by=item.get("review_by", review_by),
        needs_lawyer=item.get("needs_lawyer", False),
        countries=_countries(item.get("countries", ()), groups),
        states=frozenset(item.get("states", ())),
        channels=frozenset(item.get("channels", ())),
        purposes=_purposes(item.get("purposes", ())),
        touches=frozenset(item.get("touches", ())),
        prefix=item.get("prefix", ""),
        asks={key: item[key] for key in own},
    )


def _countries(names: list[str], groups: dict[str, frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*(groups.get(name, {name}) for name in names))


def _purposes(names: list[str]) -> frozenset[str]:
    return frozenset(names) - {"commercial"} | set(COMMERCIAL if "commercial" in names else ())


TABLE: Table = read(FILE.read_text(encoding="utf-8"))
