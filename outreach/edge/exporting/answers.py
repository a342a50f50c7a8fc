"""An export as the answer to a request: for the admin and for REST alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.http import StreamingHttpResponse

from outreach.core.principal import Principal
from outreach.edge.exporting.taking import Asked, begin


def answer(asked: Asked, *, by: Principal, now: Callable[[], datetime]) -> StreamingHttpResponse:
    """A download, streamed. One that breaks in its middle ends without the end HTTP asks for.

    Raises NotAllowed before anything is answered.
    """
    begun = begin(asked, by=by, now=now)
    made = StreamingHttpResponse(begun.parts(), content_type=asked.format.media)
    made["Content-Disposition"] = f'attachment; filename="{asked.file_name(now())}"'
    made["Cache-Control"] = "no-store"
    made["X-Accel-Buffering"] = "no"
    return made
