"""The facts about each message, from what was read at once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parseaddr
from functools import lru_cache
from typing import Any

from django.conf import settings

from outreach.core import files
from outreach.core.models import Channel, Draft, Person, Revision, Touch
from safety import actions, controls, gate
from safety.contract import frequency
from safety.contract.content import effective_purpose
from safety.contract.localtime import LocalZones, resolve_zones, zone_of
from safety.contract.timing import is_promotional
from safety.gate import Facts
from safety.known import Known, place_of, read
from safety.law.law import country_of, state_of
from safety.models import ControlKey

BY_NUMBER = (Channel.WHATSAPP, Channel.PHONE)
NONE_SETTLED: Mapping[int, str] = {}
# To an answer the law allows most, to a first message least.
STRICTER = (Touch.REPLY, Touch.FOLLOW_UP, Touch.INITIAL)


def gather(
    drafts: Sequence[Draft],
    *,
    at: datetime,
    state: controls.Controls | None = None,
    settled: Mapping[int, str] = NONE_SETTLED,
) -> dict[int, Facts]:
    """Facts by draft id. Persons, history and controls are read afresh, whatever is loaded.

    `settled` are drafts whose words were approved under the rules in force, each with the purpose
    they were judged as then; "" where nobody kept it.
    """
    known = read(drafts, at=at, state=state, words=len(settled) < len(drafts))
    brakes = {scope: _brakes(known, scope) for scope in {draft.workspace_id for draft in drafts}}
    return {
        draft.pk: _facts(
            draft, known, judged_as=settled.get(draft.pk), brakes=brakes[draft.workspace_id]
        )
        for draft in drafts
    }


@lru_cache(maxsize=64)
def policy_of(typed: str) -> str:
    """Names the rules a workspace judges texts by; `typed` are its own words, one a line."""
    return gate.policy(own_words(typed))


def own_words(typed: str) -> tuple[str, ...]:
    """A workspace's own words, one a line as typed; each once."""
    return tuple(dict.fromkeys(line.strip() for line in typed.splitlines() if line.strip()))


def _facts(draft: Draft, known: Known, *, judged_as: str | None, brakes: dict[str, Any]) -> Facts:
    person = known.people[draft.person_id]
    human = person.merged_into or person
    return Facts(
        **_message(draft, known.received.get(human.pk, ()), judged_as),
        touch=_touch(draft, human, known),
        **_recipient(draft, person, human, known),
        **_around(draft, known),
        anothers=known.around.owners.get(place_of(draft), human.pk) != human.pk,
        **brakes,
        contacts=_history(human, known),
        consents=tuple(known.around.consents.get(human.pk, ())),
        previous=tuple(
            known.sent_texts[row.draft]
            for row in known.around.last_out(human.pk)
            if row.draft in known.sent_texts
        ),
        settled=judged_as is not None,
        own_words=own_words(draft.workspace.own_words) if judged_as is None else (),
    )


def _message(draft: Draft, received: tuple[str, ...], judged_as: str | None) -> dict[str, Any]:
    revision = draft.current or Revision()
    return {
        "channel": draft.channel,
        "purpose": _purpose(draft, revision, received, judged_as),
        "received": received,
        "action": actions.SEND_ACTION.get(draft.channel, "by_hand"),
        "address": revision.address,
        "subject": revision.subject,
        "text": revision.text,
        "html": revision.html,
        "by_kind": draft.by_kind,
        "attachments": files.with_heads(draft.workspace_id, revision.attachments),
    }


def _purpose(
    draft: Draft, words: Revision, received: tuple[str, ...], judged_as: str | None
) -> str:
    """Whatever it is called: words that sell are judged as promotion by every rule.

    Settled words are not read again, at every look of every wave: what they were judged as stands.
    """
    if judged_as:
        return judged_as if is_promotional(judged_as) else draft.purpose
    return effective_purpose(
        draft.purpose,
        subject=words.subject,
        text=words.text,
        html=words.html,
        received=received,
    )


def _touch(draft: Draft, human: Person, known: Known) -> str:
    """The stricter of what the message was when it was asked for and of what it is now.

    Another may have left since and been the answer. Rules remember 30 days: where nothing passed
    in them, the earlier is the one that knows more.
    """
    passed = known.around.contacts.get(human.pk)
    if not passed:
        return draft.touch
    now = Touch.REPLY if passed[-1].contact.direction == "in" else Touch.FOLLOW_UP
    return max(draft.touch, now, key=STRICTER.index)


def _recipient(draft: Draft, person: Person, human: Person, known: Known) -> dict[str, Any]:
    phones = _numbers(draft, known.around.phones.get(human.pk, ()))
    places = [(each.country, each.time_zone) for each in (human, person)]
    places += known.around.places.get(human.pk, ())
    country, also = _countries([stored for stored, _ in places], phones)
    workspace = draft.workspace
    return {
        "person_status": human.status,
        "status_reason": human.status_reason,
        "automation_enabled": person.automation_enabled and human.automation_enabled,
        "automation_reason": human.automation_disabled_reason or person.automation_disabled_reason,
        **_zones([zone for _, zone in places], phones, workspace.time_zone),
        "country": country,
        "also": also,
        "state": state_of("US" if "US" in also else country, _state(human) or _state(person)),
        "parties": tuple(
            filter(
                None,
                (
                    draft.current.address if draft.current else "",
                    *phones,
                    workspace.sender_address,
                    workspace.unsubscribe_address,
                    _bare(settings.DEFAULT_FROM_EMAIL),
                ),
            )
        ),
        **_company((human, person)),
        "follows_us": bool(human.follows_us or person.follows_us),
    }


def _company(records: Sequence[Person]) -> dict[str, bool]:
    """Whether somebody entitled to told their company; if not, whether an agent did."""
    told = {bool(each.account_hearsay) for each in records if each.account_id}
    return {"company": False in told, "company_hearsay": told == {True}}


def _numbers(draft: Draft, known: Sequence[str]) -> tuple[str, ...]:
    """Every number they may be at: the one this goes to, then theirs, oldest first."""
    written = draft.current.address if draft.current and draft.channel in BY_NUMBER else ""
    return tuple(dict.fromkeys(filter(None, (written, *known))))


def _countries(stored: Sequence[str], phones: Sequence[str]) -> tuple[str, frozenset[str]]:
    """Whose law counts first, and whose as well: those stored, then those the numbers tell.

    A stored country silences no number: it is often an import's guess, or came by a merge, and a
    law that somebody may be under is not left out because another was written down.
    """
    told = (*map(country_of, stored), *(country_of("", phone) for phone in phones))
    found = tuple(dict.fromkeys(filter(None, told)))
    return (found[0], frozenset(found[1:])) if found else ("", frozenset())


def _zones(stored: Sequence[str], phones: Sequence[str], default: str) -> dict[str, Any]:
    """Whose clock counts: every zone stored of theirs, else every number's (SPEC 4).

    A stored zone that cannot be read is a fault the gate refuses.
    """
    first, *others = [name for name in dict.fromkeys(stored) if name] or [""]
    try:
        zones = resolve_zones(timezone=first, others=others, also=phones, default=default)
    except ValueError:
        fault = next((name for name in (first, *others) if name and not _is_zone(name)), default)
        return {"zones": LocalZones(("UTC",), "unknown"), "zone_fault": fault}
    return {"zones": zones}


def _is_zone(name: str) -> bool:
    try:
        return bool(zone_of(name))
    except ValueError:
        return False


def _brakes(known: Known, scope: int) -> dict[str, Any]:
    """What stands for the whole system or the workspace.

    A suppression list that nobody can read is no fault of the message: it waits, as in a stop.
    """
    messaging = known.state.sentence(ControlKey.MESSAGING_ENABLED, scope)
    return {
        "emergency": known.state.sentence(ControlKey.EMERGENCY_STOP, scope),
        "messaging": messaging or known.standing.unreadable,
        "dry_run": known.state.sentence(ControlKey.DRY_RUN, scope),
    }


def _around(draft: Draft, known: Known) -> dict[str, Any]:
    """What stands against the address, and what its workspace has to show."""
    scope, zone = draft.workspace_id, draft.workspace.time_zone
    return {
        "postal_address": draft.workspace.postal_address,
        "our_zone": zone if _is_zone(zone) else "",
        "suppressed": known.standing.against(place_of(draft)),
        "complaints": known.standing.complaints.get(scope, ()),
        "left_count": known.left.get(scope, 0),
        "override": known.emergencies.get(draft.pk, ""),
    }


def _state(person: Person) -> object:
    return person.facts.get("state") if isinstance(person.facts, dict) else None


def _history(human: Person, known: Known) -> tuple[frequency.Contact, ...]:
    rows = [row.contact for row in known.around.contacts.get(human.pk, ())]
    rows += known.around.rests.get(human.pk, ())
    return tuple(sorted(rows, key=lambda item: item.at))


@lru_cache(maxsize=16)
def _bare(mailbox: str) -> str:
    return parseaddr(mailbox)[1]
