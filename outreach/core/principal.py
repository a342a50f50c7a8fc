"""Who acts: a user, an agent, or the system. The only way to say "by" in this code base."""

from __future__ import annotations

from dataclasses import dataclass

from outreach.core.models import Agent, PrincipalKind, User

LONGEST_LABEL = 150  # of every column that tells who did something; two long names are longer


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody or something that acts. `door` is how they came in: admin, command, api, job."""

    kind: str
    id: str
    label: str
    user: User | None = None
    agent: Agent | None = None
    door: str = ""

    @classmethod
    def of_user(cls, user: User, *, door: str = "") -> Principal:
        label = (user.get_full_name() or user.get_username())[:LONGEST_LABEL]
        return cls(PrincipalKind.USER, str(user.pk), label, user=user, door=door)

    @classmethod
    def of_agent(cls, agent: Agent, *, door: str = "") -> Principal:
        return cls(PrincipalKind.AGENT, str(agent.pk), agent.name, agent=agent, door=door)

    @classmethod
    def system(cls, part: str) -> Principal:
        """The program itself; `part` names which one, such as expiry or sender."""
        return cls(PrincipalKind.SYSTEM, part, "SYSTEM", door="job")

    @property
    def is_user(self) -> bool:
        return self.kind == PrincipalKind.USER

    @property
    def is_agent(self) -> bool:
        return self.kind == PrincipalKind.AGENT

    @property
    def is_system(self) -> bool:
        return self.kind == PrincipalKind.SYSTEM

    def fields(self) -> dict[str, str]:
        """The three `by_` columns of a row."""
        return {"by_kind": self.kind, "by_id": self.id, "by_label": self.label[:LONGEST_LABEL]}
