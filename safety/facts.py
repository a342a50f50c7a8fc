"""What the gate wants to know, read in a constant number of statements; the gate's only queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from outreach.core import history
from outreach.core.models import Address, Channel, Contact, CoolingOff, Draft, Person
from safety import actions, controls
from safety.contract import frequency
from safety.contract.localtime import resolve_zones
from safety.gate import Facts
from safety.models import ControlKey


def gather(
    drafts: Sequence[Draft], *, at: datetime, state: controls.Controls | None = None
) -> dict[int, Facts]:
    """Facts by draft id. Persons, history and controls are read afresh, whatever is loaded."""
    people = {
        person.pk: person
        for person in Person.objects.filter(
            pk__in={draft.person_id for draft in drafts}
        ).select_related("merged_into")
    }
    humans = {person.human_id for person in people.values()}
    contacts = history.contacts_of(humans, at=at)
    rests = history.cooling_offs_of(humans, at=at)
    phones = _phones(people.values())
    now = state or controls.read()
    return {
        draft.pk: _facts(draft, people[draft.person_id], now, contacts, rests, phones)
        for draft in drafts
    }


def _phones(people: Iterable[Person]) -> dict[int, str]:
    rows = Address.objects.filter(
        person_id__in=[person.pk for person in people],
        channel__in=[Channel.WHATSAPP, Channel.PHONE],
    ).order_by("id")
    return {row.person_id: row.normalised for row in rows}


def _facts(
    draft: Draft,
    person: Person,
    state: controls.Controls,
    contacts: dict[int, list[Contact]],
    rests: dict[int, list[CoolingOff]],
    phones: dict[int, str],
) -> Facts:
    human = person.merged_into or person
    revision = draft.current
    scope = draft.workspace_id
    return Facts(
        channel=draft.channel,
        purpose=draft.purpose,
        touch=draft.touch,
        action=actions.SEND_ACTION.get(draft.channel, "by_hand"),
        address=revision.address if revision else "",
        subject=revision.subject if revision else "",
        text=revision.text if revision else "",
        html=revision.html if revision else "",
        by_kind=draft.by_kind,
        person_status=human.status,
        status_reason=human.status_reason,
        automation_enabled=person.automation_enabled and human.automation_enabled,
        automation_reason=human.automation_disabled_reason or person.automation_disabled_reason,
        zones=resolve_zones(
            timezone=human.time_zone or person.time_zone,
            phone=phones.get(person.pk, ""),
            default=draft.workspace.time_zone,
        ),
        emergency=state.sentence(ControlKey.EMERGENCY_STOP, scope),
        messaging=state.sentence(ControlKey.MESSAGING_ENABLED, scope),
        dry_run=state.sentence(ControlKey.DRY_RUN, scope),
        contacts=tuple(
            sorted(
                [_contact(row) for row in contacts.get(human.pk, [])]
                + [_rest(row) for row in rests.get(human.pk, [])],
                key=lambda item: item.at,
            )
        ),
        attachments=tuple(revision.attachments) if revision else (),
    )


def _contact(row: Contact) -> frequency.Contact:
    return frequency.Contact(platform=row.channel, at=row.at, direction=row.direction)


def _rest(row: CoolingOff) -> frequency.Contact:
    return frequency.Contact(
        platform="", at=row.at, direction="cooling_off", until=row.until, cause=row.cause
    )
