"""An HTTP server on loopback that speaks Meta's formats, does what a script says, and judges.

    with HttpSink({"post": "drop"}) as sink:
        ...                                   # sink.url
        assert sink.wait_for(1)[0].json["text"]["body"] == "Hello"

Scripts and acts are those of `channels.tests.sink`. Stages: connect, head (the request's head was
read), body (its first byte), post (all of it), get. A scripted reply is "400 {json}". A message
counts as taken when its whole body arrived, unless the scripted answer is a 4xx.
As a program: python -m channels.tests.http_sink --port N --out FILE.jsonl
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from channels.tests.dialogue import Act, Gone, Session, refuses
from channels.tests.sink import SmtpSink, _serve_until_told

Friendly = Callable[["Posted", int], str]


@dataclass(frozen=True)
class Posted:
    """One request with a body, as it arrived."""

    connection: int
    path: str
    headers: dict[str, str]
    data: bytes
    tick: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def token(self) -> str:
        return str(self.json.get("biz_opaque_callback_data", ""))

    def as_json(self) -> str:
        return json.dumps({"path": self.path, "tick": self.tick, "body": self.data.decode()})


def meta_says(posted: Posted, number: int) -> str:
    """What the Cloud API or the Messaging API answers to a message it takes."""
    body = posted.json
    if "messaging_product" not in body:
        return "200 " + json.dumps(
            {"recipient_id": body["recipient"]["id"], "message_id": f"m_{number}"}
        )
    to = body["to"]
    return "200 " + json.dumps(
        {
            "messaging_product": "whatsapp",
            "contacts": [{"input": to, "wa_id": to}],
            "messages": [{"id": f"wamid.{number}", "message_status": "accepted"}],
        }
    )


def refusal(status: int, code: int, words: str = "no", subcode: int | None = None) -> str:
    """A scripted refusal in the form of the Graph API."""
    error: dict[str, Any] = {"message": words, "type": "OAuthException", "code": code}
    if subcode is not None:
        error["error_subcode"] = subcode
    return f"{status} " + json.dumps({"error": error})


class HttpSink(SmtpSink):
    """The SMTP sink's thread, script and memory, with HTTP spoken over it."""

    def __init__(self, script: Any = None, *, friendly: Friendly = meta_says, **more: Any) -> None:
        super().__init__(script, **more)
        self.friendly = friendly

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls_from_start else ''}://{self.host}:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        ends = (Gone, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
        try:
            with contextlib.suppress(*ends):
                await HttpSession(self, self.connections, reader, writer).run()
        finally:
            writer.close()

    def __enter__(self) -> HttpSink:
        super().__enter__()
        return self


class HttpSession(Session):
    """One connection: request after request, each answered as the script says."""

    async def run(self) -> None:
        await self._maybe("connect")
        while head := await self.reader.readuntil(b"\r\n\r\n"):
            line, *lines = head.decode("latin-1").rstrip().split("\r\n")
            self.sink.hear(self.number, line)
            headers = {k.lower(): v.strip() for k, _, v in (each.partition(":") for each in lines)}
            await self._maybe("head")
            size = int(headers.get("content-length", 0))
            if not size:
                await self.perform(self.sink.act(self.number, "get"), '200 {"id": "1"}')
                continue
            await self._post(line.split(" ")[1], headers, size)

    async def _post(self, path: str, headers: dict[str, str], size: int) -> None:
        first = await self.reader.readexactly(1)
        await self._maybe("body")
        data = first + await self.reader.readexactly(size - 1)
        posted = Posted(self.number, path, headers, data)
        act = self.sink.act(self.number, "post")
        if not (isinstance(act, str) and refuses(act)):
            self.sink.take(posted)
        self.count += 1
        await self.perform(act, self.sink.friendly(posted, 1000 * self.number + self.count))

    async def _maybe(self, stage: str) -> None:
        """Only what the script asks for; nothing is said out of turn."""
        act: Act = self.sink.act(self.number, stage)
        if act is not None:
            await self.perform(act, "")

    async def say(self, text: str, drip: float = 0.0) -> bool:
        if not text:
            return True
        status, _, body = text.partition(" ")
        raw = body.encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(raw)}\r\n"
        if status.startswith("3"):
            head += f"Location: {body}\r\n"
        whole = head.encode() + b"\r\n" + raw
        if self.sink.delay:
            await asyncio.sleep(self.sink.delay)
        if not drip:
            self.writer.write(whole)
        for i in range(len(whole) if drip else 0):
            if self.writer.is_closing():
                raise Gone
            self.writer.write(whole[i : i + 1])
            await asyncio.sleep(drip)
        return text[:1] == "2"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--out", type=Path, help="each message taken as one line of JSON")
    parser.add_argument("--script", type=json.loads, default=None)
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(given.out.open("a")) if given.out else None
        asyncio.run(_serve_until_told(HttpSink(given.script, port=given.port, out=out, keep=False)))


if __name__ == "__main__":
    sys.exit(main())
