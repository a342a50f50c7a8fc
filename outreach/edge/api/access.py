"""Who comes in by REST, and which workspaces they see: one answer for every view.

A key (agent's or colleague's) acts in its own workspace only; a session in all its user's. What
may be read is `permissions.may_read`; what may be done is asked by the services themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from rest_framework.authentication import (
    BaseAuthentication,
    SessionAuthentication,
    get_authorization_header,
)
from rest_framework.exceptions import AuthenticationFailed, NotFound, ValidationError
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from outreach.core.models import ApiKey, User, Workspace
from outreach.core.permissions import READS, may_read, role_of
from outreach.core.principal import Principal
from outreach.edge.api import throttling

DOOR = "api"
SCHEME = b"bearer"


def door_of(request: Request) -> str:
    """Through which face: another one of this process may ask here and say so (not by a header)."""
    return str(request.META.get("outreach.door", DOOR))


class Caller(AnonymousUser):
    """An agent's key as DRF's `user`: authenticated, and no user of the admin."""

    def __init__(self, principal: Principal) -> None:
        self.principal = principal

    @property
    def is_authenticated(self) -> Any:
        return True


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer occ_…`. A wrong, revoked or expired key is 401, never anonymous."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != SCHEME:
            return None
        found = None
        if len(words) == 2 and words[1].isascii():
            found = throttling.holder(
                words[1].decode("ascii"), address=throttling.address_of(request),
                at=timezone.now(), door=door_of(request),
            )  # fmt: skip
        if found is None:
            raise AuthenticationFailed(
                "This key does not work: it is unknown, expired or revoked. Make a new one in the "
                "admin under API keys."
            )
        principal, key = found
        return (principal.user or Caller(principal)), key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class QuietSession(SessionAuthentication):
    """A colleague's browser session, with its CSRF token."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


@dataclass(frozen=True, slots=True)
class Access:
    """Who acts, and in which workspaces."""

    principal: Principal
    places: dict[int, Workspace]

    def ids(self, resource: str) -> list[int]:
        """The workspaces in which this resource may be read."""
        return [
            pk for pk, place in self.places.items() if may_read(self.principal, resource, place)
        ]


def access_of(request: Request) -> Access:
    """Computed once per request; rights behind it are read anew by each service."""
    known: Access | None = getattr(request, "_outreach_access", None)
    if known is None:
        known = _access(request)
        request._outreach_access = known  # type: ignore[attr-defined]
    return known


def _access(request: Request) -> Access:
    key = request.auth
    if isinstance(key, ApiKey):
        user = request.user
        if isinstance(user, Caller):
            principal = user.principal
        else:
            principal = Principal.of_user(key.user, door=door_of(request))  # type: ignore[arg-type]
            if not role_of(principal, key.workspace):
                return Access(principal, {})  # no member any more: it does not even see how it is
        return Access(principal, {key.workspace_id: key.workspace})
    if not isinstance(request.user, User):
        raise AuthenticationFailed("Log in, or send a key.")
    mine = Workspace.objects.filter(memberships__user=request.user).order_by("slug")
    return Access(Principal.of_user(request.user, door=DOOR), {row.pk: row for row in mine})


def named_place(request: Request) -> Workspace | None:
    """The one of the caller's workspaces that `?workspace=SLUG` names, or None without it.

    NotFound for any other, whether it exists or not.
    """
    asked = request.query_params.get("workspace", "")
    if not asked:
        return None
    for place in access_of(request).places.values():
        if place.slug == asked:
            return place
    raise NotFound(f"There is no workspace {asked!r} among yours.")


def place_of(request: Request) -> Workspace:
    """The workspace that a write concerns: the key's, or the one `?workspace=SLUG` names."""
    places = list(access_of(request).places.values())
    if named := named_place(request):
        return named
    if len(places) != 1:
        names = ", ".join(place.slug for place in places) or "none"
        raise ValidationError(
            {"workspace": [f"Say which workspace: add ?workspace=SLUG. Yours: {names}."]}
        )
    return places[0]


class MayRead(BasePermission):
    """Whether the resource may be read anywhere; a refusal says who could change that."""

    message = "You may not do this here."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        access, resource = access_of(request), getattr(view, "resource", "")
        if not resource or access.ids(resource):
            return True
        if access.principal.is_agent:
            reads = request.method in SAFE_METHODS
            # A scope to read opens no change: naming it would send an admin the wrong way.
            useful = [s for s in sorted(READS[resource][1]) if reads or not s.endswith(":read")]
            scopes = " or ".join(useful)
            remedy = f"An admin can give its agent {scopes}." if scopes else "A colleague can."
            act = "read" if reads else "change"
            self.message = f"This key may not {act} {resource.replace('_', ' ')}. {remedy}"
        else:
            self.message = f"Your role may not read {resource.replace('_', ' ')} in any workspace."
        return False
