"""The broker of files: kombu's, but that nobody ever takes a message which is still being written.

Kombu opens the file under its last name and fills it afterwards. A worker that looks in between
takes an empty one, cannot read it, and ends with all that it was sending.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps

logger = logging.getLogger(__name__)


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        """Write it under a name that no reader asks for; it gets its own once it is whole."""
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}"
        folder = Path(self.data_folder_out)
        part = folder / f"{name}.part"
        try:
            part.write_bytes(str_to_bytes(dumps(payload)))
            part.rename(folder / f"{name}.msg")
        except OSError as error:
            part.unlink(missing_ok=True)
            raise ChannelError(f"Cannot write a wake-up into {folder}") from error

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        """The next that is whole; a power cut leaves others, and a wake-up may be lost."""
        while True:
            try:
                found: dict[str, Any] = super()._get(queue)
            except ValueError as error:
                logger.warning("A wake-up that was not whole was thrown away: %s", error)
            else:
                return found

    def _queue_bind(self, exchange: str, *binding: Any) -> None:
        """The table of queues is there, and whole, before anybody reads or adds to it."""
        table: Path = self._exchange_file(exchange)  # type: ignore[attr-defined]
        if not table.exists():
            self.control_folder.mkdir(exist_ok=True)
            part = table.with_name(f"{uuid.uuid4()}.part")
            part.write_text("[]")
            with contextlib.suppress(FileExistsError):  # somebody else was first
                os.link(part, table)
            part.unlink()
        super()._queue_bind(exchange, *binding)


class Transport(filesystem.Transport):
    Channel = Channel


def use() -> None:
    """Let `filesystem://` mean this transport in the process that calls this."""
    TRANSPORT_ALIASES["filesystem"] = "outreach.wakeups:Transport"
