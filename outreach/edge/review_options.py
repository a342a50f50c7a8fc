"""Which options of `manage.py review` say nothing without another, or nothing at all."""

from __future__ import annotations

import re
from typing import Any

from django.core.management.base import CommandError

DIGEST = re.compile(r"v\d+:[0-9a-f]{64}")


def fit(options: dict[str, Any]) -> None:
    """Refuse options that say nothing without another."""
    if options["edit"] is not None and options["approve"] is None:
        raise CommandError("--edit goes with --approve N.")
    if options["digest"] is not None and options["approve"] is options["reject"] is None:
        raise CommandError("--digest goes with --approve N or --reject N.")
    if options["digest"] is not None and not DIGEST.fullmatch(options["digest"]):
        raise CommandError(
            f"{options['digest'][:80]!r} is no digest (v1: and 64 characters). Copy it from "
            "--show N --json."
        )
    if options["heard"] is not None and options["approve"] is None:
        raise CommandError("--heard goes with --approve N.")
    if options["reason"] and options["reject"] is None:
        raise CommandError("--reason goes with --reject N.")
    for name in ("subject", "html"):
        if options[name] is not None and options["edit"] is None:
            raise CommandError(f"--{name} goes with --approve N --edit TEXT.")
    if options["max"] < 1:
        raise CommandError("--max is at least 1.")
