"""Giving out a file of a message, byte for byte: to save, never to open here."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header

from outreach.core import files
from outreach.core.models import Revision


def give(workspace_id: int, revision: Revision, number: str) -> HttpResponse:
    """The file with this number (from 1) of the revision, hashed anew. Raises Http404.

    The browser is told no type but bytes, to guess none, and to run nothing: whatever somebody
    uploaded, it is not a page of this site.
    """
    items = revision.attachments
    which = int(number) if number.isascii() and number.isdecimal() and len(number) < 4 else 0
    if not 1 <= which <= len(items):
        raise Http404(f"This text has {len(items)} files; name one by its number.")
    try:
        name, _, content = files.contents(workspace_id, [items[which - 1]])[0]
    except files.FileBroken as fault:
        raise Http404(f"{fault}.") from None
    answer = HttpResponse(content, content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
