"""One-click unsubscribe (RFC 8058): a signed link for each message, and what following it does.

The link is signed with the suppression key, which outlives SECRET_KEY: an old mail's button works.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import transaction

from channels import events, stop
from channels.incoming import Incoming
from channels.meta_events import Event
from outreach.core import consent, opt_outs, people, suppression
from outreach.core.models import Address, Draft, Person
from outreach.core.models.consent import SuppressionReason
from outreach.core.models.people import PersonStatus
from outreach.core.principal import Principal

UNSUBSCRIBER = Principal.system("unsubscribe")
PATH = "unsubscribe/"
REASON = "unsubscribed with one click"


class NotOurLink(LookupError):
    """Nobody can be found by this link: it was cut short, changed, or is from elsewhere."""


def link(uuid: UUID) -> str:
    """The address that stops the person this message went to; empty where it would not be https.

    RFC 8058 asks for https: in clear text anybody on the way could unsubscribe people.
    """
    if not settings.BASE_URL.startswith("https://"):
        return ""
    return f"{settings.BASE_URL}/{PATH}{token(uuid)}"


def token(uuid: UUID) -> str:
    return _signer().sign(uuid.hex)


def message_of(token: str) -> Draft:
    """The message whose link this is. Raises NotOurLink."""
    try:
        uuid = UUID(_signer().unsign(token))
    except (BadSignature, ValueError):
        raise NotOurLink("This link is not complete, or not ours.") from None
    rows = Draft.objects.select_related("person__merged_into", "workspace", "current")
    draft = rows.filter(uuid=uuid).first()
    if draft is None:
        raise NotOurLink("The message of this link is not known any more.")
    return draft


def unsubscribe(token: str, *, at: datetime) -> tuple[Draft, list[int]]:
    """Stop this human being for good: desist, every address suppressed, every consent ended.

    And whoever has the address it went to by now, if that is another.

    Committed when it returns, with the message and the person ids in whose name one may still be
    in flight, past its sender's last look: ask `quiet.in_flight` before saying that all is over.
    Who was blocked, or stopped for another reason, asked for it as well. Harmless twice. Must not
    be called within a transaction. Raises NotOurLink.
    """
    draft = message_of(token)
    human = people.canonical(draft.person)
    ids = people.human_ids(human)
    if human.erased_at is not None:  # each address of theirs is suppressed, and nothing is written
        return draft, ids
    ids = _stop(human, at) or ids
    for reader in _readers(draft, human):
        ids = [*ids, *_stop(reader, at)]
    return draft, ids


def keep(token: str, *, at: datetime) -> None:
    """Keep a click that the database could not take yet, without anybody's lock: the sweep hears it
    as it hears the button of a mail program. Raises NotOurLink."""
    draft = message_of(token)
    name = f"{draft.uuid}.{at:%Y%m%dT%H%M}"
    letter = Incoming(
        channel=draft.channel,
        sender=draft.current.address if draft.current else "",
        message_id=f"<{name}@{PATH}>",
        at=at,
        subject=f"unsubscribe {draft.uuid}",
    )
    events.keep([Event("one-click", name, "message", at, letter.as_dict())], at=at)


def _readers(draft: Draft, human: Person) -> list[Person]:
    """Who else has the address it went to by now: a merge was undone since, and whoever clicked
    reads there."""
    rows = Address.objects.filter(
        workspace=draft.workspace, channel=draft.channel,
        normalised=draft.current.address if draft.current else "",
    )  # fmt: skip
    found = [people.canonical(row.person) for row in rows.select_related("person__merged_into")]
    return [each for each in found if each != human]


def _stop(human: Person, at: datetime) -> list[int]:
    """Desist, suppression and the end of every consent; the ids to wait for, if it was not so."""
    ids: list[int] = []
    if (human.status, human.status_reason) != (PersonStatus.DESIST, REASON):
        ids = stop.stop_person(human, PersonStatus.DESIST, reason=REASON, by=UNSUBSCRIBER, at=at)
    with transaction.atomic():
        opt_outs.suppress_human(human, reason=SuppressionReason.UNSUBSCRIBE, by=UNSUBSCRIBER, at=at)
        consent.withdraw(human, reason=REASON, by=UNSUBSCRIBER, at=at)
    return ids


def _signer() -> Signer:
    return Signer(key=suppression.key(), salt="outreach.unsubscribe", sep=".")
