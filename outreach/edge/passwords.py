"""Whose password was set, and by whom: told in the log, wherever it was set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models.signals import post_save
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from outreach.core import activity
from outreach.core.models import User
from outreach.core.models.base import PrincipalKind
from outreach.core.principal import Principal
from safety.admin import principal_of

# Whoever has the host needs no login, so the log cannot name them.
HOST = Principal(PrincipalKind.SYSTEM, "host", "SYSTEM", door="command")


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


@contextmanager
def told_on_host() -> Iterator[None]:
    """Each user saved within, by a command of the host, is told in the log as they are saved."""

    def tell(instance: User, created: bool, **_: Any) -> None:
        verb = "workspaces.user_set" if created else "workspaces.password_set"
        codes = {"changed": ["is_superuser"], "added": True} if created else {}
        whose = activity.Entry(verb, "user", str(instance.pk), None, codes=codes)
        activity.record(whose, by=HOST, at=timezone.now())

    post_save.connect(tell, sender=User, weak=False)
    try:
        yield
    finally:
        post_save.disconnect(tell, sender=User)


def own_password(request: HttpRequest) -> HttpResponse:
    """The page on which somebody changes their own."""
    with told(request.user.pk, by=principal_of(request)):
        found: HttpResponse = admin.site.password_change(request)
    return found
