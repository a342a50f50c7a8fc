"""Two transports: stdio for a host on this machine, streamable HTTP with a key in each request."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connections
from django.utils import timezone
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.transport_security import TransportSecuritySettings
from rest_framework.exceptions import Throttled

from outreach.edge.api import throttling
from outreach.edge.mcp import tools
from outreach.edge.mcp.face import DOOR

Scope = dict[str, Any]
Asgi = Callable[[Scope, Any, Any], Awaitable[None]]
MOST_BYTES = 2_000_000
PATH = "/mcp"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
NO_KEY = (
    "Send `Authorization: Bearer occ_…` with a key that works. A person makes one in the admin "
    "under API keys."
)
NO_STREAM = "Nothing is told here unasked. POST each request, or let a webhook tell you."
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - refused unless the names are said


def stdio(secret: str, *, version: str) -> MCPServer[Any]:
    """A server that acts as one key for as long as the process lives."""
    return tools.build(lambda _: secret, version=version)


def http(*, host: str, port: int, hosts: list[str], version: str) -> Asgi:
    """An ASGI application. No sessions: each request carries its key and stands by itself."""
    server = tools.build(_bearer, version=version)
    names = names_of(host, port, hosts)
    application = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        json_response=True,
        max_request_body_size=MOST_BYTES,
        transport_security=TransportSecuritySettings(
            allowed_hosts=names,
            allowed_origins=[
                f"{scheme}://{name}" for scheme in ("http", "https") for name in names
            ],
        ),
    )
    return OnlyKeys(application)


def names_of(host: str, port: int, others: list[str]) -> list[str]:
    """What a request's Host may say, the own name first: a machine has three for itself."""
    mine = [host, *(name for name in LOOPBACK if host in LOOPBACK and name != host)]
    written = [f"[{name}]" if ":" in name else name for name in mine]
    return [f"{name}:{port}" for name in (*written, *others)] + others


def _bearer(context: Context[Any, Any]) -> str:
    request = context.request_context.request
    return _secret(request.headers.get("authorization", "")) if request is not None else ""


def _secret(header: str) -> str:
    scheme, _, value = header.strip().partition(" ")
    return value.strip() if scheme.lower() == "bearer" and value.isascii() else ""


class OnlyKeys:
    """Turns away whoever brings no key that works, before the protocol is spoken at all."""

    def __init__(self, inner: Asgi) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            given = [value for name, value in scope["headers"] if name == b"authorization"]
            # Of two the tools act by the first, and its failures count for no address of theirs.
            header = given[0].decode("latin-1") if len(given) == 1 else ""
            address = str((scope.get("client") or ("",))[0])
            try:
                works = await sync_to_async(_works)(_secret(header), address)
            except Throttled as no:
                await _refuse(send, 429, str(no.detail), wait=no.wait)  # type: ignore[attr-defined]
                return
            if not works:
                await _refuse(send, 401, NO_KEY)
                return
            if scope["method"] == "GET":  # a stream that would be silent, and outlive its key
                await _refuse(send, 405, NO_STREAM)
                return
        await self._inner(scope, receive, send)


def _works(secret: str, address: str) -> bool:
    if not secret:
        return False
    at = timezone.now()
    try:
        return throttling.holder(secret, address=address, at=at, door=DOOR) is not None
    finally:
        connections.close_all()  # in a thread that may never be asked again


async def _refuse(send: Any, status: int, sentence: str, *, wait: int | None = None) -> None:
    body = json.dumps({"error": sentence}, ensure_ascii=False).encode()
    more = {
        401: (b"www-authenticate", b"Bearer"),
        405: (b"allow", b"POST"),
        429: (b"retry-after", b"%d" % (wait or 0)),
    }[status]
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
