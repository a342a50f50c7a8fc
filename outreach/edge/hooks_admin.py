"""Webhooks in the admin: made, tried, given a new secret, switched off, by a workspace's admins.

The secret is in the answer to the POST that asked for it and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from outreach.core.clock import by_clock
from outreach.core.models import Agent, Workspace
from outreach.core.permissions import NotAllowed, Verb
from outreach.edge import tasks
from outreach.edge.hooks import address, events, services, signing
from outreach.edge.hooks.services import WebhookRefused
from outreach.edge.models import Webhook
from safety.admin import PageAdmin, column, principal_of, workspace_ids

TEMPLATES = "admin/edge/webhook"
SHOWN = 30  # last attempts
PLURAL = {"decision": "decisions", "delivery": "deliveries"}
Acts = dict[str, Callable[[HttpRequest, Webhook, datetime], str]]


@admin.register(Webhook)
class WebhookAdmin(PageAdmin):
    """Programs that are told of decisions and deliveries, and whether it arrives."""

    verb = Verb.CONFIGURE
    list_display = ("show_where", "show_whose", "workspace", "show_state", "show_arrived")
    list_display_links = ("show_where",)
    list_select_related = ("agent", "workspace")
    sortable_by = ("show_where", "show_arrived")
    ordering = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        rows: QuerySet[Webhook] = super().get_queryset(request)
        return rows.select_related("workspace", "agent")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(workspace_ids(request, Verb.CONFIGURE))

    @column("Where to", sorts="url")
    def show_where(self, obj: Webhook) -> str:
        return obj.url if len(obj.url) <= 60 else obj.url[:59] + "…"

    @column("Tells of")
    def show_whose(self, obj: Webhook) -> str:
        return told_of(obj)

    @column("State", label={"works": "success", "off": "info", "fails": "danger"})
    def show_state(self, obj: Webhook) -> str:
        return state_of(obj)

    @column("Arrived last", sorts="arrived_at")
    def show_arrived(self, obj: Webhook) -> str:
        return by_clock(obj.arrived_at) if obj.arrived_at else "never"

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Make a webhook; its page shows the secret next."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._new(request)
        try:
            hook = _make(request, timezone.now())
        except (WebhookRefused, NotAllowed) as error:
            messages.error(request, str(error))
            return self._new(request, 403 if isinstance(error, NotAllowed) else 409)
        messages.success(request, "The webhook is made. Give its receiver the secret, then try it.")
        return HttpResponseRedirect(reverse("admin:edge_webhook_change", args=[hook.pk]))

    def _new(self, request: HttpRequest, status: int = 200) -> HttpResponse:
        ids = workspace_ids(request, Verb.CONFIGURE)
        agents = Agent.objects.filter(workspace__in=ids, is_active=True)
        context = {
            "title": "New webhook",
            "agents": agents.select_related("workspace").order_by("workspace__slug", "name"),
            "places": Workspace.objects.filter(pk__in=ids).order_by("slug"),
            "families": events.FAMILIES,
            "chosen": request.POST.getlist("family") or list(events.FAMILIES),
            "typed": request.POST,
            "loopback": address.loopback_allowed(),
        }
        return self.page(request, f"{TEMPLATES}/new.html", context, status=status)

    def row_view(self, request: HttpRequest, hook: Webhook) -> HttpResponse:
        if request.method != "POST":
            return self._one(request, hook)
        act = ACTS.get(request.POST.get("act", ""))
        try:
            if request.POST.get("act") == "secret":
                return self._secret(request, hook)
            if act is None:
                raise WebhookRefused("Choose what shall happen to the webhook.")
            messages.success(request, act(request, hook, timezone.now()))
        except (WebhookRefused, NotAllowed) as error:
            messages.error(request, str(error))
            return self._one(request, hook, 403 if isinstance(error, NotAllowed) else 409)
        return HttpResponseRedirect(request.path)

    def _one(
        self, request: HttpRequest, hook: Webhook, status: int = 200, secret: str = ""
    ) -> HttpResponse:
        now = timezone.now()
        context = {
            "title": "Webhook",
            "hook": hook,
            "state": state_of(hook),
            "told_of": told_of(hook),
            "secret": secret,
            "two": len(services.numbers(hook, now)) > 1,
            "told": hook.told.order_by("-pk")[:SHOWN],
            "overlap": f"{signing.OVERLAP.total_seconds() / 3600:.0f} hours",
        }
        response = self.page(request, f"{TEMPLATES}/webhook.html", context, status=status)
        add_never_cache_headers(response)
        return response

    def _secret(self, request: HttpRequest, hook: Webhook) -> HttpResponse:
        shown = services.secret(hook, by=principal_of(request), at=timezone.now())
        return self._one(request, hook, secret=shown)


def state_of(hook: Webhook) -> str:
    """works, fails or off."""
    if not hook.enabled:
        return "off"
    return "fails" if hook.failing_since is not None else "works"


def told_of(hook: Webhook) -> str:
    """In words: of what, and of whose messages."""
    whose = f"agent {hook.agent.name}" if hook.agent else "everybody"
    return f"{' and '.join(PLURAL[each] for each in hook.families)} of {whose}"


def _make(request: HttpRequest, at: datetime) -> Webhook:
    """Whose news, out of what this user can see."""
    kind, _, number = request.POST.get("whose", "").partition(":")
    ids = workspace_ids(request, Verb.CONFIGURE)
    agent, place = None, None
    if number.isdecimal() and len(number) < 19:
        if kind == "agent":
            found = Agent.objects.select_related("workspace")
            agent = found.filter(pk=number, workspace__in=ids, is_active=True).first()
            place = agent.workspace if agent else None
        elif kind == "all":
            place = Workspace.objects.filter(pk=number, pk__in=ids).first()
    if place is None:
        raise WebhookRefused("Choose whose messages it is told of.")
    return services.make(
        place, request.POST.get("url", "").strip(), request.POST.getlist("family"),
        agent=agent, by=principal_of(request), at=at,
    )  # fmt: skip


def _test(request: HttpRequest, hook: Webhook, at: datetime) -> str:
    services.test(hook, by=principal_of(request), at=at)
    tasks.wake_webhooks()
    return "A test event is on its way. Look again in a few seconds whether it arrived."


def _rotate(request: HttpRequest, hook: Webhook, at: datetime) -> str:
    services.rotate(hook, by=principal_of(request), at=at)
    return "There is a new secret. The old one signs beside it for a day."


def _on(request: HttpRequest, hook: Webhook, at: datetime) -> str:
    services.switch_on(hook, by=principal_of(request), at=at)
    return "It tells again, from now on. What happened meanwhile is read by REST."


def _off(request: HttpRequest, hook: Webhook, at: datetime) -> str:
    by = principal_of(request)
    services.switch_off(hook, f"Switched off by {by.label}.", by=by, at=at)
    return "It is switched off. What still waited is given up."


ACTS: Acts = {"test": _test, "rotate": _rotate, "on": _on, "off": _off}
