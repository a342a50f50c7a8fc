"""Webhooks made, rotated, tried and switched off: by an admin of their workspace only."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.conf import settings
from django.db import transaction

from outreach.core import activity
from outreach.core.models import Agent, Workspace
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal
from outreach.edge.hooks import address, events, signing
from outreach.edge.models import Webhook, WebhookEvent

MOST = 20  # in one workspace
OFF = "The webhook was switched off."


class WebhookRefused(Exception):
    """It cannot be so; the sentence says why and what to do."""


def make(
    workspace: Workspace,
    url: str,
    families: Collection[str],
    *,
    agent: Agent | None = None,
    by: Principal,
    at: datetime,
) -> Webhook:
    """A webhook that tells what happens from now on. Raises NotAllowed and WebhookRefused."""
    _may(by, workspace)
    _can_sign()
    if not families or set(families) - set(events.FAMILIES):
        raise WebhookRefused(f"Choose what it is told: {' or '.join(events.FAMILIES)}, or both.")
    if agent is not None and agent.workspace_id != workspace.pk:
        raise WebhookRefused("That agent belongs to another workspace.")
    try:
        address.read(url)
    except address.AddressRefused as error:
        raise WebhookRefused(str(error)) from None
    if Webhook.objects.filter(workspace=workspace, enabled=True).count() >= MOST:
        raise WebhookRefused(f"{MOST} webhooks are switched on here. Switch one off first.")
    begins = events.newest()
    with transaction.atomic():
        hook = Webhook.objects.create(
            workspace=workspace,
            agent=agent,
            url=url,
            families=sorted(families),
            read_up_to=begins,
            created_at=at,
            **by.fields(),
        )
        codes = {"agent": agent.pk if agent else None, "families": hook.families}
        activity.record(activity.entry("workspaces.webhook_made", hook, **codes), by=by, at=at)
    return hook


def secret(hook: Webhook, *, by: Principal, at: datetime) -> str:
    """The secret that signs for this webhook now; the log keeps who looked."""
    _may(by, hook.workspace)
    _can_sign()
    with transaction.atomic():
        activity.record(activity.entry("workspaces.webhook_secret_shown", hook), by=by, at=at)
    return signing.secret_of(hook.uuid, hook.secret_number)


def rotate(hook: Webhook, *, by: Principal, at: datetime) -> None:
    """A new secret; the old one signs beside it for a day, so that nothing breaks."""
    _may(by, hook.workspace)
    _can_sign()
    with transaction.atomic():
        number = hook.secret_number
        won = Webhook.objects.filter(pk=hook.pk, secret_number=number).update(
            secret_number=number + 1, rotated_at=at
        )
        if not won:
            raise WebhookRefused("Somebody else made a new secret just now. Look again.")
        activity.record(activity.entry("workspaces.webhook_rotated", hook), by=by, at=at)
    hook.refresh_from_db()


def numbers(hook: Webhook, at: datetime) -> list[int]:
    """Which of its secrets sign at this moment, the newest first."""
    old = hook.rotated_at is not None and at < hook.rotated_at + signing.OVERLAP
    return [hook.secret_number, *([hook.secret_number - 1] if old else [])]


def switch_on(hook: Webhook, *, by: Principal, at: datetime) -> None:
    """It tells again, from now on. What happened meanwhile is read by REST."""
    _may(by, hook.workspace)
    begins = events.newest()
    with transaction.atomic():
        won = Webhook.objects.filter(pk=hook.pk, enabled=False).update(
            enabled=True, disabled_reason="", failing_since=None, read_up_to=begins
        )
        if won:
            activity.record(activity.entry("workspaces.webhook_on", hook), by=by, at=at)
    hook.refresh_from_db()


def switch_off(hook: Webhook, reason: str, *, by: Principal, at: datetime) -> bool:
    """Nothing more is told there, and what still waits is given up. Whether it was on."""
    if not by.is_system:
        _may(by, hook.workspace)
    with transaction.atomic():
        won = Webhook.objects.filter(pk=hook.pk, enabled=True).update(
            enabled=False, disabled_reason=reason[:300]
        )
        if won:
            waiting = WebhookEvent.objects.filter(webhook=hook, due_at__isnull=False)
            waiting.update(due_at=None, body="", fault=OFF)
            activity.record(activity.entry("workspaces.webhook_off", hook), by=by, at=at)
    hook.refresh_from_db()
    return bool(won)


def test(hook: Webhook, *, by: Principal, at: datetime) -> WebhookEvent:
    """Put an event down that tells of nothing, to see whether it arrives."""
    _may(by, hook.workspace)
    _can_sign()
    if not hook.enabled:
        raise WebhookRefused("It is switched off. Switch it on first.")
    with transaction.atomic():
        made = WebhookEvent.objects.create(
            workspace=hook.workspace,
            webhook=hook,
            kind=events.TEST,
            body=events.encoded(events.TEST, at, hook.workspace.slug, 0, {}),
            created_at=at,
            due_at=at,
        )
        activity.record(activity.entry("workspaces.webhook_tested", hook), by=by, at=at)
    return made


def _may(by: Principal, workspace: Workspace) -> None:
    if not by.is_user:
        raise NotAllowed(f"{by.label} is no person. An admin has to look after webhooks.")
    require(by, Verb.CONFIGURE, workspace)


def _can_sign() -> None:
    if not settings.WEBHOOK_SIGNING_KEY:
        raise WebhookRefused(str(signing.NoKey()))
