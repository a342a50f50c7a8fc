"""What the gate is asked: the facts about one message, and the moment. Pure, frozen, no queries."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from safety.contract import frequency
from safety.contract.localtime import LocalZones
from safety.contract.markup import to_text
from safety.contract.timing import is_promotional


class Moment(StrEnum):
    """When the gate is asked. The rules are the same; what a stop means for each differs."""

    SUBMISSION = "submission"
    EDIT = "edit"
    APPROVAL = "approval"
    SENDING = "sending"


@dataclass(frozen=True, slots=True)
class ConsentOnFile:
    """One record of why we may write on a channel. Withdrawn ones are never among the facts."""

    channel: str
    basis: str
    at: datetime
    expires_at: datetime | None = None

    def is_valid(self, at: datetime) -> bool:
        """From its time on, until it expires."""
        return self.at <= at and (self.expires_at is None or at < self.expires_at)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything about one message that rules look at. Frozen, free of queries."""

    channel: str
    purpose: str
    touch: str
    action: str
    address: str
    subject: str
    text: str
    html: str
    by_kind: str
    person_status: str
    status_reason: str
    automation_enabled: bool
    automation_reason: str
    zones: LocalZones
    zone_fault: str = ""  # the stored zone that IANA does not know
    emergency: str = ""
    messaging: str = ""
    dry_run: str = ""
    contacts: tuple[frequency.Contact, ...] = ()
    attachments: tuple[dict[str, object], ...] = field(default=())
    # What the law table asks.
    country: str = ""  # ISO 3166 alpha-2; empty: unknown
    also: frozenset[str] = frozenset()  # countries their other numbers tell: their laws hold too
    state: str = ""  # of the United States, two letters; empty: unknown
    company: bool = False  # known to work for a company
    company_hearsay: bool = False  # for a company that only an agent told
    follows_us: bool = False
    consents: tuple[ConsentOnFile, ...] = ()
    postal_address: str = ""  # the workspace's
    our_zone: str = ""  # the workspace's clock, by which days of its records are told; empty: UTC
    # What stands against the address and for the workspace.
    suppressed: str = ""  # why nothing may go to this address
    anothers: bool = False  # it is the address of another human being by now
    complaints: tuple[datetime, ...] = ()  # of the workspace, as far back as the guard looks
    left_count: int = 0  # messages of the workspace that left in that time
    parties: tuple[str, ...] = ()  # addresses and numbers of the two who write to each other
    previous: tuple[str, ...] = ()  # the last texts that left to this person, oldest first
    received: tuple[str, ...] = ()  # what they wrote to us, where the text seems to quote it
    own_words: tuple[str, ...] = ()  # what this workspace forbids in addition to our rules
    settled: bool = False  # these words were approved under the rules in force
    override: str = ""  # category of a declared, unspent emergency that this text is marked with

    @property
    def is_urgent(self) -> bool:
        """Whether a declared emergency lifts holds: never for words that sell, whatever they are
        called (SPEC §4)."""
        return bool(self.override) and not is_promotional(self.purpose)

    @property
    def shown(self) -> str:
        """The words of the HTML part, which most people read in place of the text."""
        return to_text(self.html) if self.html else ""
