"""A TCP link to PostgreSQL that a test can cut: it loses the answer to one COMMIT, or goes away.

In a test:
    with Link(host, port) as link:
        link.lose(3, reached=True)      # the 3rd COMMIT is carried out, its answer never comes
        start(sink, database=link.database)
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading

COMMIT = b"COMMIT\x00"  # the end of the simple query that psycopg sends


class Link:
    """Forwards bytes both ways, in threads of its own, until told to do worse."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.lost = 0
        self._away = False
        self._seen, self._which, self._reached = 0, 0, True
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._changed = threading.Condition()
        self._refused = 0

    @property
    def database(self) -> dict[str, object]:
        host, port = self._door.getsockname()
        return {"HOST": host, "PORT": port}

    def lose(self, which: int, *, reached: bool) -> None:
        """Break the connection at that COMMIT: after it was carried out, or before it got there."""
        self._which, self._reached = which, reached

    def cut(self) -> None:
        """The server is away: every connection breaks, and new ones do at once."""
        with self._changed:
            self._away = True
            for pair in list(self._pairs):
                self._close(pair)

    def mend(self) -> None:
        self._away = False

    def refused(self) -> None:
        """Wait until somebody tried to connect in vain."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._refused, 30):
                raise TimeoutError("nobody tried to connect")

    def __enter__(self) -> Link:
        self._door = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._door.accept()
                with self._changed:
                    if self._away:
                        client.close()
                        self._refused += 1
                        self._changed.notify_all()
                        continue
                    pair = client, socket.create_connection(self.target)
                    self._pairs.add(pair)
                threading.Thread(target=self._forward, args=(pair,), daemon=True).start()

    def _forward(self, pair: tuple[socket.socket, socket.socket]) -> None:
        client, server = pair
        with contextlib.suppress(OSError, ValueError):
            while True:
                for each in select.select(pair, [], [])[0]:
                    data = each.recv(65536)
                    if not data:
                        return self._close(pair)
                    if each is client and self._is_the_one(data):
                        if self._reached:
                            server.sendall(data)
                            server.recv(65536)  # it has answered: carried out
                        self.lost += 1
                        return self._close(pair)
                    (server if each is client else client).sendall(data)
        return self._close(pair)

    def _is_the_one(self, data: bytes) -> bool:
        self._seen += data.count(COMMIT)
        return COMMIT in data and self._seen == self._which

    def _close(self, pair: tuple[socket.socket, socket.socket]) -> None:
        self._pairs.discard(pair)
        for each in pair:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
