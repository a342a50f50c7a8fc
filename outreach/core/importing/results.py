"""What became of a row, in words: the results and the reasons of `judging`. Pure."""

from __future__ import annotations

from outreach.core.importing.candidates import Candidate, Skip
from outreach.core.importing.match import Known, Match
from outreach.core.importing.plan import Plan, way_label
from outreach.core.importing.report import Difference, Outcome, RowResult


def new(row: Candidate, found: Match, namesake: str) -> RowResult:
    """A new person, without what is somebody else's already."""
    kept = [(way, found.owner_of(way)) for way in row.ways]
    row.ways = [way for way, owner in kept if not owner]
    return RowResult(
        row.line,
        Outcome.NEW,
        row.name.full,
        greeting=row.name.greeting,
        conflicts=tuple(
            Difference(way_label(way.channel), owner, way.raw) for way, owner in kept if owner
        ),
        errors=tuple(row.problems),
        suggestion=found.suggestion or namesake,
        is_nameless=row.is_nameless,
        suppressed=row.suppressed,
    )


def known(row: Candidate, found: Match, person: Known, made: Plan) -> RowResult:
    return RowResult(
        row.line,
        Outcome.CHANGED if made.changes else Outcome.UNCHANGED,
        person.full_name,
        matched_by=found.by,
        greeting=made.fields.get("greeting_name", person.greeting_name),
        changes=tuple(made.changes),
        conflicts=tuple(made.conflicts),
        errors=tuple(row.problems),
        is_stopped=person.is_stopped,
        suppressed=row.suppressed,
    )


def skipped(skip: Skip) -> RowResult:
    return RowResult(
        skip.line,
        Outcome.SKIPPED,
        skip.name,
        skip.code,
        skip.reason,
        errors=(skip.reason,) if skip.is_error else (),
        suppressed=skip.suppressed,
    )


def ambiguous(row: Candidate) -> Skip:
    return Skip(
        row.line,
        "two_people",
        "Its addresses belong to two different people here. Decide which one it is, or whether "
        "they are one human being, and import it again.",
        True,
        row.name.full,
        suppressed=row.suppressed,
    )


def same_person(row: Candidate, line: int) -> Skip:
    return Skip(
        row.line,
        "twice_in_file",
        f"Line {line} and line {row.line} are the same person here; line {line} counts.",
        True,
        row.name.full,
        suppressed=row.suppressed,
    )
