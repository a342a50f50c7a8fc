"""People come in by file: `read_file`, then `preview` or `apply`, one path for both."""

from __future__ import annotations

from outreach.core.importing.applying import ImportClash, apply
from outreach.core.importing.choices import BadChoice, Choices
from outreach.core.importing.columns import MAPPABLE
from outreach.core.importing.judging import preview
from outreach.core.importing.read import FORMATS, read_file
from outreach.core.importing.report import Difference, Outcome, Report, RowResult
from outreach.core.importing.source import BadFile
from outreach.core.importing.table import Table
from outreach.core.importing.undoing import Undone, UndoRefused, people_of, undo, would_undo

__all__ = [
    "FORMATS",
    "MAPPABLE",
    "BadChoice",
    "BadFile",
    "Choices",
    "Difference",
    "ImportClash",
    "Outcome",
    "Report",
    "RowResult",
    "Table",
    "UndoRefused",
    "Undone",
    "apply",
    "people_of",
    "preview",
    "read_file",
    "undo",
    "would_undo",
]
