"""`Idempotency-Key`: the same request asked twice is done once and answered the same.

The row is made in the transaction of the act, so that there is never an act without its answer
nor an answer without its act. Two at once: one waits for the other's row and gets its answer.

Only what was done is answered again. A refusal is none: its cause may be gone. One that raises
keeps nothing; one that kept something, as a draft, is asked anew about just that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from outreach.core.digest import canonical
from outreach.core.models import Workspace
from outreach.core.principal import Principal
from outreach.edge.api.errors import Conflict, Reused
from outreach.edge.models import KeptAnswer

Answer = tuple[int, dict[str, Any]]  # status and body

HEADER = "Idempotency-Key"
LONGEST = 255
EARLIER = "outreach.earlier_key"  # of the WSGI environment: no header can set it
RETRIED_WITHIN = timedelta(hours=1)
SAID = "Any text of your own; the same when you ask again."
OPTIONAL = OpenApiParameter(
    HEADER, OpenApiTypes.STR, OpenApiParameter.HEADER, description=SAID
)  # fmt: skip
REQUIRED = OpenApiParameter(
    HEADER, OpenApiTypes.STR, OpenApiParameter.HEADER, required=True, description=SAID
)


def key_of(request: Request) -> str:
    """The digest of the header, or the refusal of a proposal without one.

    A key may name somebody; its digest names nobody, so it stays when they are erased.
    """
    given = request.headers.get(HEADER, "")
    if not given:
        raise ValidationError(
            {HEADER: [f"Send {HEADER}: any text of your own, the same when you ask again."]},
            "required",
        )
    if len(given) > LONGEST or not given.isprintable():
        raise ValidationError(
            {HEADER: [f"{HEADER} is printable text of at most {LONGEST} characters."]}, "invalid"
        )
    return _digest(given)


def _digest(given: str) -> str:
    return hashlib.sha256(given.encode()).hexdigest()


def once(
    request: Request,
    place: Workspace,
    by: Principal,
    act: Callable[[], Answer],
    again: Callable[[dict[str, Any]], Answer | None] = lambda _: None,
) -> Response:
    """Do `act` once for this key and keep its answer; what it raises is not kept.

    A refusal that was kept is handed to `again`, which asks anew, or says None: it is final.
    """
    print_, key = fingerprint(request), key_of(request)  # a body that is none is told first
    known = _kept(place, by, key) or _earlier(request, place, by)
    if known is None:
        try:
            with transaction.atomic():
                row = KeptAnswer.objects.create(
                    workspace=place, key=key, fingerprint=print_, created_at=timezone.now(),
                    **by.fields(),
                )  # fmt: skip
                status, body = act()
                plain = _plain(body)
                KeptAnswer.objects.filter(pk=row.pk).update(http_status=status, body=plain)
            return Response(plain, status=status)
        except IntegrityError:
            known = _kept(place, by, key)
            if known is None:
                raise
    if known.fingerprint != print_:
        raise Reused()
    if not known.http_status:
        raise Conflict("The first request with this key is still under way.", "under_way")
    anew = _anew(known, again) if known.http_status >= 400 else None
    if anew is not None:
        return anew
    return Response(known.body, status=known.http_status, headers={"Idempotent-Replay": "true"})


def _anew(known: KeptAnswer, again: Callable[[dict[str, Any]], Answer | None]) -> Response | None:
    """The refusal asked anew and its answer kept; None where the kept one stands."""
    mine = KeptAnswer.objects.filter(pk=known.pk)
    with transaction.atomic():
        mine.update(created_at=F("created_at"))  # of two at once, the other waits here
        known.refresh_from_db()
        answer = again(known.body) if known.http_status >= 400 else None
        if answer is None:
            return None
        status, plain = answer[0], _plain(answer[1])
        mine.update(http_status=status, body=plain)
    return Response(plain, status=status)


def _plain(body: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(body, cls=JSONEncoder))
    return plain


def fingerprint(request: Request) -> str:
    """Of what is asked; an address with a final slash is the same address."""
    asked = {"method": request.method, "path": request.path_info, "body": request.data}
    return hashlib.sha256(canonical(asked)).hexdigest()


def _kept(place: Workspace, by: Principal, key: str) -> KeptAnswer | None:
    return KeptAnswer.objects.filter(workspace=place, by_kind=by.kind, by_id=by.id, key=key).first()


def _earlier(request: Request, place: Workspace, by: Principal) -> KeptAnswer | None:
    """What a face of ours, whose keys change by the day, was answered just before midnight.

    Later than a retry comes, the same request is meant anew.
    """
    given = request.META.get(EARLIER, "")
    found = _kept(place, by, _digest(given)) if given else None
    return found if found and found.created_at > timezone.now() - RETRIED_WITHIN else None
