"""The action contract: pure judgement of one message, free of database, clock and framework."""

from __future__ import annotations

import hashlib
from pathlib import Path

# Raised whenever the code judges otherwise with the same rules.
CONTRACT_VERSION = "1.6"


def _policy_version() -> str:
    """A short hash over the contract version and every rule file: what a receipt can name."""
    digest = hashlib.sha256(CONTRACT_VERSION.encode())
    rules = Path(__file__).parent / "rules"
    learnt = [*rules.glob("*.tsv"), *rules.glob("*.txt")]
    for path in sorted([*Path(__file__).parent.glob("**/*.toml"), *learnt]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"{CONTRACT_VERSION}-{digest.hexdigest()[:12]}"


POLICY_VERSION: str = _policy_version()
