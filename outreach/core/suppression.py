"""Addresses nothing may go to: keyed hashes that outlive the person, read at the last look.

The key is SUPPRESSION_KEY or a file in DATA_DIR, never SECRET_KEY: opt-outs must survive its
rotation (docs/decisions/0007). A list written with another key cannot be read, and what cannot be
read stops everything.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from outreach.core import activity, mailboxes, sql, visible
from outreach.core.addresses import BadAddress, normalise, other_form
from outreach.core.clock import DAY, by_clock
from outreach.core.models import Channel, Suppression, Workspace
from outreach.core.models.consent import SuppressionReason
from outreach.core.own_keys import name_of, own_key
from outreach.core.permissions import NotAllowed, Verb, require
from outreach.core.principal import Principal

DOMAIN = b"outreach/suppression/v1\0"
GRAVITY = {reason: rank for rank, reason in enumerate(SuppressionReason.values)}
OTHER_KEY = (
    "The suppression list was written with another key, so nobody can tell who asked us to stop. "
    "Put the old SUPPRESSION_KEY (or the file suppression_key in DATA_DIR) back"
)
TOO_SHORT = (
    "Restore the key the list was written with; only where no list exists yet make a longer one."
)
_COLUMNS = ("workspace_id", "digest", "key_id", "reason", "at", "complained_at", "lifted_at")
# What stands against these addresses; the complaints of these workspaces; one row of another key,
# of which normally there is none. A union and no OR: each part is answered by its own index.
STANDING = """
SELECT workspace_id, digest, key_id, reason, at, complained_at, lifted_at
FROM suppressions WHERE digest IN ({digests})
UNION
SELECT workspace_id, digest, key_id, reason, at, complained_at, lifted_at
FROM suppressions WHERE workspace_id IN ({places}) AND complained_at > %s
UNION
SELECT * FROM (
  SELECT workspace_id, digest, key_id, reason, at, complained_at, lifted_at
  FROM suppressions WHERE (key_id < %s OR key_id > %s) AND lifted_at IS NULL LIMIT 1) AS other
"""
Place = tuple[int, str, str]  # workspace id, channel, address


class SuppressionRefused(Exception):
    """The suppression cannot be changed so; the sentence says what to do."""


# --- The key -------------------------------------------------------------------------------------


def key() -> bytes:
    """The key of this installation; made once where the environment carries none."""
    given, folder = os.environ.get("SUPPRESSION_KEY", ""), Path(settings.DATA_DIR)
    return own_key("SUPPRESSION_KEY", given, folder, too_short=TOO_SHORT)


def key_id() -> str:
    """Names the key without telling it."""
    return name_of(key(), DOMAIN)


def form_of(channel: str, address: str) -> str:
    """The form that is hashed: normalised, and for e-mail that of the mailbox, for who unsubscribes
    `ann+shop@…` has unsubscribed `ann@…`. What cannot be normalised is folded."""
    form = _folded(channel, address)
    return mailboxes.one(form) if channel == Channel.EMAIL else form


def _folded(channel: str, address: str) -> str:
    try:
        return normalise(channel, address)
    except BadAddress:
        return " ".join(address.split()).casefold()


def same_mailbox(address: str) -> Q:
    """The e-mail addresses of one digest: without a tag and with any."""
    return mailboxes.same(form_of(Channel.EMAIL, address))


def forms_of(channel: str, address: str) -> list[str]:
    """The form that is hashed, and others under which it may stand: of a mobile number that has
    two, and of a mailbox of Google's."""
    form = _folded(channel, address)
    if channel == Channel.EMAIL:
        return mailboxes.forms(form)
    return [form, other] if (other := other_form(channel, form)) else [form]


def digest_of(workspace_id: int, channel: str, address: str) -> str:
    """The keyed hash of one address in one workspace."""
    return digests_of(workspace_id, channel, address)[0]


def digests_of(workspace_id: int, channel: str, address: str) -> tuple[str, ...]:
    """Its own hash, then those of its other forms: what stands under any holds for all."""
    return _digests(key(), workspace_id, channel, address)


def _digests(key: bytes, workspace_id: int, channel: str, address: str) -> tuple[str, ...]:
    texts = (f"{workspace_id}\0{channel}\0{form}" for form in forms_of(channel, address))
    return tuple(hmac.digest(key, DOMAIN + text.encode(), "sha256").hex() for text in texts)


def as_one(known: dict[str, str], digests: Sequence[str]) -> str:
    """Under which digest these forms of one number go; `known` learns it for those to come."""
    digest = next((known[each] for each in digests if each in known), digests[0])
    for each in digests:
        known.setdefault(each, digest)
    return digest


# --- Reading -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands against addresses, and the recent complaints of their workspaces."""

    sentences: dict[Place, str] = field(default_factory=dict)
    complaints: dict[int, tuple[datetime, ...]] = field(default_factory=dict)
    unreadable: str = ""

    def against(self, place: Place) -> str:
        """Why nothing may go to this address; empty when nothing stands against it."""
        return self.unreadable or self.sentences.get(place, "")


def standing(places: Iterable[Place], *, complaints_since: datetime) -> Standing:
    """What the gate wants to know about these addresses, in one statement, read now."""
    wanted = _by_digest(places)
    mine = key_id()
    workspaces = {place[0] for found in wanted.values() for place in found}
    since = sql.from_moment(complaints_since)
    rows = [
        _row(values)
        for values in sql.fetch(
            STANDING,
            [*wanted, *workspaces, since, mine, mine],
            digests=sql.marks(len(wanted)),
            places=sql.marks(len(workspaces)),
        )
    ]
    sentences: dict[Place, str] = {}
    complaints: dict[int, list[datetime]] = {}
    unreadable = ""
    for row in rows:
        if row.lifted_at is None:
            unreadable = unreadable or (OTHER_KEY if row.key_id != mine else "")
            sentences |= dict.fromkeys(wanted.get(row.digest, ()), sentence_of(row))
        if row.complained_at is not None and row.complained_at > complaints_since:
            complaints.setdefault(row.workspace_id, []).append(row.complained_at)
    sorted_complaints = {place: tuple(sorted(times)) for place, times in complaints.items()}
    return Standing(sentences, sorted_complaints, unreadable)


def _row(values: tuple[object, ...]) -> Suppression:
    row = sql.instance(Suppression, _COLUMNS, values)
    for name in ("at", "complained_at", "lifted_at"):
        setattr(row, name, sql.to_moment(getattr(row, name)))
    return row


def _by_digest(places: Iterable[Place]) -> dict[str, list[Place]]:
    """Several ways to write one address have one digest; a mobile number may have two."""
    found: dict[str, list[Place]] = {}
    secret = key()
    for place in places:
        if place[2]:
            for digest in _digests(secret, *place):
                found.setdefault(digest, []).append(place)
    return found


def sentence_of(row: Suppression) -> str:
    return (
        f"This address is on the suppression list since {by_clock(row.at, DAY)} "
        f"({row.get_reason_display().lower()})"
    )


def suppressed_among(places: Collection[Place]) -> set[Place]:
    """Which of these addresses are suppressed, in one statement; imports count them by it."""
    wanted = _by_digest(places)
    rows = Suppression.objects.filter(digest__in=wanted, lifted_at__isnull=True)
    return {place for digest in rows.values_list("digest", flat=True) for place in wanted[digest]}


def find(workspace: Workspace, channel: str, address: str) -> Suppression | None:
    """The suppression that holds for this address, if there is one."""
    return next(iter(holding(workspace, channel, address)), None)


def holding(workspace: Workspace, channel: str, address: str) -> list[Suppression]:
    """All that hold for it: two where both forms of a number came in by their digests."""
    digests = digests_of(workspace.pk, channel, address)
    return list(Suppression.objects.filter(digest__in=digests, lifted_at__isnull=True))


def is_suppressed(workspace: Workspace, channel: str, address: str) -> bool:
    return find(workspace, channel, address) is not None


# --- Writing -------------------------------------------------------------------------------------


def suppress(
    workspace: Workspace,
    channel: str,
    address: str,
    *,
    reason: str,
    by: Principal,
    at: datetime,
    since: datetime | None = None,
) -> Suppression:
    """Nothing may go to this address from now on. Repeating it is harmless.

    `since` is when it was asked for, where that was earlier. People need the right to stop a
    person, and programs of ours (system) have it; an agent's scopes never include it. A number
    with two forms keeps the one row it has, so that whoever lifts it opens both.
    """
    if not by.is_system:
        require(by, Verb.STOP_PERSON, workspace)
    if not address.strip():
        raise SuppressionRefused("An empty address cannot be suppressed. Say which one.")
    with transaction.atomic():
        row, made = Suppression.objects.select_for_update().get_or_create(
            digest=_written(channel, digests_of(workspace.pk, channel, address)),
            workspace=workspace,
            channel=channel,
            defaults={"reason": reason, "at": since or at, "key_id": key_id(), **by.fields()},
        )
        if _grow(row, reason, at=since or at, by=by) or made:
            entry = activity.entry("safety.suppressed", row, channel=channel, reason=str(reason))
            activity.record(entry, by=by, at=at)
    return row


def _written(channel: str, digests: Sequence[str]) -> str:
    """Under which of its forms it is on the list already; else its own. What stood there under
    another spelling of a mailbox comes under the one form, by which every spelling is known."""
    rows = list(Suppression.objects.filter(digest__in=digests) if len(digests) > 1 else ())
    if channel == Channel.EMAIL and rows and all(row.digest != digests[0] for row in rows):
        rows.sort(key=lambda row: (row.lifted_at is None, GRAVITY[row.reason]))
        Suppression.objects.filter(pk=rows[-1].pk).update(digest=digests[0])
        return digests[0]
    return as_one({row.digest: row.digest for row in rows}, digests)


def _grow(row: Suppression, reason: str, *, at: datetime, by: Principal) -> bool:
    """Take in a further reason: the gravest stays, a lifted row holds again. True if changed."""
    before = (row.reason, row.lifted_at, row.complained_at)
    if row.lifted_at is not None or GRAVITY[reason] > GRAVITY[row.reason]:
        row.reason, row.at = reason, at
        row.by_kind, row.by_id, row.by_label = by.kind, by.id, by.label[:150]
    if reason == SuppressionReason.COMPLAINT:
        row.complained_at = max(at, row.complained_at or at)
    row.lifted_at, row.lifted_reason = None, ""
    changed = before != (row.reason, row.lifted_at, row.complained_at)
    if changed:
        row.save()
    return changed


def lift(row: Suppression, *, reason: str, by: Principal, at: datetime) -> None:
    """Let messages go to this address again: a person with the right, and a reason, logged."""
    if not by.is_user:
        raise NotAllowed(f"{by.label} may not lift a suppression. A reviewer has to do this.")
    require(by, Verb.STOP_PERSON, row.workspace)
    if not visible.signs(reason):
        raise SuppressionRefused("Say why: what did the person do that lets us write again?")
    with transaction.atomic():
        lifted = Suppression.objects.filter(pk=row.pk, lifted_at__isnull=True).update(
            lifted_at=at, lifted_reason=reason[:300]
        )
        if not lifted:
            raise SuppressionRefused("This suppression was lifted already.")
        entry = activity.entry("safety.suppression_lifted", row, channel=row.channel)
        activity.record(entry, by=by, at=at)
    row.lifted_at, row.lifted_reason = at, reason[:300]
