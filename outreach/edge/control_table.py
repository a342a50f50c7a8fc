"""The table of `control --status`: what has to be typed from it is never cut."""

from __future__ import annotations

import sys
from typing import IO, Any, cast

from rich.console import Console
from rich.table import Table

from outreach.core.models import Workspace
from outreach.edge import control_rows, running
from safety.controls import Badge

WIDE = 160  # in a file or a pipe
LEAST = 16  # of each of the last two columns, before the table is wider than the terminal
RIMS = 13


def head(said: str, badge: Badge, place: Workspace | None) -> str:
    """What stands above the table: the badge in words, and where what runs here says another."""
    other = "" if place else running.otherwise(badge.text)
    return f"{said}\n{other}" if other else said


def show(rows: list[dict[str, Any]], out: Any) -> None:
    """Print it as wide as the terminal, or as wide as its names need."""
    cells = [control_rows.told(row) for row in rows]
    table = Table(title=None)
    names = 0
    for number, title in enumerate(control_rows.TITLES[:2]):
        longest = max(len(title), *(len(line[number]) for line in cells))
        table.add_column(title, no_wrap=True, min_width=longest)
        names += longest
    for title in control_rows.TITLES[2:]:
        table.add_column(title, overflow="fold")
    for line in cells:
        table.add_row(*line)
    console = Console(file=cast(IO[str], out), width=None if sys.stdout.isatty() else WIDE)
    console.width = max(console.width, names + RIMS + 2 * LEAST)
    console.print(table, soft_wrap=False)
