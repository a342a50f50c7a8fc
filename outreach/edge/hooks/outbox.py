"""Carries what webhooks owe: signed, tried again with growing pauses, given up after a day.

A row is put off before it is carried, so two workers carry it once; a crash between carrying and
noting it repeats it under the same id. Nothing here touches the queue of messages.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Min

from approvals import outbox as notices
from outreach.core.permissions import Verb
from outreach.core.principal import Principal
from outreach.core.queries import users_who_may
from outreach.edge.hooks import carrying, events, services, signing
from outreach.edge.hooks.carrying import Answer
from outreach.edge.models import Webhook, WebhookEvent

logger = logging.getLogger(__name__)
KEEPER = Principal.system("webhooks")
FIRST_RETRY, LAST_RETRY = timedelta(seconds=30), timedelta(hours=2)
GIVE_UP_AFTER = timedelta(hours=24)
OFF_AFTER = timedelta(hours=72)  # of nothing but failures
KEPT_FOR = timedelta(days=30)
AT_ONCE, EACH = 16, 4  # in one wave: webhooks, and events of each
LONGEST_RUN = 30.0  # seconds; then the next run goes on
BATCH = 500
PAGE = "admin:edge_webhook_change"
Carrier = Callable[[str, Mapping[str, str], bytes], Answer]
_jitter = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Parcel:
    """One event ready to leave."""

    row: WebhookEvent
    hook: Webhook
    headers: Mapping[str, str]


def run(*, at: datetime, carrier: Carrier = carrying.carry) -> int:
    """Put down what is new and carry what is due; how many arrived.

    Without a key nothing is carried, and everything waits.
    """
    events.put_down(at=at)
    _forget(at)
    try:
        return deliver(at=at, carrier=carrier)
    except signing.NoKey as error:
        logger.error("Webhooks wait: %s", error)
        return 0


def deliver(*, at: datetime, carrier: Carrier = carrying.carry) -> int:
    """Wave after wave until nothing is due; whoever failed in one is left in peace in the next.

    Each wave has its own time, from which what it claims is put off.
    """
    arrived, began, resting = 0, time.monotonic(), set[int]()
    while (gone := time.monotonic() - began) < LONGEST_RUN:
        wave = at + timedelta(seconds=int(gone))
        parcels = [parcel for hook in _due(resting, wave) for parcel in _claim(hook, wave)]
        if not parcels:
            break
        with ThreadPoolExecutor(len(parcels)) as threads:
            answers = list(threads.map(lambda each: _carry(each, carrier), parcels))
        for parcel, answer in zip(parcels, answers, strict=True):
            arrived += answer.arrived
            _note(parcel, answer, wave)
            if not answer.arrived:
                resting.add(parcel.hook.pk)
    return arrived


def _due(resting: set[int], at: datetime) -> list[Webhook]:
    return list(
        Webhook.objects.filter(enabled=True, told__due_at__lte=at)
        .exclude(pk__in=resting)
        .annotate(first=Min("told__due_at"))
        .select_related("workspace", "agent__workspace")
        .order_by("first")[:AT_ONCE]
    )


def _claim(hook: Webhook, at: datetime) -> list[Parcel]:
    """Its oldest events, put off so that nobody else carries them now."""
    if not events.may_hear(hook):
        services.switch_off(hook, "Its agent may not read messages any more.", by=KEEPER, at=at)
        return []
    _forget_silence(hook, at)
    mine = []
    for row in WebhookEvent.objects.filter(webhook=hook, due_at__lte=at).order_by("due_at")[:EACH]:
        body = row.body.encode()
        signed = signing.headers(
            hook.uuid, services.numbers(hook, at), f"msg_{row.uuid.hex}", body, at=at
        )
        row.attempts += 1
        held = WebhookEvent.objects.filter(pk=row.pk, due_at=row.due_at)
        row.due_at = at + pause(row.attempts)
        if held.update(due_at=row.due_at, attempts=F("attempts") + 1, tried_at=at):
            mine.append(Parcel(row, hook, signed))
    return mine


def pause(attempts: int) -> timedelta:
    """30 s, 1, 2, 4 … minutes up to two hours, each a fifth shorter or longer by chance."""
    step = min(FIRST_RETRY * 2 ** min(attempts - 1, 20), LAST_RETRY)
    return step * _jitter.uniform(0.8, 1.2)  # type: ignore[no-any-return]


def _carry(parcel: Parcel, carrier: Carrier) -> Answer:
    try:  # whatever a receiver does must end here
        return carrier(parcel.hook.url, parcel.headers, parcel.row.body.encode())
    except Exception as error:
        logger.exception("Webhook %s could not be carried.", parcel.hook.pk)
        return Answer(0, f"It broke on our side ({type(error).__name__}).")


def _note(parcel: Parcel, answer: Answer, at: datetime) -> None:
    row, hook = parcel.row, Webhook.objects.filter(pk=parcel.hook.pk)
    held = WebhookEvent.objects.filter(pk=row.pk)
    if answer.arrived:
        held.update(arrived_at=at, due_at=None, body="", http_status=answer.status, fault="")
        hook.update(arrived_at=at, failing_since=None)
        return
    changes: dict[str, object] = {"http_status": answer.status, "fault": answer.fault[:300]}
    if row.due_at is None or row.due_at > row.created_at + GIVE_UP_AFTER:
        changes |= {"due_at": None, "body": ""}
    held.filter(due_at__isnull=False).update(**changes)
    hook.filter(failing_since__isnull=True).update(failing_since=at)
    logger.warning("Event %s of webhook %s: %s", row.pk, parcel.hook.pk, answer.fault)
    _perhaps_off(parcel.hook, answer, at)


def _forget_silence(hook: Webhook, at: datetime) -> None:
    """Failures from before a day in which nothing was tried begin no days of failures."""
    tried = WebhookEvent.objects.filter(webhook=hook, tried_at__gte=at - GIVE_UP_AFTER)
    if hook.failing_since is not None and not tried.exists():
        Webhook.objects.filter(pk=hook.pk).update(failing_since=None)


def _perhaps_off(hook: Webhook, answer: Answer, at: datetime) -> None:
    hook.refresh_from_db(fields=["failing_since", "enabled"])
    if not hook.enabled or hook.failing_since is None:
        return
    if answer.gone:
        reason = f"It answered {answer.status}: it wants no more."
    elif at - hook.failing_since >= OFF_AFTER:
        days = OFF_AFTER.days
        reason = f"Nothing arrived there for {days} days. The last time: {answer.fault}"
    else:
        return
    if services.switch_off(hook, reason, by=KEEPER, at=at):
        notices.put(
            f"webhook:{hook.pk}:{int(at.timestamp())}",
            hook.workspace,
            subject=f"{hook.workspace.name}: a webhook was switched off",
            body=f"{reason}\nDecisions and sending go on; this program hears no more of them.\n"
            f"{notices.link(PAGE, hook.pk)}",
            at=at,
            users=users_who_may(Verb.CONFIGURE, hook.workspace),
            chat=True,
        )


def _forget(at: datetime) -> None:
    """Rows that were settled long ago."""
    old = WebhookEvent.objects.filter(created_at__lt=at - KEPT_FOR, due_at__isnull=True)
    ids = list(old.order_by("pk").values_list("pk", flat=True)[:BATCH])
    WebhookEvent.objects.filter(pk__in=ids).delete()
