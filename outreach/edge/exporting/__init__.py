"""Exports: rows of one kind and one workspace, whole, in one of three formats, and told in the log.

Streamed in batches, so that a table of any size takes the memory of one batch.
"""

from __future__ import annotations

from outreach.edge.exporting.answers import answer
from outreach.edge.exporting.files import write
from outreach.edge.exporting.formats import FORMATS, Format, cell
from outreach.edge.exporting.kinds import KINDS, Kind, Span
from outreach.edge.exporting.taking import Asked, BadAsk, Export, begin, moment, span

__all__ = [
    "FORMATS", "KINDS", "Asked", "BadAsk", "Export", "Format", "Kind", "Span", "answer", "begin",
    "cell", "moment", "span", "write",
]  # fmt: skip
