"""The rows everybody points at. One concept each; constraints stand beside the fields."""

from __future__ import annotations

from outreach.core.models.activity import Activity, Seal
from outreach.core.models.base import Channel, Heartbeat, PrincipalKind, Purpose, Touch
from outreach.core.models.consent import Consent, Suppression
from outreach.core.models.contacts import Contact, CoolingOff
from outreach.core.models.drafts import Draft, Revision
from outreach.core.models.files import File
from outreach.core.models.imports import Duplicate, Import, ImportChange, ImportPart, Merge
from outreach.core.models.inbound import InboundMessage
from outreach.core.models.keys import ApiKey
from outreach.core.models.people import Account, Address, Person
from outreach.core.models.voice import VoiceProfile
from outreach.core.models.workspace import Agent, Autonomy, Membership, Role, User, Workspace

__all__ = [
    "Account",
    "Activity",
    "Address",
    "Agent",
    "ApiKey",
    "Autonomy",
    "Channel",
    "Consent",
    "Contact",
    "CoolingOff",
    "Draft",
    "Duplicate",
    "File",
    "Heartbeat",
    "Import",
    "ImportChange",
    "ImportPart",
    "InboundMessage",
    "Membership",
    "Merge",
    "Person",
    "PrincipalKind",
    "Purpose",
    "Revision",
    "Role",
    "Seal",
    "Suppression",
    "Touch",
    "User",
    "VoiceProfile",
    "Workspace",
]
