"""An address as a person reads it."""

from __future__ import annotations

from django import template

from outreach.core.addresses import NUMBERED, readable
from outreach.core.models import Address

register = template.Library()


@register.filter
def written(way: Address) -> str:
    """A number with its + and in groups, whatever the list wrote; anything else as it came in."""
    return readable(way.channel, way.normalised) if way.channel in NUMBERED else way.raw
