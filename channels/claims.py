"""Who sends an approved message by hand: whoever copied it, so that no two colleagues both do.

A claim holds for half an hour. Nobody else is given the text meanwhile, unless they take it over,
which the log keeps; to say that it was sent is a fact and needs none. Pages that show a message as
a record (its review page, REST, `review --show`) know no claim: they show it after it left as well,
and offer nothing to send.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.http import QueryDict

from approvals import queue
from approvals.models import Approval
from channels import manual, registry
from channels.models import Claim
from outreach.core import activity
from outreach.core.models import Person, User
from outreach.core.people import canonical
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal
from safety import controls
from safety.actions import is_by_hand
from safety.models import ControlKey

FRESH = timedelta(minutes=30)
ACTS = ("copy", "take_over")
KEPT = timedelta(days=1)  # who copied what concerns nobody after that
BY_ITSELF = (
    "Hidden: the program sends this by itself, and it would reach them twice. To write it "
    "yourself, switch automation off for the person first. If you did write, you can still "
    "record it."
)
GIVEN = "#{} is yours for 30 minutes: copy it, send it, then mark it as sent."


@dataclass(frozen=True, slots=True)
class Held:
    """A fresh claim as one colleague sees it. `number` is the user's who holds it."""

    number: int
    is_own: bool
    sentence: str


def held(drafts: Collection[int], *, by: Principal, at: datetime) -> dict[int, Held]:
    """Of these messages, those that somebody copied lately. Over all rounds: it is one letter."""
    rows = Claim.objects.filter(approval__draft__in=drafts, since__gt=at - FRESH)
    found = rows.select_related("user", "approval").order_by("since")
    return {row.approval.draft_id: _as_seen(row, by, at) for row in found}


def _as_seen(row: Claim, by: Principal, at: datetime) -> Held:
    own = row.user == by.user
    who = "You" if own else Principal.of_user(row.user).label
    verb = "have" if own else "has"
    sentence = (
        f"{who} copied this {queue.ago(row.since, at)} and {verb} not said yet whether it was sent."
    )
    return Held(row.user_id, own, sentence)


def offer(
    approval: Approval, claim: Held | None, *, at: datetime
) -> tuple[manual.HandOff, Held | None]:
    """What this colleague may copy, and the claim to tell of: nothing while another has it."""
    offered = _offered(approval, at)
    if claim is None or offered.warning:
        return offered, None
    return (offered if claim.is_own else manual.HandOff("", "", "")), claim


def _offered(approval: Approval, at: datetime) -> manual.HandOff:
    """What a person may copy: never what the program sends as well, which knows of no claim."""
    offered = manual.offer(approval, at=at)
    if offered.text and _goes_by_itself(approval):
        return manual.HandOff("", "", BY_ITSELF)
    return offered


def _goes_by_itself(approval: Approval) -> bool:
    """Given in dry run, to somebody with automation off, or by what is not set up, it does not."""
    if is_by_hand(approval.channel) or approval.dry_run or registry.needed(approval.channel):
        return False
    if controls.read().is_braking(ControlKey.DRY_RUN, approval.workspace_id):
        return False
    human = canonical(Person.objects.get(pk=approval.draft.person_id))
    return human.automation_enabled


def take(approval_id: int, *, by: Principal, at: datetime, over: int | None = None) -> str:
    """Claim this message for this colleague before they copy it; one of several wins.

    `over` is the user it is taken over from, as the page showed it: no third one loses it unseen.
    Raises HandOffRefused where another holds it, or where nothing may be copied.
    """
    with transaction.atomic():
        approval = manual.locked(approval_id)  # nobody copies, marks or sends it meanwhile
        require(by, Verb.SETTLE, approval.workspace)
        if by.user is None:
            raise manual.HandOffRefused("Only a person sends a message by hand.")
        row = queue.readable(Approval.objects.filter(pk=approval_id)).get()
        if no := _offered(row, at).warning:
            raise manual.HandOffRefused(no)
        other = held([row.draft_id], by=by, at=at).get(row.draft_id)
        if other is not None and not other.is_own:
            if other.number != over:
                raise manual.HandOffRefused(f"Nothing was copied. {other.sentence}")
            told = activity.entry(
                "channels.claim_taken_over", row, digest=row.digest, from_user=other.number
            )
            activity.record(told, by=by, at=at)
        _keep(row, by.user, at)
    return GIVEN.format(approval_id)


def _keep(approval: Approval, user: User, at: datetime) -> None:
    """The rounds are locked, and the table takes one claim of an approval."""
    Claim.objects.filter(approval__draft=approval.draft_id).exclude(approval=approval).delete()
    Claim.objects.update_or_create(approval=approval, defaults={"user": user, "since": at})


def posted(form: QueryDict, approval_id: int, *, by: Principal, at: datetime) -> str:
    """Do what a button of the pages asks for: to copy the text, or to take it over."""
    holder = form.get("holder", "") if form.get("act") == "take_over" else ""
    over = int(holder) if holder.isdecimal() and len(holder) < 19 else None
    return take(approval_id, by=by, at=at, over=over)


def forget(*, at: datetime) -> int:
    """Delete what is older than a day; how many."""
    return Claim.objects.filter(since__lte=at - KEPT).delete()[0]
