"""How often one key, or one colleague, may ask; beyond it 429 with `Retry-After`."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from outreach.core.models import ApiKey


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
