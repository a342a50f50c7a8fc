"""Counting several tables in one statement, each up to a limit and no further."""

from __future__ import annotations

from typing import Any

from django.db.models import IntegerField, QuerySet, Subquery


class Counted(Subquery):
    """How many rows of this query there are, up to `limit`, as a value of another statement."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()
    empty_result_set_value = 0  # rows of no workspace at all are asked of no table

    def __init__(self, rows: QuerySet[Any], *, limit: int) -> None:
        super().__init__(rows.order_by().values("pk")[:limit])
