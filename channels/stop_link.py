"""A link that stops, for a phone at night: signed, for one user and one scope, until a day.

It carries no right of its own: what its maker may do at the moment of use decides. No row is kept
of it; a new password of its maker and a new SECRET_KEY make it void.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac

from channels import stop
from outreach.core import activity
from outreach.core.models import User, Workspace
from outreach.core.permissions import NotAllowed
from outreach.core.principal import Principal
from safety import controls
from safety.models import ControlKey

SALT = "outreach.stop_link"
PATH = "stop/"
DOOR = "link"
DAYS, MOST_DAYS = 90, 365
NO_REASON = "by link, no reason given"


class NotALink(LookupError):
    """Cut short, changed, from elsewhere, or void: which of it is nobody's business."""


class Ended(NotALink):
    """It was good, and its time is over."""


@dataclass(frozen=True, slots=True)
class StopLink:
    """What a link stops (None: the whole system), in whose name, and until when it can."""

    user: User
    workspace: Workspace | None
    until: datetime

    @property
    def by(self) -> Principal:
        return Principal.of_user(self.user, door=DOOR)

    @property
    def where(self) -> str:
        return self.workspace.name if self.workspace else "the whole system"

    def token(self) -> str:
        place = self.workspace.pk if self.workspace else None
        end = int(self.until.timestamp())
        return str(_signer().sign_object([self.user.pk, place, end, _bond(self.user)]))


def make(*, by: Principal, workspace: Workspace | None, days: int, at: datetime) -> StopLink:
    """A link for whoever asks, and a line in the log. Raises NotAllowed and ControlRefused."""
    stop.may_brake(by, workspace)
    if by.user is None:
        raise NotAllowed("A link stops in a person's name: a person has to make it for themselves.")
    if not 1 <= days <= MOST_DAYS:
        raise stop.ControlRefused(
            f"A link lasts from 1 to {MOST_DAYS} days. Name a number of days between them."
        )
    until = (at + timedelta(days=days)).replace(microsecond=0)
    place = workspace.pk if workspace else None
    told = activity.Entry(
        "safety.stop_link_made", "user", str(by.user.pk), place, codes={"days": days}
    )
    with transaction.atomic():
        activity.record(told, by=by, at=at)
    return StopLink(by.user, workspace, until)


def read(token: str, *, at: datetime) -> StopLink:
    """The link of this token, if whoever made it may still stop that. Raises NotALink, Ended."""
    try:
        number, place, end, bond = _signer().unsign_object(token)
    except (BadSignature, ValueError):
        raise NotALink from None
    user = User.objects.filter(pk=number).first()
    workspace = None if place is None else Workspace.objects.filter(pk=place).first()
    if user is None or (place is not None and workspace is None):
        raise NotALink
    if not constant_time_compare(bond, _bond(user)):
        raise NotALink
    link = StopLink(user, workspace, datetime.fromtimestamp(end, UTC))
    try:
        stop.may_brake(link.by, workspace)  # refuses whoever is switched off, too
    except NotAllowed:
        raise NotALink from None
    if link.until <= at:
        raise Ended
    return link


def use(link: StopLink, *, reason: str, clock: stop.Clock) -> datetime:
    """Set the emergency stop; when it was set.

    Without a reason, that of a stop which is set already stays.
    """
    words = " ".join(reason.replace("\0", " ").split())  # no words may hold a stop up
    place = link.workspace.pk if link.workspace else None
    row = controls.read().rows.get((place, ControlKey.EMERGENCY_STOP))
    standing = row.reason if row is not None and row.is_braking else ""
    reason = words or standing or NO_REASON
    return stop.emergency_stop(workspace=link.workspace, reason=reason, by=link.by, clock=clock)


def is_stopped(workspace_id: int | None) -> bool:
    """Whether an emergency stop holds in that scope, from wherever it was set."""
    return controls.read().is_braking(ControlKey.EMERGENCY_STOP, workspace_id)


def address(link: StopLink, *, base: str) -> str:
    """The whole address, at the one under which people reach this installation."""
    return f"{base}/{PATH}{link.token()}"


def _signer() -> Signer:
    return Signer(salt=SALT, sep=".")


def _bond(user: User) -> str:
    """Changes with the user's password and with SECRET_KEY, and says nothing about either."""
    of = user.get_session_auth_hash()
    return salted_hmac(SALT, of, algorithm="sha256").hexdigest()[:32]
