"""What our own people are told at once: urgent items, quotas nearly used, what became of drafts.

Counts and links only, never a text, a name or an address of somebody we write to.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, QuerySet

from approvals import outbox
from approvals.models import Approval, ApprovalStatus, Notice, NoticeMark, Priority, QuotaUse
from approvals.quota_standing import WARN_PERCENT
from outreach.core.models import Activity, Draft, Membership, PrincipalKind, User, Workspace
from outreach.core.permissions import Verb
from outreach.core.queries import users_who_may

logger = logging.getLogger(__name__)
BURST = timedelta(minutes=5)  # what comes in one burst is told in one line
SETTLE = timedelta(seconds=3)  # a number given earlier may be committed later
BATCH = 500
AUTHORS = "authors"
RAISED = "approvals.raised"
QUEUE = "admin:approvals_approval_changelist"
ITEM = "admin:approvals_approval_change"


def collect(*, at: datetime) -> int:
    """Put down everything that is to be told now; how many lines. A fault in one silences no other,
    nor what waits to be carried."""
    told = 0
    for part in (alert_urgent, warn_quotas, tell_authors):
        try:
            told += part(at=at)
        except Exception:
            logger.exception("What colleagues are told could not all be put down.")
    return told


# --- Urgent items --------------------------------------------------------------------------------


def alert_urgent(*, at: datetime) -> int:
    """One line for each workspace with new high or critical items, at most one in five minutes."""
    urgent = Approval.objects.filter(
        status=ApprovalStatus.PENDING, priority__gte=Priority.HIGH, created_at__lte=at - SETTLE
    )
    told = 0
    for place in Workspace.objects.filter(pk__in=urgent.values("workspace")).order_by("pk"):
        newest = _last_alert(place.pk, at)
        if newest is not None and newest.created_at > at - BURST:
            continue
        told += _alert(place, urgent.filter(workspace=place, pk__gt=_seen(newest)), at)
    return told


def _last_alert(place: int, until: datetime) -> Notice | None:
    rows = Notice.objects.filter(workspace=place, key__startswith=f"alert:{place}:")
    return rows.filter(created_at__lte=until).order_by("-pk").first()


def _seen(newest: Notice | None) -> int:
    """Up to which number items were looked at for the chat."""
    return int(newest.key.split(":")[2]) if newest else 0


def _alert(place: Workspace, fresh: QuerySet[Approval], at: datetime) -> int:
    highest = fresh.aggregate(highest=Max("pk"))["highest"]
    if highest is None:
        return 0
    critical = fresh.filter(priority=Priority.CRITICAL).count()
    high = fresh.filter(priority=Priority.HIGH).count()
    counts = " and ".join(
        f"{count} {word}" for count, word in ((critical, "critical"), (high, "high")) if count
    )
    return outbox.put(
        f"alert:{place.pk}:{highest}",
        place,
        subject=f"{place.name}: {counts} to review",
        body=f"New in the queue: {counts}.\n{outbox.link(QUEUE)}",
        at=at,
        chat=True,
    )


# --- Quotas --------------------------------------------------------------------------------------


def warn_quotas(*, at: datetime) -> int:
    """Once for each quota and day, from 80 % on: to the chat, and to reviewers by e-mail."""
    rows = (
        QuotaUse.objects.filter(
            warned_at__isnull=True, lim__isnull=False, day__gte=at.date() - timedelta(days=1)
        )
        .filter(used__gte=F("lim") * WARN_PERCENT / 100.0)
        .select_related("workspace", "agent")
        .order_by("pk")
    )
    told = 0
    for row in rows:
        with transaction.atomic():
            if QuotaUse.objects.filter(pk=row.pk, warned_at=None).update(warned_at=at):
                told += _warn(row, at)
    return told


def _warn(row: QuotaUse, at: datetime) -> int:
    whose = f"{row.workspace.name}, {row.agent.name}" if row.agent else row.workspace.name
    return outbox.put(
        f"quota:{row.pk}",
        row.workspace,
        subject=f"{whose}: {row.used} of {row.lim} of the daily quota used",
        body=f"{row.used} of {row.lim} messages of {row.day} have left. Above the quota, what is "
        f"approved goes out the next day.\n{outbox.link('admin:index')}",
        at=at,
        users=users_who_may(Verb.DECIDE, row.workspace),
        chat=True,
    )


# --- Authors -------------------------------------------------------------------------------------

ENDINGS = {
    "approvals.rejected": "was rejected",
    "approvals.expired": "expired",
    "approvals.withdrawn": "came back to you",
}
REFUSALS = {"submit": "was kept back by a rule", "rewrite": "was reworded by a rule"}


def tell_authors(*, at: datetime) -> int:
    """People whose messages were blocked, reworded, rejected, returned or expired, by e-mail.

    Reads the log from where it last stopped; the first time, from its end.
    """
    with transaction.atomic():
        mark = NoticeMark.objects.select_for_update().filter(name=AUTHORS).first()
        if mark is None:
            newest = Activity.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            NoticeMark.objects.bulk_create(
                [NoticeMark(name=AUTHORS, activity_id=newest)], ignore_conflicts=True
            )
            return 0
        rows = _settled(mark.activity_id, at)
        if not rows:
            return 0
        NoticeMark.objects.filter(pk=mark.pk).update(activity_id=rows[-1].pk)
        return _tell(rows, at) + _tell_raised(rows, at)


def _settled(after: int, at: datetime) -> list[Activity]:
    """The log in its order, up to the first row that others may still overtake."""
    found: list[Activity] = []
    for row in Activity.objects.filter(pk__gt=after).order_by("pk")[:BATCH]:
        if row.at > at - SETTLE:
            break
        found.append(row)
    return found


def _tell_raised(rows: list[Activity], at: datetime) -> int:
    """To the chat: what it has heard of as something less, or passed over, is critical since."""
    raised: dict[int, set[str]] = defaultdict(set)
    for row in rows:
        if row.verb == RAISED and row.workspace_id:
            heard = _last_alert(row.workspace_id, row.at)
            if int(row.object_id) <= _seen(heard):  # else it is, or was, new there as critical
                raised[row.workspace_id].add(row.object_id)
    places = Workspace.objects.in_bulk(raised)
    return sum(
        outbox.put(
            f"raised:{pk}:{rows[-1].pk}",
            places[pk],
            subject=f"{places[pk].name}: {len(items)} became critical",
            body=f"What came in from their reader made {len(items)} critical.\n"
            f"{outbox.link(QUEUE)}",
            at=at,
            chat=True,
        )
        for pk, items in sorted(raised.items())
    )


def _tell(rows: list[Activity], at: datetime) -> int:
    lines: dict[tuple[int, int], list[str]] = defaultdict(list)
    authors = _authors(rows)
    for row in rows:
        words, author = _words(row), authors.get((row.object_type, row.object_id))
        own = row.by_kind == PrincipalKind.USER and author and row.by_id == str(author[0])
        if words and author and not (own and row.verb in ENDINGS):
            lines[author].append(words)
    users = User.objects.in_bulk({user for user, _ in lines})
    here = Membership.objects.filter(user__in=users)  # who has left a workspace hears of it no more
    members = set(here.values_list("user_id", "workspace_id"))
    places = Workspace.objects.in_bulk({place for _, place in lines})
    return sum(
        outbox.put(
            f"author:{user}:{place}:{rows[-1].pk}",
            places[place],
            subject=_subject(len(told), places[place]),
            body="\n".join([*told, "", "The reason is on each message.", outbox.link(QUEUE)]),
            at=at,
            users=[users[user]],
        )
        for (user, place), told in lines.items()
        if (user, place) in members
    )


def _subject(count: int, place: Workspace) -> str:
    return f"{place.name}: news of {count} of your messages"


def _words(row: Activity) -> str:
    if row.verb in ENDINGS:
        became = ENDINGS[row.verb]
        if row.codes.get("reason") == "sent_by_hand":
            became = "was sent by hand"
        if row.codes.get("reason") == "arrived_after_all":
            became = "had arrived after all and is not sent once more"
        return f"#{row.object_id} {became}: {outbox.link(ITEM, row.object_id)}"
    if row.verb == "safety.refused" and row.codes.get("action") in REFUSALS:
        return f"Message {row.object_id} {REFUSALS[row.codes['action']]}."
    return ""


def _authors(rows: list[Activity]) -> dict[tuple[str, str], tuple[int, int]]:
    """Who wrote what these rows tell of, as (user, workspace); agents read theirs by the API."""
    told = [row for row in rows if _words(row)]
    ids = {kind: {row.object_id for row in told if row.object_type == kind} for kind in _KINDS}
    found: dict[tuple[str, str], tuple[int, int]] = {}
    by_draft = Draft.objects.filter(pk__in=ids["draft"], by_kind=PrincipalKind.USER)
    for pk, user, place in by_draft.values_list("pk", "by_id", "workspace_id"):
        found["draft", str(pk)] = (int(user), place)
    by_item = Approval.objects.filter(
        pk__in=ids["approval"], draft__by_kind=PrincipalKind.USER
    ).values_list("pk", "draft__by_id", "workspace_id")
    for pk, user, place in by_item:
        found["approval", str(pk)] = (int(user), place)
    return found


_KINDS = ("draft", "approval")
