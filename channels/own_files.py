"""What this machine remembers outside the database: one line in a file of DATA_DIR each."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

logger = logging.getLogger(__name__)


def read(path: Path) -> tuple[int, str] | None:
    """The number in it and what follows."""
    try:
        number, _, found = path.read_text().strip().partition(" ")
        return int(number), found
    except (OSError, ValueError):
        return None  # never seen, or unreadable: begun anew


def keep(path: Path, line: str) -> None:
    """Whole or not at all. One that cannot be kept makes the next look blind, which is said."""
    fresh: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            fresh = Path(file.name)
            file.write(f"{line}\n")
        fresh.replace(path)
    except OSError as error:
        if fresh is not None:
            fresh.unlink(missing_ok=True)
        logger.warning("What was seen of the log could not be kept in %s: %s", path, error)
