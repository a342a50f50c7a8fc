"""Pages called what the menu calls them: the theme names lists by their models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse

register = template.Library()


def _names() -> dict[str, str]:
    """Imported here: Django loads this module for the forms that the admin's modules make."""
    from outreach.edge.navigation import names_of_lists

    return names_of_lists()


@register.filter
def in_our_words(parts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The way to a page as the theme tells it, without the program's parts it leads through."""
    names = _names()
    told = [{**part, "title": names.get(str(part.get("link")), part["title"])} for part in parts]
    return told[1:] if len(told) > 1 else told


@register.filter
def list_title(cl: Any) -> str:
    """What a list is called."""
    try:
        link = reverse(f"admin:{cl.opts.app_label}_{cl.opts.model_name}_changelist")
    except NoReverseMatch:
        return str(cl.opts.verbose_name_plural)
    return _names().get(link, str(cl.opts.verbose_name_plural))
