"""The badge on every page: STOPPED, DRY RUN or LIVE. What cannot be read shows as stopped."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from safety import controls


def badge(request: HttpRequest) -> dict[str, Any]:
    """Template context: `badge` with its text, colour and the sentence behind it."""
    if not request.path.startswith("/admin"):
        return {}
    return {"badge": controls.badge()}


def environment_badge(request: HttpRequest) -> list[str]:
    """What the admin theme shows beside the account menu."""
    shown = controls.badge()
    return [shown.text, shown.colour]
