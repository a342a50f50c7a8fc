"""The filters a message template may use. There are no tags: nothing is loaded, included or run."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def capfirst(value: str) -> str:
    """The first letter as a capital, the rest as it is."""
    return value[:1].upper() + value[1:]
