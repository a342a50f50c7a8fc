"""The way of every row to its outcome: read, match, plan. A preview goes it and writes nothing.

Applying goes the same way and only fills in `lock` and `write` (applying.py).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime
from itertools import islice

from outreach.core import suppression
from outreach.core.importing import namesakes, results, sharing, swapped
from outreach.core.importing.candidates import IN_FILE, Candidate, Reader, Skip
from outreach.core.importing.choices import Choices
from outreach.core.importing.columns import LABELS
from outreach.core.importing.delimited import DELIMITERS
from outreach.core.importing.histories import Noted, passed_of
from outreach.core.importing.match import BY, BY_RECORD, Known, Match, Matcher, by_name, merged_into
from outreach.core.importing.plan import Plan, plan
from outreach.core.importing.refusals import is_from_all
from outreach.core.importing.report import Report, RowResult
from outreach.core.importing.seen import Seen
from outreach.core.importing.table import Record, Table
from outreach.core.models import Channel, Suppression, Workspace

BATCH = 2_000
HELD = "on the suppression list here"
Progress = Callable[[int, int], None]
OnRow = Callable[[RowResult], None]
Change = tuple[Candidate, Known, Plan]


def preview(
    workspace: Workspace,
    table: Table,
    *,
    choices: Choices | None = None,
    progress: Progress | None = None,
    on_row: OnRow | None = None,
) -> Report:
    """What `apply` would do now. Writes nothing."""
    run = Run(workspace, table, choices or Choices(), on_row)
    run.go(progress)
    return run.report


class Run:
    """The way of every row to its outcome. What to write is handed to `write`."""

    def __init__(
        self, workspace: Workspace, table: Table, choices: Choices, on_row: OnRow | None
    ) -> None:
        self.workspace = workspace
        self.table = table
        self.at = datetime.now(UTC)
        self.choices = choices
        self.matcher = Matcher(workspace)
        self.seen = Seen(table.line)
        self.has_suppressed = Suppression.objects.filter(
            workspace=workspace, lifted_at__isnull=True
        ).exists()
        self.report = _empty_report(table, on_row)

    def go(self, progress: Progress | None) -> None:
        done = 0
        for nth, part in enumerate(self.table.parts, 1):
            reader = Reader(part, self.choices)
            records = part.records()
            while batch := list(islice(records, BATCH)):
                self._batch([self._once(row) for row in self._read(reader, batch, nth)])
                done += len(batch)
                if progress is not None:
                    progress(done, self.table.rows)
            self.report.notices += reader.refusals.told(has_basis=bool(self.choices.basis))
        self._note_history()

    def _read(self, reader: Reader, batch: list[Record], nth: int) -> list[Candidate | Skip]:
        rows = [reader.read(record) for record in batch]
        if self.table.more:
            for row in rows:
                row.line = self.table.line(row.line, nth)
        return rows

    def _note_history(self) -> None:
        """What an archive tells of messages, for those who are here by now."""
        if self.table.history is None:
            return
        rows = self.table.history()
        while batch := list(islice(rows, BATCH)):
            known, nobody = passed_of(self.workspace, batch, self.at, self.is_in_file)
            self.report.counts["contacts"] += len(known)
            self.report.counts["contacts_of_nobody"] += nobody
            self.write_history(known)

    def is_in_file(self, profile: str) -> bool:
        """Whether this run would store somebody with this profile; a preview asks."""
        return bool(self.seen.find((str(Channel.LINKEDIN), profile)))

    def _once(self, row: Candidate | Skip) -> Candidate | Skip:
        """Refuse a row whose address, or whose whole record, stood in the file before; an address
        that was clearly another's then is shared, and refuses only whoever shared it already."""
        if isinstance(row, Skip):
            return row
        keys = _keys(row)
        for key, what in keys:
            line, name = self.seen.who(key)
            if line and (way := sharing.anothers(key, row, name)):
                row.shares[way.key] = line, name
                keys.append((("shared", row.name_key, *way.key), what))
            elif line:
                return Skip(
                    row.line,
                    "twice_in_file",
                    f"The {what} is in line {line} and in line {row.line}; line {line} counts.",
                    True,
                    row.name.full,
                    row.ways if row.refused else [],
                    row.refused,
                )
        for key, _ in keys:
            self.seen.first_line(key, row.line, "" if row.is_nameless else row.name.full)
        return row

    def _batch(self, rows: Sequence[Candidate | Skip]) -> None:
        candidates = [row for row in rows if isinstance(row, Candidate)]
        self._note_suppressed(rows)
        matches = self.matcher.match(candidates)
        for hint in (namesakes.hint, swapped.hint):
            hint(self.workspace, candidates, matches, newest=self.matcher.newest)
        self.lock(list(zip(candidates, matches, strict=True)))
        found = iter(matches)  # by their order: one line of pasted text may hold several people
        new: list[Candidate] = []
        changed: list[Change] = []
        outcomes = [
            results.skipped(row)
            if isinstance(row, Skip)
            else self._judge(row, next(found), new, changed)
            for row in rows
        ]
        self.write(new, changed)
        self.spread({(self.workspace.pk, *way.key) for row in rows if row.refused
                     for way in row.ways if is_from_all(row.refused)})  # fmt: skip
        for result in outcomes:
            self.report.add(result)

    def lock(self, matched: list[tuple[Candidate, Match]]) -> None:
        """A preview keeps nobody waiting."""

    def write(self, new: list[Candidate], changed: list[Change]) -> None:
        """A preview writes nothing."""

    def write_history(self, known: list[Noted]) -> None:
        """A preview writes nothing."""

    def suppress(self, places: dict[suppression.Place, bool]) -> None:
        """A preview writes nothing. Of each place, whether a bounce is the reason."""

    def spread(self, places: set[suppression.Place]) -> None:
        """Whose these are wants no more on any address: a preview writes nothing."""

    def doubt(self, people: tuple[int, ...]) -> None:
        """People of whom one row has addresses: a preview writes nothing."""

    def _note_suppressed(self, rows: Sequence[Candidate | Skip]) -> None:
        """Suppressed addresses come in suppressed; who opted out elsewhere is suppressed here."""
        pk = self.workspace.pk
        wanted: dict[suppression.Place, bool] = {}  # whether a bounce is all that is said
        for row in rows:
            if row.refused:
                for way in row.ways:
                    if refusal := row.refused.get(way.channel):
                        place = (pk, *way.key)
                        wanted[place] = refusal.is_bounce and wanted.get(place, True)
        if not wanted and not self.has_suppressed:
            return
        held = suppression.suppressed_among({(pk, *way.key) for row in rows for way in row.ways})
        for row in rows:
            row.suppressed = self._why(row, held)
        fresh = {place: bounce for place, bounce in wanted.items() if place not in held}
        self.report.counts["opted_out"] += len(fresh)
        self.has_suppressed = self.has_suppressed or bool(fresh)
        self.suppress(fresh)

    def _why(self, row: Candidate | Skip, held: set[suppression.Place]) -> str:
        """Why an address of this row is suppressed: in the words of the file, or ours."""
        said = [row.refused[way.channel] for way in row.ways if way.channel in row.refused]
        is_held = any((self.workspace.pk, *way.key) in held for way in row.ways)
        columns = dict.fromkeys(each.column for each in said)
        self.report.suppressions.update(list(columns) or ([HELD] if is_held else []))
        return "; ".join(dict.fromkeys(each.words for each in said)) or (HELD if is_held else "")

    def _judge(
        self,
        row: Candidate,
        found: Match,
        new: list[Candidate],
        changed: list[Change],
    ) -> RowResult:
        if found.is_ambiguous:
            self.doubt(found.owners)
            return results.skipped(results.ambiguous(row))
        self._claim_phone(row, found)
        sharing.of_this_file(row, found)
        if found.person is None:
            by_name(row, found, lambda known: not self.seen.find(("person", known.id)))
        namesake = namesakes.in_file(self.seen, row)
        if found.person is None and (human := merged_into(row, found)):
            found.by = BY_RECORD
            return results.known(row, found, human, Plan())
        if found.person is None:
            row.perhaps = found.suggested or (IN_FILE if namesake else 0)
            new.append(row)
            return results.new(row, found, namesake)
        line = self.seen.first_line(("person", found.person.id), row.line)
        if line != row.line:
            return results.skipped(results.same_person(row, line))
        namesakes.note(self.seen, found.person, row.line)
        made = plan(row, found.person, found)
        if made.changes:
            changed.append((row, found.person, made))
        return results.known(row, found, found.person, made)

    def _claim_phone(self, row: Candidate, found: Match) -> None:
        """A phone goes to the first row of the file that brings it."""
        for way in row.ways:
            if way.channel == Channel.PHONE and way.key not in found.taken:
                line = self.seen.first_line(way.key, row.line)
                if line != row.line:
                    found.shared[way.key] = line


def _keys(row: Candidate) -> list[tuple[Hashable, str]]:
    """What may stand in one row of a file only. A phone may be shared by colleagues."""
    ways: list[tuple[Hashable, str]] = [
        ((way.channel, way.normalised), f"{BY[Channel(way.channel)]} {way.raw}")
        for way in row.ways
        if way.channel != Channel.PHONE
    ]
    return ways or [
        (("record", row.name_key, row.company_key, row.connected_on, *_phones(row)), "same record")
    ]


def _phones(row: Candidate) -> list[str]:
    return [way.normalised for way in row.ways]


def _empty_report(table: Table, on_row: OnRow | None) -> Report:
    notices = dict.fromkeys(each for part in table.parts for each in part.notices)
    unread = dict.fromkeys(each for part in table.parts for each in part.unread)
    return Report(
        file=table.name,
        format=table.format,
        encoding=_encoding(table),
        delimiter=DELIMITERS.get(table.delimiter, ""),
        header_line=table.header_line,
        columns=_columns(table),
        unread=tuple(unread),
        notices=tuple(notices),
        on_row=on_row,
    )


def _encoding(table: Table) -> str:
    sheets = ", ".join(part.sheet for part in table.parts)
    return f"sheets {sheets}" if table.more else table.encoding.label


def _columns(table: Table) -> dict[str, str]:
    """What each column was taken for; one of a further sheet where it is another or means another
    thing there."""
    found: dict[str, str] = {}
    for part in table.parts:
        meant = {index: field for field, indexes in part.columns.items() for index in indexes}
        words = [part.header[index] for index in meant]
        for index in sorted(meant):
            word, label = part.header[index], LABELS.get(meant[index], meant[index])
            told = f"{word} (column {index + 1})" if words.count(word) > 1 else word
            if found.setdefault(told, label) != label:
                found[f"{told} ({part.sheet})"] = label
    return found
