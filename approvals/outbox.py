"""Lines to our own people: put down in the database, carried later, tried again, given up.

Nothing here is an outbound message: it goes to colleagues and their chat only, and it never
touches the queue, whatever fails (docs/decisions, "Notices to our own people").
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F
from django.urls import reverse

from approvals.models import Notice
from outreach.core.models import User, Workspace
from outreach.core.permissions import Verb, allowed
from outreach.core.principal import Principal

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 8
FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(hours=1)
AT_ONCE = 20
LONGEST_SUBJECT = 200  # names of a workspace and an agent may be longer together
Carrier = Callable[[Notice], None]


class NotCarried(Exception):
    """The other side did not take it; the sentence is kept with the notice."""


def link(name: str, *args: object, query: str = "") -> str:
    """A page of the admin as people reach it."""
    return f"{settings.BASE_URL}{reverse(name, args=args)}{query}"


def put(
    key: str,
    workspace: Workspace,
    *,
    subject: str,
    body: str,
    at: datetime,
    users: Iterable[User] = (),
    chat: bool = False,
) -> int:
    """Put one line down for each of these colleagues and rooms of the chat; known keys are skipped.

    Each room has its own: one that is down must not have the others hear it again and again.
    """
    whom: list[tuple[User | None, str]] = [(user, str(user.pk)) for user in users if user.email]
    if chat:
        whom += [(None, f"chat{no}") for no in range(1, len(settings.NOTIFY_URLS) + 1)]
    rows = [
        Notice(
            key=f"{key}:{who}",
            workspace=workspace,
            user=user,
            subject=subject[:LONGEST_SUBJECT],
            body=body,
            created_at=at,
            due_at=at,
        )
        for user, who in whom
    ]
    known = set(
        Notice.objects.filter(key__in=[row.key for row in rows]).values_list("key", flat=True)
    )
    fresh = [row for row in rows if row.key not in known]
    Notice.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(fresh)


def deliver(*, at: datetime, mail: Carrier | None = None, chat: Carrier | None = None) -> int:
    """Carry what is due; how many arrived. A failure is kept, tried again and given up in the end.

    A notice is put off before it is carried, so two schedulers carry it once; a crash between
    carrying and noting it can only repeat a line to a colleague.
    """
    arrived = 0
    for row in (
        Notice.objects.filter(due_at__lte=at)
        .select_related("user", "workspace")
        .order_by("due_at")[:AT_ONCE]
    ):
        if not _claim(row, at):
            continue
        try:
            ((mail or by_mail) if row.user else (chat or by_chat))(row)
        except Exception as error:  # noqa: BLE001 - whatever a notifier does must end here
            _failed(row, error)
            continue
        Notice.objects.filter(pk=row.pk).update(sent_at=at, due_at=None, fault="")
        arrived += 1
    return arrived


def _claim(row: Notice, at: datetime) -> bool:
    row.attempts += 1
    wait = min(FIRST_RETRY * 2 ** (row.attempts - 1), LAST_RETRY)
    mine = Notice.objects.filter(pk=row.pk, due_at=row.due_at)
    return bool(mine.update(due_at=at + wait, attempts=F("attempts") + 1))


def _failed(row: Notice, error: Exception) -> None:
    fault = f"{type(error).__name__}: {error}"[:300] if isinstance(error, NotCarried) else (
        f"{type(error).__name__}"  # another's message may hold an address or a secret
    )  # fmt: skip
    changes: dict[str, object] = {"fault": fault}
    if row.attempts >= MOST_ATTEMPTS:
        changes["due_at"] = None
    Notice.objects.filter(pk=row.pk).update(**changes)
    logger.warning("Notice %s was not carried (%s).", row.pk, fault)


def by_mail(row: Notice) -> None:
    """To one colleague, marked so that no machine answers."""
    if row.user is None or not row.user.email or not row.user.is_active:
        raise NotCarried("This colleague has no address or is switched off.")
    if not allowed(Principal.of_user(row.user), Verb.VIEW, row.workspace):
        raise NotCarried("This colleague is no member of the workspace any more.")
    EmailMessage(
        row.subject,
        row.body,
        settings.DEFAULT_FROM_EMAIL,
        [row.user.email],
        headers={"Auto-Submitted": "auto-generated"},
    ).send()


def by_chat(row: Notice) -> None:
    """To its room of NOTIFY_URLS."""
    import apprise  # slow to import, and needed by few processes

    rooms, own = apprise.Apprise(), row.key.rpartition(":chat")[2]
    for number, address in enumerate(settings.NOTIFY_URLS, 1):
        if own in ("", str(number)) and not rooms.add(address):
            raise NotCarried(f"Address {number} of NOTIFY_URLS cannot be read by apprise.")
    if not rooms:
        raise NotCarried(f"There is no address {own or 1} in NOTIFY_URLS any more.")
    if not rooms.notify(title=row.subject, body=row.body, body_format=apprise.NotifyFormat.TEXT):
        raise NotCarried("The chat did not take it.")
