"""Finding the workspace to act in."""

from __future__ import annotations

import difflib

from outreach.core.models import Workspace

DEFAULT_SLUG = "default"


class UnknownWorkspace(LookupError):
    """No workspace of that name; the sentence lists near ones."""


def find(slug: str = "") -> Workspace:
    """The workspace `slug`, or the default one made by migration."""
    wanted = slug or DEFAULT_SLUG
    found = Workspace.objects.filter(slug=wanted).first()
    if found is not None:
        return found
    known = list(Workspace.objects.order_by("slug").values_list("slug", flat=True))
    near = difflib.get_close_matches(wanted, known, n=3) or known[:10]
    raise UnknownWorkspace(
        f"There is no workspace {wanted!r}. Known: {', '.join(near) or 'none; run migrate'}."
    )
