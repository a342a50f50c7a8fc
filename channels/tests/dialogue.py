"""One SMTP conversation as the scripted sink holds it; see `channels.tests.sink` for scripts."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import struct
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Protocol, cast

Act = str | bytes | None

FRIENDLY = {
    "connect": "220 sink ready",
    "starttls": "220 go ahead",
    "auth": "235 2.7.0 welcome",
    "data": "354 go ahead",
    "dot": "250 2.0.0 OK: queued as {id}",
    "quit": "221 2.0.0 bye",
}


STAGES = ("ehlo", "starttls", "auth", "mail", "rcpt", "data", "rset", "noop", "quit")


@dataclass(frozen=True)
class Arrival:
    """One message as taken: `data` without the dot and its stuffing, `at` and `tick` on arrival."""

    connection: int
    sender: str
    recipients: list[str]
    data: bytes
    options: str = ""
    at: float = field(default_factory=time.time)
    tick: float = field(default_factory=time.monotonic)  # comparable between processes (Linux)

    @property
    def message(self) -> EmailMessage:
        return cast(EmailMessage, message_from_bytes(self.data, policy=policy.default))

    @property
    def message_id(self) -> str:
        head = self.data.partition(b"\r\n\r\n")[0]
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"message-id:"):
                return line[11:].strip().decode("latin-1")
        return ""

    def as_json(self) -> str:
        plain = {k: v for k, v in vars(self).items() if k != "data"}
        data = base64.b64encode(self.data).decode()
        return json.dumps({**plain, "message_id": self.message_id, "data": data})


class Judge(Protocol):
    """What a session asks of its sink."""

    delay: float
    careless: bool
    offers: list[str]
    users: Sequence[tuple[str, str]]
    tls: ssl.SSLContext | None

    def act(self, connection: int, stage: str) -> Act: ...
    def hear(self, connection: int, line: str) -> None: ...
    def take(self, arrival: Arrival) -> None: ...


class Gone(Exception):
    """The script or the client ended this connection."""


class Session:
    """One connection: reads commands, asks the script, answers."""

    def __init__(
        self,
        sink: Judge,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.sink, self.number, self.reader, self.writer = sink, number, reader, writer
        self.count = 0
        self.heard_at = time.monotonic()  # when what is being answered came in
        self.forget()

    async def run(self) -> None:
        await self.answer("connect")
        while line := await self.hear(self.reader.readline()):
            self.sink.hear(self.number, line.decode("latin-1").rstrip("\r\n"))
            await self.command(line)

    async def hear(self, more: Coroutine[Any, Any, bytes]) -> bytes:
        """What comes next. Commands that came together (PIPELINING) were heard together."""
        if not self.sink.delay:
            return await more
        reading = asyncio.ensure_future(more)
        await asyncio.sleep(0)
        if not reading.done():
            await asyncio.wait([reading])
            self.heard_at = time.monotonic()
        return await reading

    async def command(self, line: bytes) -> None:
        verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
        stage = {"helo": "ehlo"}.get(verb.lower(), verb.lower())
        handler = getattr(self, f"on_{stage}", None)
        if stage not in STAGES:
            await self.say("500 5.5.1 what?")
        elif handler is None:
            await self.answer(stage)
        else:
            await handler(rest)

    async def on_ehlo(self, _: str) -> None:
        await self.answer("ehlo", "\n".join(["250 sink", *(f"250 {e}" for e in self.sink.offers)]))

    async def on_starttls(self, _: str) -> None:
        await self.answer("starttls")
        await self.writer.start_tls(cast(ssl.SSLContext, self.sink.tls))

    async def on_auth(self, rest: str) -> None:
        known = [base64.b64encode(f"\0{u}\0{p}".encode()).decode() for u, p in self.sink.users]
        if rest.partition(" ")[2] in known:
            await self.answer("auth")
        else:
            await self.answer("auth", "535 5.7.8 authentication failed")

    async def on_mail(self, rest: str) -> None:
        if self.sender:
            await self.say("503 5.5.1 nested MAIL")
        elif await self.answer("mail"):
            self.sender, _, self.options = rest.partition(":")[2].partition(" ")

    async def on_rcpt(self, rest: str) -> None:
        if not self.sender:
            await self.say("503 5.5.1 MAIL first")
        elif await self.answer("rcpt"):
            self.recipients.append(rest.partition(":")[2].strip("<> "))

    async def on_rset(self, _: str) -> None:
        self.forget()
        await self.answer("rset")

    async def on_data(self, _: str) -> None:
        if not self.recipients and not self.sink.careless:
            await self.say("503 5.5.1 RCPT first")
        elif await self.answer("data"):
            await self.body()

    async def on_quit(self, _: str) -> None:
        await self.answer("quit")
        raise Gone

    async def body(self) -> None:
        act = self.sink.act(self.number, "body")
        if act is not None:
            if not await self.reader.read(1):
                raise Gone
            await self.perform(act, "250 so early?")
            raise Gone
        block = await self.hear(self.reader.readuntil(b"\r\n.\r\n"))
        data = block[:-3].replace(b"\r\n..", b"\r\n.")
        data = data[1:] if data.startswith(b"..") else data
        act = self.sink.act(self.number, "dot")
        if not (isinstance(act, str) and refuses(act)):
            self.sink.take(
                Arrival(self.number, self.sender.strip("<>"), self.recipients, data, self.options)
            )
        self.forget()
        self.count += 1
        await self.perform(act, FRIENDLY["dot"].format(id=f"{self.number}-{self.count}"))

    def forget(self) -> None:
        self.sender, self.options = "", ""
        self.recipients: list[str] = []

    async def answer(self, stage: str, friendly: str = "") -> bool:
        """True if the answer given was a yes."""
        friendly = friendly or FRIENDLY.get(stage, "250 2.1.0 ok")
        return await self.perform(self.sink.act(self.number, stage), friendly)

    async def perform(self, act: Act, friendly: str) -> bool:
        if isinstance(act, bytes):
            self.writer.write(act)
            await self.writer.drain()
            return act[:1] in b"23"
        word, _, rest = (act or "").partition(" ")
        seconds, _, other = rest.partition(" ")
        match word:
            case "drop":
                raise Gone
            case "reset":
                sock = self.writer.get_extra_info("socket")
                sock.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
                raise Gone
            case "hang":
                await asyncio.Event().wait()
            case "drip":
                return await self.say(other or friendly, drip=float(seconds))
            case "wait":
                await asyncio.sleep(float(seconds))
                return await self.say(other or friendly)
        return await self.say(act or friendly)

    async def say(self, text: str, drip: float = 0.0) -> bool:
        lines = text.split("\n")
        lines[1:] = [line if line[:3].isdigit() else f"{text[:3]} {line}" for line in lines[1:]]
        lines[:-1] = [f"{line[:3]}-{line[4:]}" for line in lines[:-1]]
        raw = "".join(f"{line}\r\n" for line in lines).encode()
        if self.sink.delay:  # as on a long way: late, but no later because others are on it, too
            await asyncio.sleep(self.heard_at + self.sink.delay - time.monotonic())
        if not drip:
            self.writer.write(raw)
        for i in range(len(raw) if drip else 0):
            if self.writer.is_closing():
                raise Gone
            self.writer.write(raw[i : i + 1])
            await asyncio.sleep(drip)
        return text[:1] in "23"


def refuses(act: str) -> bool:
    """True if a scripted act ends in a 4xx or 5xx answer."""
    word, _, rest = act.partition(" ")
    said = rest.partition(" ")[2] if word in ("drip", "wait") else act
    return said[:1] in ("4", "5")
