"""Writing rules of people: status, automation, addresses, rests. Called by the stage that stops."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from outreach.core import activity, erasure, opt_outs, reasons, shown, visible
from outreach.core.addresses import BadAddress, normalise, too_long
from outreach.core.clock import DAY, by_clock
from outreach.core.models import Address, CoolingOff, Person, Workspace
from outreach.core.models.people import PersonStatus
from outreach.core.permissions import Verb, require
from outreach.core.principal import Principal

DESIST_REST = timedelta(hours=72)
STATUS = (
    "status", "status_reason", "status_at", "desisted_at", "desist_beneath", "block_beneath",
)  # fmt: skip
AUTOMATION = ("automation_enabled", "automation_disabled_reason", "automation_disabled_at")

STILL_ASKED = (
    "The block is lifted; their request to stop still stands, so nothing is sent until that is "
    "lifted too."
)
STILL_BLOCKED = (
    "Their request to stop is lifted; they are still blocked, as before it, so nothing is sent "
    "until the block is lifted too."
)


class PersonRefused(Exception):
    """The change of a person's standing is refused; the sentence says why and what to do."""


def canonical(person: Person) -> Person:
    """The row that stands for the human being."""
    return person.merged_into or person


def human_ids(person: Person) -> list[int]:
    """The canonical row and every duplicate that points at it, as the database has them now."""
    into = Person.objects.filter(pk=person.pk).values_list("merged_into_id", flat=True).first()
    human = into or person.pk
    return [human, *Person.objects.filter(merged_into=human).values_list("pk", flat=True)]


def refuse_erased(person: Person) -> None:
    """Nothing is written about somebody who was erased: whoever it is now is a new person.

    Needs the transaction that writes, until whose end they are not erased.
    """
    erased = erasure.hold([person.pk])
    if erased:
        raise PersonRefused(
            f"This person was erased on {by_clock(erased[person.pk], DAY)}; nothing may be written "
            "about them any more. Somebody who comes to you anew is written down as a new person."
        )


def _human_now(person: Person, *, whole: bool = False) -> Person:
    """The human being as the database has it, held until the transaction ends.

    What is being merged is waited for: a stop must not land on a record that counts no more.
    `whole` holds their other records too, of which something is written then.
    """
    into = Person.objects.filter(pk=person.pk).values_list("merged_into_id", flat=True).get()
    while True:
        mark = transaction.savepoint()
        others = Person.objects.filter(merged_into=into or person.pk) if whole else ()
        ids = [person.pk, into or person.pk, *(other.pk for other in others)]
        rows = Person.objects.filter(pk__in=ids).order_by("pk")
        # In the order of a merge, and no message in flight is waited for: it only needs the key.
        held = dict(rows.select_for_update(no_key=True).values_list("pk", "merged_into_id"))
        if held[person.pk] == into:
            transaction.savepoint_commit(mark)
            break
        transaction.savepoint_rollback(mark)  # lets go: two of them are only held in order
        into = held[person.pk]
    if into == person.merged_into_id:
        return canonical(person)
    return Person.objects.get(pk=into or person.pk)


def set_status(
    person: Person, status: str, *, reason: str, by: Principal, at: datetime, seen: str = ""
) -> str:
    """Block, desist, or lift either, on the canonical row; the standing they have then.

    Needs a transaction. Lifting needs a reason, and 72 h to have passed since a request to stop
    (SPEC §3). Neither hides the other: lifted, it leaves the one that stood before standing.
    `seen` is `shown.version` of STATUS where a person looked: nothing that came since is lifted.
    """
    human = _human_now(person)
    refuse_erased(human)
    human.refresh_from_db(fields=STATUS)
    was = human.status_reason
    if status == PersonStatus.ACTIVE:
        if not visible.signs(reason):
            raise PersonRefused("Say why: a reason is needed to let somebody be written to again.")
        if shown.differs(human, STATUS, seen):
            raise PersonRefused(shown.SINCE.format(name=human.full_name))
        _refuse_early(human, at)
        verb = _lift(human, reason, at)
    else:
        reason = visible.reason_of(reason)
        verb = _stop(human, status, reason, at)
    human.save(update_fields=[*STATUS, "updated_at"])
    told = {"status": human.status, "verb": verb}
    change = reasons.keep_of_person(human, told, reason=reason, was=was, by=by, at=at)
    activity.record(activity.entry(f"people.{verb}", human, change=change), by=by, at=at)
    return str(human.status)


def _stop(human: Person, status: str, reason: str, at: datetime) -> str:
    """Block or desist, over what stands already; how the log calls it. The caller saves."""
    asked, blocked = has_asked(human), _blocked_because(human)
    is_request = status == PersonStatus.DESIST
    human.desist_beneath = asked and not is_request
    human.block_beneath = blocked if is_request else ""
    human.status, human.status_reason, human.status_at = status, reason[:500], at
    if is_request:
        human.desisted_at = at
        rest(human, CoolingOff.Cause.STOP_REQUEST, at=at, until=at + DESIST_REST)
    return status


def _lift(human: Person, reason: str, at: datetime) -> str:
    """Lift the newer stop, and leave the one beneath; how the log calls it. The caller saves."""
    verb, now, since = "active", PersonStatus.ACTIVE, at
    if human.status == PersonStatus.BLOCKED and human.desist_beneath:
        verb, now, since = "unblocked", PersonStatus.DESIST, human.desisted_at or at
        reason = f"asked us to stop on {by_clock(since, DAY)}; the block was lifted: {reason}"
    elif human.status == PersonStatus.DESIST and human.block_beneath:
        verb, now = "desist_lifted", PersonStatus.BLOCKED
        reason = f"{human.block_beneath}; their request to stop was lifted: {reason}"
    human.desist_beneath, human.block_beneath = False, ""
    human.status, human.status_reason, human.status_at = now, reason[:500], since
    return verb


def has_asked(person: Person) -> bool:
    """Whether a request to stop stands, be it beneath a block."""
    beneath = person.status == PersonStatus.BLOCKED and person.desist_beneath
    return beneath or person.status == PersonStatus.DESIST


def _blocked_because(person: Person) -> str:
    """Why they are blocked, be it beneath a request to stop; empty where they are not."""
    of = {PersonStatus.BLOCKED: person.status_reason, PersonStatus.DESIST: person.block_beneath}
    return next((why for status, why in of.items() if status == person.status), "")


def _refuse_early(human: Person, at: datetime) -> None:
    """Nothing is lifted within 72 h of the last request to stop."""
    asked = [human.desisted_at]  # kept by a block that came after; by a merge the newest
    if human.status == PersonStatus.DESIST:
        asked.append(human.status_at or at)
    since = max((time for time in asked if time), default=None)
    if since is not None and at - since < DESIST_REST:
        raise PersonRefused(
            f"{human.full_name} asked us to stop at {by_clock(since)}. This can be "
            f"lifted from {by_clock(since + DESIST_REST)} on, not before."
        )


def set_automation(
    person: Person, enabled: bool, *, reason: str, by: Principal, at: datetime, seen: str = ""
) -> None:
    """Switch automated messaging to this human off or on (seed C §5). Needs a transaction.

    Off on one record is off; on again is on for every record, or it would be off for its messages.
    `seen` is `shown.version` of AUTOMATION where a person looked at it.
    """
    human = _human_now(person, whole=enabled)
    refuse_erased(human)
    if enabled:
        human.refresh_from_db(fields=AUTOMATION)
        if shown.differs(human, AUTOMATION, seen):
            raise PersonRefused(shown.SINCE.format(name=human.full_name))
    else:
        reason = visible.reason_of(reason)
    was = human.automation_disabled_reason
    human.automation_enabled = enabled
    human.automation_disabled_reason = "" if enabled else reason[:500]
    human.automation_disabled_at = None if enabled else at
    human.save(update_fields=[*AUTOMATION, "updated_at"])
    if enabled:
        theirs = Person.objects.filter(merged_into=human, automation_enabled=False)
        theirs.update(**{name: getattr(human, name) for name in AUTOMATION}, updated_at=at)
    verb = "automation_enabled" if enabled else "automation_disabled"
    told = {"automation": enabled, "verb": verb}
    change = reasons.keep_of_person(human, told, reason=reason, was=was, by=by, at=at)
    activity.record(activity.entry(f"people.{verb}", human, change=change), by=by, at=at)


def rest(human: Person, cause: str, *, at: datetime, until: datetime) -> bool:
    """Begin a cooling-off unless one of that cause still holds: attempts do not prolong it."""
    if CoolingOff.objects.filter(human=human, cause=cause, until__gt=at).exists():
        return False
    CoolingOff.objects.create(
        workspace_id=human.workspace_id, human=human, cause=cause, at=at, until=until
    )
    return True


def add_address(
    workspace: Workspace,
    person: Person,
    channel: str,
    raw: str,
    *,
    region: str | None = None,
    at: datetime | None = None,
) -> Address:
    """Store one more way to reach a person. Raises BadAddress, or PersonRefused if taken.

    If the human being opted out, by this address or another of theirs, all of them are suppressed.
    """
    refuse_erased(person)
    form = normalise(channel, raw, region=region)
    if fault := too_long(channel, form):
        raise BadAddress(fault)
    found, made = Address.objects.get_or_create(
        workspace=workspace,
        channel=channel,
        normalised=form,
        defaults={"person": person, "raw": raw.strip()[:500]},
    )
    if not made and found.person_id != person.pk:
        raise PersonRefused(f"{form} belongs to another person already: {found.person.uuid}.")
    if made:
        opt_outs.follow([person.pk], at=at or timezone.now())
    return found


# --- Two records of one human being --------------------------------------------------------------

STANDING = (*STATUS, *AUTOMATION)
GRAVITY = {PersonStatus.ACTIVE: 0, PersonStatus.BLOCKED: 2, PersonStatus.DESIST: 3}
UNKNOWN = 1  # a standing that is none of ours counts as stopped


def standing_of(person: Person) -> dict[str, Any]:
    """A person's standing as plain values, for a merge to keep."""
    values = {name: getattr(person, name) for name in STANDING}
    return {n: v.isoformat() if isinstance(v, datetime) else v for n, v in values.items()}


def adopt_standing(
    kept: Person, merged: Person, *, by: Principal, at: datetime
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The stricter standing of two records counts for the human being; before and after.

    The caller saves. Automation off on either is off.
    """
    before = standing_of(kept)
    asked = has_asked(kept) or has_asked(merged)
    blocked = _blocked_because(kept) or _blocked_because(merged)
    if _gravity(merged) > _gravity(kept):
        kept.status, kept.status_reason = merged.status, merged.status_reason
        kept.status_at = merged.status_at
        activity.record(activity.entry(f"people.{kept.status}", kept), by=by, at=at)
    times = [time for time in (kept.desisted_at, merged.desisted_at) if time]
    kept.desisted_at = max(times, default=None)
    kept.desist_beneath = asked and kept.status == PersonStatus.BLOCKED
    kept.block_beneath = blocked if kept.status == PersonStatus.DESIST else ""
    if kept.automation_enabled and not merged.automation_enabled:
        kept.automation_enabled = False
        kept.automation_disabled_reason = merged.automation_disabled_reason
        kept.automation_disabled_at = merged.automation_disabled_at
        activity.record(activity.entry("people.automation_disabled", kept), by=by, at=at)
    return before, standing_of(kept)


def _gravity(person: Person) -> int:
    return next((rank for known, rank in GRAVITY.items() if known == person.status), UNKNOWN)


def restore_standing(
    kept: Person, merged: Person, before: dict[str, Any], after: dict[str, Any], *, by: Principal
) -> None:
    """Take a merge's standing back; what was asked for meanwhile holds for both records.

    Lifting a stop needs the right to stop. The caller saves.
    """
    now = standing_of(kept)
    if any(now[name] != value for name, value in after.items()):  # an older merge knows fewer
        for name in STANDING:
            setattr(merged, name, getattr(kept, name))
        return
    if before != after:
        require(by, Verb.STOP_PERSON, kept.workspace)
    for name, value in before.items():
        is_time = name.endswith("_at") and value
        setattr(kept, name, datetime.fromisoformat(value) if is_time else value)
