"""Who did what the log tells: it keeps ids only, so their names are read when it is shown."""

from __future__ import annotations

from collections.abc import Iterable

from outreach.core.models import Agent, PrincipalKind, User
from outreach.core.principal import Principal


def names_of(actors: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """By kind and id, what pages call these people and agents; without those who are gone."""
    asked = {(str(kind), by_id) for kind, by_id in actors if by_id.isdecimal()}
    people = [int(by_id) for kind, by_id in asked if kind == PrincipalKind.USER]
    agents = [int(by_id) for kind, by_id in asked if kind == PrincipalKind.AGENT]
    found = [
        *(Principal.of_user(user) for user in User.objects.filter(pk__in=people)),
        *(Principal.of_agent(agent) for agent in Agent.objects.filter(pk__in=agents)),
    ]
    return {(str(by.kind), by.id): by.label for by in found}
