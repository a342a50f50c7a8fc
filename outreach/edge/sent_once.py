"""A form whose answer shows a fresh secret makes it once: reloading that answer makes nothing.

The form's CSRF token is its name: each rendering has another (Django masks it anew), and the
browser sends the very same one when the page is loaded again. What was made is kept nowhere; the
session remembers a digest of the token.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

KEPT = "sent_once"
MOST = 50  # forms that are remembered, the newest


class SentAlready(Exception):
    """The very same form has done its act before; the sentence is for whoever loaded it again."""

    def __str__(self) -> str:
        return (
            "Nothing was made: this form was sent before, and what it made was shown that once. "
            "If you did not copy it, make another one."
        )


@contextmanager
def sent_once(request: HttpRequest) -> Iterator[None]:
    """Within: the act of this form. Raises SentAlready where it succeeded before.

    The session's row is held meanwhile, so that of two presses at once the second waits and is
    told. An act that raises leaves the form unused.
    """
    token = request.POST.get("csrfmiddlewaretoken", "")
    name = sha256(token.encode()).hexdigest()[:32]
    session = type(request.session)(request.session.session_key)
    with transaction.atomic():
        rows = Session.objects.select_for_update()
        rows.filter(session_key=request.session.session_key).first()
        used = session.get(KEPT, [])
        if token and name in used:
            raise SentAlready
        yield
        used = [*used, name][-MOST:]
        if token:
            session[KEPT] = used
            session.save(must_create=False)
    if token:
        request.session[KEPT] = used  # saved again with the answer, which may hold more
