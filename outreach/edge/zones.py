"""A field for a time zone: typed, with every zone that may be stored offered meanwhile."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget

OFFERED = "time-zones"


@cache
def places() -> tuple[str, ...]:
    """Zones named after a place, and UTC: what somebody looks for. Others may be typed as well."""
    names = zoneinfo.available_timezones()
    return ("UTC", *sorted(name for name in names if "/" in name and not name.startswith("Etc/")))


class ZoneInput(UnfoldAdminTextInputWidget):  # type: ignore[misc]
    """A text field with a list beside it."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        typed = {"list": OFFERED, "autocomplete": "off", "spellcheck": "false"}
        super().__init__({**(attrs or {}), **typed})

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        offered = format_html_join("", '<option value="{}">', ((name,) for name in places()))
        field = super().render(*args, **kwargs)
        return format_html('{}<datalist id="{}">{}</datalist>', field, OFFERED, offered)
