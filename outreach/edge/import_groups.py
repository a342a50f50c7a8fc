"""The rows of an import's report under their heads, each with how many there are and where the
others stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outreach.core.importing.phones import SAY_COUNTRY

SHOWN = 15
KINDS = (("new", "New"), ("changed", "Changed"), ("skipped", "Left out"))


def groups(report: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """A head and the first rows of each kind; one left out for its errors stands under those."""
    counts, rows = report.get("counts", {}), report.get("rows", [])
    found = []
    for kind, title in KINDS:
        faulty = left_out_for_errors(counts) if kind == "skipped" else 0
        under = [each for each in rows if _is_under(each, kind)][:SHOWN]
        total = max(counts.get(kind, 0) - faulty, len(under))
        found.append((head(title, len(under), total, faulty), under))
    return found


def faults(report: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], bool]:
    """The errors of a report, and whether any is a number without a country: what to do about
    those the page says once, not in every line."""
    found: list[Mapping[str, Any]] = report.get("errors", [])
    short = [{**each, "error": each["error"].replace(SAY_COUNTRY, "")} for each in found]
    return [*short], short != found


def left_out_for_errors(counts: Mapping[str, int]) -> int:
    """Of the rows that are left out, those that the errors tell of."""
    return max(counts.get("rows_with_errors", 0) - counts.get("rows_taken_in_part", 0), 0)


def head(title: str, shown: int, total: int, elsewhere: int) -> str:
    """How many of a kind there are, how many of them are shown, and where the rest stands."""
    some = f"{total:,}" if shown == total else f"the first {shown:,} of {total:,}"
    more = f", and {elsewhere:,} more under Errors in rows" if elsewhere else ""
    return f"{title}: {some}{more}"


def _is_under(row: Mapping[str, Any], kind: str) -> bool:
    return row["outcome"] == kind and not (kind == "skipped" and row.get("errors"))
