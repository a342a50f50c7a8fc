"""Whose password was set, and by whom: told in the log, whichever page it was set on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from outreach.core import activity
from outreach.core.models import User
from outreach.core.principal import Principal
from safety.admin import principal_of


@contextmanager
def told(pk: Any, *, by: Principal) -> Iterator[None]:
    """What is done within is one with its entry in the log, if it gives this user a password."""
    rows = User.objects.filter(pk=pk).values_list("password", flat=True)
    with transaction.atomic():
        before = rows.get()
        yield
        if rows.get() != before:
            whose = activity.Entry("workspaces.password_set", "user", str(pk), None)
            activity.record(whose, by=by, at=timezone.now())


def own_password(request: HttpRequest) -> HttpResponse:
    """The page on which somebody changes their own."""
    with told(request.user.pk, by=principal_of(request)):
        found: HttpResponse = admin.site.password_change(request)
    return found
