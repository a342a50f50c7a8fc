"""How often one key, one colleague or one address may ask; beyond it 429 with `Retry-After`."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle

from outreach.core import keys
from outreach.core.models import ApiKey
from outreach.core.principal import Principal

REMEMBERED = 600  # seconds for which a key that worked is known


class PerCaller(SimpleRateThrottle):
    """Counts each key by itself, so that one busy agent does not silence another."""

    scope = "caller"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if isinstance(request.auth, ApiKey):
            who = f"key-{request.auth.pk}"
        elif request.user and request.user.is_authenticated:
            who = f"user-{request.user.pk}"
        else:
            who = f"address-{self.get_ident(request)}"
        return str(self.cache_format % {"scope": self.scope, "ident": who})


class WrongKeys(PerCaller):
    """Counts the keys that did not work, by the address they came from."""

    scope = "wrong_keys"
    duration: int

    def __init__(self, address: str) -> None:
        super().__init__()
        self._name = str(self.cache_format % {"scope": self.scope, "ident": address})

    def get_cache_key(self, request: Any, view: Any) -> str | None:
        return self._name

    def throttle_success(self) -> bool:
        return True  # to ask is not to count; `add` does

    def add(self) -> None:
        """One more did not work. Needs `allow_request` before."""
        if self.rate is not None:
            self.history.insert(0, self.now)
            self.cache.set(self._name, self.history, self.duration)


class WrongLinks(WrongKeys):
    """Counts the links that stop nothing, by the address they came from."""

    scope = "wrong_links"


def address_of(request: Request | HttpRequest) -> str:
    """Where a request came from: by the proxy's word where there is one, never by the caller's."""
    return str(BaseThrottle().get_ident(request))  # type: ignore[arg-type]


def holder(
    secret: str, *, address: str, at: datetime, door: str
) -> tuple[Principal, ApiKey] | None:
    """Who comes in with this key, None for one that does not work. For every face of programs.

    Raises Throttled for an address that tried too many wrong ones: the next is not even looked up.
    A key that worked lately always is, so that nobody is shut out by a neighbour's mistake.
    """
    limit = WrongKeys(address)
    known = f"key-{hashlib.sha256(secret.encode()).hexdigest()}"
    worked = bool(limit.cache.get(known))
    if not limit.allow_request(None, None) and not worked:  # type: ignore[arg-type]
        raise Throttled(
            limit.wait(), "Too many keys that do not work came from this address. Stop trying, and "
            "make a new key in the admin under API keys."
        )  # fmt: skip
    found = keys.holder(secret, at=at, door=door)
    if found is None:
        limit.add()
        limit.cache.delete(known)
    elif not worked:
        limit.cache.set(known, True, REMEMBERED)
    return found
