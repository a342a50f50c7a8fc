"""Whether the letters that were approved are still the ones that the log knows.

The guard of a table can be taken away and put back; that a text was changed meanwhile, only what
was sealed into the log shows: each approval's receipt, which holds the digest of its letter.
"""

from __future__ import annotations

from approvals import receipt
from approvals.models import Approval
from outreach.core import drafts
from outreach.core.batches import batches
from outreach.core.models import Activity

GIVEN = ("approvals.approved", "approvals.auto_approved")


def first_bad() -> str:
    """What is wrong with the first approved letter that does not hold; empty if all do.

    Reads every approval there ever was, some at a time. An erased letter has no text left to look
    at; its receipt is.
    """
    for rows in batches(Approval.objects.select_related("draft", "revision")):
        told = _told({str(row.pk) for row in rows})
        for row in rows:
            if fault := _fault(row, told.get(str(row.pk), set())):
                return f"approval {row.pk}: {fault}"
    return ""


def _told(ids: set[str]) -> dict[str, set[str]]:
    """The receipts that the log tells of, by approval."""
    found: dict[str, set[str]] = {}
    entries = Activity.objects.filter(object_type="approval", object_id__in=ids, verb__in=GIVEN)
    for object_id, codes in entries.values_list("object_id", "codes"):
        found.setdefault(object_id, set()).add(str(codes.get("receipt")))
    return found


def _fault(row: Approval, told: set[str]) -> str:
    if not row.receipt:
        return "its receipt is gone" if told else ""
    if not receipt.holds(row):
        return "its receipt was changed"
    if row.receipt["seal"] not in told:
        return "the log tells of another receipt, or of none"
    if row.revision.erased_at or drafts.digest_of(row.draft, row.revision) == row.digest:
        return ""
    return f"the text of revision {row.revision_id} is another than the one approved"
