"""What an import did or would do, printed for a person."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from outreach.core.importing import Outcome, Report, RowResult
from outreach.core.plurals import plural
from outreach.edge.import_groups import head, left_out_for_errors

SHOWN = 12
COLOURS = {
    Outcome.NEW: "green",
    Outcome.CHANGED: "yellow",
    Outcome.UNCHANGED: "dim",
    Outcome.SKIPPED: "red",
}


def show(report: Report, console: Console) -> None:
    """The report for a person: what the file is, the counts, the rows that matter, the errors."""
    about = [report.format, report.encoding, report.delimiter]
    if report.header_line:
        about.append(f"header in line {report.header_line}")
    console.print(f"[bold]{escape(report.file)}[/]: {escape(', '.join(filter(None, about)))}")
    for notice in report.notices:
        console.print(escape(notice))
    read = ", ".join(f"{word} → {field}" for word, field in report.columns.items())
    console.print(f"Columns: {escape(read)}")
    if report.unread:
        console.print(f"Not read: {escape(', '.join(report.unread))}")
    for outcome in (Outcome.NEW, Outcome.CHANGED, Outcome.SKIPPED):
        _show_rows(report, outcome, console)
    _show_hints(report, console)
    _show_errors(report, console)
    _show_sum(report, console)


def _show_rows(report: Report, outcome: Outcome, console: Console) -> None:
    total = report.counts[outcome]
    if not total:
        return
    # Rows left out for an error are listed with the errors, once.
    rows = [row for row in report.kept[outcome] if not (row.reason and row.errors)][:SHOWN]
    title = f"[bold {COLOURS[outcome]}]{outcome.capitalize()}: {total:,}[/]"
    console.print(title + _why(report, outcome))
    if not rows:
        return
    grid = Grid("Line", "Name", "What")
    for row in rows:
        grid.add_row(str(row.line), escape(row.name), escape(_what(row)))
    faulty = left_out_for_errors(report.counts) if outcome is Outcome.SKIPPED else 0
    if total > len(rows):
        grid.caption = head("Shown", len(rows), total - faulty, faulty)
    console.print(grid, soft_wrap=False)


def _why(report: Report, outcome: Outcome) -> str:
    """How many rows were left out for which reason."""
    if outcome is not Outcome.SKIPPED:
        return ""
    reasons = (f"{count:,} {code.replace('_', ' ')}" for code, count in report.reasons.items())
    return f" ({', '.join(reasons)})"


def _what(row: RowResult) -> str:
    told = _told(row)
    return f"{told}; suppressed ({row.suppressed})" if row.suppressed else told


def _told(row: RowResult) -> str:
    if row.outcome is Outcome.SKIPPED:
        return row.reason
    if row.outcome is Outcome.NEW:
        if row.is_nameless:
            return "no name; greeted without one"
        return f"Hello {row.greeting}" if row.greeting else "greeted without a name"
    filled = ", ".join(f"{each.field}: {each.after[:60]}" for each in row.changes)
    return f"{filled} (known by {row.matched_by})"


def _show_hints(report: Report, console: Console) -> None:
    """Conflicts and suggestions: for a person to look at, nothing was done about them."""
    lines = []
    for row in report.rows():
        lines += [
            f"line {row.line}, {row.name}: {each.field} stays {each.before!r}, "
            f"the file has {each.after[:80]!r}"
            for each in row.conflicts
        ]
        if row.suggestion:
            lines.append(f"line {row.line}, {row.name}: {row.suggestion}")
    total = report.counts["conflicts"] + report.counts["suggestions"]
    _show_list(f"To look at; kept as it was: {total:,}", lines, total, console)


def _show_errors(report: Report, console: Console) -> None:
    """Each fault, and what became of its row: left out, or taken without it."""
    lines = [
        f"line {line}{', taken without it' if is_taken else ''}: {text}"
        for line, text, is_taken in report.errors
    ]
    rows, taken = report.counts["rows_with_errors"], report.counts["rows_taken_in_part"]
    said = [f"{rows - taken:,} left out"] if rows > taken else []
    said += [f"{taken:,} taken without what is wrong in them"] if taken else []
    title = f"Errors in {plural(rows, 'row')}: {', '.join(said)}"
    _show_list(title, lines, report.counts["errors"], console, most=len(lines))


def _show_list(
    title: str, lines: list[str], total: int, console: Console, *, most: int = SHOWN
) -> None:
    if not lines:
        return
    console.print(f"[bold]{title}[/]")
    for line in lines[:most]:
        console.print(f"  {escape(line)}")
    if total > len(lines[:most]):
        console.print(f"  … and {total - len(lines[:most]):,} more")


def _show_sum(report: Report, console: Console) -> None:
    tally = ", ".join(f"{report.counts[each]:,} {each}" for each in Outcome)
    if report.suppressions:
        why = ", ".join(f"{count:,} {reason}" for reason, count in report.suppressions.items())
        console.print(f"Suppressed, nothing goes to these rows' addresses: {escape(why)}.")
    stopped = report.counts["stopped"]
    if stopped:
        are, stay = ("is", "that stays") if stopped == 1 else ("are", "they stay")
        console.print(f"{stopped:,} of them asked us to stop or {are} blocked; {stay} so.")
    if report.is_refused:
        done = f"Nothing {'was' if report.is_applied else 'would be'} stored."
    elif report.is_applied:
        undo = f"Stored as import {report.number}; --undo {report.number} takes it back."
        done = undo if report.writes else _nothing(report)
    else:
        done = "Nothing was stored: this was a dry run. Without --dry-run it is applied."
    console.print(f"[bold]{plural(report.counts['rows'], 'row')}: {tally}.[/] {done}")


def _nothing(report: Report) -> str:
    """Why an import had nothing to write."""
    if not report.unchanged:
        return "Nothing to do: no row is somebody to be stored."
    if refused := report.counts["rows_with_errors"]:
        return (
            f"Nothing to do: the rows that could be read were here already, {refused:,} had faults."
        )
    return "Nothing to do: everything was here already."
