"""Named reads of the core rows."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth import get_user_model
from django.db.models import Prefetch, Q, QuerySet

from outreach.core import accents
from outreach.core.addresses import BadAddress, normalise
from outreach.core.models import Address, Channel, Membership, Person, Role, User, Workspace
from outreach.core.names import clean
from outreach.core.permissions import LEAST_ROLE, RANK, Verb


def person_by_uuid(workspace: Workspace, uuid: str) -> Person | None:
    """The person of this workspace with that uuid, or None (also for what is no uuid)."""
    from uuid import UUID

    try:
        value = UUID(str(uuid))
    except ValueError:
        return None
    return Person.objects.filter(workspace=workspace, uuid=value).first()


def people_named(workspace: Workspace, named: str) -> list[Person]:
    """Whom of this workspace somebody means by a uuid, or else by an address or a whole name.

    Empty where nobody is meant. Several only where they are several human beings, such as one whose
    name is another's Instagram handle: of merged records the kept one stands for all.
    """
    by_uuid = person_by_uuid(workspace, named)
    if by_uuid is not None:
        return [by_uuid]
    rows = Person.objects.filter(workspace=workspace).select_related("merged_into")
    name = clean(named)
    called = Q(full_name__iexact=name)
    if not name.isascii():
        called |= Q(full_name__regex=accents.whole(name))
    found = rows.filter(Q(pk__in=people_at(named).values("pk")) | called)
    humans = {person.human_id: person.merged_into or person for person in found}
    return [humans[pk] for pk in sorted(humans)]


def told_apart(people: Sequence[Person]) -> list[tuple[Person, str]]:
    """Each with company and first address in brackets, so that one can tell who is meant."""
    rows = Person.objects.select_related("account").prefetch_related(
        Prefetch("addresses", Address.objects.order_by("pk"))
    )
    found = rows.in_bulk([person.pk for person in people])
    return [(person, _about(found.get(person.pk, person))) for person in people]


def _about(person: Person) -> str:
    company = person.account.name if person.account else ""
    address = next((way.raw for way in person.addresses.all()), "")
    about = ", ".join(part for part in (company, address) if part)
    return f" ({about})" if about else ""


def people_like(workspace: Workspace, asked: str) -> QuerySet[Person]:
    """People of this workspace whose name, company or address has these words in it, by name.

    Of merged records the kept one.
    """
    rows = Person.objects.filter(workspace=workspace, merged_into__isnull=True).filter(
        Q(full_name__icontains=asked)
        | Q(account__name__icontains=asked)
        | Q(addresses__normalised__icontains=asked.casefold())
    )
    return rows.select_related("account").distinct().order_by("full_name", "pk")


def people_at(written: str) -> QuerySet[Person]:
    """Whoever has this address on any channel, in any workspace, however it is written.

    The exact forms are asked for by workspace and channel, as their unique index begins.
    """
    forms = Q(channel__in=Channel.values, normalised=written)
    for channel in Channel:
        try:
            forms |= Q(channel=channel, normalised=normalise(channel, written))
        except BadAddress:
            continue
    found = Address.objects.filter(forms, workspace__in=Workspace.objects.all())
    return Person.objects.filter(pk__in=found.values("person_id"))


def users_who_may(verb: Verb, workspace: Workspace) -> QuerySet[User]:
    """Active users with the role that this verb needs in this workspace."""
    enough = [role for role in Role if RANK[role] >= RANK[LEAST_ROLE[verb]]]
    members = Membership.objects.filter(workspace=workspace, role__in=enough)
    return (
        get_user_model()
        .objects.filter(is_active=True, pk__in=members.values("user_id"))
        .order_by("username")
    )


def operators() -> QuerySet[User]:
    return (
        get_user_model()
        .objects.filter(Q(is_operator=True) | Q(is_superuser=True), is_active=True)
        .order_by("username")
    )


def workspaces_of(user: User) -> QuerySet[Workspace]:
    """The workspaces this user is a member of: what the admin shows them, and nothing else."""
    return Workspace.objects.filter(memberships__user=user).order_by("slug")
