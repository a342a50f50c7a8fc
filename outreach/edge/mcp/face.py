"""Asking our own REST face within this process, as whoever holds the key."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections

DOOR = "mcp"


class FaceRefused(Exception):
    """What REST answered with instead: its sentences, for the agent to read."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status, self.body = status, body
        super().__init__(_sentences(status, body))


def _sentences(status: int, body: dict[str, Any]) -> str:
    said = []
    for error in body.get("errors", []):
        where = f"{error['attr']}: " if error.get("attr") else ""
        said.append(f"{where}{error.get('detail', '')} [{error.get('code', status)}]")
    kept = f" The text is kept as draft {body['draft']}." if body.get("draft") else ""
    return (" ".join(said) or f"The server answered {status}.") + kept


@dataclass(frozen=True, slots=True)
class Face:
    """REST as one key sees it. Every call opens and gives back its own database connection."""

    secret: str

    def get(self, path: str, **query: Any) -> Any:
        asked = {name: str(value) for name, value in query.items() if value not in (None, "")}
        return self._ask("GET", path, query=urlencode(asked, errors="replace"))

    def post(
        self, path: str, body: dict[str, Any], *, earlier_key: str = "", **headers: str
    ) -> Any:
        """The answer; with `repeated` true where it is the kept one of an earlier request.

        `earlier_key`: the Idempotency-Key that a first try, shortly before, may have had.
        """
        inside = {"outreach.earlier_key": earlier_key}
        return self._ask("POST", path, body=body, headers=headers, inside=inside)

    def patch(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        return self._ask("PATCH", path, body=body, headers=headers)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        inside: dict[str, str] | None = None,
    ) -> Any:
        raw = b"" if body is None else json.dumps(body).encode()
        environ = {
            **_place(),
            **_carried(raw),
            "REQUEST_METHOD": method,
            "PATH_INFO": f"/api/{path}",
            "QUERY_STRING": query,
            "HTTP_AUTHORIZATION": f"Bearer {self.secret}",
            "outreach.door": DOOR,  # no header can set this
            **(inside or {}),
            **{f"HTTP_{name.upper()}": value for name, value in (headers or {}).items()},
        }
        response = _application()(environ, _started)
        try:
            text = b"".join(response)
        finally:
            response.close()
            if threading.current_thread() is not threading.main_thread():
                connections.close_all()  # the threads of the server come and go as it likes
        answer = json.loads(text) if text else {}
        if response.status_code >= 400:
            raise FaceRefused(response.status_code, answer)
        return {**answer, "repeated": True} if response.get("Idempotent-Replay") else answer


def _carried(raw: bytes) -> dict[str, Any]:
    """The body, as WSGI hands it in."""
    return {
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(raw)),
        "HTTP_ACCEPT": "application/json",
        "wsgi.input": io.BytesIO(raw),
        "wsgi.errors": sys.stderr,
    }


def _started(*_: Any) -> Callable[[bytes], object]:
    """WSGI tells status and headers here; the response itself knows them too."""
    return lambda _: None


def segment(value: str) -> str:
    """What an agent gave as an id, as one part of a path: it cannot lead to another address."""
    return quote(value.encode("utf-8", "replace")[:200], safe="") or "-"


@lru_cache(maxsize=1)
def _application() -> WSGIHandler:
    return WSGIHandler()


def _place() -> dict[str, Any]:
    """A host this deployment answers as, over the scheme it wants."""
    base = urlsplit(settings.BASE_URL)
    named = [host for host in settings.ALLOWED_HOSTS if host != "*"]
    host = base.hostname or (named[0].removeprefix(".") if named else "localhost")
    secure = base.scheme == "https"
    return {
        "HTTP_HOST": host,
        "SERVER_NAME": host,
        "SERVER_PORT": "443" if secure else "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "SCRIPT_NAME": "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if secure else "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **({"HTTP_X_FORWARDED_PROTO": "https"} if secure else {}),
    }
