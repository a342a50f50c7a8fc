"""Review rounds and what stands beside them."""

from __future__ import annotations

from approvals.models.approval import (
    GIVEN,
    TRANSITIONS,
    Approval,
    ApprovalStatus,
    Opened,
    Priority,
)
from approvals.models.notices import Notice, NoticeMark
from approvals.models.quota import QuotaUse
from approvals.models.recheck import Recheck

__all__ = [
    "GIVEN",
    "TRANSITIONS",
    "Approval",
    "ApprovalStatus",
    "Notice",
    "NoticeMark",
    "Opened",
    "Priority",
    "QuotaUse",
    "Recheck",
]
