"""What the gate wants to know, read in a constant number of statements; the gate's only queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.db.models import Count

from outreach.core import consent, history, suppression
from outreach.core.models import (
    Address,
    Channel,
    Consent,
    Contact,
    CoolingOff,
    Draft,
    Person,
    Revision,
)
from safety import actions, controls, override
from safety.contract import frequency
from safety.contract.content import effective_purpose
from safety.contract.localtime import LocalZones, resolve_zones
from safety.gate import Facts
from safety.law.law import country_of, state_of
from safety.law.table import TABLE
from safety.models import ControlKey
from safety.question import ConsentOnFile

COMPLAINTS_FOR = timedelta(days=TABLE.guard.days)


@dataclass(frozen=True, slots=True)
class _Known:
    """Everything that was read, for all messages at once."""

    state: controls.Controls
    contacts: dict[int, list[Contact]]
    rests: dict[int, list[CoolingOff]]
    phones: dict[int, str]
    consents: dict[int, list[Consent]]
    standing: suppression.Standing
    left: dict[int, int]
    emergencies: dict[int, str]
    sent_texts: dict[int, str]


def gather(
    drafts: Sequence[Draft],
    *,
    at: datetime,
    state: controls.Controls | None = None,
    settled: Collection[int] = (),
) -> dict[int, Facts]:
    """Facts by draft id. Persons, history and controls are read afresh, whatever is loaded.

    `settled` are drafts whose words were approved under the rules in force.
    """
    people = {
        person.pk: person
        for person in Person.objects.filter(
            pk__in={draft.person_id for draft in drafts}
        ).select_related("merged_into")
    }
    humans = {person.human_id for person in people.values()}
    revisions = {draft.pk: draft.current for draft in drafts if draft.current}
    standing = suppression.standing(
        [_place(draft) for draft in drafts], complaints_since=at - COMPLAINTS_FOR
    )
    contacts = history.contacts_of(humans, at=at)
    open_words = len(settled) < len(drafts)
    known = _Known(
        state=state or controls.read(),
        contacts=contacts,
        sent_texts=_sent_texts(contacts) if open_words else {},
        rests=history.cooling_offs_of(humans, at=at),
        phones=_phones(people.values()),
        consents=consent.of_humans(humans),
        standing=standing,
        left=messages_left(standing.complaints, at),
        emergencies=override.unspent(revisions.values()),
    )
    return {
        draft.pk: replace(
            _facts(draft, people[draft.person_id], known), settled=draft.pk in settled
        )
        for draft in drafts
    }


def _place(draft: Draft) -> suppression.Place:
    return draft.workspace_id, draft.channel, draft.current.address if draft.current else ""


def messages_left(workspaces: Iterable[int], at: datetime) -> dict[int, int]:
    """Messages that left, for workspaces with complaints: elsewhere nobody asks."""
    ids = list(workspaces)
    if not ids:
        return {}
    rows = Contact.objects.filter(
        workspace__in=ids,
        direction=Contact.Direction.OUT,
        at__gt=at - COMPLAINTS_FOR,
        voided_at__isnull=True,
    )
    return dict(rows.values_list("workspace").annotate(Count("pk")).order_by())


def _sent_texts(contacts: dict[int, list[Contact]]) -> dict[int, str]:
    """Texts by draft of the last messages that left to each human: rising intensity is judged."""
    ids = [row.draft_id or 0 for rows in contacts.values() for row in _last_out(rows)]
    if not ids:
        return {}
    rows = Draft.objects.filter(pk__in=ids, current__isnull=False)
    return dict(rows.values_list("pk", "current__text"))


def _last_out(rows: list[Contact]) -> list[Contact]:
    return [row for row in rows if row.direction == Contact.Direction.OUT and row.draft_id][-2:]


def _phones(people: Iterable[Person]) -> dict[int, str]:
    rows = Address.objects.filter(
        person_id__in=[person.pk for person in people],
        channel__in=[Channel.WHATSAPP, Channel.PHONE],
    ).order_by("id")
    return {row.person_id: row.normalised for row in rows}


def _facts(draft: Draft, person: Person, known: _Known) -> Facts:
    human = person.merged_into or person
    return Facts(
        **_message(draft),
        **_recipient(draft, person, human, known),
        **_around(draft, known),
        contacts=_history(human, known),
        consents=tuple(_consent(row) for row in known.consents.get(human.pk, [])),
        previous=tuple(
            known.sent_texts[row.draft_id]
            for row in _last_out(known.contacts.get(human.pk, []))
            if row.draft_id in known.sent_texts
        ),
    )


def _message(draft: Draft) -> dict[str, Any]:
    revision = draft.current or Revision()
    return {
        "channel": draft.channel,
        # Whatever it is called: words that sell are judged as promotion by every rule.
        "purpose": effective_purpose(draft.purpose, subject=revision.subject, text=revision.text),
        "touch": draft.touch,
        "action": actions.SEND_ACTION.get(draft.channel, "by_hand"),
        "address": revision.address,
        "subject": revision.subject,
        "text": revision.text,
        "html": revision.html,
        "by_kind": draft.by_kind,
        "attachments": tuple(revision.attachments),
    }


def _recipient(draft: Draft, person: Person, human: Person, known: _Known) -> dict[str, Any]:
    phone = known.phones.get(person.pk, "")
    country = country_of(human.country or person.country, phone)
    return {
        "person_status": human.status,
        "status_reason": human.status_reason,
        "automation_enabled": person.automation_enabled and human.automation_enabled,
        "automation_reason": human.automation_disabled_reason or person.automation_disabled_reason,
        **_zones(human.time_zone or person.time_zone, phone, draft.workspace.time_zone),
        "country": country,
        "state": state_of(country, _state(human) or _state(person)),
        "parties": tuple(
            filter(
                None,
                (
                    draft.current.address if draft.current else "",
                    phone,
                    draft.workspace.sender_address,
                    draft.workspace.unsubscribe_address,
                    parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
                ),
            )
        ),
        "company": bool(human.account_id or person.account_id),
        "follows_us": bool(human.follows_us or person.follows_us),
    }


def _zones(timezone: str, phone: str, default: str) -> dict[str, Any]:
    """Whose clock counts. A stored zone that cannot be read is a fault the gate refuses."""
    try:
        return {"zones": resolve_zones(timezone=timezone, phone=phone, default=default)}
    except ValueError:
        return {
            "zones": LocalZones(("UTC",), "unknown"),
            "zone_fault": timezone or default,
        }


def _around(draft: Draft, known: _Known) -> dict[str, Any]:
    """What stands for the whole system, the workspace, or the address."""
    scope = draft.workspace_id
    return {
        "emergency": known.state.sentence(ControlKey.EMERGENCY_STOP, scope),
        "messaging": known.state.sentence(ControlKey.MESSAGING_ENABLED, scope),
        "dry_run": known.state.sentence(ControlKey.DRY_RUN, scope),
        "postal_address": draft.workspace.postal_address,
        "suppressed": known.standing.against(_place(draft)),
        "complaints": known.standing.complaints.get(scope, ()),
        "left_count": known.left.get(scope, 0),
        "override": known.emergencies.get(draft.pk, ""),
    }


def _state(person: Person) -> object:
    return person.facts.get("state") if isinstance(person.facts, dict) else None


def _history(human: Person, known: _Known) -> tuple[frequency.Contact, ...]:
    rows = [_contact(row) for row in known.contacts.get(human.pk, [])]
    rows += [_rest(row) for row in known.rests.get(human.pk, [])]
    return tuple(sorted(rows, key=lambda item: item.at))


def _consent(row: Consent) -> ConsentOnFile:
    return ConsentOnFile(row.channel, row.basis, row.at, row.expires_at)


def _contact(row: Contact) -> frequency.Contact:
    return frequency.Contact(platform=row.channel, at=row.at, direction=row.direction)


def _rest(row: CoolingOff) -> frequency.Contact:
    return frequency.Contact(
        platform="", at=row.at, direction="cooling_off", until=row.until, cause=row.cause
    )
