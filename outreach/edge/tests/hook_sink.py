"""A program on this machine that hears webhooks, and answers as each test tells it to."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any


@dataclass
class Heard:
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


class Sink:
    """`answers` are taken one by one, then `always`: a status, or hang, dribble, garbage, close."""

    def __init__(self, *answers: Any, always: Any = 204) -> None:
        self.answers, self.always = list(answers), always
        self.heard: list[Heard] = []
        self.ending = threading.Event()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}/hook?x=1"

    def __enter__(self) -> Sink:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.set()
        self._door.close()

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                guest, _ = self._door.accept()
                threading.Thread(target=self._serve, args=(guest,), daemon=True).start()

    def _serve(self, guest: socket.socket) -> None:
        with contextlib.suppress(OSError), guest:
            self.heard.append(_read(guest))
            self._answer(guest, self.answers.pop(0) if self.answers else self.always)

    def _answer(self, guest: socket.socket, how: Any) -> None:
        if how == "hang":
            self.ending.wait(30)
        elif how == "dribble":
            for each in b"HTTP/1.1 200 OK\r\n" * 100:
                if self.ending.wait(0.05):
                    return
                guest.sendall(bytes([each if each != 10 else 32]))
        elif how == "garbage":
            guest.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        elif how == "early":
            guest.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n")
            self.ending.wait(0.05)
            guest.sendall(b"\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n")
        elif how == "only early":
            guest.sendall(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n")
        elif how == "early for ever":
            guest.sendall(b"HTTP/1.1 102 Processing\r\n\r\n" * 10_000)
        elif how == "endless":
            guest.sendall(b"HTTP/1.1 200 " + b"x" * 100_000)
        elif how != "close":
            more = "Location: http://127.0.0.1:1/elsewhere\r\n" if 300 <= how < 400 else ""
            guest.sendall(f"HTTP/1.1 {how} Said\r\n{more}Content-Length: 5\r\n\r\nhello".encode())


def _read(guest: socket.socket) -> Heard:
    guest.settimeout(10)
    with guest.makefile("rb") as stream:
        _, path, _ = stream.readline().decode().split()
        headers = {}
        while line := stream.readline().decode().strip():
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        return Heard(path, headers, stream.read(int(headers["content-length"])))


def a_port_nobody_listens_on() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


def until(what: Any, seconds: float = 10.0) -> None:
    """Wait for that to become true."""
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.02)
