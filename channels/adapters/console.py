"""Prints each message instead of sending it: for a first look, and where there is no way out."""

from __future__ import annotations

import logging
import threading
from typing import TextIO

from channels.base import Connection, Envelope, Outcome, Receipt

log = logging.getLogger("channels.console")


def readable(envelope: Envelope) -> str:
    """Headers and texts of an envelope as a person reads them."""
    lines = {
        "From": envelope.sender,
        "To": envelope.recipient,
        "Reply-To": envelope.reply_to,
        "Subject": envelope.subject,
        "Message-ID": envelope.message_id,
    }
    head = [f"{name}: {value}" for name, value in lines.items() if value]
    head += [f"{name}: {value}" for name, value in envelope.headers]
    head += [
        f"Attachment: {name} ({media_type}, {len(content)} bytes)"
        for name, media_type, content in envelope.attachments
    ]
    html = f"\n\n-- the same as HTML --\n{envelope.html}" if envelope.html else ""
    return "\n".join(head) + f"\n\n{envelope.text}{html}"


class ConsoleAdapter:
    """To `stream` if one is given, else to the log `channels.console`."""

    def __init__(self, channel: str, stream: TextIO | None = None) -> None:
        self.channel = channel
        self._stream = stream

    def configured(self) -> str:
        return ""

    def connect(self) -> Connection:
        return ConsoleConnection(self._stream)

    def render(self, envelope: Envelope) -> str:
        return readable(envelope)


class ConsoleConnection:
    """One message is printed whole, however many threads print."""

    _turn = threading.Lock()

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._over = False

    def prove(self) -> bool:
        return not self._over

    def carry(self, envelope: Envelope) -> Receipt:
        if self._over:
            return Receipt(Outcome.TRY_LATER, "print", "cut off before it was printed")
        try:
            text = f"--- {envelope.channel} {envelope.token} ---\n{readable(envelope)}\n"
            with self._turn:
                self._print(text)
        except Exception as problem:  # noqa: BLE001 -- the contract: never raises
            return Receipt(Outcome.UNKNOWN, "print", f"{type(problem).__name__}: {problem}")
        return Receipt(Outcome.SENT, "print", "printed")

    def _print(self, text: str) -> None:
        if self._stream is None:
            log.info("%s", text)
        else:
            self._stream.write(text)
            self._stream.flush()

    def abort(self) -> None:
        self._over = True

    def close(self) -> None:
        """The stream stays open: it belongs to whoever gave it."""
        self._over = True
