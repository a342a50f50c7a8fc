"""Doors for providers: check who calls, over the raw bytes; store; answer. Nothing else.

Without its secret a door is shut (503): nothing is ever verified with an empty one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any

from anymail.exceptions import AnymailWebhookValidationFailure
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from channels import events
from channels.meta_events import UnknownPayload, parse

LARGEST = 3 * 1024 * 1024  # Meta sends up to 3 MB
LARGEST_MAIL = 25 * 1024 * 1024
SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})", re.IGNORECASE)
View = Callable[..., HttpResponseBase]


class TooLarge(Exception):
    """The body is longer than this door takes."""


def _answer(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(sentence + "\n", status=status, content_type="text/plain; charset=utf-8")


def body_of(request: HttpRequest, largest: int) -> bytes:
    """The raw body, read no further than the limit. Raises TooLarge.

    A chunked body has no length; the server must say that it ends by itself.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdecimal() and int(length) > largest:
        raise TooLarge
    source: Any = request
    if not length and request.META.get("wsgi.input_terminated"):
        source = request.META["wsgi.input"]
    raw: bytes = source.read(largest + 1)
    if len(raw) > largest:
        raise TooLarge
    return raw


# --- Meta ----------------------------------------------------------------------------------------


@csrf_exempt
@require_http_methods(["GET", "POST"])
def meta(request: HttpRequest) -> HttpResponse:
    """WhatsApp and Instagram: GET is the handshake, POST brings signed events."""
    return _handshake(request) if request.method == "GET" else _receive(request)


def _handshake(request: HttpRequest) -> HttpResponse:
    expected = settings.META_VERIFY_TOKEN
    if not expected:
        return _answer(503, "Set META_VERIFY_TOKEN to subscribe this webhook.")
    given = request.GET.get("hub.verify_token", "")
    if request.GET.get("hub.mode") != "subscribe" or not _same(given, expected):
        return _answer(403, "The verify token is not ours.")
    challenge = request.GET.get("hub.challenge", "")[:200]
    return HttpResponse(challenge, content_type="text/plain; charset=utf-8")


def _receive(request: HttpRequest) -> HttpResponse:
    secrets = settings.META_APP_SECRET.split()
    if not secrets:
        return _answer(503, "Set META_APP_SECRET: unsigned events are not taken.")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        return _answer(415, "Send the body as it is, not compressed.")
    try:
        raw = body_of(request, LARGEST)
    except TooLarge:
        return _answer(413, f"The body is longer than {LARGEST} bytes.")
    if not is_signed(raw, request.headers.get("X-Hub-Signature-256", ""), secrets):
        return _answer(401, "The signature over the body is missing or wrong.")
    try:
        body = json.loads(raw)
        found = parse(
            body if isinstance(body, dict) else {},
            number=settings.WHATSAPP_PHONE_NUMBER_ID,
            account=settings.INSTAGRAM_ACCOUNT_ID,
        )
    except (ValueError, RecursionError, UnknownPayload) as fault:
        return _answer(400, f"The body cannot be read: {fault}")
    count = events.take(found, at=timezone.now())
    return _answer(200, f"{count} new of {len(found)}")


def is_signed(raw: bytes, header: str, secrets: list[str]) -> bool:
    """Whether one of our secrets signed exactly these bytes. While keys change, any one does."""
    found = SIGNATURE.fullmatch(header.strip())
    if found is None:
        return False
    given = found[1].lower()
    proofs = [hmac.new(key.encode(), raw, hashlib.sha256).hexdigest() for key in secrets if key]
    return any(hmac.compare_digest(given, proof) for proof in proofs)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), expected.encode())


# --- Mail providers, through anymail ------------------------------------------------------------


def guarded(view: View) -> View:
    """An anymail door: shut without its secret, bounded, and 401 for whoever does not know it."""

    @csrf_exempt
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.ANYMAIL.get("WEBHOOK_SECRET"):
            return _answer(503, "Set ANYMAIL_WEBHOOK_SECRET: unsigned events are not taken.")
        try:
            request._body = body_of(request, LARGEST_MAIL)
        except TooLarge:
            return _answer(413, f"The body is longer than {LARGEST_MAIL} bytes.")
        try:
            return view(request, *args, **kwargs)
        except AnymailWebhookValidationFailure:
            return _answer(401, "The password of this webhook is missing or wrong.")
        except ImproperlyConfigured as fault:  # asked before whoever calls is known
            return _answer(503, f"This provider's door is shut: {fault}")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return _answer(400, "The body cannot be read as this provider's event.")

    return door
