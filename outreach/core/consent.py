"""Granting and withdrawing consent: what proves that we may write, kept with its text and source.

An agent may pass on what a list claims, never that somebody agreed: it cannot raise its own rights.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Q

from outreach.core import activity, erasure, visible
from outreach.core.clock import by_clock
from outreach.core.models import Consent, Person, Workspace
from outreach.core.models.consent import Basis
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal


class ConsentRefused(ValueError):
    """This cannot be recorded as a consent; the sentence says what is missing."""


def grant(
    person: Person,
    channel: str,
    basis: str,
    *,
    source: str,
    by: Principal,
    at: datetime,
    text_shown: str = "",
    given_at: datetime | None = None,
    expires_at: datetime | None = None,
) -> Consent:
    """Record why we may write to this human on this channel, with what proves it.

    It stands on this record and counts for the human being as long as they are known to be one.
    `given_at` is when they agreed, if that was before now (`at`); what they agreed to before
    they withdrew on this channel is refused, since it ended then.
    """
    require(by, Verb.WRITE_PEOPLE, person.workspace)
    if by.is_agent and basis != Basis.IMPORTED_CLAIM:
        raise NotAllowed(
            f"Agent {by.label} may record a claim ({Basis.IMPORTED_CLAIM}), not that somebody "
            "agreed. A colleague who has seen the proof records that."
        )
    when = given_at or at
    _check(basis, source, text_shown, given_at=when, at=at, expires_at=expires_at)
    with transaction.atomic():
        if erasure.hold([person.pk]):
            raise ConsentRefused(
                "This person was erased. Write down a new person with their consent."
            )
        ended = withdrawn_since(person, channel, when)
        if ended is not None:
            raise ConsentRefused(
                f"They withdrew their consent on {by_clock(ended)}: what they agreed to before"
                " no longer counts. Record an agreement given since, with its proof."
            )
        row = Consent.objects.create(
            workspace=person.workspace,
            person=person,
            channel=channel,
            basis=basis,
            text_shown=text_shown.strip(),
            source=source.strip()[:300],
            at=when,
            expires_at=expires_at,
            **by.fields(),
        )
        entry = activity.entry("people.consent_given", row, channel=channel, basis=str(basis))
        activity.record(entry, by=by, at=at)
    return row


def _check(
    basis: str,
    source: str,
    text_shown: str,
    *,
    given_at: datetime,
    at: datetime,
    expires_at: datetime | None,
) -> None:
    if basis not in Basis.values:
        raise ConsentRefused(f"{basis!r} is no basis. Known: {', '.join(Basis.values)}.")
    if not visible.signs(source):
        raise ConsentRefused("Say where this consent can be looked up: it has to be proven.")
    if basis == Basis.OPT_IN and not visible.signs(text_shown):
        raise ConsentRefused("An opt-in needs the text the person read when they agreed.")
    if given_at > at:
        raise ConsentRefused("A consent cannot be given in the future.")
    if expires_at is not None and expires_at <= given_at:
        raise ConsentRefused("A consent must end after it begins.")


def withdrawn_since(person: Person, channel: str, since: datetime) -> datetime | None:
    """When any record of this human last withdrew on this channel, if that was at `since` or later.

    What they agreed to before that moment counts no more.
    """
    rows = Consent.objects.filter(
        _of_humans([person.human_id]), channel=channel, withdrawn_at__gte=since
    )
    last: datetime | None = rows.aggregate(last=Max("withdrawn_at"))["last"]
    return last


def withdraw(person: Person, *, reason: str, by: Principal, at: datetime, channel: str = "") -> int:
    """End every consent of this human, on one channel or on all; returns how many ended."""
    require(by, Verb.WRITE_PEOPLE, person.workspace)
    reason = visible.reason_of(reason)
    rows = Consent.objects.filter(_of_humans([person.human_id]), withdrawn_at__isnull=True)
    if channel:
        rows = rows.filter(channel=channel)
    with transaction.atomic():
        ended = list(rows.order_by("pk").select_for_update(of=("self",)))
        Consent.objects.filter(pk__in=[row.pk for row in ended]).update(
            withdrawn_at=at, withdrawn_reason=reason[:300]
        )
        activity.record(
            *[
                activity.entry(
                    "people.consent_withdrawn", row, channel=row.channel, basis=row.basis
                )
                for row in ended
            ],
            by=by,
            at=at,
        )
    return len(ended)


def withdrawn_among(workspace: Workspace, people: Collection[int]) -> set[tuple[int, str]]:
    """On which channel who of these ever withdrew a consent, on whichever record of theirs."""
    rows = Consent.objects.filter(workspace=workspace, withdrawn_at__isnull=False)
    if not rows.exists():
        return set()
    records = Person.objects.filter(pk__in=people).values_list("pk", "merged_into")
    human_of = {pk: into or pk for pk, into in records}
    channels: dict[int, set[str]] = defaultdict(set)
    whose = ("person", "person__merged_into", "channel")
    for pk, into, channel in rows.filter(_of_humans(set(human_of.values()))).values_list(*whose):
        channels[into or pk].add(channel)
    return {(pk, each) for pk, human in human_of.items() for each in channels.get(human, ())}


def _of_humans(human_ids: Iterable[int]) -> Q:
    ids = list(human_ids)
    return Q(person_id__in=ids) | Q(person__merged_into_id__in=ids)
