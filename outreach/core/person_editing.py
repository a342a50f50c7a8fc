"""What is known of one person, written by hand: a new one, or changes of one.

Whether they may be written to is not here: status, automation and merges have services of their
own. Every address is checked; one that cannot be read, or is somebody else's, refuses the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from outreach.core import activity, names
from outreach.core.clock import SECONDS, by_clock
from outreach.core.models import Account, Address, Channel, Duplicate, Person, Workspace
from outreach.core.models.imports import DuplicateReason
from outreach.core.models.workspace import validate_zone
from outreach.core.people import PersonRefused, add_address, refuse_erased
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal

FIELDS = (
    "full_name", "first_name", "last_name", "greeting_name", "position", "profile_url",
    "time_zone", "country", "notes",
)  # fmt: skip
NAMES = ("full_name", "first_name", "last_name", "greeting_name", "position")
CALLED = ("full_name", "first_name", "last_name")
Addresses = Iterable[tuple[str, str]]  # (channel, as written)


def create(
    workspace: Workspace,
    words: Mapping[str, Any],
    *,
    addresses: Addresses = (),
    account: str = "",
    by: Principal,
    at: datetime,
) -> Person:
    """A new person. Without a greeting name one is derived, and left empty when in doubt.

    Raises NotAllowed, BadAddress, PersonRefused for an address that is somebody's already.
    """
    require(by, Verb.WRITE_PEOPLE, workspace)
    typed = _clean(words)
    known = names.of_person(
        typed.get("first_name", ""), typed.get("last_name", ""), typed.get("full_name", "")
    )
    given = {
        "full_name": known.full,
        "first_name": known.first,
        "last_name": known.last,
        "greeting_name": known.greeting,
        **typed,
    }
    if not any(sign.isalnum() for sign in given["full_name"]):
        raise PersonRefused("Give the person a name.")
    _refuse_long(given, typed)
    with transaction.atomic():
        person = Person.objects.create(
            workspace=workspace,
            **_company(workspace, account, by),
            source=f"by hand: {by.label}"[:300],
            **given,
        )
        for channel, raw in addresses:
            add_address(workspace, person, channel, raw, region=person.country or None, at=at)
        _suggest(person, at)
        activity.record(activity.entry("people.written", person), by=by, at=at)
    return person


def _suggest(person: Person, at: datetime) -> None:
    """A namesake in the same company may be the same human being: a person decides."""
    if person.account_id is None:
        return
    alike = Person.objects.filter(
        workspace=person.workspace, account=person.account, full_name__iexact=person.full_name,
        merged_into=None,
    )  # fmt: skip
    other = alike.exclude(pk=person.pk).order_by("pk").first()
    if other is not None:
        Duplicate.objects.create(
            workspace=person.workspace, one=other, other=person, created_at=at,
            reason=DuplicateReason.NAME_AND_COMPANY,
        )  # fmt: skip


def change(
    person: Person,
    words: Mapping[str, Any],
    *,
    addresses: Addresses = (),
    account: str | None = None,
    seen: str = "",
    by: Principal,
    at: datetime,
) -> list[str]:
    """Change what is known; returns the names of the fields that changed. Addresses are added.

    `seen` is `version` of what the writer looked at: refused if the record changed since.
    """
    require(by, Verb.WRITE_PEOPLE, person.workspace)
    given = _clean(words)
    if "full_name" in given and not any(sign.isalnum() for sign in given["full_name"]):
        raise PersonRefused("Give the person a name.")
    _refuse_long(given, given)
    with transaction.atomic():
        held = Person.objects.select_for_update(no_key=True).get(pk=person.pk)
        refuse_erased(held)
        if seen and seen != version(held):
            raise PersonRefused(
                f"{held.full_name} was changed at {by_clock(held.updated_at, SECONDS)}, after "
                "this page was opened. Nothing was saved: look at what it is now, and save again."
            )
        changed = [name for name, value in given.items() if getattr(held, name) != value]
        _for_people_only(held, changed, by)
        _set(held, {name: given[name] for name in changed})
        if account is not None:
            changed += _set_company(held, account, by)
        if changed:
            held.save(update_fields=[*changed, "account_hearsay", "former_names", "updated_at"])
        before = held.addresses.count()
        for channel, raw in addresses:
            add_address(person.workspace, held, channel, raw, region=held.country or None, at=at)
        if held.addresses.count() > before:
            changed.append("addresses")
        if changed:
            told = activity.entry("people.changed", held, fields=sorted(changed))
            activity.record(told, by=by, at=at)
    return changed


def _set(held: Person, values: Mapping[str, Any]) -> None:
    """Of somebody renamed the name before stays known: texts have it, an erasure looks for it."""
    before = {name: getattr(held, name) for name in CALLED}
    for name, value in values.items():
        setattr(held, name, value)
    if set(CALLED) & set(values) and before not in held.former_names:
        held.former_names = [*held.former_names, before]


NUMBERED = (Channel.WHATSAPP, Channel.PHONE)
# Whose law and whose hours a message is judged by. An agent may fill what nobody knows.
JUDGED_BY = {"country": "country", "time_zone": "time zone"}


def _for_people_only(held: Person, changed: Iterable[str], by: Principal) -> None:
    """Refuse an agent that would move somebody to where the rules are kinder.

    A record of the same human being may know it, and a telephone number tells both.
    """
    asked = [] if by.is_user else [name for name in changed if name in JUDGED_BY]
    told = [JUDGED_BY[name] for name in asked if _is_known(held, name)]
    if told:
        raise NotAllowed(
            f"{by.label} may not change the {' and the '.join(told)} of a person: law and hours "
            f"are judged by it. A colleague in {held.workspace.name} has to do this. Nothing was "
            "saved."
        )


def _is_known(held: Person, name: str) -> bool:
    human = Person.objects.filter(Q(pk=held.human_id) | Q(merged_into=held.human_id))
    numbers = Address.objects.filter(person__in=human.values("pk"), channel__in=NUMBERED)
    return human.exclude(**{name: ""}).exists() or numbers.exists()


def version(person: Person) -> str:
    """What a page has shown of a person: it changes with them."""
    return person.updated_at.isoformat()


def _clean(words: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: words[name] for name in FIELDS if name in words}
    for name in NAMES:
        if name in given:
            given[name] = names.clean(given[name])
    if given.get("time_zone"):
        validate_zone(given["time_zone"])
    if given.get("country"):
        given["country"] = str(given["country"]).upper()
    return given


def _refuse_long(given: Mapping[str, Any], typed: Mapping[str, Any]) -> None:
    """Refuse what its column cannot take: composed letters and derived names may be longer."""
    for name, value in given.items():
        most = getattr(Person._meta.get_field(name), "max_length", None)
        if most and len(value) > most:
            label = "name" if name == "full_name" else name.replace("_", " ")
            origin = "" if name in typed else ", derived from the other names,"
            raise PersonRefused(
                f"The {label}{origin} has {len(value)} letters; at most {most} are stored. "
                f"Give a shorter {label}."
            )


def _set_company(held: Person, name: str, by: Principal) -> list[str]:
    """Set it where it is another one, or where a colleague vouches for what an agent had told."""
    given = _company(held.workspace, name, by)
    vouched = held.account_hearsay and not given["account_hearsay"]
    if held.account == given["account"] and not vouched:
        return []
    held.account, held.account_hearsay = given["account"], given["account_hearsay"]
    return ["account"]


def _company(workspace: Workspace, name: str, by: Principal) -> dict[str, Any]:
    """The law asks less where somebody works for a company: an agent's word is not enough."""
    account = _account(workspace, name)
    return {"account": account, "account_hearsay": account is not None and not by.is_user}


def _account(workspace: Workspace, name: str) -> Account | None:
    tidy = names.clean(name)[:300]
    if not tidy:
        return None
    key = names.company_key(tidy)
    return Account.objects.get_or_create(workspace=workspace, key=key, defaults={"name": tidy})[0]
