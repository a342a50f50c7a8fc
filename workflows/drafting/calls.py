"""What one call of an engine took, before anybody stores it. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """Numbers and codes only: the words themselves stand in the draft."""

    engine: str
    prompt_version: str
    outcome: str
    texts: int = 0
    model: str = ""
    reason: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost_usd: float | None = None
    milliseconds: int = 0

    def fields(self) -> dict[str, Any]:
        return asdict(self)
