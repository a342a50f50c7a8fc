"""What a person says of a file that was looked at, so that it is looked at again: what its columns
mean, where its people are. Nothing else of its choices changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outreach.core.importing import Choices, jobs
from outreach.core.importing.columns import fold
from outreach.core.models import Import

PLACES = ("country", "time_zone")


def asked(row: Import) -> dict[str, Any]:
    """What the page asks; empty where the file is not there any more."""
    if not jobs.can_be_read_again(row):
        return {}
    chosen = row.options.get("choices", {})
    columns = _columns(row) if jobs.can_be_mapped(row) else []
    return {"columns": columns, **{name: chosen.get(name, "") for name in PLACES}}


def said(form: Mapping[str, str], row: Import) -> dict[str, Any]:
    """What the form says of columns and places; what it leaves open is found as before.

    Raises BadChoice where it names no country or no time zone.
    """
    header = row.report.get("header", [])
    typed = [(index, form.get(f"column_{index}", "")) for index in range(len(header))]
    mapping = {_key(header, index): field for index, field in typed if field}
    chosen = dict(row.options.get("choices", {}))
    chosen |= {name: form[name] for name in PLACES if name in form}
    return {"mapping": mapping, "choices": Choices.of(**chosen).as_dict()}


def _columns(row: Import) -> list[dict[str, Any]]:
    """Each column with what it was found to mean, what a person said of it, and some cells."""
    header, meant = row.report["header"], row.report.get("meant", {})
    mapping = row.options.get("mapping") or {}
    samples = row.report.get("samples", [])
    return [
        {
            "no": index,
            "word": word or f"column {index + 1}",
            "found": meant.get(str(index), "not read"),
            "said": mapping.get(_key(header, index), ""),
            "cells": [cells[index] for cells in samples if index < len(cells) and cells[index]],
        }
        for index, word in enumerate(header)
    ]


def _key(header: list[str], index: int) -> str:
    """A column's word where only it has it, else its number."""
    words = [fold(word) for word in header]
    is_only = words[index] and words.count(words[index]) == 1
    return header[index] if is_only else str(index + 1)
