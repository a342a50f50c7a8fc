"""One shape for every error: `{"type", "errors": [{"code", "detail", "attr"}]}`.

400 what cannot be read or validated, 401 no key, 403 no right, 404 not there for you, 409 the
state is against it, 422 only a reused idempotency key, 429 too often, 503 the database is away.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework.exceptions import (
    APIException,
    NotAuthenticated,
    NotFound,
    PermissionDenied,
    ValidationError,
)
from rest_framework.request import Request

from approvals.errors import Blocked, Refused, Unseen
from approvals.routing import RoutingError
from approvals.safemode import PreflightUnmet
from channels.manual import HandOffRefused
from channels.stop import ControlRefused
from outreach.core.addresses import BadAddress
from outreach.core.drafts import TextChanged, TextRefused
from outreach.core.people import PersonRefused
from outreach.core.permissions import NotAllowed
from outreach.edge.api.access import access_of
from outreach.edge.api.parsing import TooLarge
from outreach.edge.insisting import NotStopped
from safety.contract.payload import PayloadError
from workflows.services import RunRefused
from workflows.shapes import BadOptions

logger = logging.getLogger(__name__)


class Conflict(APIException):
    """The request is fine; what it is about is in a state that is against it."""

    status_code = 409
    default_detail = "This is not possible now."
    default_code = "conflict"


class Reused(APIException):
    """The idempotency key was used before, for something else."""

    status_code = 422
    default_detail = "This Idempotency-Key was used for another request. Take a new key."
    default_code = "idempotency_key_reused"


class Unavailable(APIException):
    status_code = 503
    default_detail = "The database does not answer now. Nothing was changed; try again."
    default_code = "database_unavailable"
    not_known = (
        "The database does not answer now. Whether this was done is not known: read it again "
        "before you repeat it."
    )


class StopRefused(APIException):
    """The database never took a stop: the sentence says what to do now."""

    status_code = 503
    default_code = "not_stopped"


class PreflightConflict(Conflict):
    """Safe Mode cannot go off like this: the checklist comes with the refusal."""

    def __init__(self, error: PreflightUnmet) -> None:
        super().__init__(str(error), "preflight_unmet")
        self.preflight = [item.as_dict() for item in error.items]


NO_KEY = (
    "Send a key in the header `Authorization: Bearer occ_…`, or log in. A person makes one in the "
    "admin under API keys."
)
REFUSED = {401, 403}
SAFE = {"GET", "HEAD", "OPTIONS"}
NOT_FOUND = {"not_found"}
UNREADABLE = {"no_reason", "no_text", "not_confirmed", "unknown_tick"}


def translated(error: Exception) -> Exception:
    """What the stages raise, as an answer; what is unknown here stays what it was."""
    for kind, answer in ANSWERS:
        if isinstance(error, kind):
            return answer(error)
    for kind, code in STATES.items():
        if isinstance(error, kind):
            return Conflict(str(error), code)
    return error


STATES: dict[type[Exception], str] = {
    RoutingError: "configuration_error",
    PersonRefused: "person_refused",
    ControlRefused: "control_refused",
    RunRefused: "run_refused",
    HandOffRefused: "hand_off_refused",
}


def _refused(error: Refused) -> APIException:
    if error.code in NOT_FOUND:
        return NotFound(str(error))
    if error.code == "not_allowed":
        return PermissionDenied(str(error))
    if error.code in UNREADABLE:
        return ValidationError(str(error), error.code)
    if isinstance(error, Unseen):
        remedy = f'Read it, then send "{error.field}": true with your yes.'
        return Conflict(f"{error} {remedy}", error.code)
    return Conflict(str(error), "blocked" if isinstance(error, Blocked) else error.code)


def _no_key(error: NotAuthenticated) -> NotAuthenticated:
    """The same, with what to send; the framework has put the answer's header on the old one."""
    told = NotAuthenticated(NO_KEY)
    told.auth_header = getattr(error, "auth_header", None)  # type: ignore[attr-defined]
    return told


# In this order: the first kind that fits answers.
ANSWERS: tuple[tuple[Any, Callable[[Any], Exception]], ...] = (
    (NotAuthenticated, _no_key),
    (NotAllowed, lambda error: PermissionDenied(str(error))),
    (PreflightUnmet, PreflightConflict),
    (Refused, _refused),
    (TextChanged, lambda error: Conflict(str(error), "stale")),
    ((TextRefused, BadAddress, BadOptions), lambda error: ValidationError(str(error), "invalid")),
    (PayloadError, lambda error: ValidationError(list(error.faults), "invalid")),
    (RequestDataTooBig, lambda _: TooLarge()),
    (NotStopped, lambda error: StopRefused(error.plainly)),
    (OperationalError, lambda _: Unavailable()),
)


def refusal(error: Exception, **more: Any) -> tuple[int, dict[str, Any]]:
    """Status and body of a refusal that kept something: `more` says what."""
    known = translated(error)
    if not isinstance(known, APIException):
        raise error
    said = {"code": known.get_codes(), "detail": str(known.detail), "attr": None}
    return known.status_code, {"type": "client_error", "errors": [said], **more}


class Handler(ExceptionHandler):
    """Translates, then lets the library shape it."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        known, request = translated(exc), self.context.get("request")
        if isinstance(known, Unavailable) and (request is None or request.method not in SAFE):
            known = Unavailable(Unavailable.not_known)  # it may have gone after the commit
        return super().convert_known_exceptions(known)

    def run(self) -> Any:
        response = super().run()
        exc = translated(self.exc)
        if response is not None and isinstance(exc, PreflightConflict):
            response.data["preflight"] = exc.preflight
        request = self.context.get("request")
        if request is not None and response is not None and response.status_code in REFUSED:
            _note(request, exc)
        return response


def _note(request: Request, exc: Exception) -> None:
    """One line for whoever looks after who tried what; `%a` because a path may hold line ends."""
    try:
        who = access_of(request).principal
        name = f"{who.kind} {who.id}"
    except APIException:
        name = f"Somebody at {request.META.get('REMOTE_ADDR', '')}"
    code = exc.get_codes() if isinstance(exc, APIException) else ""
    logger.warning("%s was refused %s %a: %s", name, request.method, request.path, code)
