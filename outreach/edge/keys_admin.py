"""API keys in the admin: made here, shown once, rotated, and revoked at once.

The secret is in the answer to the POST that made it and nowhere else: no message, no redirect, no
session carries it. Loading that answer again makes no second key (`sent_once`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from outreach.core import keys
from outreach.core.keys import KeyRefused
from outreach.core.models import Agent, ApiKey, User, Workspace
from outreach.core.permissions import NotAllowed, Verb
from outreach.edge import scopes
from outreach.edge.sent_once import SentAlready, sent_once
from safety.admin import (
    PageAdmin,
    TenantAdmin,
    column,
    is_superuser,
    may,
    principal_of,
    user_of,
    workspace_ids,
)

TEMPLATES = "admin/core/apikey"
SPANS = {"30": "30 days", "90": "90 days", "365": "a year", "": "until it is revoked"}
OVERLAPS = {"0": "stops at once", "24": "works for another day", "168": "works for another week"}
MINE = "me"


@admin.register(ApiKey)
class ApiKeyAdmin(PageAdmin):
    """Keys of agents, for who may configure their workspace, and everybody's own."""

    when_empty = (
        "A key lets an agent or a program in by REST or MCP. Make one for each; what it may do is "
        "said there."
    )
    list_display = ("show_key", "show_holder", "workspace", "show_state", "last_used_at")
    list_display_links = ("show_key",)
    list_select_related = ("agent", "user", "workspace")
    sortable_by = ("show_key", "last_used_at")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        rows = super(TenantAdmin, self).get_queryset(request)
        if is_superuser(request):
            return rows  # type: ignore[no-any-return]
        theirs = Q(workspace__in=workspace_ids(request, Verb.CONFIGURE))
        return rows.filter(theirs | Q(user=request.user.pk))  # type: ignore[no-any-return]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None:
            return is_superuser(request) or bool(workspace_ids(request, Verb.VIEW))
        return bool(
            is_superuser(request)
            or obj.user_id == request.user.pk
            or may(request, Verb.CONFIGURE, obj.workspace_id)
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(workspace_ids(request, Verb.VIEW))

    @column("Key", sorts="label")
    def show_key(self, obj: ApiKey) -> str:
        return f"{obj.label} ({obj.prefix}…)"

    @column("Of")
    def show_holder(self, obj: ApiKey) -> str:
        return f"agent {obj.agent}" if obj.agent else str(obj.user)

    @column("State", label={"works": "success", "revoked": "danger", "expired": "warning"})
    def show_state(self, obj: ApiKey) -> str:
        return state_of(obj, timezone.now())

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Make a key for an agent of one's workspaces, or for oneself."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._answer(request, lambda at: _make(request, request.POST, at), None)
        return self._new(request)

    def _new(self, request: HttpRequest, status: int = 200) -> HttpResponse:
        ids = workspace_ids(request, Verb.CONFIGURE)
        context = {
            "title": "New API key",
            "agents": Agent.objects.filter(workspace__in=ids, is_active=True)
            .select_related("workspace")
            .order_by("workspace__slug", "name"),
            "places": Workspace.objects.filter(pk__in=workspace_ids(request, Verb.VIEW)),
            "spans": SPANS,
            "typed": request.POST,
        }
        return self.page(request, f"{TEMPLATES}/new.html", context, status=status)

    def row_view(self, request: HttpRequest, key: ApiKey) -> HttpResponse:
        if request.method != "POST":
            return self._one(request, key)
        if request.POST.get("act") == "revoke":
            return self._revoke(request, key)
        return self._answer(request, lambda at: _rotate(request, key, at), key)

    def _one(self, request: HttpRequest, key: ApiKey, status: int = 200) -> HttpResponse:
        state = state_of(key, timezone.now())
        opens = scopes.told(key.agent.scopes) if key.agent else []
        context = {"title": key.label, "key": key, "state": state, "overlaps": OVERLAPS,
                   "opens": opens}  # fmt: skip
        return self.page(request, f"{TEMPLATES}/key.html", context, status=status)

    def _revoke(self, request: HttpRequest, key: ApiKey) -> HttpResponse:
        try:
            ended = keys.revoke(key, by=principal_of(request), at=timezone.now())
        except NotAllowed as error:
            messages.error(request, str(error))
            return self._one(request, key, status=403)
        done = "The key is revoked. Nobody comes in with it any more."
        messages.success(request, done if ended else "The key had been revoked already.")
        return HttpResponseRedirect(reverse("admin:core_apikey_changelist"))

    def _answer(
        self,
        request: HttpRequest,
        act: Callable[[datetime], keys.Made],
        key: ApiKey | None,
    ) -> HttpResponse:
        try:
            with sent_once(request):
                made = act(timezone.now())
        except (KeyRefused, NotAllowed, SentAlready) as error:
            messages.error(request, str(error))
            code = 403 if isinstance(error, NotAllowed) else 409
            return self._new(request, code) if key is None else self._one(request, key, code)
        context = {"title": "The new key", "made": made, "old": key}
        response = self.page(request, f"{TEMPLATES}/made.html", context, status=201)
        add_never_cache_headers(response)
        return response


def state_of(key: ApiKey, now: datetime) -> str:
    """works, revoked or expired."""
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "works"


def _make(request: HttpRequest, form: QueryDict, at: datetime) -> keys.Made:
    owner, place = _owner(request, form)
    if form.get("span", "") not in SPANS:
        raise KeyRefused("Choose how long the key shall work.")
    days = form.get("span", "")
    return keys.make(
        owner,
        place,
        label=form.get("label", ""),
        by=principal_of(request),
        at=at,
        expires_at=at + timedelta(days=int(days)) if days else None,
    )


def _owner(request: HttpRequest, form: QueryDict) -> tuple[Agent | User, Workspace]:
    """Whose key, and in which workspace; only what this user can see."""
    kind, _, number = form.get("owner", "").partition(":")
    if not (number.isdecimal() and len(number) < 19):
        kind = ""
    if kind == MINE:
        place = Workspace.objects.filter(
            pk=number, pk__in=workspace_ids(request, Verb.VIEW)
        ).first()
        if place is not None:
            return user_of(request), place
    if kind == "agent":
        ids = workspace_ids(request, Verb.CONFIGURE)
        agent = Agent.objects.select_related("workspace").filter(pk=number, workspace__in=ids)
        found = agent.first()
        if found is not None:
            return found, found.workspace
    raise KeyRefused("Choose whose key it shall be.")


def _rotate(request: HttpRequest, key: ApiKey, at: datetime) -> keys.Made:
    hours = request.POST.get("overlap", "0")
    if request.POST.get("act") != "rotate" or hours not in OVERLAPS:
        raise KeyRefused("Nothing was done: the form did not say what to do.")
    by = principal_of(request)
    return keys.rotate(key, by=by, at=at, overlap=timedelta(hours=int(hours)))
